"""Sentry's events and issues in either dialect become domain types; wrong parts become empty, never an exception.

The Web API speaks camelCase with `entries[]`; SDKs, webhooks and Bugsink speak snake_case. Both are read by the same
code: every field is looked up under each name it is known by.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from core.domain.errors import InvalidInput
from core.domain.incident import Breadcrumb, ErrorEvent, ExceptionInfo, IssueDetails, Span, ThreadStack
from core.domain.reading_limits import DECODED, ReadingLimits, TextBudget
from core.gateways.events.limits import ends_of, limited_payload, with_notes
from core.gateways.events.payload import json_event, looks_like_event, what_it_is
from core.gateways.sentry.evidence import evidence_of, occurred, title_by_shape
from core.gateways.sentry.frames import read_frames, with_ids_by_position
from core.gateways.sentry.values import flat, integer, listed, mapping, moment, number, pairs, string, truth, unquoted
from core.gateways.text.events import event_in_text
from core.gateways.text.languages.heads import head_of

MAX_EVENT_BYTES = 1024 * 1024
_OF_TRACKERS = (
    "event_id",
    "eventID",
    "entries",
    "platform",
    "sdk",
    "occurrence",
    "csp",
    "status_reason",
    "monitor_slug",
    "spans",
    "threads",
    "culprit",
    "logentry",
    "metadata",
    "contexts",
    "stacktrace",
    "breadcrumbs",
    "title",
    "tags",
    "type",
)
_MAX_EXCEPTIONS = 50
_MAX_THREADS = 100
_MAX_CRUMBS = 100
_MAX_SPANS = 500


def read_event(text: str, prepare: Callable[[Any], Any] | None = None, limits: ReadingLimits = DECODED) -> ErrorEvent:
    """The event in `text`: Web API or SDK dialect, wrapped by a webhook, or an envelope.

    `prepare` sees decoded JSON before nested objects become lines, so that names still belong to their values; of what
    is beyond `limits` it sees nothing, and the event's notes say how much that was.

    Raises:
        InvalidInput: one sentence on what is wrong with it.
    """
    if not text.strip():
        raise InvalidInput("There is no event in it: it is empty.")
    if len(text.encode("utf-8", "replace")) > MAX_EVENT_BYTES:
        raise InvalidInput("It is larger than 1 MiB, which no Sentry event is. Give one event, not a dump.")
    if "\0" in text:
        raise InvalidInput("It is not text. Give one Sentry event as JSON, or an envelope.")
    payload = json_event(text)
    if payload is None:
        told = event_in_text(text if limits is DECODED else ends_of(text, limits))
        if told is None:
            raise InvalidInput(
                "It is neither JSON nor a Sentry envelope, and no stack trace, error or log record of one is in it."
            )
        budget = TextBudget(limits)
        return with_notes(budget.limited(told), budget)
    budget = TextBudget(limits)
    payload = limited_payload(payload, len(text), budget)
    if _is_log_record(payload) and (told := event_in_text(json.dumps(payload))):
        return with_notes(told, budget)
    if not looks_like_event(payload):
        raise InvalidInput(
            f"{what_it_is(text)}, not a Sentry event: it has neither an exception nor a message nor entries."
        )
    return with_notes(event_from_json(prepare(payload) if prepare else payload), budget)


def _is_log_record(payload: Mapping[str, Any]) -> bool:
    """Whether it is one JSON record of a logger and no event: no part that only trackers write."""
    if isinstance(payload.get("exception"), Mapping | list) or isinstance(payload.get("logentry"), Mapping):
        return False
    return not any(name in payload for name in _OF_TRACKERS)


def event_from_json(payload: object) -> ErrorEvent:
    """The event in a decoded payload; an empty one when nothing in it can be read."""
    body = mapping(payload)
    entries = {str(mapping(entry).get("type")): mapping(entry).get("data") for entry in listed(body.get("entries"))}
    tags = _tags(body.get("tags"))
    message, params = _message(body, entries)
    request = mapping(entries.get("request", body.get("request")))
    exceptions = _exceptions(entries.get("exception", body.get("exception")))
    threads = tuple(_threads(entries.get("threads", body.get("threads"))))
    stack = mapping(entries.get("stacktrace", body.get("stacktrace")))
    event = ErrorEvent(
        id=string(body.get("eventID") or body.get("event_id") or body.get("id")),
        title=_given_title(body.get("title")) or _title(exceptions, message) or occurred(body) or title_by_shape(body),
        message=message,
        message_params=params,
        platform=string(body.get("platform")),
        level=string(body.get("level")) or tags.get("level"),
        kind=string(body.get("type")),
        at=moment(body.get("dateCreated") or body.get("timestamp") or body.get("datetime")),
        culprit=string(body.get("culprit")),
        transaction=string(body.get("transaction")) or tags.get("transaction"),
        release=_release(body.get("release")) or tags.get("release"),
        environment=string(body.get("environment")) or tags.get("environment"),
        server_name=string(body.get("server_name")) or tags.get("server_name"),
        exceptions=exceptions,
        threads=threads,
        frames=read_frames(stack),
        breadcrumbs=tuple(_breadcrumbs(entries.get("breadcrumbs", body.get("breadcrumbs")))),
        duration_ms=_lasted(body),
        spans=tuple(_spans(entries.get("spans", body.get("spans")))),
        evidence=evidence_of(body, entries),
        tags=tags,
        contexts={str(name): flat(mapping(context)) for name, context in mapping(body.get("contexts")).items()},
        request_method=string(request.get("method")),
        request_url=string(request.get("url")),
        request_data=_request_data(request),
        user_id=_user(body.get("user")),
        extra=flat(mapping(body.get("context") or body.get("extra"))),
        problems=tuple(_problems(body.get("errors"))),
    )
    return _told_in_text(event)


def issue_from_json(payload: object) -> IssueDetails:
    """The issue in a decoded payload of the Web API."""
    body = mapping(payload)
    metadata = mapping(body.get("metadata"))
    assigned = mapping(body.get("assignedTo"))
    kinds = [string(body.get("issueCategory")), string(body.get("issueType"))]
    return IssueDetails(
        id=string(body.get("id")) or "",
        short_id=string(body.get("shortId")),
        title=string(body.get("title")) or string(metadata.get("title")) or "",
        culprit=string(body.get("culprit")),
        level=string(body.get("level")),
        status=string(body.get("status")),
        substatus=string(body.get("substatus")),
        kind=" ".join(dict.fromkeys(kind for kind in kinds if kind)) or string(body.get("type")),
        platform=string(body.get("platform")),
        project=string(mapping(body.get("project")).get("slug")),
        events=integer(body.get("count")),
        users=integer(body.get("userCount")),
        first_seen=moment(body.get("firstSeen")),
        last_seen=moment(body.get("lastSeen")),
        first_release=_release(body.get("firstRelease")),
        last_release=_release(body.get("lastRelease")),
        assigned_to=string(assigned.get("name")) or string(assigned.get("email")),
        unhandled=truth(body.get("isUnhandled")),
        url=string(body.get("permalink")),
    )


# ---- parts ----------------------------------------------------------------------------------------------------------


def _title(exceptions: tuple[ExceptionInfo, ...], message: str | None) -> str | None:
    if not exceptions:
        return message.splitlines()[0] if message and message.strip() else None
    shown = exceptions[-1]
    value = (shown.value or "").splitlines()
    return ": ".join(part for part in (shown.type, value[0] if value else None) if part) or message


_PLACEHOLDER = re.compile(r"%(?:\(\w{1,60}\))?[sdrif]|\{\d?\}")


def _given_title(title: object) -> str | None:
    """Return the title, unless it is a template whose placeholders nobody filled."""
    text = string(title)
    return None if text and _PLACEHOLDER.search(text) else text


def _filled(text: str, params: object) -> str:
    """Return `text` with its placeholders filled by `params`, as far as there are some."""
    if isinstance(params, Mapping):
        return re.sub(r"%\((\w{1,60})\)[sdrif]", lambda named: string(params.get(named[1])) or named[0], text)
    values = iter([string(param) or "" for param in listed(params)])
    return _PLACEHOLDER.sub(lambda found: next(values, found[0]), text)


def _message(body: Mapping[str, Any], entries: Mapping[str, object]) -> tuple[str | None, tuple[str, ...]]:
    # Beside `entries`, the Web API's own `message` is text for its search, not what the program said.
    bare = None if entries else body.get("message")
    for candidate in (entries.get("message"), body.get("logentry"), bare, body.get("metadata")):
        found = mapping(candidate)
        if found:
            text = string(found.get("formatted")) or string(found.get("message"))
            raw = found.get("params")
            params = raw.values() if isinstance(raw, Mapping) else listed(raw)
            if text:
                text = text if found.get("formatted") else _filled(text, raw)
                return text, tuple(filter(None, (string(param) for param in params)))[:20]
        elif isinstance(candidate, str) and candidate.strip():
            return candidate, ()
    return None, ()


def _exceptions(data: object) -> tuple[ExceptionInfo, ...]:
    if isinstance(data, str) and data.strip():
        return _exceptions_in_text(data)
    values = mapping(data).get("values", data)
    if isinstance(values, Mapping):
        values = [values]
    found = [_exception(mapping(value)) for value in listed(values)[:_MAX_EXCEPTIONS] if isinstance(value, Mapping)]
    return with_ids_by_position(found)


def _exceptions_in_text(text: str) -> tuple[ExceptionInfo, ...]:
    told = event_in_text(text)
    if told and told.exceptions:
        return told.exceptions
    head = head_of(text.strip().partition("\n")[0])
    return (ExceptionInfo(*head) if head else ExceptionInfo(None, text[:1_000]),)


def _exception(value: Mapping[str, Any]) -> ExceptionInfo:
    mechanism = mapping(value.get("mechanism"))
    frames = read_frames(mapping(value.get("stacktrace")))
    return ExceptionInfo(
        type=unquoted(string(value.get("type"))),
        value=string(value.get("value")),
        module=string(value.get("module")),
        frames=frames or read_frames(mapping(value.get("rawStacktrace") or value.get("raw_stacktrace"))),
        handled=truth(mechanism.get("handled")),
        id=integer(mechanism.get("exception_id")),
        parent_id=integer(mechanism.get("parent_id")),
        is_group=bool(truth(mechanism.get("is_exception_group"))),
    )


def _told_in_text(event: ErrorEvent) -> ErrorEvent:
    """Return the event with the stack that was logged as text, when it has no other."""
    if event.frames or any(each.frames for each in event.exceptions) or any(each.frames for each in event.threads):
        return event
    values = [each.value or "" for each in reversed(event.exceptions)]
    logged = [crumb.message or "" for crumb in reversed(event.breadcrumbs) if crumb.level in ("error", "fatal")]
    for text in (*values, event.message or "", *(logged if not event.exceptions else [])):
        told = event_in_text(text) if "\n" in text or "\\n" in text else None
        if told and any(each.frames for each in told.exceptions):
            return _with_exceptions(event, told)
    return event


def _with_exceptions(event: ErrorEvent, told: ErrorEvent) -> ErrorEvent:
    known = event.exceptions[-1] if event.exceptions else None
    last = told.exceptions[-1]
    outer = replace(last, type=last.type or (known.type if known else None), handled=known.handled if known else None)
    exceptions = (*told.exceptions[:-1], outer)
    message = (event.message or "").partition("\n")[0] or None
    return replace(
        event,
        exceptions=exceptions,
        threads=event.threads or told.threads,
        message=message,
        title=_title(exceptions, message),
        platform=event.platform or told.platform,
    )


def _threads(data: object) -> Iterator[ThreadStack]:
    for value in listed(mapping(data).get("values", data))[:_MAX_THREADS]:
        thread = mapping(value)
        yield ThreadStack(
            string(thread.get("name")),
            bool(truth(thread.get("crashed"))),
            read_frames(mapping(thread.get("stacktrace"))),
        )


def _breadcrumbs(data: object) -> Iterator[Breadcrumb]:
    for value in listed(mapping(data).get("values", data))[-_MAX_CRUMBS:]:
        crumb = mapping(value)
        if crumb:
            yield Breadcrumb(
                moment(crumb.get("timestamp")),
                string(crumb.get("category")),
                string(crumb.get("level")),
                string(crumb.get("message")),
                flat(mapping(crumb.get("data"))),
            )


def _spans(data: object) -> Iterator[Span]:
    """Spans in the order of their first start; those alike are one, with their number and their time together."""
    grouped: dict[tuple[str | None, str | None], list[float | None]] = {}
    for value in listed(data)[:_MAX_SPANS]:
        span = mapping(value)
        operation, description = string(span.get("op")), string(span.get("description"))
        grouped.setdefault((operation, description), []).append(_lasted(span))
    for (operation, description), times in grouped.items():
        known = [time for time in times if time is not None]
        yield Span(operation, description, round(sum(known), 1) if known else None, len(times))


def _lasted(timed: Mapping[str, Any]) -> float | None:
    """Return the milliseconds from start to end."""
    start, end = number(timed.get("start_timestamp")), number(timed.get("timestamp"))
    return round((end - start) * 1_000, 1) if start is not None and end is not None else None


def _tags(value: object) -> dict[str, str]:
    return dict(list(pairs(value))[:200])


def _request_data(request: Mapping[str, Any]) -> Mapping[str, str]:
    headers = {f"header {name}": text for name, text in pairs(request.get("headers"))}
    query = dict(pairs(request.get("query") or request.get("query_string")))
    body = request.get("data")
    shown = flat(body) if isinstance(body, Mapping) else {"body": text} if (text := string(body)) else {}
    return {**{f"query {name}": text for name, text in query.items()}, **shown, **headers}


def _user(value: object) -> str | None:
    user = mapping(value)
    return string(user.get("id")) or string(user.get("username")) or string(user.get("ip_address"))


def _release(value: object) -> str | None:
    return string(mapping(value).get("version")) if isinstance(value, Mapping) else string(value)


def _problems(value: object) -> Iterator[str]:
    for item in listed(value)[:20]:
        problem = mapping(item)
        text = string(problem.get("message")) or string(problem.get("type"))
        if text:
            yield text
