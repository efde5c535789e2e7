"""Which tracker and which model an organization uses."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.tenancy import ModelConnection, OrganizationId, SentryConnection
from core.ports import Stores


@dataclass(frozen=True, slots=True)
class Connections:
    """What an organization saved; for the one that runs this installation, else what its operator configured.

    The operator's own credentials are never lent to another organization.
    """

    stores: Stores
    operator: OrganizationId
    operator_sentry: SentryConnection | None
    operator_model: ModelConnection | None

    async def sentry(self, organization_id: OrganizationId) -> SentryConnection | None:
        """How the organization's Sentry is reached, if it can be."""
        saved = await self.stores.for_organization(organization_id).sentry_connection()
        return saved or (self.operator_sentry if organization_id == self.operator else None)

    async def model(self, organization_id: OrganizationId) -> ModelConnection | None:
        """How the organization's language model is reached, if it has one."""
        saved = await self.stores.for_organization(organization_id).model_connection()
        return saved or (self.operator_model if organization_id == self.operator else None)
