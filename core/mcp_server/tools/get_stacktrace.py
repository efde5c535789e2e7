"""`get_stacktrace`: where it broke, with which values, and the way there."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from core.domain.incident import ErrorEvent, Frame, IssueRef
from core.mcp_server import frames
from core.mcp_server.arguments import EventChoice, IssueId, PageNumber
from core.mcp_server.excerpts import Focus, excerpt, focus_of
from core.mcp_server.limited_output import Cleaner, rendered
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, cut, quoted
from core.mcp_server.tool_context import ToolContext
from core.mcp_server.tools.crumb_lines import add_breadcrumbs, pairs_of, read_crumbs
from core.mcp_server.tools.frame_lines import add_frame, fields_of, place
from core.mcp_server.tools.span_lines import add_spans
from core.mcp_server.tools.way_lines import add_below, add_callers, add_outer

_MAX_EXCEPTIONS = 12
_MAX_PARAMETERS = 8
_MAX_PROBLEMS = 5
_MAX_EVIDENCE = 16
_NEAR = 12
_USUAL_HEADERS = re.compile(
    r"(?i)header (?:accept|connection|host|sec-|upgrade|if-|dnt|content-length|cache-control|pragma)"
)


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def get_stacktrace(issue_id: IssueId, event: EventChoice = "recommended", page: PageNumber = 1) -> ToolOutput:
        """Where it broke: exceptions, source, locals, callers, breadcrumbs."""
        found = await context.incidents().event(IssueRef(issue_id), event)
        return await rendered(context, masker, _stack_sheet, found)

    return get_stacktrace


def stack_output(raw: ErrorEvent, masker: Masker) -> ToolOutput:
    """`raw` as lines: the most telling first."""
    return _stack_sheet(Cleaner(masker), raw)


def _stack_sheet(clean: Cleaner, raw: ErrorEvent) -> ToolOutput:
    event = clean(_lean(raw))
    focus = focus_of([*(text for each in event.exceptions for text in (each.value, each.type)), event.message])
    sighting = frames.sight(event)
    minified = sighting.frame is not None and frames.is_minified(sighting.frame, event.problems)
    output = ToolOutput(_headline(event, sighting, minified))
    for note in event.notes:
        output.add(note)
    _add_exceptions(output, event, focus)
    _add_message(output, event, focus)
    _add_sighting(output, sighting, minified, focus)
    _add_problems(output, event.problems)
    _add_evidence(output, event, focus)
    _add_request(output, event, focus, knows_browser="browser" in raw.tags or "browser.name" in raw.tags)
    add_breadcrumbs(output, event.breadcrumbs, len(raw.breadcrumbs), focus)
    _add_origin(output, event)
    add_callers(output, sighting.callers, sighting.frame, only_library=sighting.basis == "last")
    _add_outer(output, event, sighting)
    if absent := _absent(raw, sighting):
        output.add(f"The event has no {', '.join(absent)}.")
    if left_out := clean.budget.told():
        output.add(left_out)
    return output


def _add_outer(output: ToolOutput, event: ErrorEvent, sighting: frames.Sighting) -> None:
    wrappers = [(each.type or "an error", each.frames) for each, role in frames.roles(event.exceptions)]
    told = [frame for frame in (sighting.frame, *sighting.callers) if frame is not None]
    if len(wrappers) > 1 and told:
        add_outer(output, wrappers, told)


def _absent(raw: ErrorEvent, sighting: frames.Sighting) -> list[str]:
    """What such an event may have and this one has not; so nobody has to wonder whether it was cut."""
    frame = sighting.frame
    known = {
        "stack": frame is not None,
        "source": frame is None or bool(frame.source),
        "locals": frame is None or bool(frame.variables),
        "breadcrumbs": bool(raw.breadcrumbs),
        "request": bool(raw.request_url or raw.request_data),
        "user": bool(raw.user_id),
        "release": bool(raw.release),
        "tags": bool(raw.tags),
    }
    return [name for name, is_there in known.items() if not is_there]


def _lean(event: ErrorEvent) -> ErrorEvent:
    """The event without what is never shown: the locals and surroundings of all but a few frames of ours."""
    sighting = frames.sight(event)
    told = {id(exception) for exception, _ in frames.roles(event.exceptions)[:_MAX_EXCEPTIONS]}
    foreign = frames.outsiders(sighting.callers)
    ours = [frame for frame, outside in zip(sighting.callers, foreign, strict=True) if not outside]
    near = {id(frame) for frame in ours[:_NEAR]}

    def lean(stack: Sequence[Frame]) -> tuple[Frame, ...]:
        return tuple(
            frame if frame is sighting.frame else _lines_beside(frame) if id(frame) in near else _bare(frame)
            for frame in stack
        )

    return replace(
        event,
        exceptions=tuple(
            replace(each, frames=lean(each.frames))
            if id(each) in told
            else replace(each, type=None, value=None, frames=lean(each.frames))
            for each in event.exceptions
        ),
        threads=tuple(replace(each, frames=lean(each.frames)) for each in event.threads if each.crashed)
        or event.threads[:1],
        frames=lean(event.frames),
        breadcrumbs=read_crumbs(event.breadcrumbs),
        contexts={},
        extra={},
        tags={},
    )


def _bare(frame: Frame) -> Frame:
    own_line = tuple(line for line in frame.source if line[0] == frame.line)
    return replace(frame, variables={}, source=own_line)


def _lines_beside(frame: Frame) -> Frame:
    return replace(frame, source=tuple(line for line in frame.source if abs(line[0] - (frame.line or -9)) <= 1))


def _headline(event: ErrorEvent, sighting: frames.Sighting, minified: bool) -> str:
    frame = sighting.frame
    if frame is None:
        return _headline_without_frame(event)
    if minified:
        return f"{place(frame, short=True)}: a minified bundle, names and lines mislead"
    line = failing_line(frame)
    return f"{place(frame, short=True)}: {line}" if line else place(frame, short=True)


def _headline_without_frame(event: ErrorEvent) -> str:
    words = event.title or event.message
    most = max(event.spans, key=lambda span: span.count, default=None)
    if most and most.count > 1 and words:
        return f"{quoted(words, 60)}: {counted(most.count, 'time')} {cut(most.description or '', 80)}"
    where = event.culprit or event.transaction
    named = f", the culprit is {cut(where, 60)}" if where else ""
    said = f", the message is {quoted(words, 60)}" if words and not event.exceptions else ""
    return f"no stack frame{named}{said}" if named or said else "no stack frame in this event"


def failing_line(frame: Frame) -> str | None:
    """The source line at which the frame stands, if the event has it."""
    return next((cut(text.strip(), 100) for number, text in frame.source if number == frame.line), None)


def _facts_of(frame: Frame) -> dict[str, object]:
    line = failing_line(frame)
    return {**fields_of(frame), **({"source": line} if line else {})}


def _add_exceptions(output: ToolOutput, event: ErrorEvent, focus: Focus) -> None:
    ranked = frames.roles(event.exceptions)
    grouped = any(role == "sibling" for _, role in ranked)
    for exception, role in ranked[:_MAX_EXCEPTIONS]:
        kind, value = cut(exception.type or "Error", 120), excerpt(exception.value or "", 450, focus)
        handled = {True: " (handled)", False: " (unhandled)", None: ""}[exception.handled]
        fields = {"type": kind, "value": value, "role": role, "handled": exception.handled}
        known: dict[str, object] = {key: each for key, each in fields.items() if each not in (None, "")}
        at = frames.sight(ErrorEvent(exceptions=(exception,))).frame if grouped and role != "wrapper" else None
        line = failing_line(at) if at and role == "sibling" else None
        where = f" at {place(at)}{f' ({line})' if line else ''}" if at else ""
        if at:
            known["frame"] = _facts_of(at)
        output.add(f"{role}: {kind}{f': {value}' if value else ''}{where}{handled}", exceptions=[known])
    if len(event.exceptions) > _MAX_EXCEPTIONS:
        output.add(f"… {len(event.exceptions) - _MAX_EXCEPTIONS} more exceptions in the chain")


def _add_message(output: ToolOutput, event: ErrorEvent, focus: Focus) -> None:
    values = {exception.value for exception in event.exceptions}
    if event.message and event.message not in values:
        message = excerpt(event.message, 500, focus)
        output.add(f"Message: {message}", message=message)
    if event.message_params:
        parameters = [cut(each, 150) for each in event.message_params[:_MAX_PARAMETERS]]
        output.add(f"Message parameters: {', '.join(parameters)}", message_params=[each for each in parameters if each])


def _add_sighting(output: ToolOutput, sighting: frames.Sighting, minified: bool, focus: Focus) -> None:
    frame = sighting.frame
    if frame is None:
        output.add("Frame that matters (none): the event has no stack frame.", frame_basis="none")
        return
    add_frame(output, frame, sighting.basis, focus)
    if minified:
        output.add("This is a minified bundle: without its source map, names and line numbers mislead.", minified=True)
    elif not frame.function and not frame.source:
        output.add("The event has no symbols for this frame.")
    _add_trust(output, sighting, minified)
    add_below(output, sighting.below)
    if sighting.raised_in:
        raised = sighting.raised_in
        line = failing_line(raised)
        output.add(f"Raised in: {place(raised)}{f': {line}' if line else ''}", raised_in=_facts_of(raised))


def _add_trust(output: ToolOutput, sighting: frames.Sighting, minified: bool) -> None:
    """How far to trust the frame as the place to mend, and where to look next."""
    trust = frames.STARTING_POINT if minified else sighting.trust
    then = [place(frame) for frame in sighting.next_places]
    look = f"; then look at {' and '.join(then)}" if then else ""
    output.add(f"Trust in this place: {trust}{look}", trust=trust, **({"next_places": then} if then else {}))


def _add_problems(output: ToolOutput, problems: Sequence[str]) -> None:
    for problem in problems[:_MAX_PROBLEMS]:
        text = cut(problem, 200)
        output.add(f"Problem reported by the tracker: {text}", problems=[text])


def _add_evidence(output: ToolOutput, event: ErrorEvent, focus: Focus) -> None:
    for key, value in list(event.evidence.items())[:_MAX_EVIDENCE]:
        name, text = cut(key, 60), excerpt(value, 400, focus)
        output.add(f"Evidence: {name}: {text}", evidence={name: text})
    add_spans(output, event)


def _add_request(output: ToolOutput, event: ErrorEvent, focus: Focus, *, knows_browser: bool) -> None:
    """The request, without what every browser sends."""
    if event.request_url:
        request = f"{event.request_method or 'request to'} {cut(event.request_url, 300)}"
        output.add(f"Request: {request}", request=request)
    telling = {
        key: value
        for key, value in event.request_data.items()
        if not _USUAL_HEADERS.match(key) and not (knows_browser and _is_browser(key, value))
    }
    if telling:
        output.add(f"Request data: {pairs_of(telling, 400, focus)}")


def _is_browser(key: str, value: str) -> bool:
    """How browsers call themselves is long, and a tag says it shorter."""
    return key.lower() == "header user-agent" and value.startswith("Mozilla/")


def _add_origin(output: ToolOutput, event: ErrorEvent) -> None:
    if event.transaction:
        transaction = cut(event.transaction, 200)
        is_culprit = event.culprit == event.transaction
        culprit = transaction if is_culprit else None
        label = "Transaction and culprit" if is_culprit else "Transaction"
        output.add(f"{label}: {transaction}", transaction=transaction, culprit=culprit)
    if event.culprit and event.culprit != event.transaction:
        culprit = cut(event.culprit, 200)
        output.add(f"Culprit: {culprit}", culprit=culprit)
    if event.id:
        event_id = cut(event.id, 100)
        output.add(f"Event: {event_id}", event_id=event_id)
    if event.title and not event.exceptions and not event.message:
        output.add(f"Title: {quoted(event.title, 200)}")
