"""`python -m tests.benchmarks.masking [SEED]`: recall of masking on generated secrets, false alarms on ordinary lines.

Each secret stands in nine places of a Sentry event, which goes the way that events go: read, masked, written as pages.
A secret has leaked when it, or one of its halves, is in any text that comes out.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from core.gateways.sentry.payloads import read_event
from core.masking.masker import Masker
from core.mcp_server.output import cleaned, page_of
from core.mcp_server.tools.get_stacktrace import stack_output
from tests.benchmarks.masking_fourth_held_out import FOURTH_HELD_OUT
from tests.benchmarks.masking_held_out import HELD_OUT
from tests.benchmarks.masking_kinds import KINDS, Kind, Planted
from tests.benchmarks.masking_ordinary import lines
from tests.benchmarks.masking_ordinary_held_out import HELD_OUT_LINES, HELD_OUT_MAKERS
from tests.benchmarks.masking_second_held_out import SECOND_HELD_OUT
from tests.benchmarks.masking_third_held_out import THIRD_HELD_OUT

PLACES = ("exception", "local", "breadcrumb", "tag", "header", "query", "body", "JSON body", "logentry")
SETS = {
    "known": KINDS,
    "first held out": HELD_OUT,
    "second held out": SECOND_HELD_OUT,
    "third held out": THIRD_HELD_OUT,
    "fourth held out": FOURTH_HELD_OUT,
}
SEED = 20261128
_MASKER = Masker("the key of the benchmark")


def event_with(planted: Mapping[str, Planted]) -> dict[str, Any]:
    """Return an event of the SDKs with a text in each place; a secret that has a name stands under it where it can."""
    text = {place: each.text for place, each in planted.items()}

    def under(place: str, otherwise: str) -> dict[str, str]:
        return dict(planted[place].named) or {otherwise: text[place]}

    frame = {"filename": "shop/pay.py", "function": "pay", "lineno": 3, "in_app": True, "context_line": "    pay()"}
    body = under("JSON body", "note")
    return {
        "event_id": "0" * 32,
        "platform": "python",
        "exception": {
            "values": [
                {
                    "type": "PaymentError",
                    "value": text["exception"],
                    "stacktrace": {"frames": [{**frame, "vars": _spelled(under("local", "note"))}]},
                }
            ]
        },
        "breadcrumbs": [{"category": "http", "message": text["breadcrumb"], "data": under("breadcrumb", "note")}],
        "tags": under("tag", "note"),
        "request": {
            "url": "https://shop.example.com/pay",
            "headers": list(map(list, under("header", "X-Note").items())),
            "query_string": list(map(list, under("query", "note").items())),
            "data": {"order": {"lines": [body]}, "raw": json.dumps({"deep": body})},
        },
        "extra": {"body": text["body"]},
        "logentry": {"formatted": text["logentry"]},
    }


def _spelled(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: repr(value) for name, value in variables.items()}


def texts_of(payload: Mapping[str, Any]) -> str:
    """Return all that the tools could show of the event: every masked field, and the pages that are written."""
    event = read_event(json.dumps(payload))
    output = stack_output(event, _MASKER)
    first = page_of(output, 1, _MASKER, "0" * 8)
    return f"{cleaned(event, _MASKER)!r}\n{first!r}"


def leaked(hidden: str, shown: str) -> bool:
    """Tell whether `hidden` can be read in `shown`, whole or by half."""
    half = len(hidden) // 2
    parts = (hidden, hidden[:half], hidden[half:]) if half >= 8 else (hidden,)
    return any(part in shown for part in parts)


def misses_of(kinds: Mapping[str, Kind], rng: random.Random, of_each: int) -> Iterator[tuple[str, str, Planted]]:
    """Yield kind, place and secret for each that leaked."""
    for name, plant in kinds.items():
        for _ in range(of_each):
            planted = {place: plant(rng) for place in PLACES}
            shown = texts_of(event_with(planted))
            for place, each in planted.items():
                if any(leaked(hidden, shown) for hidden in each.hidden):
                    yield name, place, each


def false_alarms(rng: random.Random, of_each: int) -> tuple[int, list[tuple[str, str, str]]]:
    """Return how many ordinary lines were tried, and kind, line and result of those that were changed."""
    tried = [*lines(rng, of_each), *(("written", line) for line in HELD_OUT_LINES)]
    tried += [(kind, make(rng)) for kind, make in HELD_OUT_MAKERS.items() for _ in range(of_each)]
    masked = ((kind, line, _MASKER.text(line)) for kind, line in tried)
    return len(tried), [(kind, line, after) for kind, line, after in masked if line != after]


def speed(rng: random.Random) -> float:
    """Return megabytes a second of processor time on ordinary lines with a secret in one of fifty, the best of five."""
    ordinary = [line for _, line in lines(rng, 30)]
    made = [plant(rng).text for plant in KINDS.values()][: len(ordinary) // 50]
    texts = ordinary + made
    size = sum(map(len, texts))
    return size / min(_seconds(texts) for _ in range(5)) / 1e6


def _seconds(texts: list[str]) -> float:
    start = time.process_time()
    for text in texts:
        _MASKER.text(text)
    return time.process_time() - start


def measure(seed: int, of_each: int = 4, ordinary_of_each: int = 12) -> dict[str, Any]:
    """Print misses by kind, and return the figures."""
    kinds = {name: kind for kinds in SETS.values() for name, kind in kinds.items()}
    found = list(misses_of(kinds, random.Random(seed), of_each))
    _print_misses(found, of_each)
    tried, alarms = false_alarms(random.Random(seed), ordinary_of_each)
    print(f"\nordinary lines that were masked: {len(alarms)} of {tried}")
    for kind, line, after in alarms:
        print(f"  {kind:<14} {line[:90]}  ->  {after[:90]}")
    total = len(kinds) * of_each * len(PLACES)
    print()
    for name, some in SETS.items():
        leaks = sum(kind in some for kind, _, _ in found)
        print(f"{name}: {len(some)} kinds, recall {1 - leaks / (len(some) * of_each * len(PLACES)):.4f}")
    return {
        "kinds": len(kinds),
        "secrets": total,
        "recall": round(1 - len(found) / total, 4),
        "ordinary": tried,
        "false_rate": round(len(alarms) / tried, 4),
        "mb_per_s": round(speed(random.Random(seed)), 2),
    }


def _print_misses(found: list[tuple[str, str, Planted]], of_each: int) -> None:
    by_kind = Counter(name for name, _, _ in found)
    examples = {name: each.text for name, _, each in reversed(found)}
    print(f"{'kind':<36}{'leaked':>8}{'of':>5}  places; example")
    for name, count in by_kind.most_common():
        places = Counter(place for kind, place, _ in found if kind == name)
        print(f"{name:<36}{count:>8}{of_each * len(PLACES):>5}  {', '.join(places)}; {examples[name][:100]!r}")
    if not found:
        print("none")


def main(seed: int = SEED) -> None:
    """Measure, and print the figures as JSON on the last line."""
    print(json.dumps(measure(seed)))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
