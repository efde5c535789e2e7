"""What language models cost an organization this month, held against what it decided to spend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from core.domain.tenancy import OrganizationId
from core.ports import Stores


@dataclass(frozen=True, slots=True)
class Spending:
    """Reads nothing for organizations without a budget. Models without a known price cost nothing here."""

    stores: Stores
    now: Callable[[], datetime]

    async def is_spent(self, organization_id: OrganizationId) -> bool:
        """Whether rules have to do until the month ends."""
        spent, _, hard_usd = await self._state(organization_id)
        return hard_usd is not None and spent >= hard_usd

    async def note(self, organization_id: OrganizationId) -> str:
        """What people should know about the budget; nothing while there is enough."""
        spent, soft_usd, hard_usd = await self._state(organization_id)
        if hard_usd is not None and spent >= hard_usd:
            return f"This month's model budget of ${hard_usd:,.2f} is spent, so rules investigate, without a model."
        if soft_usd is not None and spent >= soft_usd:
            return f"Models have cost ${spent:,.2f} this month; your organization meant to stay below ${soft_usd:,.2f}."
        return ""

    async def _state(self, organization_id: OrganizationId) -> tuple[float, float | None, float | None]:
        store = self.stores.for_organization(organization_id)
        limits = await store.limits()
        if limits.soft_usd is None and limits.hard_usd is None:
            return 0.0, None, None
        return (await store.usage_since(month_of(self.now()))).usd or 0.0, limits.soft_usd, limits.hard_usd


def month_of(at: datetime) -> datetime:
    """When the month of `at` began, in UTC."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
