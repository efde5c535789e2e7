"""LogSense in one busy Slack workspace, beside the naive way: `make bench-slack`, about ten minutes.

Ten channels, 12 steps of 10 s an investigation, starts spread over 60 s. Slack allows 45 edits a minute in the
workspace and one post a second in a channel. Slack is played by this process, LogSense is another (`slack_app.py`),
with HTTP between them. `--quick` makes all of it ten times as fast, limits included: figures are seconds of the
scenario then, and what the machine takes counts tenfold.

A report is late by the time from the commit of the run's last journal entry to its appearance. Progress is looked at
each second while an investigation runs: its age is 0 while what was committed last is shown, else the time since
something newer was committed. `Age and step` counts from the commit of what is shown, so that it holds the length of a
step as well. The naive way edits at once at both ends of a step.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from urllib.parse import urlencode

import aiohttp

from tests.benchmarks.slack_naive import naive
from tests.benchmarks.slack_shown import Shown, is_spinning
from tests.benchmarks.slack_town import CHANNELS, SPREAD_S, STEP_S, STEPS, Harness, harness, logsense

COMMANDS = 200
_GIVEN_UP_S = 180.0
"""A report that is not there so long after its run must have ended is lost."""
_LOOKED_UP_S = 5.0


# ---- investigations -------------------------------------------------------------------------------------------------


async def investigations(count: int, speed: float) -> dict[str, float]:
    """`count` of them, measured."""
    async with harness(speed) as at, logsense(at, STEPS, STEP_S) as app:
        before = len(at.peer.calls)
        await asyncio.gather(*(_ask(at, number, SPREAD_S * number / count) for number in range(count)))
        deadline = at.now() + STEPS * STEP_S + _GIVEN_UP_S
        while at.now() < deadline and not _is_quiet(at, count):
            await asyncio.sleep(0.2)
        calls = len(at.peer.calls) - before
        runs = [Shown(at, one) for one in await app.committed()]
    late = [run.report_late_s for run in runs if run.report_late_s is not None]
    ages = [sample for run in runs for sample in run.samples()]
    return {
        "rate_limited": at.peer.rate_limited,
        "finals_lost": count - len(late),
        "finals_p50_s": percentile(late, 50),
        "finals_p95_s": percentile(late, 95),
        "finals_max_s": max(late, default=0.0),
        "progress_age_p95_s": percentile([age for age, _ in ages], 95),
        "progress_age_max_s": max((age for age, _ in ages), default=0.0),
        "progress_and_step_p95_s": percentile([age for _, age in ages], 95),
        "closed_p95_s": percentile([run.closed_late_s for run in runs if run.closed_late_s is not None], 95),
        "still_spinning": sum(run.closed_late_s is None for run in runs),
        "calls": calls / count,
        **{f"calls of {name}": number / count for name, number in _by_method(at, before).items()},
    }


async def _ask(at: Harness, number: int, after_s: float) -> None:
    await at.pass_by(after_s)
    person, channel = at.people[number % CHANNELS], at.channels[number % CHANNELS]
    outcome = await at.peer.command(person, channel, "/logsense", f"investigate SHOP-{number}")
    assert outcome.status == 200, outcome


def _is_quiet(at: Harness, count: int) -> bool:
    """Whether every report stands, with its chart, and no progress message looks as if something ran."""
    posts = [message for channel in at.channels for message in channel.posts_of_bot()]
    ended = [message for message in posts if message.thread_ts is None and not is_spinning(message)]
    return len(ended) == count and sum(bool(message.files) for message in posts) == count


def _by_method(at: Harness, before: int) -> dict[str, int]:
    methods = [call.method for call in at.peer.calls[before:]]
    return {method: methods.count(method) for method in sorted(set(methods))}


# ---- acknowledging --------------------------------------------------------------------------------------------------


async def acknowledgements() -> dict[str, float]:
    """How long Slack waits for the answer to each of 200 commands that come at once, in milliseconds."""
    async with harness(1.0) as at, logsense(at, STEPS, STEP_S) as app:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def send(number: int) -> float:
                body = _command(at, number)
                headers = at.peer.signed(body) | {"Content-Type": "application/x-www-form-urlencoded"}
                began = time.perf_counter()
                async with session.post(f"{app.url}/slack/events", data=body, headers=headers) as answer:
                    assert answer.status == 200, await answer.text()
                return (time.perf_counter() - began) * 1000

            await send(COMMANDS)
            took = await asyncio.gather(*(send(number) for number in range(COMMANDS)))
            # Who asks and where is looked up after the answer: a command that meets a limit there is refused.
            await at.pass_by(_LOOKED_UP_S)
    return {
        "p50": percentile(took, 50),
        "p99": percentile(took, 99),
        "max": max(took),
        "rate_limited": at.peer.rate_limited,
    }


def _command(at: Harness, number: int) -> str:
    person, channel = at.people[number % CHANNELS], at.channels[number % CHANNELS]
    form = {
        "team_id": at.workspace.id,
        "team_domain": "acme",
        "channel_id": channel.id,
        "channel_name": channel.name,
        "user_id": person.id,
        "user_name": person.name,
        "command": "/logsense",
        "text": f"investigate SHOP-{number}",
        "api_app_id": "A0LOGSENSE",
        "is_enterprise_install": "false",
        "trigger_id": f"{number}.trigger",
        "response_url": f"{at.peer.url}/response/none",
    }
    return urlencode(form)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(percent) // 100) - 1)] if ordered else 0.0


# ---- the table ------------------------------------------------------------------------------------------------------

_ROWS = (
    ("answers 429", "rate_limited", ""),
    ("reports lost", "finals_lost", ""),
    ("report late, p50", "finals_p50_s", "s"),
    ("report late, p95", "finals_p95_s", "s"),
    ("report late, max", "finals_max_s", "s"),
    ("age of progress, p95", "progress_age_p95_s", "s"),
    ("age of progress, max", "progress_age_max_s", "s"),
    ("age and step, p95", "progress_and_step_p95_s", "s"),
    ("progress closed, p95", "closed_p95_s", "s"),
    ("left spinning", "still_spinning", ""),
    ("calls an investigation", "calls", ""),
)


async def main(speed: float) -> None:
    """The table, and the line of JSON."""
    acks = await acknowledgements()
    print(f"{COMMANDS} commands at once: answered after p50 {acks['p50']:.0f} ms, p99 {acks['p99']:.0f} ms,", end=" ")
    print(f"max {acks['max']:.0f} ms;", flush=True)
    print(f"{acks['rate_limited']:.0f} answers 429 to what they made LogSense look up.\n", flush=True)
    found = {}
    for count in (50, 10):
        found[f"{count} runs"] = await investigations(count, speed)
        print(f"{count} runs: {_in_short(found[f'{count} runs'])}", file=sys.stderr)
    # A lone investigation is only counted, so what the naive way costs this machine meanwhile does not matter.
    found["alone"], plain = await asyncio.gather(investigations(1, speed), naive(50, speed))
    print(f"{'':38}" + "".join(f"{name:>10}" for name in found) + f"{'50 naive':>10}")
    methods = sorted({row for figures in found.values() for row in figures if row.startswith("calls of ")})
    for title, row, unit in (*_ROWS, *((f"  {name}", name, "") for name in methods)):
        figures = "".join(f"{one[row]:10.1f}" if row in one else f"{'':10}" for one in (*found.values(), plain))
        print(f"{title + (f' ({unit})' if unit else ''):38}{figures}")
    print(f"{'edits and reports lost':38}{'':30}{plain['lost']:10.1f}")
    print(json.dumps(_summary(acks, found, plain)))


def _in_short(figures: dict[str, float]) -> str:
    """For who waits for the table."""
    return ", ".join(f"{row} {figures[row]:.1f}" for _, row, _ in _ROWS)


def _summary(acks: dict[str, float], found: dict[str, dict[str, float]], plain: dict[str, float]) -> dict[str, float]:
    busy, calmer, alone = found.values()
    figures = {
        "rate_limited": acks["rate_limited"] + sum(one["rate_limited"] for one in found.values()),
        "finals_lost": sum(one["finals_lost"] for one in found.values()),
        "finals_p95_s": busy["finals_p95_s"],
        "progress_max_age_s": busy["progress_age_p95_s"],
        "progress_max_age_s_10": calmer["progress_age_p95_s"],
        "ack_p99_ms": acks["p99"],
        "ack_max_ms": acks["max"],
        "calls_per_investigation": busy["calls"],
        "calls_per_investigation_alone": alone["calls"],
        "naive_rate_limited": plain["rate_limited"],
        "naive_lost": plain["lost"],
    }
    return {name: round(figure, 2) for name, figure in figures.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.slack")
    parser.add_argument("--quick", action="store_true", help="ten times as fast, limits included")
    asyncio.run(main(10.0 if parser.parse_args().quick else 1.0))
