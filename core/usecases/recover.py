"""Puts right what a crash left half said, before an owner starts to work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from core.domain.investigation import Investigation
from core.ports import OrganizationStore, Stores

LOOKED_AT = 200


async def close_orphans(stores: Stores, now: Callable[[], datetime]) -> int:
    """Investigations that wait although their run has ended are ended too; how many there were.

    A run ends and its investigation is saved in two steps; who crashed in between left a spinner that nobody stops.
    The newest of every organization are looked at: older ones were, at an earlier start.
    """
    closed = 0
    for organization in await stores.directory.organizations():
        store = stores.for_organization(organization.id)
        for investigation in await store.investigations(LOOKED_AT):
            if not investigation.status.is_over:
                closed += await _closed(investigation, store, now)
    return closed


async def _closed(investigation: Investigation, store: OrganizationStore, now: Callable[[], datetime]) -> bool:
    match await store.run_state(investigation.id):
        case "cancelled":
            await store.save_investigation(investigation.cancel(now()))
        case "failed" | "done" | None:
            await store.save_investigation(investigation.fail("It was cut short; ask again.", now()))
        case _:
            return False
    return True
