"""How people are named in Teams, and the sentences that LogSense says there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from adapters.common.text_limits import cut, one_line
from core.domain.tenancy import Actor

NAME = 80
HOW_TO = (
    "Name an issue, for example: @LogSense investigate SHOP-1A2. Or paste a stack trace after my name. "
    "A log as a file reaches me in a one-to-one chat only."
)
NOT_SHOWN = "LogSense sent a card that this version of Teams cannot show."
JOIN_FIRST = (
    "This organization is not connected to LogSense yet. Who runs LogSense makes an invite with “logsense org invite”; "
    "send it to me in a one-to-one chat: join, then the invite."
)

_TEAMS_PERSON = re.compile(r"29:[\w-]{1,200}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NO_NAME = re.compile(r"[^\w .,'\u2019()-]|_|(?<!\w)-|-(?!\w)")


@dataclass(frozen=True, slots=True)
class Named:
    """A person as a card names them: `id` is None when Teams does not know them, so that nobody can be called."""

    name: str
    id: str | None


def named(actor: Actor) -> Named:
    """The person; their name holds nothing that Markdown or a mention would take for more."""
    name = cut(" ".join(_NO_NAME.sub(" ", one_line(actor.name or "")).split()), NAME)
    is_known = bool(name) and _TEAMS_PERSON.fullmatch(actor.id) is not None
    return Named(name or "somebody", actor.id if is_known else None)


def person(actor: Actor) -> str:
    """Their name, for text that calls nobody."""
    return cut(one_line(actor.name or actor.id), NAME) or "somebody"


SHARED = (
    "This is a shared channel, which people of other companies may read, so nothing is investigated or answered here. "
    "Ask in a standard channel or in a one-to-one chat with me."
)
