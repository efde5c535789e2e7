"""Finds where requests leave their usual way: a message that followed another in most traces, and no longer does."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from core.gateways.logs.reading import Kind, LogIndex

_LEAST = 3
_USUALLY = 0.5
_RARELY = 0.5
_END = -1

Step = tuple[int, int]
"""The kinds of two messages of one component that follow each other in a trace; `_END` when none follows."""


@dataclass(frozen=True, slots=True)
class Broken:
    """After `kind` came `expected` (the end of the request if None); shares are of the traces that have `kind`.

    `traces` counts those in which nothing left its usual way earlier.
    """

    kind: Kind
    expected: Kind | None
    usual_share: float
    share: float
    traces: int


@dataclass(slots=True)
class _Flows:
    steps: Counter[Step] = field(default_factory=Counter)
    kinds: Counter[int] = field(default_factory=Counter)
    taken: dict[str, list[tuple[float, Step]]] = field(default_factory=lambda: defaultdict(list))

    def share(self, step: Step) -> float:
        return self.steps[step] / self.kinds[step[0]] if self.kinds[step[0]] else 0.0


def broken_flows(index: LogIndex, before: tuple[int, int], after: tuple[int, int]) -> list[Broken]:
    """Return what no longer follows, by the number of traces in which it is the first that changed.

    A component whose requests take another way makes its callers take one, too; in each trace the first change counts.
    """
    known = {kind.id: kind for span in (before, after) for kind in index.kinds(*span)}
    usual, now = (_flows(index, span, known) for span in (before, after))
    broken = {step[0]: step for step in usual.steps if _is_broken(step, usual, now)}
    firsts: Counter[int] = Counter()
    for taken in now.taken.values():
        changed = [(at, kind) for at, (kind, following) in taken if kind in broken and not usual.steps[kind, following]]
        if changed:
            firsts[min(changed)[1]] += 1
    found = [
        Broken(known[kind], known.get(step[1]), usual.share(step), now.share(step), firsts[kind])
        for kind, step in broken.items()
        if firsts[kind]
    ]
    return sorted(found, key=attrgetter("traces"), reverse=True)


def components_of(broken: Sequence[Broken]) -> list[str]:
    """Return the components that leave their usual way, the one that does so first in most traces before the others."""
    traces: Counter[str] = Counter()
    for each in broken:
        traces[each.kind.component] += each.traces
    return [component for component, _ in traces.most_common()]


def _is_broken(step: Step, usual: _Flows, now: _Flows) -> bool:
    kind = step[0]
    if usual.kinds[kind] < _LEAST or now.kinds[kind] < _LEAST:
        return False
    share = usual.share(step)
    return share >= _USUALLY and now.share(step) <= _RARELY * share


def _flows(index: LogIndex, span: tuple[int, int], known: Mapping[int, Kind]) -> _Flows:
    flows = _Flows()
    ways: dict[str, list[tuple[int, float]]] = {}
    trace = ""
    for name, kind, at in index.traced(*span):
        if name != trace:
            _end(flows, trace, ways)
            trace, ways = name, {}
        if kind in known:
            ways.setdefault(known[kind].component, []).append((kind, at))
    _end(flows, trace, ways)
    return flows


def _end(flows: _Flows, trace: str, ways: Mapping[str, Sequence[tuple[int, float]]]) -> None:
    """Count the steps of one trace."""
    for way in ways.values():
        for (kind, _), (following, at) in zip(way, [*way[1:], (_END, way[-1][1])], strict=True):
            flows.steps[kind, following] += 1
            flows.kinds[kind] += 1
            flows.taken[trace].append((at, (kind, following)))
