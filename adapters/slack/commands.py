"""What people type after our name or our slash command. Pure."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from core.domain.errors import InvalidInput
from core.domain.issue_reference import parse_issue_reference


@dataclass(frozen=True, slots=True)
class Investigate:
    """Find out about the issue that `text` names; empty when none was named."""

    text: str


@dataclass(frozen=True, slots=True)
class Help:
    """Say what can be said."""


@dataclass(frozen=True, slots=True)
class Incidents:
    """List the tracker's issues that match `query`."""

    query: str


@dataclass(frozen=True, slots=True)
class Status:
    """Say what is being investigated."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop an investigation; None means the one here, or the newest."""

    investigation_id: str | None


@dataclass(frozen=True, slots=True)
class Connect:
    """Open the form for `service`; None means the tracker."""

    service: str | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """No command; `nearest` is the one that was perhaps meant."""

    word: str
    nearest: str | None


Command = Investigate | Help | Incidents | Status | Cancel | Connect | Unknown

WORDS = ("investigate", "incidents", "status", "cancel", "connect", "help")
_LINK = re.compile(r"<(https?://[^<>|\s]+)(?:\|[^<>]*)?>")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "\u2018": "'", "\u2019": "'", "\xa0": " ", "\u200b": ""})
_AROUND = " \t\n\"'`*_~.,;:!?"


def parse_command(text: str) -> Command:
    """The command in `text`, however Slack and hurried fingers changed it."""
    bare = _LINK.sub(r"\1", text).translate(_QUOTES).strip()
    first, *after = bare.split(maxsplit=1)[:2] or [""]
    word, rest = first.strip(_AROUND + "/").lower(), "".join(after).strip()
    named = rest.strip(_AROUND)
    match word, rest:
        case "" | "help" | "hi" | "hello", "":
            return Help()
        case "investigate", _:
            return Investigate(named)
        case "incidents" | "issues", _:
            return Incidents(rest)
        case "status", "":
            return Status()
        case "cancel" | "stop", _ if len(named.split()) < 2:
            return Cancel(named or None)
        case "connect", _ if len(named.split()) < 2:
            return Connect(named.lower() or None)
        case _, "" if _names_an_issue(bare):
            return Investigate(bare.strip(_AROUND))
    near = difflib.get_close_matches(word, WORDS, 1, 0.6)
    return Unknown(first, near[0] if near else None)


def _names_an_issue(text: str) -> bool:
    if "://" in text:
        return "/issues/" in text
    try:
        parse_issue_reference(text, base_url=None, organization_slug=None)
    except InvalidInput:
        return False
    return any(character.isdigit() for character in text)


def help_text(command: str, bot_user_id: str) -> str:
    """Everything people can do here, in Slack's markup."""
    return "\n".join(
        [
            "*Find out why something broke*",
            f"• `{command} investigate SHOP-1A2`, or the URL of an issue",
            f"• <@{bot_user_id}> `investigate …`, also in a thread, where slash commands do not work",
            "• *Investigate with LogSense*, in the menu of a message: a Sentry link, an alert, a stack trace",
            "*While it works, and after*",
            "• Reply in its thread to ask. A reply that mentions somebody else, and not LogSense, is left alone.",
            "• :white_check_mark: on one of its messages: resolved; take it off and it is open again. "
            ":+1: :-1: on the report: your judgement.",
            "• *Stop* ends an investigation; what it found stays.",
            "*More*",
            f"• `{command} incidents` · `{command} status` · `{command} cancel` · `{command} connect`",
        ]
    )
