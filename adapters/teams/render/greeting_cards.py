"""What LogSense says of itself: help, and a welcome where it was just installed."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from adapters.teams.inbound.ids import Action
from adapters.teams.render.card import Card, card
from adapters.teams.render.elements import Element, button, columns, own
from adapters.teams.render.wording import JOIN_FIRST


class Place(Enum):
    """Where it was installed."""

    TEAM = auto()
    CHAT = auto()
    PERSONAL = auto()


_START = (
    ("@LogSense investigate SHOP-1A2", "finds out what is behind a Sentry issue; its URL or a pasted trace do as well"),
    ("@LogSense incidents is:unresolved checkout", "lists issues of Sentry"),
    ("@LogSense status", "what is under way"),
    ("@LogSense cancel 3f2a9c", "stops one; without an id, the newest"),
    (
        "@LogSense connect sentry",
        "connect model or connect masking: settings, for owners and admins, in a one-to-one chat",
    ),
    ("@LogSense join INVITE", "in a one-to-one chat: connects this organization; who does it becomes owner"),
    ("@LogSense help", "this"),
)
_THREAD = (
    "Reply in its thread and mention me to ask on. Where an owner of the team let me read the channel, a reply does "
    "without a mention; one that mentions somebody else is left alone.",
    "✅ on one of my messages, or **Resolve**: resolved. Take it off, or **Reopen**: open again.",
    "👍 👎 on the report: helpful, or not.",
    "**Stop** ends it; what was found stays.",
)


def help_card() -> Card:
    """Everything people can do here."""
    return card([own("**What you can ask**", size="Large"), *_rows(_START), *_listed("In its thread", _THREAD)])


def welcome_card(place: Place, *, connected: bool, sentry: bool = True) -> Card:
    """The first words in a place; `connected` says whether the tenant leads to an organization yet."""
    where = {
        Place.TEAM: "Mention me in any channel of this team",
        Place.CHAT: "Mention me in this chat",
        Place.PERSONAL: "Write to me here, or mention me in a channel",
    }[place]
    body = [
        own("**LogSense is here**", size="Large"),
        own(
            f"{where} with a Sentry issue, and I look for its root cause: I read the stack trace, what changed and who "
            "is affected, show each step, and end with evidence and fixes. I change nothing unless you ask for it.",
            spacing="None",
        ),
    ]
    buttons = [button("What you can ask", Action.HELP, "")]
    if not connected:
        return card([*body, own(f"⚠ {JOIN_FIRST}", spacing="Medium")], buttons)
    if not sentry:
        body.append(own("⚠ Sentry is not connected yet. An owner or admin can do that now.", spacing="Medium"))
        buttons.insert(0, button("Connect Sentry", Action.CONNECT_SENTRY, "", "positive"))
    else:
        buttons.insert(0, button("Show incidents", Action.INCIDENTS, "", "positive"))
    return card([*body, *_rows(_START[:1])], buttons)


def _rows(rows: Sequence[tuple[str, str]]) -> list[Element]:
    return [
        columns(
            ("4", [own(said, fontType="Monospace", size="Small")]), ("5", [own(means, size="Small")]), spacing="Small"
        )
        for said, means in rows
    ]


def _listed(title: str, rows: Sequence[str]) -> list[Element]:
    return [own(f"**{title}**", spacing="Medium"), *(own(f"• {row}", spacing="None") for row in rows)]
