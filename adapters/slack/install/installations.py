"""What Slack gave at install time, kept through the Installations port, and the clients that use it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api_errors import SERVICE
from adapters.slack.inbound.ids import workspace_of
from core.domain.errors import AccessDenied
from core.domain.tenancy import WorkspaceRef
from core.ports import Installations

_REMEMBERED_S = 60.0
"""How long another replica's uninstall may go unnoticed; Slack has revoked the token by then anyway."""


@dataclass(frozen=True, slots=True)
class Installation:
    """One workspace's (or enterprise's) bot: its token and who it is there."""

    workspace: WorkspaceRef
    bot_token: str
    bot_user_id: str
    bot_id: str
    enterprise_id: str | None
    team_id: str | None
    name: str
    scopes: str

    def __repr__(self) -> str:
        return f"Installation({self.workspace.key})"


class SlackInstallations:
    """Finds, keeps and forgets installations; `single` is the one of a token that the operator configured."""

    def __init__(
        self,
        kept: Installations,
        *,
        session: Callable[[], aiohttp.ClientSession],
        base_url: str,
        single: Installation | None = None,
    ) -> None:
        """One HTTP session serves every client: a session a call would cost a connection each."""
        self._kept = kept
        self._session = session
        self._base_url = base_url
        self._single = single
        self._known: dict[str, tuple[float, Installation]] = {}

    async def save(self, installation: Installation) -> None:
        """Kept, instead of any before."""
        fields = {name: getattr(installation, name) for name in _FIELDS}
        await self._kept.save(installation.workspace, json.dumps(fields))
        self._known.pop(installation.workspace.key, None)

    async def find(self, workspace: WorkspaceRef) -> Installation | None:
        """The workspace's installation."""
        if self._single is not None and self._single.workspace == workspace:
            return self._single
        known = self._known.get(workspace.key)
        if known is not None and time.monotonic() - known[0] < _REMEMBERED_S:
            return known[1]
        document = await self._kept.find(workspace)
        if document is None:
            self._known.pop(workspace.key, None)
            return None
        installation = Installation(workspace, **json.loads(document))
        self._known[workspace.key] = (time.monotonic(), installation)
        return installation

    def forget(self, workspace: WorkspaceRef) -> None:
        """What was remembered of it is dropped."""
        self._known.pop(workspace.key, None)

    async def client_of(self, workspace: WorkspaceRef) -> AsyncWebClient:
        """A client with the workspace's token; raises AccessDenied when LogSense is not installed there."""
        installation = await self.find(workspace)
        if installation is None:
            raise AccessDenied(SERVICE, "LogSense is not installed in that Slack workspace any more.")
        return self.client(installation.bot_token, installation.team_id)

    def client(self, token: str | None = None, team_id: str | None = None) -> AsyncWebClient:
        """A client on the shared session; retries are ours, because only we know what became stale."""
        return AsyncWebClient(
            token=token,
            session=self._session(),
            base_url=self._base_url,
            timeout=10,
            team_id=team_id,
            retry_handlers=[],
        )

    async def authorize(
        self,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,
        is_enterprise_install: bool | None,
    ) -> AuthorizeResult | None:
        """For Bolt: whose token an event is served with; no `auth.test`, the installation says it all."""
        workspace = workspace_of(
            enterprise_id=enterprise_id, team_id=team_id, is_enterprise_install=bool(is_enterprise_install)
        )
        installation = await self.find(workspace)
        if installation is None:
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_token=installation.bot_token,
            bot_user_id=installation.bot_user_id,
            bot_id=installation.bot_id,
            bot_scopes=installation.scopes.split(","),
            user_id=user_id,
        )


_FIELDS = ("bot_token", "bot_user_id", "bot_id", "enterprise_id", "team_id", "name", "scopes")
