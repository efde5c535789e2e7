"""Sentry's events and issues in either dialect become domain types; wrong parts become empty, never an exception.

The Web API speaks camelCase with `entries[]`; SDKs, webhooks and Bugsink speak snake_case. Both are read by the same
code: every field is looked up under each name it is known by.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from core.domain.errors import InvalidInput
from core.domain.incident import Breadcrumb, ErrorEvent, ExceptionInfo, Frame, IssueDetails, Span, ThreadStack
from core.gateways.sentry_frames import read_frames, with_ids_by_position
from core.gateways.sentry_values import flat, integer, listed, mapping, moment, number, pairs, string, truth
from core.gateways.stack_text import frames_in_text

MAX_EVENT_BYTES = 1024 * 1024
_MAX_EXCEPTIONS = 50
_MAX_THREADS = 100
_MAX_CRUMBS = 100
_MAX_SPANS = 500


def read_event(text: str) -> ErrorEvent:
    """The event in `text`: Web API or SDK dialect, wrapped by a webhook, or an envelope.

    Raises:
        InvalidInput: one sentence on what is wrong with it.
    """
    if not text.strip():
        raise InvalidInput("There is no event in it: it is empty.")
    if len(text.encode("utf-8", "replace")) > MAX_EVENT_BYTES:
        raise InvalidInput("It is larger than 1 MiB, which no Sentry event is. Give one event, not a dump.")
    if "\0" in text:
        raise InvalidInput("It is not text. Give one Sentry event as JSON, or an envelope.")
    payload = _payload(text)
    if not _looks_like_event(payload):
        raise InvalidInput("It is JSON, but not a Sentry event: it has neither an exception nor a message nor entries.")
    return event_from_json(payload)


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
    return ErrorEvent(
        id=string(body.get("eventID") or body.get("event_id") or body.get("id")),
        title=string(body.get("title")) or _title(exceptions, message),
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
        frames=read_frames(stack) or _frames_in_words(exceptions, threads, message),
        breadcrumbs=tuple(_breadcrumbs(entries.get("breadcrumbs", body.get("breadcrumbs")))),
        spans=tuple(_spans(entries.get("spans", body.get("spans")))),
        evidence=_evidence(body, entries),
        tags=tags,
        contexts={str(name): flat(mapping(context)) for name, context in mapping(body.get("contexts")).items()},
        request_method=string(request.get("method")),
        request_url=string(request.get("url")),
        request_data=_request_data(request),
        user_id=_user(body.get("user")),
        extra=flat(mapping(body.get("context") or body.get("extra"))),
        problems=tuple(_problems(body.get("errors"))),
    )


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


# ---- finding the event ----------------------------------------------------------------------------------------------


def _payload(text: str) -> Mapping[str, Any]:
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        envelope = _envelope_item(text)
        if envelope is None:
            raise InvalidInput(
                "It is neither JSON nor a Sentry envelope. Give one event as Sentry's API or an SDK writes it."
            ) from None
        payload = envelope
    body = mapping(payload)
    for wrapped in (mapping(body.get("data")).get("event"), body.get("event")):
        if isinstance(wrapped, Mapping):
            return wrapped
    return body


def _envelope_item(text: str) -> object | None:
    """The first event or transaction of an envelope: a header line, then item headers each with its payload."""
    lines = [line for line in text.splitlines() if line.strip()]
    for header, payload in pairwise(lines):
        try:
            kind = mapping(json.loads(header)).get("type")
            if kind in ("event", "transaction", "error"):
                return json.loads(payload)  # type: ignore[no-any-return]  # anything JSON; the reader checks
        except (ValueError, RecursionError):
            continue
    return None


def _looks_like_event(body: Mapping[str, Any]) -> bool:
    telling = ("exception", "entries", "logentry", "message", "threads", "stacktrace", "spans", "occurrence", "csp")
    return any(body.get(name) for name in telling)


# ---- parts ----------------------------------------------------------------------------------------------------------


def _title(exceptions: tuple[ExceptionInfo, ...], message: str | None) -> str | None:
    if not exceptions:
        return message.splitlines()[0] if message and message.strip() else None
    shown = exceptions[-1]
    value = (shown.value or "").splitlines()
    return ": ".join(part for part in (shown.type, value[0] if value else None) if part) or message


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
                return text, tuple(filter(None, (string(param) for param in params)))[:20]
        elif isinstance(candidate, str) and candidate.strip():
            return candidate, ()
    return None, ()


def _exceptions(data: object) -> tuple[ExceptionInfo, ...]:
    values = mapping(data).get("values", data)
    found = [_exception(mapping(value)) for value in listed(values)[:_MAX_EXCEPTIONS] if isinstance(value, Mapping)]
    return with_ids_by_position(found)


def _exception(value: Mapping[str, Any]) -> ExceptionInfo:
    mechanism = mapping(value.get("mechanism"))
    frames = read_frames(mapping(value.get("stacktrace")))
    return ExceptionInfo(
        type=string(value.get("type")),
        value=string(value.get("value")),
        module=string(value.get("module")),
        frames=frames or read_frames(mapping(value.get("rawStacktrace") or value.get("raw_stacktrace"))),
        handled=truth(mechanism.get("handled")),
        id=integer(mechanism.get("exception_id")),
        parent_id=integer(mechanism.get("parent_id")),
        is_group=bool(truth(mechanism.get("is_exception_group"))),
    )


def _frames_in_words(
    exceptions: tuple[ExceptionInfo, ...], threads: tuple[ThreadStack, ...], message: str | None
) -> tuple[Frame, ...]:
    """A stack that was logged as text, when the event has no other."""
    if any(exception.frames for exception in exceptions) or any(thread.frames for thread in threads):
        return ()
    texts = [*(exception.value or "" for exception in exceptions), message or ""]
    return next((frames for text in texts if (frames := frames_in_text(text))), ())


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
    for value in listed(data)[:_MAX_SPANS]:
        span = mapping(value)
        start, end = number(span.get("start_timestamp")), number(span.get("timestamp"))
        lasted = round((end - start) * 1000, 1) if start is not None and end is not None else None
        yield Span(string(span.get("op")), string(span.get("description")), lasted)


def _evidence(body: Mapping[str, Any], entries: Mapping[str, object]) -> Mapping[str, str]:
    """What the tracker says of a performance, regression, cron or security issue, as name and text."""
    occurrence = mapping(body.get("occurrence"))
    shown = {
        name: text
        for item in listed(occurrence.get("evidenceDisplay") or occurrence.get("evidence_display"))
        if (name := string(mapping(item).get("name"))) and (text := string(mapping(item).get("value")))
    }
    raw = flat(mapping(occurrence.get("evidenceData") or occurrence.get("evidence_data")))
    csp = flat(mapping(entries.get("csp") or body.get("csp")))
    title = string(occurrence.get("issueTitle")) or string(occurrence.get("issue_title"))
    named = {"issue": title} if title else {}
    return {**named, **{name: text for name, text in raw.items() if name not in shown}, **shown, **csp}


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
