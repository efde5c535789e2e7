"""Finds in spans what failed first, what took longer than usual and where, and the critical path of a trace."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import pairwise

from core.gateways.traces.otlp import Span

_SLOW = 1.5
_QUANTILE = 0.75
_LEAST_S = 0.002
_CALLER_SHARE = 0.5
_LONGEST_PATH = 40

Operation = tuple[str, str, str]
"""Service and name of a span, and the service that it calls, empty for none."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A span with the seconds in which nothing that began after it runs; `callee` is the service that it calls."""

    span: Span
    own_s: float
    callee: str = ""

    @property
    def operation(self) -> Operation:
        """What the span has in common with others."""
        return self.span.service, self.span.name, self.callee


@dataclass(frozen=True, slots=True)
class Suspect:
    """A service that takes longer than usual: by how many seconds a call, and its operation that is slowest so."""

    service: str
    excess_s: float
    operation: str
    usual_s: float
    now_s: float


@dataclass(frozen=True, slots=True)
class ServiceSpans:
    """What the spans of one service add up to."""

    service: str
    spans: int
    errors: int
    median_s: float
    slowest_s: float


def timed(spans: Iterable[Span]) -> list[Timed]:
    """Return each span with its own time; spans may be of many traces."""
    traces: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        traces[span.trace].append(span)
    return [each for trace in traces.values() for each in _timed(trace)]


def _timed(trace: Sequence[Span]) -> Iterator[Timed]:
    callees: dict[str, str] = {}
    services = {span.id: span.service for span in trace}
    for span in trace:
        if services.get(span.parent, span.service) != span.service:
            callees.setdefault(span.parent, span.service)
    own = _own_times(trace)
    for span, seconds in zip(trace, own, strict=True):
        yield Timed(span, seconds, callees.get(span.id, ""))


def _own_times(trace: Sequence[Span]) -> list[float]:
    """Return for each span the seconds in which nothing that began after it runs; they add up to the trace's time."""
    own = [0.0] * len(trace)
    begins = sorted(range(len(trace)), key=lambda number: (trace[number].start, -trace[number].duration))
    moments = sorted({moment for span in trace for moment in (span.start, span.end)})
    running: list[tuple[int, int]] = []
    next_begin = 0
    for moment, following in pairwise(moments):
        while next_begin < len(begins) and trace[begins[next_begin]].start <= moment:
            heappush(running, (-next_begin, begins[next_begin]))
            next_begin += 1
        while running and trace[running[0][1]].end <= moment:
            heappop(running)
        if running:
            own[running[0][1]] += following - moment
    return own


def usual_times(spans: Iterable[Timed]) -> dict[Operation, float]:
    """Return the median of its own time for each operation."""
    found: dict[Operation, list[float]] = defaultdict(list)
    for each in spans:
        found[each.operation].append(each.own_s)
    return {operation: statistics.median(times) for operation, times in found.items()}


def slow_services(spans: Iterable[Timed], usual: Mapping[Operation, float]) -> list[Suspect]:
    """Return the services whose operations take longer than usual, the one that explains most seconds a call first.

    An operation is slow when a quarter of its spans take much longer than its usual time. What a call to another
    service takes beyond what that service itself needs lies on the way between both: it counts for the called one, and
    half for the caller, since a slow network of the caller slows all of its calls.
    """
    found: dict[Operation, list[float]] = defaultdict(list)
    for each in spans:
        found[each.operation].append(each.own_s)
    excess: dict[str, float] = defaultdict(float)
    worst: dict[str, Suspect] = {}
    for operation, times in found.items():
        expected = usual.get(operation)
        if expected is None:
            continue
        now = sorted(times)[int(len(times) * _QUANTILE)]
        beyond = now - _SLOW * expected - _LEAST_S
        if beyond <= 0:
            continue
        caller, name, callee = operation
        for service, share in ((callee, 1.0), (caller, _CALLER_SHARE)) if callee else ((caller, 1.0),):
            excess[service] += share * beyond
            if service not in worst or share * beyond > worst[service].excess_s:
                worst[service] = Suspect(service, share * beyond, name, expected, now)
    ranked = sorted(excess, key=lambda service: -excess[service])
    return [replace(worst[service], excess_s=excess[service]) for service in ranked]


def first_failure(spans: Iterable[Span]) -> Span | None:
    """Return the deepest failed span of the first trace that fails: its callers failed because of it."""
    failed = [span for span in spans if span.failed]
    if not failed:
        return None
    trace = min(failed, key=lambda span: span.start).trace
    inside = [span for span in failed if span.trace == trace]
    parents = {span.parent for span in inside}
    return min((span for span in inside if span.id not in parents), key=lambda span: span.end, default=inside[0])


def critical_path(spans: Sequence[Span]) -> list[Span]:
    """Return the spans of one trace that decide how long it takes: from its root, the child that ends last, and on."""
    known = {span.id for span in spans}
    roots = [span for span in spans if span.parent not in known]
    children: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        children[span.parent].append(span)
    path: list[Span] = []
    at = max(roots, key=lambda span: span.duration, default=None)
    while at is not None and at not in path and len(path) < _LONGEST_PATH:
        path.append(at)
        at = max(children.get(at.id, []), key=lambda span: span.end, default=None)
    return path


def by_service(spans: Iterable[Span]) -> list[ServiceSpans]:
    """Return what the spans of each service add up to, those with errors and many spans first."""
    found: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        found[span.service].append(span)
    rows = [
        ServiceSpans(
            service,
            len(each),
            sum(span.failed for span in each),
            statistics.median(span.duration for span in each),
            max(span.duration for span in each),
        )
        for service, each in found.items()
    ]
    return sorted(rows, key=lambda row: (-row.errors, -row.spans))
