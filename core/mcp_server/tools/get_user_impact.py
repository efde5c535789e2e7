"""`get_user_impact`: who is hit, where the events concentrate, and how bad that is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from core.domain.errors import NotFound, ServiceFailed
from core.domain.incident import TRAFFIC_TAGS, IssueDetails, IssueRef, TagDistribution
from core.mcp_server.addresses import grouped
from core.mcp_server.arguments import IssueId
from core.mcp_server.limited_output import Cleaner, rendered
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, counted, cut
from core.mcp_server.tool_context import ToolContext
from core.mcp_server.tools.get_sentry_issue_details import ONE_EVENT
from core.ports import IncidentSource

_KEYS = ("release", "environment", "url", "browser", "server_name", "transaction")
_VALUES = 5
_PRODUCTION = ("prod", "production", "live")
_LEVELS = ("low", "medium", "high", "critical")
UNKNOWN = "unknown"
_HARMLESS = ("info", "debug")
_MANY_USERS = 100
_MANY_EVENTS = 1_000
_SOME_USERS = 20
_SOME_EVENTS = 200
_FEW_EVENTS = 10
_FEW_OTHERS = 20
_NEARLY_ALL = 0.8
_TELLING = 0.15


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def get_user_impact(issue_id: IssueId) -> ToolOutput:
        """Who is hit: severity, shares by release, URL, browser, server."""
        source = context.incidents()
        issue = await source.issue(IssueRef(issue_id))

        async def distribution(key: str) -> TagDistribution | None:
            try:
                return await source.tag_values(issue, key)
            except (NotFound, ServiceFailed):
                return None

        found = await asyncio.gather(*(distribution(key) for key in _KEYS))
        known = {each.key: each for each in found if each and each.values and each.total > 0}
        if "url" in known:
            known["url"] = grouped(known["url"])
        usual = await _usual(source, issue, [key for key in TRAFFIC_TAGS if key in known])
        return await rendered(context, masker, _output, issue, known, usual, context.has_one_event_only())

    return get_user_impact


def _output(
    clean: Cleaner,
    issue: IssueDetails,
    shares: Mapping[str, TagDistribution],
    usual: Mapping[str, TagDistribution],
    one_event: bool,
) -> ToolOutput:
    return impact_output(clean(issue), clean(shares), clean(usual), one_event=one_event)


async def _usual(source: IncidentSource, issue: IssueDetails, keys: Sequence[str]) -> Mapping[str, TagDistribution]:
    """How the traffic shares the same tags; a tracker that cannot tell of one tag is not asked on."""

    async def distribution(key: str) -> TagDistribution | None:
        try:
            return await source.usual_values(issue, key)
        except (NotFound, ServiceFailed):
            return None

    first = await distribution(keys[0]) if keys else None
    if first is None:
        return {}
    others = await asyncio.gather(*(distribution(key) for key in keys[1:]))
    return {each.key: each for each in (first, *others) if each and each.total >= _FEW_OTHERS}


def impact_output(
    issue: IssueDetails,
    shares: Mapping[str, TagDistribution],
    usual: Mapping[str, TagDistribution],
    *,
    one_event: bool,
) -> ToolOutput:
    """The impact as lines: severity with its reason, then the shares, each beside its `usual` one where known."""
    severity, reason = severity_of(issue, shares, one_event=one_event)
    users = counted(issue.users, "user") if issue.users else "users unknown"
    events = f", {counted(issue.events, 'event')}" if issue.events is not None and not one_event else ""
    size = {"users": issue.users or None, "events": None if one_event else issue.events}
    known = {field: number for field, number in size.items() if number is not None}
    output = ToolOutput(f"{severity} impact: {users}{events}{_concentration(shares, usual)}", known)
    output.add(f"Severity {severity}: {reason}", severity=severity, reason=reason)
    if one_event:
        output.add(ONE_EVENT, single_event=True)
    if usual:
        output.add(
            "Events by tag, and their share; traffic: share of the requests of the same transaction, failed or not"
        )
    for key, distribution in shares.items():
        _add_shares(output, distribution, usual.get(key), issue.events)
    if not shares and not one_event:
        output.add("No tags that would show where the events come from.")
    return output


def severity_of(
    issue: IssueDetails, shares: Mapping[str, TagDistribution], *, one_event: bool = False
) -> tuple[str, str]:
    """low, medium, high or critical, or unknown where nothing says how many it hits; and the reason in one sentence."""
    users, events = issue.users or 0, issue.events or 0
    unhandled = bool(issue.unhandled)
    size = f"{counted(users, 'user') if users else 'an unknown number of users'} and {counted(events, 'event')}"
    if one_event:
        return _of_one_event(issue)
    if issue.level == "fatal":
        step, reason = 3, f"the program died (level fatal), with {size}"
    elif issue.level in _HARMLESS and not unhandled:
        step, reason = int(users >= _SOME_USERS or events >= _SOME_EVENTS), f"level {issue.level}, with {size}"
    elif unhandled and (users >= _MANY_USERS or events >= _MANY_EVENTS):
        step, reason = 3, f"unhandled, with {size}"
    elif users >= _SOME_USERS or events >= _SOME_EVENTS:
        step, reason = 2, f"{'unhandled' if unhandled else 'many occurrences'}, with {size}"
    elif users >= 2 or events >= _FEW_EVENTS:
        step, reason = 1, f"{'unhandled' if unhandled else 'some occurrences'}, with {size}"
    elif not users or issue.events is None:
        return UNKNOWN, f"{'unhandled' if unhandled else 'few occurrences'}, with {size}"
    else:
        step, reason = 0, f"few occurrences, with {size}"
    if step and _is_elsewhere(shares.get("environment")):
        return _LEVELS[step - 1], f"{reason}, none of it in production"
    return _LEVELS[step], reason


def _of_one_event(issue: IssueDetails) -> tuple[str, str]:
    """What one event tells: that the program died, but neither users nor counts."""
    if issue.level == "fatal":
        return "high", "the program died (level fatal); one event tells no users and no counts"
    handled = {True: "; the program did not handle it", False: "; the program handled it", None: ""}[issue.unhandled]
    return UNKNOWN, f"one event tells no users and no counts{handled}"


def _is_elsewhere(environments: TagDistribution | None) -> bool:
    if environments is None:
        return False
    return not any(name.lower().startswith(_PRODUCTION) for name, _ in environments.values)


def _concentration(shares: Mapping[str, TagDistribution], usual: Mapping[str, TagDistribution]) -> str:
    """The value that holds nearly all events and far less of the traffic, where there is one."""
    heads = [(shares[key], *shares[key].values[0]) for key in TRAFFIC_TAGS if key in shares]
    compared = [
        (count / each.total - traffic, each.key, value, count / each.total, traffic)
        for each, value, count in heads
        if count >= _NEARLY_ALL * each.total and (traffic := _share_of(value, usual.get(each.key))) is not None
    ]
    if not compared:
        return ""
    lift, key, value, share, traffic = max(compared, key=lambda one: one[0])
    return f", {share:.0%} in {key} {cut(value, 50)} ({traffic:.0%} of the traffic)" if lift >= _TELLING else ""


def _share_of(value: str, distribution: TagDistribution | None) -> float | None:
    if distribution is None:
        return None
    return dict(distribution.values).get(value, 0) / distribution.total


def _add_shares(
    output: ToolOutput, distribution: TagDistribution, usual: TagDistribution | None, events: int | None
) -> None:
    """A line for a tag, its most frequent values first; of how many, where those are not all `events`."""
    told, known = [], []
    for value, count in distribution.values[:_VALUES]:
        shown, share, elsewhere = cut(value, 150), round(count / distribution.total, 2), _share_of(value, usual)
        facts = {"value": shown, "count": count, "share": share}
        beside = ""
        if elsewhere is not None:
            facts["usual"] = round(elsewhere, 2)
            beside = f", traffic {facts['usual']:.0%}"
        told.append(f"{shown} {count} ({share:.0%}{beside})")
        known.append(facts)
    if len(distribution.values) > _VALUES:
        told.append(f"{len(distribution.values) - _VALUES} more values")
    of = "" if distribution.total == events else f", of {distribution.total}"
    output.add(f"{distribution.key}{of}: {', '.join(told)}", shares={distribution.key: known})
