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
from core.domain.errors import RateLimited, ServiceUnavailable
from core.domain.tenancy import Actor, WorkspaceRef

_REMEMBERED_S = 300.0
_MOST = 10_000
_FIRST_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Person:
    """A user; strangers belong to another company's workspace (Slack Connect), guests were invited to some channels."""

    actor: Actor
    is_admin: bool
    is_stranger: bool
    is_bot: bool
    is_guest: bool = False


class People:
    """Looks users and channels up. A failure of Slack is raised as ours."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[float, Mapping[str, Any]]] = {}
        self._asking: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def person(
        self, client: AsyncWebClient, workspace: WorkspaceRef, team_id: str | None, user_id: str, *, patience_s: float
    ) -> Person:
        """The user as this workspace, or in an enterprise this team of it, sees them."""
        user = await self._looked_up(workspace, user_id, lambda: client.users_info(user=user_id), "user", patience_s)
        profile = user.get("profile") or {}
        name = profile.get("display_name") or user.get("real_name") or user.get("name") or user_id
        enterprise = user.get("enterprise_user") or {}
        # In a Grid organization the team of a user is only one of those that they belong to.
        home = {user.get("team_id"), enterprise.get("enterprise_id"), *(enterprise.get("teams") or ())}
        roles = (user.get("is_admin"), user.get("is_owner"), enterprise.get("is_admin"), enterprise.get("is_owner"))
        return Person(
            Actor(user_id, str(name)),
            is_admin=any(roles),
            is_stranger=bool(user.get("is_stranger")) or not home & {workspace.key, team_id},
            is_bot=bool(user.get("is_bot")),
            is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        )

    def note_shared(self, workspace: WorkspaceRef, channel: str) -> None:
        """Slack said just now that outsiders read the channel, whatever was remembered of it."""
        self._remember((workspace.key, channel), {"is_ext_shared": True})

    async def is_shared(
        self,
        client: AsyncWebClient,
        workspace: WorkspaceRef,
        channel: str,
        *,
        patience_s: float,
        age_s: float = _REMEMBERED_S,
    ) -> bool:
        """Whether people of other companies read the channel; the answer may be `age_s` old."""
        if not channel.startswith(("C", "G")):
            return False
        about = await self._looked_up(
            workspace, channel, lambda: client.conversations_info(channel=channel), "channel", patience_s, age_s
        )
        return bool(about.get("is_ext_shared") or about.get("is_pending_ext_shared"))

    async def _looked_up(
        self,
        workspace: WorkspaceRef,
        what: str,
        ask: Any,
        field: str,
        patience_s: float,
        age_s: float = _REMEMBERED_S,
    ) -> Mapping[str, Any]:
        key = (workspace.key, what)
        # One asks for all who want to know the same at the same time: the methods' limits are low.
        async with self._asking.setdefault(key, asyncio.Lock()):
            known = self._known.get(key)
            if known is not None and time.monotonic() - known[0] < age_s:
                return known[1]
            found: Mapping[str, Any] = (await _patiently(ask, patience_s)).get(field) or {}
            self._remember(key, found)
            return found

    def _remember(self, key: tuple[str, str], found: Mapping[str, Any]) -> None:
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = (time.monotonic(), found)


async def _patiently(ask: Any, patience_s: float) -> Any:
    """What a read gave; a passing failure is tried again as long as that leaves time to answer."""
    deadline, pause_s = time.monotonic() + patience_s, _FIRST_PAUSE_S
    while True:
        try:
            return await ask()
        except CALL_ERRORS as error:
            failure = explained(error)
        if not isinstance(failure, ServiceUnavailable | RateLimited):
            raise failure
        wait_s = failure.retry_after_s if isinstance(failure, RateLimited) else pause_s
        if time.monotonic() + wait_s > deadline:
            raise failure
        await asyncio.sleep(wait_s)
        pause_s *= 2
