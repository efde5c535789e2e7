"""From an event as an SDK sends it to the same event as Sentry's Web API answers it.

What differs between two recordings of the same crash (ids, ports, addresses in memory) or belongs to the recording
machine is left out here; paths are replaced afterwards, by the recorder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_KEPT_CRUMB_DATA = ("url", "method", "http.method", "status_code", "http.response.status_code", "reason")
_MAX_FRAMES = 260
_DETAILED_FRAMES = 20
_KEPT_HEADERS = ("Host", "Content-Type", "User-Agent", "X-User", "X-User-Email", "X-Partner-Key", "X-Forwarded-For")
# These hold the recording machine's environment and nothing about the crash; so do the locals of frozen modules.
_DROPPED_VARIABLES = ("environ", "start_response")
_BROWSER = re.compile(r"(Chrome|Firefox|Version)/\d+")
# Between one breadcrumb and the next, in the served incident; the programs themselves finish in milliseconds.
_CRUMB_SPACING_S = 0.4


def api_event(event: Mapping[str, Any], *, identity: str, is_performance: bool) -> dict[str, Any]:
    """The event under `identity`, without its times and its release, which are told when it is served."""
    tags = _tags(event)
    runtime = (event.get("contexts") or {}).get("runtime") or {}
    values = exceptions(event)
    return {
        "id": identity,
        "eventID": identity,
        "title": title_of(event, is_performance=is_performance),
        "message": "",
        "platform": event.get("platform"),
        "type": "transaction" if is_performance else "error" if values else "default",
        "culprit": tags.get("transaction") or _place(values),
        "location": None,
        "entries": list(_entries(event)),
        "occurrence": _n_plus_one(event) if is_performance else None,
        "tags": [{"key": key, "value": value} for key, value in sorted(tags.items())],
        "user": event.get("user"),
        "contexts": {"runtime": {"name": runtime.get("name"), "version": runtime.get("version"), "type": "runtime"}},
        "context": {},
        "errors": _complaints(values),
        "sdk": {"name": (event.get("sdk") or {}).get("name"), "version": (event.get("sdk") or {}).get("version")},
        "_meta": {},
    }


def title_of(event: Mapping[str, Any], *, is_performance: bool) -> str:
    """What Sentry calls an issue of such events."""
    if is_performance:
        return "N+1 Query"
    if values := exceptions(event):
        lines = str(values[-1].get("value") or "").splitlines() or [""]
        return f"{values[-1]['type']}: {lines[0][:120]}"
    return _formatted(event.get("logentry") or {})[:120]


def exceptions(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The event's exceptions, innermost cause first."""
    return list((event.get("exception") or {}).get("values") or [])


def _tags(event: Mapping[str, Any]) -> dict[str, str]:
    """The program's own tags, and those that Sentry derives."""
    request = event.get("request") or {}
    agent = " ".join(value for name, value in (request.get("headers") or {}).items() if name.lower() == "user-agent")
    browser = _BROWSER.search(agent)
    derived = {
        "level": None if event.get("type") == "transaction" else event.get("level") or "error",
        "environment": event.get("environment"),
        "release": event.get("release"),
        "server_name": event.get("server_name"),
        "transaction": event.get("transaction"),
        "url": request.get("url"),
        "browser": browser[1].replace("Version", "Safari") if browser else None,
    }
    return {name: value for name, value in {**derived, **(event.get("tags") or {})}.items() if value}


# ---- entries --------------------------------------------------------------------------------------------------------


def _entries(event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if values := exceptions(event):
        shown = [_exception(value) for value in values]
        yield {"type": "exception", "data": {"values": shown, "hasSystemFrames": _has_system_frames(shown)}}
    if logentry := event.get("logentry"):
        yield {"type": "message", "data": {**logentry, "formatted": _formatted(logentry)}}
    if crumbs := _breadcrumbs(event):
        yield {"type": "breadcrumbs", "data": {"values": crumbs}}
    if request := event.get("request"):
        yield {"type": "request", "data": _request(request)}
    if spans := event.get("spans"):
        yield {"type": "spans", "data": [_span(position, span) for position, span in enumerate(spans)]}


def _exception(value: Mapping[str, Any]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames") or []
    return {
        "type": value.get("type"),
        "value": value.get("value"),
        "module": value.get("module"),
        "mechanism": value.get("mechanism"),
        "threadId": None,
        "rawStacktrace": None,
        "stacktrace": {"frames": _frames(frames[-_MAX_FRAMES:])} if frames else None,
    }


def _frames(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All frames; of a very deep stack only the newest keep their source and locals, as Sentry trims them."""
    bare = len(frames) - _DETAILED_FRAMES
    return [
        {**_frame(frame), "context": [], "vars": None} if position < bare else _frame(frame)
        for position, frame in enumerate(frames)
    ]


def _frame(frame: Mapping[str, Any]) -> dict[str, Any]:
    before = frame.get("pre_context") or []
    lines = [*before, frame.get("context_line"), *(frame.get("post_context") or [])]
    first = (frame.get("lineno") or 1) - len(before)
    numbered = [[first + offset, text] for offset, text in enumerate(lines)] if frame.get("context_line") else []
    variables = {
        name: value
        for name, value in (frame.get("vars") or {}).items()
        if not name.startswith("__") and name not in _DROPPED_VARIABLES
        if not str(frame.get("filename")).startswith("<frozen")
    }
    return {
        "filename": frame.get("filename"),
        "absPath": frame.get("abs_path") or frame.get("filename"),
        "module": frame.get("module"),
        "package": None,
        "function": frame.get("function"),
        "lineNo": frame.get("lineno"),
        "colNo": frame.get("colno"),
        # Where the SDK does not say, Sentry's own rules do: nothing outside the project is in-app.
        "inApp": bool(frame.get("in_app")),
        "context": numbered,
        "vars": variables or None,
    }


def _breadcrumbs(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What led to the event; times are seconds before it, and what the test set-up did itself is left out."""
    found = event.get("breadcrumbs") or []
    found = found.get("values") or [] if isinstance(found, Mapping) else found
    kept = [crumb for crumb in found if crumb.get("category") not in ("subprocess", "console")]
    return [
        {
            "type": crumb.get("type") or "default",
            "category": crumb.get("category"),
            "level": crumb.get("level") or "info",
            "message": crumb.get("message"),
            "data": _plain_data(crumb.get("data") or {}),
            "seconds_before": round((len(kept) - position) * _CRUMB_SPACING_S, 1),
        }
        for position, crumb in enumerate(kept)
    ]


def _plain_data(data: Mapping[str, Any]) -> dict[str, Any] | None:
    return {name: data[name] for name in _KEPT_CRUMB_DATA if name in data} or None


def _request(request: Mapping[str, Any]) -> dict[str, Any]:
    headers = {name.title(): value for name, value in (request.get("headers") or {}).items()}
    return {
        "method": request.get("method"),
        "url": request.get("url"),
        "query": [],
        "fragment": None,
        "data": request.get("data"),
        "headers": [[name, headers[name]] for name in _KEPT_HEADERS if name in headers],
        "cookies": [],
        "env": None,
        "inferredContentType": headers.get("Content-Type"),
    }


def _span(position: int, span: Mapping[str, Any]) -> dict[str, Any]:
    return {"span_id": f"{position + 1:016x}", "op": span.get("op"), "description": span.get("description")}


def _formatted(logentry: Mapping[str, Any]) -> str:
    shown = logentry.get("formatted")
    params = logentry.get("params") or []
    return str(shown or (str(logentry.get("message")) % tuple(params) if params else logentry.get("message")))


# ---- what Sentry adds -----------------------------------------------------------------------------------------------


def _has_system_frames(values: list[dict[str, Any]]) -> bool:
    frames = [frame for value in values for frame in (value["stacktrace"] or {"frames": []})["frames"]]
    return len({frame["inApp"] for frame in frames}) == 2


def _place(values: list[dict[str, Any]]) -> str | None:
    frames = (values[-1].get("stacktrace") or {}).get("frames") if values else None
    return f"{frames[-1].get('filename')} in {frames[-1].get('function')}" if frames else None


def _complaints(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sentry says so when a bundle came without its source map."""
    frames = [frame for value in values for frame in (value.get("stacktrace") or {}).get("frames") or []]
    bundles = sorted({str(name) for frame in frames if (name := frame.get("filename")) and name.endswith(".min.js")})
    return [
        {"type": "js_no_source", "message": "Source code was not found", "data": {"url": bundle}} for bundle in bundles
    ]


def _n_plus_one(event: Mapping[str, Any]) -> dict[str, Any]:
    """The occurrence of an N+1 detector: the query that ran most often, and the one before its first run."""
    queries = [str(span.get("description")) for span in event["spans"]]
    repeated = max(dict.fromkeys(queries), key=queries.count)
    first = queries.index(repeated)
    count = queries.count(repeated)
    identifiers = [f"{position + 1:016x}" for position, query in enumerate(queries) if query == repeated]
    return {
        "type": 1006,
        "issueTitle": "N+1 Query",
        "subtitle": repeated,
        "evidenceData": {
            "op": "db",
            "transactionName": event.get("transaction"),
            "parentSpan": f"http.server - {event.get('transaction')}",
            "repeatingSpansCompact": [repeated],
            "numRepeatingSpans": str(count),
            "offenderSpanIds": identifiers,
        },
        "evidenceDisplay": [
            {"name": "Transaction", "value": event.get("transaction"), "important": True},
            {"name": "Preceding Span", "value": f"db - {queries[first - 1]}" if first else "", "important": True},
            {"name": "Repeating Spans", "value": f"db - {repeated} ({count} times)", "important": True},
        ],
    }
