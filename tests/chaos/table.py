"""What a run found, for people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from statistics import median

from tests.chaos.run import Ended
from tests.chaos.schedule import Plan, Trouble
from tests.chaos.verdict import PICKUP_GOAL_S, Pickup, Verdict

_MOST_SHOWN = 20


def lines_of(plan: Plan, ended: Ended, verdict: Verdict) -> Iterator[str]:
    """The table, and below it every finding, or the first of many."""
    yield f"\nended after {ended.seconds:.0f} s"
    yield from _rows("what went wrong", {str(kind): ended.made[kind] for kind in Trouble} | ended.counts)
    ends = Counter(investigation.status for investigation in ended.facts.kept)
    yield from _rows(
        "what was seen",
        {f"investigations {status}": count for status, count in sorted(ends.items())}
        | {
            "model calls": len(ended.facts.calls),
            "turns committed": sum(entry.turn is not None for entry in ended.facts.entries),
            "messages with a key": len(ended.facts.posted),
        },
    )
    yield from _pickups(verdict)
    goals = {"lost": verdict.lost, "duplicate posts": verdict.doubled, "committed steps run again": verdict.rerun}
    yield from _rows("goals: 0 of each", {name: len(found) for name, found in goals.items()})
    for name, found in (*goals.items(), ("replicas", ended.complaints)):
        yield from (f"  {name}: {line}" for line in found[:_MOST_SHOWN])
        if len(found) > _MOST_SHOWN:
            yield f"  {name}: … and {len(found) - _MOST_SHOWN} more"


def _rows(title: str, rows: dict[str, int]) -> Iterator[str]:
    yield f"\n{title}"
    yield from (f"  {name:<28}{count:>7}" for name, count in rows.items())


def _pickups(verdict: Verdict) -> Iterator[str]:
    kinds: defaultdict[str, list[Pickup]] = defaultdict(list)
    for pickup in verdict.pickups:
        kinds[pickup.kind].append(pickup)
    yield f"\n{'picked up by another, s':<30}{'runs':>7}{'claimed':>9}{'worst':>8}{'step':>8}{'worst':>8}"
    for kind, pickups in sorted(kinds.items()):
        claims, steps = [it.claimed_s for it in pickups], [it.seconds for it in pickups]
        yield (
            f"  {kind:<28}{len(pickups):>7}{median(claims):>9.2f}{max(claims):>8.2f}"
            f"{median(steps):>8.2f}{max(steps):>8.2f}"
        )
    if verdict.pickup_p95_s is not None:
        yield f"  p95 of all: {verdict.pickup_p95_s:.2f} s (goal: {PICKUP_GOAL_S:g} s)"
