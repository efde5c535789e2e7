"""Who people are, as their conversation's roster says; remembered for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.teams.bot_framework import Connector
from adapters.teams.inbound.ids import conversation_id, is_one_to_one
from core.domain.conversation import ConversationRef
from core.domain.errors import ServiceFailed
from core.domain.tenancy import Actor, WorkspaceRef

_REMEMBERED_S = 300.0
_ASKED_AGAIN_S = 30.0
_MOST = 10_000
_PATIENCE_S = 3.0
_NOBODY = "somebody in Teams"


@dataclass(frozen=True, slots=True)
class Caller:
    """One event's tenant, and the service through which it came."""

    workspace: WorkspaceRef
    service_url: str


@dataclass(frozen=True, slots=True)
class Person:
    """A member of a conversation; strangers belong to another company's tenant."""

    actor: Actor
    is_stranger: bool


class People:
    """Looks people up. Where Teams does not tell, they are taken for who the event says: it came from Teams, too."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._known: dict[tuple[str, str], tuple[float, Mapping[str, Any]]] = {}

    async def person(self, caller: Caller, conversation: ConversationRef, actor: Actor) -> Person:
        """The person, with the name that reactions do not bring; nobody is a stranger in a chat with us alone."""
        if is_one_to_one(conversation) and actor.name != actor.id:
            return Person(actor, False)
        member = await self._member(caller, conversation, actor)
        told = actor.name if actor.name != actor.id else ""
        name, tenant = str(member.get("name") or told or _NOBODY), member.get("tenantId")
        return Person(Actor(actor.id, name), bool(tenant) and str(tenant).lower() != caller.workspace.key)

    async def _member(self, caller: Caller, conversation: ConversationRef, actor: Actor) -> Mapping[str, Any]:
        key = (caller.workspace.key, actor.id)
        good_until, member = self._known.get(key, (0.0, {}))
        if time.monotonic() < good_until:
            return member
        lasts_s = _REMEMBERED_S
        try:
            async with asyncio.timeout(_PATIENCE_S):
                member = await self._connector.member(caller.service_url, conversation_id(conversation), actor.id)
        except (ServiceFailed, TimeoutError):
            lasts_s = _ASKED_AGAIN_S
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = (time.monotonic() + lasts_s, member)
        return member
