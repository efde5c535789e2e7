"""Writes logs as four services of a shop would, from a seed, with a burst of errors that one of them begins."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TextIO

BEGIN = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
SERVICES = ("gateway", "orders", "payments", "stock")
FIRST_TO_FAIL = "payments"
_CALM = (
    ("info", "request {id} answered 200 in {n} ms path=/{word}/{n}"),
    ("info", "user {word} signed in from 10.2.{n}.{n}"),
    ("debug", "cache hit for key {word}:{id}"),
    ("info", "order {id} of {word} placed total={n}.90"),
    ("debug", "query took={n}ms rows={n} table={word}"),
    ("warning", "slow answer from stock: {n} ms for {word}"),
)
_BROKEN = "could not connect to db-payments:5432: connection refused (attempt {n})"
_FOLLOWS = {
    "orders": "payment of order {id} failed: payments answered 503",
    "gateway": "POST /checkout failed with 502",
}
_WORDS = [f"{a}{b}{c}" for a in "bcdfglmnprst" for b in "aeiou" for c in ("lan", "mir", "tok", "rus", "ven")]


@dataclass(frozen=True, slots=True)
class Planted:
    """What the log hides: when the burst begins, who begins it."""

    at: datetime
    component: str = FIRST_TO_FAIL


def write_log(file: TextIO, size: int, *, seed: int = 17, hours: int = 6, as_json: bool = False) -> Planted:
    """Write about `size` bytes; the burst begins after four fifths of the time and lasts ten minutes."""
    chance = random.Random(seed)
    planted = Planted(BEGIN + timedelta(hours=hours * 0.8))
    lines = max(2_000, size // (170 if as_json else 139))
    step = timedelta(hours=hours) / lines
    written, index = 0, 0
    while written < size:
        at = BEGIN + step * index
        index += 1
        for service, level, message, trace in _records(chance, at, planted):
            text = _json(at, service, level, message, trace) if as_json else _plain(at, service, level, message, trace)
            written += file.write(text)
    return planted


def _records(chance: random.Random, at: datetime, planted: Planted) -> Iterator[tuple[str, str, str, str]]:
    service = chance.choice(SERVICES)
    trace = f"{chance.getrandbits(64):016x}"
    if planted.at <= at < planted.at + timedelta(minutes=10) and chance.random() < 0.3:
        yield planted.component, "error", _filled(chance, _BROKEN), trace
        for follower, message in _FOLLOWS.items():
            yield follower, "error", _filled(chance, message), trace
        return
    if chance.random() < 0.0002:
        yield service, "error", _filled(chance, "invalid coupon {word} refused"), trace
        return
    level, message = chance.choice(_CALM)
    yield service, level, _filled(chance, message), trace


def _filled(chance: random.Random, message: str) -> str:
    return message.format(id=f"{chance.getrandbits(48):012x}", n=chance.randrange(1, 250), word=chance.choice(_WORDS))


def _plain(at: datetime, service: str, level: str, message: str, trace: str) -> str:
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    return f"{service}-1  | {stamp} {level.upper():<7} [http-7] shop.{service} - {message} trace_id={trace}\n"


def _json(at: datetime, service: str, level: str, message: str, trace: str) -> str:
    record = {"time": at.isoformat(), "level": level, "service": service, "msg": message, "trace_id": trace}
    return json.dumps(record) + "\n"
