"""What an organization no longer wants kept is let go: old evidence, old transcripts, old records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from core.domain.tenancy import OrganizationId
from core.ports import Stores

DELIVERIES_LAST = timedelta(days=7)
RUNS_LAST = timedelta(days=7)


async def keep_within_limits(stores: Stores, organization_id: OrganizationId, now: datetime) -> Mapping[str, int]:
    """Everything older than the organization's limits is gone; how much there was, by what it was.

    An investigation stays in the list, with its root cause, when its steps go. What was learned stays.
    """
    store = stores.for_organization(organization_id)
    limits = await store.limits()
    gone: dict[str, int] = {}
    if limits.keep_evidence_days is not None:
        gone["evidence"] = await store.forget_evidence(now - timedelta(days=limits.keep_evidence_days))
    if limits.keep_transcripts_days is not None:
        gone["transcripts"] = await store.forget_transcripts(now - timedelta(days=limits.keep_transcripts_days))
    if limits.keep_audit_days is not None:
        before = now - timedelta(days=limits.keep_audit_days)
        gone["audit"] = await stores.directory.forget_audit(organization_id, before)
    gone["deliveries"] = await stores.directory.forget_deliveries(organization_id, now - DELIVERIES_LAST)
    gone["runs"] = await stores.directory.forget_runs(organization_id, RUNS_LAST.total_seconds())
    return gone
