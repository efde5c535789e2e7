"""Investigates one event by rules, without a server or a loop."""

import json
from typing import Any

from core.agent.rules.diagnosis import Observed, diagnose
from core.domain.incident import ErrorEvent
from core.domain.report import Analysis
from core.gateways.sentry.payloads import read_event
from core.mcp_server.masking import Masker
from core.mcp_server.output import page_of
from core.mcp_server.tools.get_stacktrace import stack_output


def investigate(payload: object) -> tuple[Analysis, str]:
    """What the rules say about one event, and the evidence that they read; text is read as it is, the rest as JSON."""
    event = read_event(payload if isinstance(payload, str) else json.dumps(payload))
    masker = Masker("a key of tests")
    page = page_of(stack_output(event, masker), 1, masker, "0123abcd")
    observed = Observed(
        issue=_issue(event),  # type: ignore[arg-type]
        stack=dict(page.facts),  # type: ignore[arg-type]
        frequency={},
        impact={},
        knowledge={},
        ids={"get_stacktrace": "E1"},
        headlines={},
    )
    return diagnose(observed), page.text


def _issue(event: ErrorEvent) -> dict[str, Any]:
    known = {
        "title": event.title,
        "kind": event.kind,
        "level": event.level,
        "culprit": event.culprit,
        "platform": event.platform,
    }
    return {name: value for name, value in known.items() if value}
