"""What is read before the organization is known: organizations, the doors that lead to them, what platforms gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.tenancy import (
    Member,
    Organization,
    OrganizationId,
    PersonalData,
    WorkspaceRef,
)


class Directory(Protocol):
    """What must be read before the organization is known."""

    async def organization_of(self, workspace: WorkspaceRef) -> Organization:
        """The organization a workspace belongs to; raises NotFound."""
        ...

    async def ensure_organization(self, organization: Organization, workspace: WorkspaceRef | None = None) -> None:
        """Make the organization and link the workspace, unless they are there; a linked workspace keeps its link."""
        ...

    async def organizations(self) -> Sequence[Organization]:
        """All of them."""
        ...

    async def organization(self, organization_id: OrganizationId) -> Organization:
        """The organization with that id; raises NotFound."""
        ...

    async def workspaces(self, organization_id: OrganizationId) -> Sequence[WorkspaceRef]:
        """The doors that lead to the organization."""
        ...

    async def save_limits(self, organization_id: OrganizationId, decided: Mapping[str, float | None]) -> None:
        """Keep those limits, by field of `Limits`; None goes back to the default, others stay as they are."""
        ...

    async def save_masked_personal_data(
        self, organization_id: OrganizationId, kinds: frozenset[PersonalData] | None
    ) -> None:
        """Keep which personal data is masked for the organization; None goes back to the default."""
        ...

    async def forget_audit(self, organization_id: OrganizationId, before: datetime) -> int:
        """The organization's audit log from before then is gone; how many entries."""
        ...

    async def forget_deliveries(self, organization_id: OrganizationId, before: datetime) -> int:
        """Deliveries claimed before then may be claimed again; how many."""
        ...

    async def forget_runs(self, organization_id: OrganizationId, age_s: float) -> int:
        """Runs that have ended and were queued longer ago are gone; how many."""
        ...

    async def erase(self, organization_id: OrganizationId) -> Mapping[str, int]:
        """No row of the organization is left, nor the organization itself; how many there were, by table."""
        ...

    async def remaining(self, organization_id: OrganizationId) -> Mapping[str, int]:
        """How many rows the organization has, by table."""
        ...

    async def unlink(self, workspace: WorkspaceRef) -> None:
        """The workspace no longer leads to any organization; what the organization knows stays."""
        ...

    async def add_invite(self, code: str, organization_id: OrganizationId, expires_at: datetime) -> None:
        """Keep an invitation, of whose code only a hash is stored."""
        ...

    async def admit(
        self, owner: Member, invite: str | None, otherwise: Organization, at: datetime
    ) -> tuple[Organization, bool]:
        """Where the owner's workspace leads, and whether it was linked just now.

        A workspace that leads nowhere is linked to the organization that invites with `invite`, which works once, or
        without an invite to `otherwise`, and the owner is granted that role there: all of it or nothing, in one
        transaction. A workspace that leads somewhere stays there, and the invite stays good. Raises NotFound when the
        invite is no good.
        """
        ...


class Installations(Protocol):
    """Where an adapter keeps what a platform gave it at install time: opaque JSON, encrypted at rest."""

    async def save(self, workspace: WorkspaceRef, document: str) -> None:
        """Keep the workspace's installation, instead of any before."""
        ...

    async def find(self, workspace: WorkspaceRef) -> str | None:
        """The newest document saved for the workspace."""
        ...

    async def remove(self, workspace: WorkspaceRef) -> None:
        """Nothing is kept of the installation any more."""
        ...

    async def reseal(self) -> int:
        """Every installation is sealed with the newest key; how many were not."""
        ...

    async def issue_state(self, state: str, document: str, expires_at: datetime) -> None:
        """Remember that an installation was started under `state`, of which only a hash is kept."""
        ...

    async def take_state(self, state: str, at: datetime) -> str | None:
        """The document issued with `state`, once; None when unknown, taken or expired."""
        ...
