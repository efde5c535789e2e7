"""What people type to LogSense in Teams: the commands of every chat, and how a tenant joins. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from adapters.common import commands

WORDS = (*commands.WORDS, "join")
_JOIN = re.compile(r"[\s\"'`*]*+join\b[:\s]*+(?P<code>[\w.-]{0,200})[\s\"'`*.,;!]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Join:
    """Connect this tenant to the organization that made the invite; empty when none was given."""

    invite: str


Command = commands.Command | Join


def parse_command(text: str) -> Command:
    """The command in `text`, a plain text without our name."""
    if joining := _JOIN.fullmatch(text):
        return Join(joining["code"])
    return commands.parse_command(text)
