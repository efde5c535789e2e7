"""Puts right what a crash left half said, before an owner starts to work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from core.ports import OrganizationStore, Runs

LOOKED_AT = 200


async def close_orphans(store: OrganizationStore, runs: Runs, now: Callable[[], datetime]) -> int:
    """Investigations that wait although their run has ended are ended too; how many there were.

    A run ends and its investigation is saved in two steps; who crashed in between left a spinner that nobody stops.
    """
    closed = 0
    for investigation in await store.investigations(LOOKED_AT):
        if investigation.status.is_over:
            continue
        match await runs.state_of(investigation.id):
            case "cancelled":
                await store.save_investigation(investigation.cancel(now()))
                closed += 1
            case "failed" | "done" | None:
                await store.save_investigation(investigation.fail("It was cut short; ask again.", now()))
                closed += 1
    return closed
