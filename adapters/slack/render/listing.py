"""Lists as short mrkdwn texts."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.slack.render.mrkdwn import cut, escaped
from core.domain.home_view import Incidents
from core.domain.investigation import Investigation

_TITLE = 120


def incidents_text(found: Incidents) -> str:
    """The tracker's newest issues, or why there are none."""
    if found.problem:
        return f"The incidents cannot be shown: {found.problem}"
    if not found.rows:
        return "No unresolved incidents. A good night."
    rows = [
        f"• *{escaped(str(row.get('short_id', '')))}* {cut(escaped(str(row.get('title', ''))), _TITLE)}"
        for row in found.rows
    ]
    return "\n".join([*rows, "Start with `/logsense investigate` and the id."])


def status_text(unfinished: Sequence[Investigation]) -> str:
    """What is queued or running, oldest first."""
    if not unfinished:
        return "Nothing is being investigated just now."
    rows = [
        f"• *{escaped(one.subject.label)}* {one.status}, asked by {escaped(one.asked_by.name)} "
        f"at {one.created_at:%H:%M} UTC (id {one.id})"
        for one in unfinished
    ]
    return "\n".join(rows)
