"""How tools, states, reasoners, costs and times are put into words, wherever people read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from core.domain.investigation import Status
from core.domain.report import Usage

RULES = "rules"
SURE, HALF_SURE = 75, 50
"""From which confidence on it is high, and medium."""

_ISO_MINUTE = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)Z")
_POINTS = re.compile(r"([+-]\d+) ")
_TOOLS = {
    "get_sentry_issue_details": ("Read the issue", "Reading the issue"),
    "get_stacktrace": ("Read the stack trace", "Reading the stack trace"),
    "analyze_error_frequency": ("Checked how often it happens", "Checking how often it happens"),
    "get_user_impact": ("Checked who is affected", "Checking who is affected"),
    "search_knowledge_base": ("Searched past incidents", "Searching past incidents"),
}
_STATUS = {
    Status.QUEUED: "waiting for its turn",
    Status.RUNNING: "under way",
    Status.REPORTED: "reported",
    Status.RESOLVED: "resolved",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
}
_MASKED = {
    "secret": "secret",
    "key": "private key",
    "email": "e-mail address",
    "card": "card number",
    "ip": "IP address",
    "phone": "phone number",
    "iban": "bank account number",
    "national_id": "national id",
}


def tool_words(tool: str, *, done: bool = True) -> str:
    """What a tool does, in plain words; tools of others by their name."""
    name = tool.replace("_", " ").strip() or "a tool"
    past, present = _TOOLS.get(tool, (f"Used {name}", f"Using {name}"))
    return past if done else present


def status_words(status: Status) -> str:
    """Where an investigation stands."""
    return _STATUS[status]


def confidence_words(confidence: int) -> str:
    """How far to trust it, before the figure."""
    if confidence >= SURE:
        return "High confidence"
    return (
        "Medium confidence: check before you act" if confidence >= HALF_SURE else "Low confidence: treat it as a lead"
    )


def confidence_line(confidence: int) -> str:
    """How far to trust it, in words and as a figure: `Medium confidence (60 %): check before you act`."""
    words, colon, advice = confidence_words(confidence).partition(":")
    return f"{words} ({confidence} %){colon}{advice}"


def reasons_against(reasons: tuple[str, ...]) -> list[str]:
    """What lowers the confidence, without its points: all of it, since it decides how far to trust."""
    return [_POINTS.sub("", reason, count=1) for reason in reasons if not reason.startswith("+")]


def reasoner_words(reasoner: str) -> str:
    """Who reasoned."""
    return "rule-based, no language model" if reasoner == RULES else reasoner


def reasoned_by(reasoner: str) -> str:
    """The same as a sentence."""
    return "Worked out by rules, without a language model." if reasoner == RULES else f"Worked out by {reasoner}."


def cost_words(usage: Usage) -> str:
    """Tokens and cost; free when no model was asked."""
    if usage.model_calls == 0:
        return "no tokens, 0.00 USD"
    cost = "price unknown" if usage.usd is None else f"{usage.usd:.{2 if usage.usd >= 1 else 4}f} USD"
    return f"{counted(usage.model_calls, 'model call')}, {usage.tokens:,} tokens, {cost}"


def masked_words(masked: Mapping[str, int]) -> str:
    """Say what was masked: `Masked: 3 secrets, 2 e-mail addresses`; empty when nothing was."""
    parts = [counted(masked[kind], noun) for kind, noun in _MASKED.items() if masked.get(kind)]
    return f"Masked: {', '.join(parts)}" if parts else ""


def counted(number: int, noun: str) -> str:
    """`1 step`, `3 steps`."""
    if number == 1:
        return f"{number:,} {noun}"
    return f"{number:,} {noun}es" if noun.endswith("s") else f"{number:,} {noun}s"


def duration_words(seconds: float) -> str:
    """`under 0.1 s`, `0.4 s`, `41 s`, `3 min 20 s`."""
    if seconds < 0.1:
        return "under 0.1 s"
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def time_words(at: datetime) -> str:
    """`03:12 UTC on 23 November 2026`."""
    moment = at.astimezone(UTC)
    return f"{moment:%H:%M} UTC on {moment.day} {moment:%B %Y}"


def minute_words(at: str) -> str:
    """`2026-11-23 03:12 UTC` of a tool's time."""
    return _ISO_MINUTE.sub(r"\1 \2 UTC", at)
