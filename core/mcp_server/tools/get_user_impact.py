"""`get_user_impact`: who is hit, where the events concentrate, and how bad that is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from core.domain.errors import NotFound, ServiceFailed
from core.domain.incident import IssueDetails, IssueRef, TagDistribution
from core.mcp_server.arguments import IssueId
from core.mcp_server.doors import Doors
from core.mcp_server.masking import Masker
from core.mcp_server.rendering import Sheet, cleaned, counted, cut
from core.mcp_server.tools.get_sentry_issue_details import ONE_EVENT

_KEYS = ("release", "environment", "url", "browser", "server_name", "transaction")
_VALUES = 5
_PRODUCTION = ("prod", "production", "live")
_LEVELS = ("low", "medium", "high", "critical")
_MANY_USERS = 100
_MANY_EVENTS = 1_000
_SOME_USERS = 20
_SOME_EVENTS = 200
_FEW_EVENTS = 10


def tool(doors: Doors, masker: Masker) -> Callable[..., Awaitable[Sheet]]:
    """The tool over `doors`."""

    async def get_user_impact(issue_id: IssueId) -> Sheet:
        """Who is hit: users, share of events by release, environment, URL, browser; severity."""
        source = doors.incidents()
        issue = await source.issue(IssueRef(issue_id))

        async def distribution(key: str) -> TagDistribution | None:
            try:
                return await source.tag_values(issue, key)
            except (NotFound, ServiceFailed):
                return None

        found = await asyncio.gather(*(distribution(key) for key in _KEYS))
        known = {each.key: cleaned(each, masker) for each in found if each and each.values and each.total > 0}
        return impact_sheet(cleaned(issue, masker), known, one_event=doors.has_one_event_only())

    return get_user_impact


def impact_sheet(issue: IssueDetails, shares: Mapping[str, TagDistribution], *, one_event: bool) -> Sheet:
    """The impact as lines: severity with its reason, then the shares."""
    severity, reason = severity_of(issue, shares, one_event=one_event)
    users = counted(issue.users, "user") if issue.users else "users unknown"
    events = f", {counted(issue.events, 'event')}" if issue.events is not None and not one_event else ""
    size = {"users": issue.users or None, "events": None if one_event else issue.events}
    known = {field: number for field, number in size.items() if number is not None}
    sheet = Sheet(f"{severity} impact: {users}{events}{_concentration(shares)}", known)
    sheet.add(f"Severity {severity}: {reason}", severity=severity, reason=reason)
    if one_event:
        sheet.add(ONE_EVENT, single_event=True)
    for key, distribution in shares.items():
        _add_shares(sheet, key, distribution)
    if not shares and not one_event:
        sheet.add("No tags that would show where the events come from.")
    return sheet


def severity_of(
    issue: IssueDetails, shares: Mapping[str, TagDistribution], *, one_event: bool = False
) -> tuple[str, str]:
    """low, medium, high or critical, and the reason in one sentence."""
    users, events = issue.users or 0, issue.events or 0
    unhandled = bool(issue.unhandled)
    size = f"{counted(users, 'user') if users else 'an unknown number of users'} and {counted(events, 'event')}"
    if issue.level == "fatal":
        step, reason = 3, f"the program died (level fatal), with {size}"
    elif unhandled and (users >= _MANY_USERS or events >= _MANY_EVENTS):
        step, reason = 3, f"unhandled, with {size}"
    elif users >= _SOME_USERS or events >= _SOME_EVENTS:
        step, reason = 2, f"{'unhandled' if unhandled else 'many occurrences'}, with {size}"
    elif users >= 2 or events >= _FEW_EVENTS:
        step, reason = 1, f"some occurrences, with {size}"
    else:
        step, reason = 0, f"few occurrences, with {size}"
    if one_event:
        return _LEVELS[min(step, 1) if issue.level != "fatal" else 2], "judged from one event alone"
    if step and _is_elsewhere(shares.get("environment")):
        return _LEVELS[step - 1], f"{reason}, none of it in production"
    return _LEVELS[step], reason


def _is_elsewhere(environments: TagDistribution | None) -> bool:
    if environments is None:
        return False
    return not any(name.lower().startswith(_PRODUCTION) for name, _ in environments.values)


def _concentration(shares: Mapping[str, TagDistribution]) -> str:
    """The first tag, of those with several values to choose from, of which one has nearly all events."""
    for key in ("release", "server_name", "url", "browser"):
        distribution = shares.get(key)
        if distribution and distribution.values[0][1] >= 0.8 * distribution.total:
            value, count = distribution.values[0]
            return f", {count / distribution.total:.0%} in {key} {cut(value, 50)}"
    return ""


def _add_shares(sheet: Sheet, key: str, distribution: TagDistribution) -> None:
    for value, count in distribution.values[:_VALUES]:
        shown, share = cut(value, 150), round(count / distribution.total, 2)
        facts = {"value": shown, "count": count, "share": share}
        of = f"{counted(count, 'event')} of {distribution.total}"
        sheet.add(f"Share by {key}: {share:.0%} {shown} ({of})", shares={key: [facts]})
    if len(distribution.values) > _VALUES:
        sheet.add(f"Share by {key}: {len(distribution.values) - _VALUES} more values")
