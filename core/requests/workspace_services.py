"""What people look up and decide beside investigating, for the organization behind their workspace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from core.delivery.threads import PROGRESS
from core.domain.conversation import ConversationRef, MessageRef
from core.domain.errors import InvalidInput, NotAllowed, NotFound
from core.domain.home_view import HomeView, Incidents
from core.domain.investigation import Investigation
from core.domain.journal import JournalEntry
from core.domain.tenancy import (
    Actor,
    AuditEntry,
    ChannelSettings,
    Member,
    ModelConnection,
    Organization,
    OrganizationId,
    PersonalData,
    Role,
    SentryConnection,
    WorkspaceRef,
)
from core.ports import BackgroundTask, OrganizationStore, Stores
from core.requests.connections import Connections
from core.requests.follow import outcome_of
from core.requests.spending import month_of
from core.work.background_tasks import LIST_INCIDENTS

HOME_INCIDENTS = 8
HOME_INVESTIGATIONS = 10
_RECENT = 50


class OrganizationServices:
    """Implements `core.ports.WorkspaceServices`.

    `try_sentry` and `try_model` reach a connection and say what they found.

    `masks` are the kinds of personal data that are masked for organizations that chose nothing else.
    """

    def __init__(
        self,
        stores: Stores,
        connections: Connections,
        *,
        try_sentry: Callable[[OrganizationId, SentryConnection], Awaitable[str]],
        try_model: Callable[[OrganizationId, ModelConnection], Awaitable[str]],
        masks: frozenset[PersonalData],
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._stores = stores
        self._connections = connections
        self._try_sentry = try_sentry
        self._try_model = try_model
        self._masks = masks
        self._new_id = new_id
        self._now = now

    # ---- looking up -------------------------------------------------------------------------------------------------

    async def investigation(
        self, workspace: WorkspaceRef, investigation_id: str
    ) -> tuple[Investigation, tuple[JournalEntry, ...]]:
        """See the port."""
        _, store = await self._at(workspace)
        investigation = await store.investigation(investigation_id)
        return investigation, await store.journal(investigation.id).entries()

    async def unfinished(self, workspace: WorkspaceRef) -> Sequence[Investigation]:
        """See the port."""
        _, store = await self._at(workspace)
        return await store.unfinished()

    async def progress_message(self, workspace: WorkspaceRef, investigation_id: str) -> MessageRef | None:
        """See the port."""
        _, store = await self._at(workspace)
        posted = await store.posted(investigation_id, PROGRESS)
        return posted[0] if posted else None

    async def is_ours(self, conversation: ConversationRef) -> bool:
        """See the port."""
        _, store = await self._at(conversation.workspace)
        return await store.investigation_in(conversation) is not None

    async def incidents(self, workspace: WorkspaceRef, query: str, *, channel: str | None, limit: int) -> Incidents:
        """See the port."""
        organization, store = await self._at(workspace)
        if await self._connections.sentry(organization.id) is None:
            return Incidents(problem="Sentry is not connected yet.")
        projects = (await store.channel_settings(workspace, channel)).projects if channel else ()
        words = [query or "is:unresolved", *(f"project:{project}" for project in projects)]
        task = BackgroundTask(self._new_id(), LIST_INCIDENTS, {"query": " ".join(words), "limit": limit})
        await store.add_background_task(task)
        done = await outcome_of(store, task.id)
        outcome = done.outcome or {}
        if done.failure or not outcome.get("ok"):
            return Incidents(problem=done.failure or str(outcome.get("text")))
        return Incidents(tuple(outcome.get("incidents", ())))

    async def home(self, workspace: WorkspaceRef, person: Actor, *, platform_admin: bool) -> HomeView:
        """See the port."""
        organization, store = await self._at(workspace)
        known = await store.investigations(_RECENT)
        month = month_of(self._now())
        sentry = await self._connections.sentry(organization.id)
        model = await self._connections.model(organization.id)
        return HomeView(
            organization=organization.name,
            sentry=_sentry_words(sentry) if sentry else None,
            model=_model_words(model) if model else None,
            may_administer=await self._may_administer(store, workspace, person, platform_admin),
            incidents=await self.incidents(workspace, "", channel=None, limit=HOME_INCIDENTS),
            running=tuple(reversed(await store.unfinished())),
            finished=tuple(one for one in known if one.status.is_over)[:HOME_INVESTIGATIONS],
            month=f"{month:%B %Y}",
            usage=await store.usage_since(month),
        )

    async def channel_settings(self, workspace: WorkspaceRef, channel: str) -> ChannelSettings:
        """See the port."""
        _, store = await self._at(workspace)
        return await store.channel_settings(workspace, channel)

    # ---- deciding ---------------------------------------------------------------------------------------------------

    async def connections(
        self, workspace: WorkspaceRef, person: Actor, *, platform_admin: bool
    ) -> tuple[SentryConnection | None, ModelConnection | None]:
        """See the port."""
        organization, _ = await self._administered(workspace, person, platform_admin)
        sentry = await self._connections.sentry(organization.id)
        model = await self._connections.model(organization.id)
        return sentry and replace(sentry, token=""), model and replace(model, api_key="")

    async def connect_sentry(
        self, workspace: WorkspaceRef, person: Actor, connection: SentryConnection, *, platform_admin: bool
    ) -> str:
        """See the port."""
        organization, store = await self._administered(workspace, person, platform_admin)
        if not connection.token:
            known = await store.sentry_connection()
            if known is None or known.base_url != connection.base_url:
                # A kept token must not be sent to another server.
                raise InvalidInput("A token is needed: none is kept for that Sentry.")
            connection = replace(connection, token=known.token)
        found = await self._try_sentry(organization.id, connection)
        await store.save_sentry_connection(connection)
        await self._record(
            store,
            workspace,
            person,
            "Sentry connected",
            address=connection.base_url,
            organization=connection.organization_slug,
            writes="allowed" if connection.writes_allowed else "not allowed",
        )
        return found

    async def connect_model(
        self, workspace: WorkspaceRef, person: Actor, connection: ModelConnection, *, platform_admin: bool
    ) -> str:
        """See the port."""
        organization, store = await self._administered(workspace, person, platform_admin)
        if not connection.api_key:
            known = await store.model_connection()
            if known is None or known.base_url != connection.base_url:
                raise InvalidInput("A key is needed: none is kept for that endpoint.")
            connection = replace(connection, api_key=known.api_key)
        found = await self._try_model(organization.id, connection)
        await store.save_model_connection(connection)
        address = connection.base_url or "OpenAI"
        await self._record(store, workspace, person, "model connected", model=connection.model, address=address)
        return found

    async def masked_personal_data(
        self, workspace: WorkspaceRef, person: Actor, *, platform_admin: bool
    ) -> frozenset[PersonalData]:
        """See the port."""
        _, store = await self._administered(workspace, person, platform_admin)
        chosen = await store.masked_personal_data()
        return self._masks if chosen is None else chosen

    async def mask_personal_data(
        self, workspace: WorkspaceRef, person: Actor, kinds: frozenset[PersonalData], *, platform_admin: bool
    ) -> None:
        """See the port."""
        organization, store = await self._administered(workspace, person, platform_admin)
        await self._stores.directory.save_masked_personal_data(organization.id, kinds)
        words = ", ".join(sorted(kinds)) or "none"
        await self._record(store, workspace, person, "masking changed", personal_data=words)

    async def save_channel_settings(
        self, workspace: WorkspaceRef, person: Actor, channel: str, settings: ChannelSettings, *, platform_admin: bool
    ) -> None:
        """See the port."""
        _, store = await self._administered(workspace, person, platform_admin)
        await store.save_channel_settings(workspace, channel, settings)
        shared = "allowed" if settings.shared_is_allowed else "not allowed"
        projects = ", ".join(settings.projects) or "all"
        await self._record(
            store, workspace, person, "channel settings changed", channel=channel, projects=projects, shared=shared
        )

    # ---- coming and going -------------------------------------------------------------------------------------------

    async def installed(
        self, workspace: WorkspaceRef, name: str, installer: Actor, invite: str | None
    ) -> tuple[Organization, bool]:
        """See the port."""
        directory = self._stores.directory
        try:
            # Installed before: a second install renews tokens and changes no owner, whatever invite it brings.
            return await directory.organization_of(workspace), False
        except NotFound:
            pass
        owner = Member(workspace, installer.id, installer.name, Role.OWNER)
        otherwise = Organization(OrganizationId(f"org-{self._new_id()}"), name)
        organization, is_new = await directory.admit(owner, invite or None, otherwise, self._now())
        if is_new:
            how = "by invitation" if invite else "as a new organization"
            store = self._stores.for_organization(organization.id)
            await self._record(store, workspace, installer, "workspace installed", how=how)
        return organization, is_new

    async def uninstalled(self, workspace: WorkspaceRef) -> None:
        """See the port."""
        try:
            _, store = await self._at(workspace)
        except NotFound:
            await self._stores.installations.remove(workspace)
            return
        for investigation in await store.unfinished():
            if investigation.conversation.workspace == workspace:
                await store.cancel_run(investigation.id)
                if await store.run_state(investigation.id) == "cancelled":
                    await store.save_investigation(investigation.cancel(self._now()))
        await self._stores.installations.remove(workspace)
        await self._stores.directory.unlink(workspace)
        await self._record(store, workspace, Actor(workspace.key, "the workspace"), "workspace removed LogSense")

    async def _record(
        self, store: OrganizationStore, workspace: WorkspaceRef, person: Actor, action: str, **details: str
    ) -> None:
        origin = f"{workspace.platform.value}:{workspace.key}"
        await store.record(AuditEntry(self._now(), person, origin, action, details))

    # ---- who may ----------------------------------------------------------------------------------------------------

    async def _at(self, workspace: WorkspaceRef) -> tuple[Organization, OrganizationStore]:
        organization = await self._stores.directory.organization_of(workspace)
        return organization, self._stores.for_organization(organization.id)

    async def _administered(
        self, workspace: WorkspaceRef, person: Actor, platform_admin: bool
    ) -> tuple[Organization, OrganizationStore]:
        organization, store = await self._at(workspace)
        if not await self._may_administer(store, workspace, person, platform_admin):
            raise NotAllowed(
                "Only admins of this workspace, and people they named, can change what LogSense connects to."
            )
        return organization, store

    async def _may_administer(
        self, store: OrganizationStore, workspace: WorkspaceRef, person: Actor, platform_admin: bool
    ) -> bool:
        member = await store.member(workspace, person.id)
        return platform_admin or (member is not None and member.role.may_administer)


def _sentry_words(connection: SentryConnection) -> str:
    writes = "people may resolve issues from here" if connection.writes_allowed else "read only"
    return f"{connection.organization_slug} at {connection.base_url.removeprefix('https://')} ({writes})"


def _model_words(connection: ModelConnection) -> str:
    return f"{connection.model} at {(connection.base_url or 'api.openai.com').removeprefix('https://')}"
