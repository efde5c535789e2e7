"""Reads what a tracker recorded about issues that are no exceptions: monitors, spans, browser reports, feedback.

All of it becomes names with texts, in which times can be read as times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from core.domain.durations import readable_time
from core.gateways.sentry.values import flat, listed, mapping, number, string

_REPORTS = ("csp", "hpkp", "expectct", "expect_ct", "expectstaple", "nel")
_SPELLED = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NANOSECONDS = re.compile(r"function", re.IGNORECASE)
_TIME = re.compile(r"(?<![\w.])(\d{1,9}(?:\.\d{1,15})?) ?ms\b")
_SCHEDULE_UNITS = 2


def evidence_of(body: Mapping[str, Any], entries: Mapping[str, object]) -> Mapping[str, str]:
    """Return the evidence of an issue that is no exception, as name and text."""
    occurrence = mapping(body.get("occurrence"))
    shown = {
        name: text
        for item in listed(occurrence.get("evidenceDisplay") or occurrence.get("evidence_display"))
        if (name := string(mapping(item).get("name"))) and (text := string(mapping(item).get("value")))
    }
    shown = {name: _TIME.sub(_as_time, text) for name, text in shown.items()}
    title = occurred(body)
    raw = _readable(mapping(occurrence.get("evidenceData") or occurrence.get("evidence_data")), title or "")
    contexts = mapping(body.get("contexts"))
    return {
        **({"issue": title} if title else {}),
        **dict(_monitor(mapping(contexts.get("monitor")))),
        **shown,
        **dict(_feedback(mapping(contexts.get("feedback")), body)),
        **_browser_report(body, entries),
        **dict(_check_result(body)),
        **dict(_serialized(body)),
        **{name: text for name, text in raw.items() if name not in shown},
    }


def occurred(body: Mapping[str, Any]) -> str | None:
    """Return the title that the tracker gave the issue it detected."""
    occurrence = mapping(body.get("occurrence"))
    return string(occurrence.get("issueTitle")) or string(occurrence.get("issue_title"))


def title_by_shape(body: Mapping[str, Any]) -> str | None:
    """Return what to call a report that has no title of its own."""
    if mapping(body.get("status_reason")):
        return "Uptime check failed"
    if slug := string(body.get("monitor_slug")):
        return f"Check-in of {slug}: {string(body.get('status')) or 'unknown'}"
    if string(body.get("comments")):
        return "User feedback"
    if body.get("csp") or body.get("csp-report") or string(body.get("type")) == "csp-violation":
        return "Violation of the content security policy"
    return "A report by a browser" if any(mapping(body.get(name)) for name in _REPORTS) else None


def _readable(data: Mapping[str, Any], title: str) -> dict[str, str]:
    """Numbers of a regression as times, its moment as a date; the rest as it is."""
    found = flat(data)
    scale = 1e-6 if _NANOSECONDS.search(title) else 1.0
    for name, label in (("aggregate_range_1", "before"), ("aggregate_range_2", "after")):
        if (value := number(data.get(name))) is not None:
            found.pop(name, None)
            found[label] = readable_time(value * scale)
    at = number(data.get("breakpoint"))
    if at is not None and 0 < at < 1e11:
        found["breakpoint"] = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%MZ")
    return found


def _as_time(found: re.Match[str]) -> str:
    return readable_time(float(found[1]))


def _monitor(monitor: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    config = mapping(monitor.get("config"))
    minutes = {"allowed run time": "max_runtime", "allowed delay": "checkin_margin"}
    told = {
        "monitor": string(monitor.get("slug")) or string(monitor.get("name")),
        "schedule": _schedule(config.get("schedule")),
        "time zone": string(config.get("timezone")),
        **{name: f"{text} min" for name, key in minutes.items() if (text := string(config.get(key)))},
    }
    yield from ((name, text) for name, text in told.items() if text)


def _schedule(schedule: object) -> str | None:
    """`0 2 * * *`, or `every 2 hour` for an interval."""
    if isinstance(schedule, Mapping):
        unit = string(schedule.get("unit"))
        value = string(schedule.get("value"))
        return f"every {value} {unit}" if unit and value else value
    interval = [string(part) for part in listed(schedule)]
    if len(interval) == _SCHEDULE_UNITS and all(interval):
        return f"every {interval[0]} {interval[1]}"
    return string(schedule)


def _feedback(feedback: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a person wrote and where, without who they are."""
    said = string(feedback.get("message")) or string(body.get("comments"))
    if said:
        yield "feedback", said
        if page := string(feedback.get("url")):
            yield "page", page


def _browser_report(body: Mapping[str, Any], entries: Mapping[str, object]) -> Mapping[str, str]:
    """A report by a browser, its names in one spelling: `blocked-uri` and `blockedURL` are `blocked_uri`."""
    for name in _REPORTS:
        if found := mapping(entries.get(name) or body.get(name) or mapping(body.get("contexts")).get(name)):
            inner = mapping(found.get("body"))
            outer = {name: value for name, value in found.items() if name != "body"}
            return flat(_one_spelling({**outer, **inner}))
    report = mapping(body.get("csp-report")) or (mapping(body.get("body")) if "user_agent" in body else {})
    return flat(_one_spelling(report))


def _one_spelling(report: Mapping[str, Any]) -> Mapping[str, Any]:
    names = {str(name): _SPELLED.sub("_", str(name)).replace("-", "_").lower() for name in report}
    return {re.sub(r"_url$", "_uri", names[str(name)]): value for name, value in report.items()}


def _check_result(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The result of an uptime check, or of a monitor's check-in, as the checker sends it."""
    reason = mapping(body.get("status_reason"))
    if "subscription_id" in body or reason:
        kind = (string(reason.get("type")) or "").replace("_", " ")
        told = ": ".join(filter(None, (kind, string(reason.get("description")))))
        yield "uptime check", string(body.get("status")) or "failure"
        if told:
            yield "Failure reason", told
        request = mapping(body.get("request_info"))
        if url := string(request.get("url")) or string(body.get("url")):
            yield "url", url
        if code := string(request.get("http_status_code")):
            yield "Status code", code
    elif slug := string(body.get("monitor_slug")):
        yield "monitor", slug
        yield "check-in", string(body.get("status")) or "unknown"


def _serialized(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What was really raised where a browser SDK caught something that is no error."""
    extra = mapping(body.get("extra") or body.get("context"))
    for name, text in flat(mapping(extra.get("__serialized__"))).items():
        yield f"raised value {name}", text
