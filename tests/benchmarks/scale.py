"""Many investigations at once, on both databases, in one process and in three: `make bench-scale`, seven minutes.

A replica is a process with the real worker, jobs, loop, journal and threads. Its reasoner takes 2 s a turn and no CPU
(`paced`) or no time at all (`saturated`); its tools answer at once and its channel only notes, since tool server and
platform are not what is measured. Every investigation is of another organization. A step is a turn, its one call, and
two commits. `without` is the loop alone in the same processes at the same pace: no database, no queue, nothing shown.

Starts are spread at random over one step, so that the paced run has three parts: all begin within 2 s, which is many
times the rate at which so many would ever come; all are under way; all end within 2 s. `overhead` is p95 of the step
with durability minus p95 of the step without, once while all are under way, once over everything. `stall` is the
longest time for which an event loop did not come round. SQLite belongs to one process, so it has no three.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import dataclass

from tests.benchmarks.scale_figures import Steps, edits_p95_s, late_s, per_second, reported
from tests.benchmarks.scale_fleet import Fleet, Place, fleet, place
from tests.benchmarks.scale_postgres import account
from tests.benchmarks.scale_script import Seen

Figures = dict[str, float]

_SETUPS = (("SQLite", 1), ("PostgreSQL", 1), ("PostgreSQL", 3))


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    paced_steps: dict[int, int]
    """By how many investigations at once; more take longer to begin, and are to be together for a while."""
    step_s: float
    saturated_steps: int


FULL = Size({200: 10, 20: 6, 1: 6}, 2.0, 12)
QUICK = Size({10: 4}, 0.2, 4)
_LEAST_SATURATED = 10


async def _paced(at: Fleet, count: int, size: Size) -> Figures:
    """Each step at the pace of a model, then the same without durability."""
    await at.begin(size.step_s, size.paced_steps[count])
    await at.investigate(count, size.step_s)
    seen = await at.seen()
    plain = Steps.of(await at.plain(count, size.step_s))
    steps = Steps.of(seen)
    _expect(count, seen)
    return {
        "paced_steps_per_s": per_second([seen]),
        "overhead_p95_ms": (steps.together_p95_s() - plain.together_p95_s()) * 1000,
        "overhead_all_p95_ms": (steps.p95_s() - plain.p95_s()) * 1000,
        "edit_p95_ms": edits_p95_s(seen) * 1000,
        "stall_ms": max(steps.together(late_s(seen)), default=0.0) * 1000,
        "stall_all_ms": max((took for _, took in late_s(seen)), default=0.0) * 1000,
        "memory_kb": sum(each.rss_most_mb - each.rss_before_mb for each in seen) * 1024 / count,
    }


async def _saturated(at: Fleet, count: int, size: Size) -> Figures:
    """As fast as it goes, all at once; few are repeated, so that there is something to count."""
    rounds = []
    for _ in range(max(1, _LEAST_SATURATED // count)):
        await at.begin(0.0, size.saturated_steps)
        await at.investigate(count, 0.0)
        rounds.append(await at.seen())
        _expect(count, rounds[-1])
    seen = [each for one in rounds for each in one]
    done = count * len(rounds)
    return {
        "steps_per_s": per_second(rounds),
        "saturated_edit_p95_ms": edits_p95_s(seen) * 1000,
        "saturated_stall_ms": max((took for _, took in late_s(seen)), default=0.0) * 1000,
        "cpu_ms": sum(each.cpu_s for each in seen) * 1000 / done,
        "statements": sum(each.statements for each in seen) / done,
        "transactions": sum(each.transactions for each in seen) / done,
        "done": float(done),
    }


async def _measure(at: Place, database: str, replicas: int, count: int, size: Size) -> Figures:
    urls = await at.database(is_postgresql=database == "PostgreSQL")
    # A little room above an equal share, so that all are under way at once and none does everything.
    slots = -(-count * 11 // (replicas * 10)) + 1
    async with fleet(urls.app, replicas, slots) as replicas_at_work:
        began = await account(urls)
        found = await _paced(replicas_at_work, count, size)
        before = await account(urls)
        found |= await _saturated(replicas_at_work, count, size)
        spent = (await account(urls)).since(before)
    done = found.pop("done")
    return found | {
        "paced_wal_kb": before.since(began).wal_bytes / count / 1024,
        "wal_kb": spent.wal_bytes / done / 1024,
        "kept_kb": spent.kept_bytes / done / 1024,
        "database_cpu_ms": spent.cpu_s / done * 1000,
    }


def _expect(count: int, seen: list[Seen]) -> None:
    if reported(seen) != count:
        raise SystemExit(f"{reported(seen)} of {count} investigations were reported.")


# ---- the table ------------------------------------------------------------------------------------------------------

_COLUMNS = (
    ("steps/s", "steps_per_s", 0),
    ("overhead", "overhead_p95_ms", 1),
    ("with ends", "overhead_all_p95_ms", 1),
    ("edit", "edit_p95_ms", 1),
    ("stall", "stall_ms", 0),
    ("with ends", "stall_all_ms", 0),
    ("edit sat.", "saturated_edit_p95_ms", 0),
    ("CPU", "cpu_ms", 0),
    ("DB CPU", "database_cpu_ms", 0),
    ("stmts", "statements", 0),
    ("trans.", "transactions", 0),
    ("WAL kB", "wal_kb", 0),
    ("kept kB", "kept_kb", 0),
    ("paced WAL", "paced_wal_kb", 0),
    ("RSS kB", "memory_kb", 0),
)


async def main(size: Size) -> None:
    """The table, and the line of JSON."""
    found: dict[tuple[str, int, int], Figures] = {}
    _print_head()
    with place() as at:
        for database, replicas in _SETUPS:
            for count in size.paced_steps:
                figures = found[database, replicas, count] = await _measure(at, database, replicas, count, size)
                cells = "".join(
                    f"{figures[name]:>{max(9, len(title) + 1)}.{digits}f}" for title, name, digits in _COLUMNS
                )
                print(f"{database:11}{replicas:>4}{count:>6}{cells}", flush=True)
    print(json.dumps(_summary(found, max(size.paced_steps))))


def _print_head() -> None:
    print("at once: paced run in ms (p95, longest stall); then saturated; then for one investigation of the latter")
    print(f"{'':11}{'repl':>4}{'count':>6}" + "".join(f"{title:>{max(9, len(title) + 1)}}" for title, _, _ in _COLUMNS))


def _summary(found: dict[tuple[str, int, int], Figures], most: int) -> Figures:
    """The worst of the setups at the largest count, and the best throughput."""
    largest = {key: figures for key, figures in found.items() if key[2] == most}
    summary = {
        f"overhead_p95_ms_{most}": max(each["overhead_p95_ms"] for each in largest.values()),
        f"stall_ms_{most}": max(each["stall_ms"] for each in largest.values()),
        f"steps_per_s_{most}": largest["PostgreSQL", 3, most]["steps_per_s"],
    }
    for (database, replicas, _), figures in largest.items():
        name = f"{database.lower()}_{replicas}"
        summary |= {f"{name}_{figure}": figures[figure] for _, figure, _ in _COLUMNS}
    return {name: round(figure, 1) for name, figure in summary.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale")
    parser.add_argument("--quick", action="store_true", help="ten at once, 0.2 s a step: whether it works")
    asyncio.run(main(QUICK if parser.parse_args().quick else FULL))
