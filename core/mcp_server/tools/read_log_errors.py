"""`read_log_errors`: bursts of errors in logs, who failed first, what is new, and what comes from elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from itertools import zip_longest

from core.gateways.logs.analysis import JUST_BEFORE, Burst, comes_from_elsewhere, compare, find_bursts, rare, target_of
from core.gateways.logs.heads import NO_MINUTE
from core.gateways.logs.reading import Kind, LogIndex
from core.gateways.traces.index import count_spans
from core.mcp_server.arguments import PageNumber
from core.mcp_server.log_lines import described, second, told_span
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, on_one_line
from core.mcp_server.tool_context import ToolContext

_BURSTS = 5
_KINDS = 8
_NEARBY = 2
"""Lines before and after an error that may name the host which it could not reach."""


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def read_log_errors(page: PageNumber = 1) -> ToolOutput:
        """Error bursts in the given logs, the first failing component, new messages."""
        return await asyncio.to_thread(_output, context.logs(), masker)

    return read_log_errors


def _output(index: LogIndex, masker: Masker) -> ToolOutput:
    with closing(index):
        window = index.window()
        bursts = find_bursts(index, *window)
        total = sum(index.by_minute(("error", "fatal"), *window).values())
        span = told_span(window)
        if spans := count_spans(index.directory):
            span = f"{span}; {counted(spans, 'span')} of traces"
        if not bursts:
            output = ToolOutput(f"0 errors in the logs, {span}", {"errors": 0, "spans": spans or None})
            _add_calm(output, index, index.kinds(*window), masker)
            return output
        chief = max(bursts, key=lambda burst: burst.count)
        began = second(chief.kinds[0].at)
        output = ToolOutput(
            f"{counted(total, 'error')} in the logs, {span}; the worst burst began at {began}",
            {"errors": total, "spans": spans or None},
        )
        _add_first(output, index, chief, masker)
        _add_warnings(output, index, chief, masker)
        _add_bursts(output, bursts)
        _add_new(output, index, chief, masker)
        _add_kinds(output, index, [kind for kind in index.kinds(*window) if kind.is_error], masker)
        for note in index.notes:
            output.add(note)
        return output


def _add_first(output: ToolOutput, index: LogIndex, burst: Burst, masker: Masker) -> None:
    """Say who failed first, and who after it."""
    first, *others = burst.first_by_component
    text, facts = described(index, first, masker)
    output.add(f"First to fail: {text}", first=facts)
    if comes_from_elsewhere(facts["message"]):
        target = facts.get("target") or _target_nearby(index, first, masker)
        named = f"{target} did not answer or refused" if target else "what it called did not answer or refused"
        output.add(f"The error of {facts['component']} comes from elsewhere: {named}.", elsewhere=target)
    for kind in others[:_KINDS]:
        text, facts = described(index, kind, masker)
        output.add(f"Then: {text}", followers=[facts])


def _target_nearby(index: LogIndex, kind: Kind, masker: Masker) -> str:
    """Return the host that the lines around an error name, empty when they name none."""
    lines = index.lines(kind.file, kind.line - _NEARBY, 2 * _NEARBY + 1)
    targets = (target_of(on_one_line(masker.text(text))) for _, text in lines)
    return next((target for target in targets if target), "")


def _add_bursts(output: ToolOutput, bursts: Sequence[Burst]) -> None:
    for burst in sorted(bursts, key=lambda burst: -burst.count)[:_BURSTS]:
        began, ended = second(min(kind.at for kind in burst.kinds)), second(burst.end * 60)
        facts = {"began": began, "ended": ended, "count": burst.count}
        output.add(f"Burst: {counted(burst.count, 'error')}, began {began}, over by {ended}", bursts=[facts])


def _add_new(output: ToolOutput, index: LogIndex, burst: Burst, masker: Masker) -> None:
    """List messages that came up with the burst or just before, and those that became much more frequent."""
    span = index.span() or (burst.begin, burst.end)
    begin = burst.begin - JUST_BEFORE
    if span[0] >= begin:
        return
    changes = compare(index, (span[0], begin), (begin, burst.end))
    for change in changes.new[:_KINDS]:
        text, facts = described(index, change.kind, masker)
        output.add(f"New: {text}", new=[facts])
    for change in changes.more[:_KINDS]:
        text, facts = described(index, change.kind, masker)
        output.add(f"More frequent, {change.before:.2g} to {change.after:.2g} a minute: {text}", more=[facts])


def _add_kinds(output: ToolOutput, index: LogIndex, kinds: Sequence[Kind], masker: Masker) -> None:
    for kind in sorted(kinds, key=lambda kind: -kind.count)[:_KINDS]:
        text, facts = described(index, kind, masker)
        output.add(f"Error: {text}", kinds=[facts])


def _add_warnings(output: ToolOutput, index: LogIndex, burst: Burst, masker: Masker) -> None:
    """List warnings that came up shortly before the first error."""
    begin, first = burst.begin - JUST_BEFORE, burst.kinds[0].at
    usual = {kind.id for kind in index.kinds(NO_MINUTE + 1, begin)} if begin > 0 else set()
    kinds = index.kinds(begin, burst.end)
    warnings = [kind for kind in kinds if kind.level == "warning" and kind.at <= first and kind.id not in usual]
    for kind in warnings[:_KINDS]:
        text, facts = described(index, kind, masker)
        output.add(f"Warning before it: {text}", warnings=[facts])


def _add_calm(output: ToolOutput, index: LogIndex, kinds: Sequence[Kind], masker: Masker) -> None:
    """List warnings, messages that stand out by being rare, and what each component writes most."""
    warnings = [kind for kind in kinds if kind.level == "warning"]
    for word, label, found in (
        ("warnings", "Warning", sorted(warnings, key=lambda kind: -kind.count)),
        ("rare", "Rare", rare(kinds)),
        ("usual", "Most frequent", _usual(kinds)),
    ):
        for kind in found[:_KINDS]:
            text, facts = described(index, kind, masker)
            output.add(f"{label}: {text}", **{word: [facts]})


def _usual(kinds: Sequence[Kind]) -> list[Kind]:
    """Return the most frequent messages, those of all components in turn."""
    by_component: dict[str, list[Kind]] = {}
    for kind in sorted(kinds, key=lambda kind: -kind.count):
        by_component.setdefault(kind.component, []).append(kind)
    return [kind for turn in zip_longest(*by_component.values()) for kind in turn if kind is not None]
