"""What the core says about its own work: counts, durations and spans, heard by whoever wants to; by default nobody.

Every metric is declared here, so that a name cannot be mistyped. Labels hold no incident content; an organization is
named only where its cost is counted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Metric:
    """A counter, or with `buckets` the distribution of a duration in seconds."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_STEPS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60)

INVESTIGATIONS = Metric("logsense_investigations_total", "Investigations that ended", ("status", "reasoner"))
REPORT_SECONDS = Metric(
    "logsense_report_seconds",
    "From the request to the report",
    ("reasoner",),
    (1, 2.5, 5, 10, 20, 30, 60, 120, 300, 900),
)
RUNS = Metric("logsense_runs_total", "Pieces of work that ended", ("kind", "state"))
TAKEN_OVER = Metric("logsense_runs_taken_over_total", "Pieces of work whose worker had died", ("kind",))
TURNS = Metric("logsense_turns_total", "Turns of the agent", ("reasoner",))
TOOL_CALLS = Metric("logsense_tool_calls_total", "Tool calls", ("tool", "ok"))
TOOL_SECONDS = Metric("logsense_tool_seconds", "Duration of a tool call", ("tool",), _STEPS_S)
MODEL_SECONDS = Metric("logsense_model_seconds", "Duration of a model's answer, retries included", ("model",), _STEPS_S)
MODEL_FAILURES = Metric(
    "logsense_model_failures_total", "Models that could not go on, by who took over", ("taken_over_by",)
)
TOKENS = Metric("logsense_tokens_total", "Tokens", ("organization", "kind"))
USD = Metric("logsense_usd_total", "Cost of models with a known price, in US dollars", ("organization",))
KNOWLEDGE_SEARCHES = Metric("logsense_knowledge_searches_total", "Searches of past incidents", ("found",))
CHANNEL_CALLS = Metric("logsense_channel_calls_total", "Messages to chat platforms", ("platform", "method", "outcome"))
STORAGE_FAILURES = Metric(
    "logsense_storage_failures_total", "Tries to work that failed because of the database or the machine", ("problem",)
)

METRICS = (
    INVESTIGATIONS,
    REPORT_SECONDS,
    RUNS,
    TAKEN_OVER,
    TURNS,
    TOOL_CALLS,
    TOOL_SECONDS,
    MODEL_SECONDS,
    MODEL_FAILURES,
    TOKENS,
    USD,
    KNOWLEDGE_SEARCHES,
    CHANNEL_CALLS,
    STORAGE_FAILURES,
)


class Sink(Protocol):
    """Who hears."""

    def count(self, metric: Metric, amount: float, labels: dict[str, str]) -> None:
        """So many more."""
        ...

    def observe(self, metric: Metric, seconds: float, labels: dict[str, str]) -> None:
        """One took so long."""
        ...


_sinks: list[Sink] = []


@contextlib.contextmanager
def add_sink(sink: Sink) -> Iterator[None]:
    """`sink` hears while the block lasts."""
    _sinks.append(sink)
    try:
        yield
    finally:
        _sinks.remove(sink)


def count(metric: Metric, amount: float = 1.0, **labels: str) -> None:
    """Tell that `metric` happened; costs next to nothing when nobody hears."""
    for sink in _sinks:
        sink.count(metric, amount, labels)


def observe(metric: Metric, seconds: float, **labels: str) -> None:
    """Tell how long it took."""
    for sink in _sinks:
        sink.observe(metric, seconds, labels)


# ---- traces ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of work on the investigation or question `trace`, told once it is over; `key` is its own, and stable.

    The root span is the whole of it; every other is its child.
    """

    trace: str
    key: str
    name: str
    start: datetime
    end: datetime
    attributes: Mapping[str, str | int | float | bool]
    ok: bool = True
    is_root: bool = False


_tracers: list[Callable[[Span], None]] = []


@contextlib.contextmanager
def traced_by(export: Callable[[Span], None]) -> Iterator[None]:
    """`export` is told of every span while the block lasts."""
    _tracers.append(export)
    try:
        yield
    finally:
        _tracers.remove(export)


def trace(span: Span) -> None:
    """Tell that a stretch of work is over; costs next to nothing when nobody hears."""
    for export in _tracers:
        export(span)
