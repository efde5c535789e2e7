"""Who people are and which channels outsiders read, as Slack says; remembered for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api_errors import CALL_ERRORS, explained
from core.domain.tenancy import Actor, WorkspaceRef

_REMEMBERED_S = 300.0
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Person:
    """A user; strangers belong to another company's workspace (Slack Connect)."""

    actor: Actor
    is_admin: bool
    is_stranger: bool
    is_bot: bool


class People:
    """Looks users and channels up. A failure of Slack is raised as ours."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[float, Mapping[str, Any]]] = {}
        self._asking: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def person(
        self, client: AsyncWebClient, workspace: WorkspaceRef, team_id: str | None, user_id: str
    ) -> Person:
        """The user as this workspace, or in an enterprise this team of it, sees them."""
        user = await self._looked_up(workspace, user_id, lambda: client.users_info(user=user_id), "user")
        profile = user.get("profile") or {}
        name = profile.get("display_name") or user.get("real_name") or user.get("name") or user_id
        enterprise = (user.get("enterprise_user") or {}).get("enterprise_id")
        home = {user.get("team_id"), enterprise}
        return Person(
            Actor(user_id, str(name)),
            is_admin=bool(user.get("is_admin") or user.get("is_owner")),
            is_stranger=bool(user.get("is_stranger")) or not home & {workspace.key, team_id},
            is_bot=bool(user.get("is_bot")),
        )

    async def is_shared(self, client: AsyncWebClient, workspace: WorkspaceRef, channel: str) -> bool:
        """Whether people of other companies read the channel."""
        if not channel.startswith(("C", "G")):
            return False
        about = await self._looked_up(workspace, channel, lambda: client.conversations_info(channel=channel), "channel")
        return bool(about.get("is_ext_shared") or about.get("is_pending_ext_shared"))

    async def _looked_up(self, workspace: WorkspaceRef, what: str, ask: Any, field: str) -> Mapping[str, Any]:
        key = (workspace.key, what)
        # One asks for all who want to know the same at the same time: the methods' limits are low.
        async with self._asking.setdefault(key, asyncio.Lock()):
            known = self._known.get(key)
            if known is not None and time.monotonic() - known[0] < _REMEMBERED_S:
                return known[1]
            try:
                found: Mapping[str, Any] = (await ask()).get(field) or {}
            except CALL_ERRORS as error:
                raise explained(error) from None
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key] = (time.monotonic(), found)
            return found
