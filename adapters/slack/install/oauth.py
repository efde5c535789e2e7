"""Installing by OAuth: who installs, with which invitation, and the pages people see before and after."""

from __future__ import annotations

import html
import json
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.oauth.installation_store import Installation as SlackInstallation
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

from adapters.slack.error_messages import in_words
from adapters.slack.inbound.ids import workspace_of
from adapters.slack.install.installations import Installation, SlackInstallations
from adapters.slack.install.manifest import bot_scopes
from core.domain.errors import Refusal
from core.domain.tenancy import Actor
from core.ports import Installations, WorkspaceServices

logger = logging.getLogger("logsense.slack")

INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"
_STATE_S = 600
_MOST_INVITE_CHARS = 200


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """The app's own credentials, from its page at api.slack.com."""

    client_id: str
    client_secret: str
    public_url: str

    def __repr__(self) -> str:
        return f"OAuthClient({self.client_id})"


class InstallFlow(AsyncOAuthFlow):
    """Bolt's flow over our own storage; the invitation travels with the state, not in the address."""

    def __init__(
        self,
        client: OAuthClient,
        installations: SlackInstallations,
        kept: Installations,
        services: WorkspaceServices,
        *,
        slack_url: str,
        more_scopes: Sequence[str] = (),
    ) -> None:
        """`slack_url` is where people authorize, https://slack.com but for tests; `more_scopes` were opted into."""
        self._invites: dict[str, str | None] = {}
        self._installations = installations
        self._kept = kept
        self._services = services
        super().__init__(
            client=installations.client(),
            settings=AsyncOAuthSettings(
                client_id=client.client_id,
                client_secret=client.client_secret,
                scopes=[*bot_scopes(), *more_scopes],
                redirect_uri=f"{client.public_url.rstrip('/')}{REDIRECT_PATH}",
                install_path=INSTALL_PATH,
                redirect_uri_path=REDIRECT_PATH,
                authorization_url=f"{slack_url}/oauth/v2/authorize",
                state_store=_States(kept, self._invites),
                state_expiration_seconds=_STATE_S,
                install_page_rendering_enabled=False,
                callback_options=AsyncCallbackOptions(success=_installed, failure=_not_installed),
            ),
        )

    async def issue_new_state(self, request: AsyncBoltRequest) -> str:
        """A state that the same browser has to bring back, with the invitation it came with."""
        state = secrets.token_urlsafe(32)
        invite = (request.query.get("invite") or [""])[0][:_MOST_INVITE_CHARS]
        expires_at = datetime.now(UTC) + timedelta(seconds=_STATE_S)
        await self._kept.issue_state(state, json.dumps({"invite": invite or None}), expires_at)
        return state

    async def store_installation(self, request: AsyncBoltRequest, installation: SlackInstallation) -> None:
        """The workspace leads to its organization, and then its token is kept."""
        ours = _ours(installation)
        invite = self._invites.pop((request.query.get("state") or [""])[0], None)
        name = await self._name_of(ours, str(installation.user_id))
        await self._services.installed(ours.workspace, ours.name, Actor(str(installation.user_id), name), invite)
        await self._installations.save(ours)

    async def handle_callback(self, request: AsyncBoltRequest) -> BoltResponse:
        """What Slack sends people back to; whatever fails, they read why."""
        try:
            return await super().handle_callback(request)
        except Refusal as refusal:
            return _page(400, "LogSense was not installed", str(refusal))
        except Exception as error:
            return _page(500, "LogSense was not installed", in_words(error))

    async def _name_of(self, installation: Installation, user_id: str) -> str:
        try:
            client = self._installations.client(installation.bot_token, installation.team_id)
            user = (await client.users_info(user=user_id)).get("user") or {}
        except Exception:
            return user_id
        return str((user.get("profile") or {}).get("display_name") or user.get("real_name") or user_id)


class _States(AsyncOAuthStateStore):
    """Takes states back for Bolt, and remembers the invitation until the installation is stored."""

    def __init__(self, kept: Installations, invites: dict[str, str | None]) -> None:
        self._kept = kept
        self._invites = invites

    @property
    def logger(self) -> logging.Logger:
        return logger

    async def async_consume(self, state: str) -> bool:
        document = await self._kept.take_state(state, datetime.now(UTC))
        if document is None:
            return False
        self._invites[state] = json.loads(document).get("invite")
        return True


def _ours(installation: SlackInstallation) -> Installation:
    is_org_wide = bool(installation.is_enterprise_install)
    workspace = workspace_of(
        enterprise_id=installation.enterprise_id, team_id=installation.team_id, is_enterprise_install=is_org_wide
    )
    scopes = installation.bot_scopes
    return Installation(
        workspace,
        bot_token=str(installation.bot_token),
        bot_user_id=str(installation.bot_user_id),
        bot_id=str(installation.bot_id),
        enterprise_id=installation.enterprise_id,
        team_id=installation.team_id,
        name=str((installation.enterprise_name if is_org_wide else installation.team_name) or workspace.key),
        scopes=scopes if isinstance(scopes, str) else ",".join(scopes or ()),
    )


async def _installed(args: AsyncSuccessArgs) -> BoltResponse:
    return _page(
        200,
        "LogSense is installed",
        "Open Slack, and the Home tab of LogSense: connect Sentry there, then type /logsense investigate and an issue.",
    )


async def _not_installed(args: AsyncFailureArgs) -> BoltResponse:
    reason = {
        "access_denied": "You declined. Nothing was installed and nothing is kept.",
        "invalid_browser": "This page was opened in another browser than the installation was started in. Start again.",
        "invalid_state": "That took longer than ten minutes, or was opened twice. Start again.",
    }.get(args.reason, "Slack did not confirm the installation. Start again.")
    logger.warning("an installation failed: %s", args.reason)
    return _page(args.suggested_status_code, "LogSense was not installed", reason)


def _page(status: int, title: str, text: str) -> BoltResponse:
    body = (
        "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{html.escape(title)}</title><style>body{{font:16px/1.5 system-ui;max-width:34em;margin:12vh auto;"
        f"padding:0 1em;color-scheme:light dark}}</style><h1>{html.escape(title)}</h1><p>{html.escape(text)}</p>"
        + ("" if status == 200 else f"<p><a href='{INSTALL_PATH}'>Start again</a></p>")
    )
    return BoltResponse(status=status, body=body, headers={"Content-Type": "text/html; charset=utf-8"})
