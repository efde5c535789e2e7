"""What owners and operators do with organizations; every change is on record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.domain.errors import InvalidInput, NotFound, Refusal
from core.domain.tenancy import (
    Actor,
    AuditEntry,
    Member,
    ModelConnection,
    Organization,
    OrganizationId,
    PersonalData,
    Role,
    SentryConnection,
    WorkspaceRef,
)
from core.ports import Stores

INVITE_LASTS = timedelta(days=7)
_LONGEST_ID = 60


@dataclass(frozen=True, slots=True)
class Overview:
    """An organization as its operator sees it: nothing of its incidents, no secret."""

    organization: Organization
    workspaces: Sequence[WorkspaceRef]
    members: Sequence[Member]
    sentry: SentryConnection | None
    model: ModelConnection | None


class Administration:
    """Acts for `actor`, who sits at `origin`; what is allowed there was decided before."""

    def __init__(self, stores: Stores, actor: Actor, origin: str, now: Callable[[], datetime]) -> None:
        self._stores = stores
        self._directory = stores.directory
        self._actor = actor
        self._origin = origin
        self._now = now

    async def create(self, organization_id: str, name: str, told: OrganizationId | None = None) -> Organization:
        """A new organization without anybody in it, on record there and in `told`, an organization that outlives it.

        Raises:
            InvalidInput: the id is taken or cannot be one.
        """
        wanted = OrganizationId(organization_id)
        if not 0 < len(wanted) <= _LONGEST_ID or not all(part.isalnum() or part in "-_." for part in wanted):
            raise InvalidInput("An organization's id has letters, digits, - _ and . only, at most 60 of them.")
        try:
            await self._directory.organization(wanted)
        except NotFound:
            organization = Organization(wanted, name or organization_id)
            await self._directory.ensure_organization(organization)
            await self._record(wanted, "organization created", name=organization.name)
            if told is not None:
                await self._record(told, "organization created", organization=wanted, name=organization.name)
            return organization
        raise InvalidInput(f"There is an organization {wanted} already.")

    async def overview(self, organization_id: OrganizationId) -> Overview:
        """The organization, its doors, its people and its connections."""
        store = self._stores.for_organization(organization_id)
        sentry, model = await store.sentry_connection(), await store.model_connection()
        return Overview(
            await self._directory.organization(organization_id),
            await self._directory.workspaces(organization_id),
            await store.members(),
            sentry and replace(sentry, token=""),
            model and replace(model, api_key=""),
        )

    async def invite(self, organization_id: OrganizationId, code: str) -> datetime:
        """`code` lets one workspace join, once, until the time returned."""
        organization = await self._directory.organization(organization_id)
        expires_at = self._now() + INVITE_LASTS
        await self._directory.add_invite(code, organization.id, expires_at)
        await self._record(organization_id, "invitation made", good_until=f"{expires_at:%Y-%m-%d %H:%M} UTC")
        return expires_at

    async def link(self, organization_id: OrganizationId, workspace: WorkspaceRef) -> None:
        """The workspace leads to the organization. Raises Refusal when it leads to another one."""
        organization = await self._directory.organization(organization_id)
        await self._directory.ensure_organization(organization, workspace)
        leads_to = await self._directory.organization_of(workspace)
        if leads_to.id != organization.id:
            raise Refusal(f"That workspace leads to {leads_to.id}. Unlink it there first.")
        await self._record(organization_id, "workspace linked", workspace=_named(workspace))

    async def unlink(self, organization_id: OrganizationId, workspace: WorkspaceRef) -> None:
        """The workspace leads nowhere any more. Raises Refusal when it did not lead to this organization."""
        if workspace not in await self._directory.workspaces(organization_id):
            raise Refusal(f"{_named(workspace)} is not linked to {organization_id}.")
        await self._directory.unlink(workspace)
        await self._record(organization_id, "workspace unlinked", workspace=_named(workspace))

    async def limit(self, organization_id: OrganizationId, decided: Mapping[str, float | None]) -> None:
        """Those limits hold from now on; None goes back to the default."""
        await self._directory.organization(organization_id)
        await self._directory.save_limits(organization_id, decided)
        words = {name: "default" if value is None else f"{value:g}" for name, value in decided.items()}
        await self._record(organization_id, "limits changed", **words)

    async def mask(self, organization_id: OrganizationId, kinds: frozenset[PersonalData] | None) -> None:
        """Mask those kinds of personal data in what is read from now on; None goes back to the default."""
        await self._directory.organization(organization_id)
        await self._directory.save_masked_personal_data(organization_id, kinds)
        words = "default" if kinds is None else ", ".join(sorted(kinds)) or "none"
        await self._record(organization_id, "masking changed", personal_data=words)

    async def grant(self, organization_id: OrganizationId, member: Member) -> None:
        """That person has that role. Raises Refusal when it would take the last owner away."""
        await self._keep_an_owner(organization_id, member.workspace, member.user_id, member.role)
        await self._stores.for_organization(organization_id).grant(member)
        await self._record(organization_id, "role granted", person=_person(member), role=member.role.value)

    async def revoke(self, organization_id: OrganizationId, workspace: WorkspaceRef, user_id: str) -> None:
        """That person has no role of their own. Raises NotFound, or Refusal for the last owner."""
        store = self._stores.for_organization(organization_id)
        member = await store.member(workspace, user_id)
        if member is None:
            raise NotFound(f"{user_id} has no role of their own in {organization_id}.")
        await self._keep_an_owner(organization_id, workspace, user_id, Role.MEMBER)
        await store.revoke(workspace, user_id)
        await self._record(organization_id, "role revoked", person=_person(member), role=member.role.value)

    async def forget(self, organization_id: OrganizationId, service: str) -> None:
        """The connection to `sentry` or `model` is gone, its secret too."""
        store = self._stores.for_organization(organization_id)
        match service:
            case "sentry":
                await store.save_sentry_connection(None)
            case "model":
                await store.save_model_connection(None)
            case _:
                raise InvalidInput("Connections are sentry and model.")
        await self._record(organization_id, "connection forgotten", service=service)

    async def delete(self, organization_id: OrganizationId, told: OrganizationId) -> Mapping[str, tuple[int, int]]:
        """Nothing of the organization is left in the database: rows by table, before and after.

        It is put on record in the organization `told`, whose log outlives it. The search index is for who calls this.
        """
        if organization_id == told:
            raise Refusal("The organization of this terminal cannot delete itself: run it with another one.")
        organization = await self._directory.organization(organization_id)
        store = self._stores.for_organization(organization_id)
        for workspace in await self._directory.workspaces(organization_id):
            # First, so that nothing new comes in.
            await self._directory.unlink(workspace)
            await self._stores.installations.remove(workspace)
        for investigation in await store.unfinished():
            await store.cancel_run(investigation.id)
        before = await self._directory.remaining(organization_id)
        await self._directory.erase(organization_id)
        after = await self._directory.remaining(organization_id)
        await self._record(told, "organization deleted", organization=organization.id, rows=str(sum(before.values())))
        return {table: (count, after[table]) for table, count in before.items()}

    async def exported(self, organization_id: OrganizationId, rows: int) -> None:
        """It is on record that everything of the organization was written out."""
        await self._record(organization_id, "exported", rows=str(rows))

    async def rotated(self, organization_id: OrganizationId, secrets: int) -> None:
        """It is on record that the organization's secrets were sealed anew."""
        await self._record(organization_id, "secrets rotated", secrets=str(secrets))

    async def backed_up(self, organization_id: OrganizationId, file: str, parts: Sequence[str]) -> None:
        """It is on record, here and in the copy that follows, that everything is copied into a file."""
        await self._record(organization_id, "backup", file=file, parts=" and ".join(parts))

    async def restored(self, organization_id: OrganizationId, file: str, digest: str) -> None:
        """It is on record in what was restored where it came from."""
        await self._record(organization_id, "restored from a backup", file=file, sha256=digest)

    async def _keep_an_owner(
        self, organization_id: OrganizationId, workspace: WorkspaceRef, user_id: str, role: Role
    ) -> None:
        owners = [it for it in await self._stores.for_organization(organization_id).members() if it.role is Role.OWNER]
        is_last = [(it.workspace, it.user_id) for it in owners] == [(workspace, user_id)]
        if is_last and role is not Role.OWNER:
            raise Refusal("That is the last owner. Make somebody else an owner first.")

    async def _record(self, organization_id: OrganizationId, action: str, **details: str) -> None:
        entry = AuditEntry(self._now(), self._actor, self._origin, action, details)
        await self._stores.for_organization(organization_id).record(entry)


def _named(workspace: WorkspaceRef) -> str:
    return f"{workspace.platform.value}:{workspace.key}"


def _person(member: Member) -> str:
    return f"{member.name} ({_named(member.workspace)}/{member.user_id})"
