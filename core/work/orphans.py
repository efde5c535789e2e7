"""Puts right what a crash left half said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from core.domain.investigation import Investigation
from core.ports import OrganizationStore

LOOKED_AT = 200


async def close_orphans(store: OrganizationStore, now: Callable[[], datetime]) -> int:
    """Investigations that wait although their run has ended are ended too; how many there were.

    A run ends and its investigation is saved in two steps; who crashed in between left a spinner that nobody stops.
    The newest are looked at: older ones were, at an earlier time.
    """
    closed = 0
    for investigation in await store.investigations(LOOKED_AT):
        if not investigation.status.is_over:
            closed += await _closed(investigation, store, now)
    return closed


async def _closed(investigation: Investigation, store: OrganizationStore, now: Callable[[], datetime]) -> bool:
    state = await store.run_state(investigation.id)
    if state not in ("cancelled", "failed", "done", None):
        return False

    def ended(newest: Investigation) -> Investigation:
        if newest.status.is_over:
            # It ended, and its run after it, since it was listed: another replica is at work.
            return newest
        return newest.cancel(now()) if state == "cancelled" else newest.fail("It was cut short; ask again.", now())

    await store.change_investigation(investigation.id, ended)
    return True
