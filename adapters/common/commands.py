"""What people type after our name or our slash command, free of the platform's markup. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from adapters.common.input_text import seen, straight
from adapters.common.issue_links import issue_alone_in


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
_AROUND = " \t\n\"'`*_~.,;:!?"
_PAIRED = "\"'`*_~"
_FEW_WORDS = 6


def parse_command(text: str) -> Command:
    """The command in `text`, however the platform and hurried fingers changed it.

    Words of courtesy are forgiven; more than that after a command that takes none makes it Unknown, since it may be
    a question that begins like a command.
    """
    bare = _unwrapped(straight(seen(text)))
    if issue := issue_alone_in(bare):
        return Investigate(issue)
    first, *after = bare.split(maxsplit=1) or [""]
    word, rest = first.strip(_AROUND + "/").lower(), "".join(after).strip()
    command = _known(word, rest)
    if command is not None:
        return command
    near = difflib.get_close_matches(word, WORDS, 1, 0.6)
    return Unknown(bare if word in WORDS else first, near[0] if near else None)


def _known(word: str, rest: str) -> Command | None:
    said = rest.strip(_AROUND)
    is_bare = said.lower() in ("", "please", "now")
    match word:
        case "" | "help" | "hi" | "hello" if is_bare:
            return Help()
        case "investigate":
            return Investigate(_issue_among(said) or said)
        case "incidents" | "issues":
            return Incidents(rest.strip("`").rstrip(" `.,;!?"))
        case "status" if is_bare:
            return Status()
        case "cancel" | "stop" if is_bare or said.lower() in ("it", "this", "that"):
            return Cancel(None)
        case "cancel" | "stop" if len(said.split()) == 1:
            return Cancel(said)
        case "connect" if is_bare:
            return Connect(None)
        case "connect" if len(said.split()) == 1:
            return Connect(said.lower())
    return None


def _issue_among(said: str) -> str | None:
    """The issue among a few words: `issue SHOP-1A2 please`."""
    words = said.split()
    return next(filter(None, map(issue_alone_in, words)), None) if len(words) <= _FEW_WORDS else None


def _unwrapped(text: str) -> str:
    bare = text.strip()
    while len(bare) > 1 and bare[0] == bare[-1] and bare[0] in _PAIRED:
        bare = bare[1:-1].strip()
    return bare.lstrip(_AROUND)
