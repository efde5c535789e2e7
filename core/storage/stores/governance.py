"""How an organization is governed: what it may do, what its people did, and the runs that work for it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.domain.errors import Refusal
from core.domain.tenancy import Actor, AuditEntry, Limits, PersonalData
from core.ports import Run
from core.storage.queue.claiming import ANNOUNCE, INVESTIGATE
from core.storage.queue.fence import CANCELLED, QUEUED, RUNNING
from core.storage.stores.erasure import export
from core.storage.stores.tenant import TenantTables
from core.storage.tables import audit, limits, runs


class Governance(TenantTables):
    """The limits, the audit log and the runs of one organization."""

    async def limits(self) -> Limits:
        """What was decided, and the defaults where nothing was."""
        found = await self._rows(sa.select(limits).where(self._mine(limits)))
        return limits_of(found[0] if found else None, self._defaults)

    async def masked_personal_data(self) -> frozenset[PersonalData] | None:
        """Return the kinds that were chosen to be masked; None when nothing was chosen."""
        found = await self._rows(sa.select(limits.c.mask_personal_data).where(self._mine(limits)))
        chosen = found[0].mask_personal_data if found else None
        return None if chosen is None else frozenset(map(PersonalData, chosen.split()))

    async def record(self, entry: AuditEntry) -> None:
        """Append to the audit log, which nobody can change."""
        line = audit.insert().values(
            organization_id=self._organization_id,
            at=entry.at,
            actor_id=entry.actor.id,
            actor_name=entry.actor.name,
            origin=entry.origin,
            action=entry.action,
            details=json.dumps(dict(entry.details), ensure_ascii=False),
        )
        await self._database.execute(line)

    async def audit_log(self, limit: int, *, since: datetime | None = None) -> Sequence[AuditEntry]:
        """The newest first."""
        newest_first = sa.select(audit).where(self._mine(audit)).order_by(audit.c.n.desc()).limit(limit)
        if since is not None:
            newest_first = newest_first.where(audit.c.at >= since)
        return [
            AuditEntry(row.at, Actor(row.actor_id, row.actor_name), row.origin, row.action, json.loads(row.details))
            for row in await self._rows(newest_first)
        ]

    def export(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every row that is kept here, with its table's name; secrets are left out."""
        return export(self._database, self._organization_id)

    async def cancel_run(self, subject_id: str) -> bool:
        """Cancel a queued run, or ask a running one to stop; False when there is nothing to cancel."""
        stop_running = sa.case((runs.c.state == RUNNING, RUNNING), else_=CANCELLED)
        stop = (
            runs.update()
            .where(self._mine(runs), runs.c.subject_id == subject_id, runs.c.state.in_((QUEUED, RUNNING)))
            .values(state=stop_running, cancel_requested=True)
        )
        return await self._database.execute(stop) > 0

    async def run_state(self, subject_id: str) -> str | None:
        """The state of the newest run for `subject_id`, if any."""
        newest = sa.select(runs.c.state).where(self._mine(runs), runs.c.subject_id == subject_id)
        found = await self._rows(newest.order_by(runs.c.n.desc()).limit(1))
        return str(found[0].state) if found else None

    async def holds(self, run: Run) -> bool:
        """Whether `run` is still ours, so that we may speak for it."""
        if self._fence.is_held_locally(run):
            return True
        ours = sa.select(runs.c.id).where(
            self._mine(runs), runs.c.id == run.id, runs.c.attempt == run.attempt, runs.c.state == RUNNING
        )
        return bool(await self._rows(ours))

    def _check_queue(self, connection: sa.Connection) -> None:
        """Raises Refusal when as many investigations wait as may."""
        decided = connection.execute(sa.select(limits).where(self._mine(limits))).one_or_none()
        most = limits_of(decided, self._defaults).max_queued
        waiting = sa.select(sa.func.count()).where(
            self._mine(runs), runs.c.state == QUEUED, runs.c.kind.in_((ANNOUNCE, INVESTIGATE))
        )
        if most is not None and (connection.scalar(waiting) or 0) >= most:
            raise Refusal(
                f"{most} investigations are waiting already, which is as many as your organization may queue. "
                "Cancel some, or ask again when some have ended."
            )


def limits_of(row: sa.Row[tuple[object, ...]] | None, defaults: Limits) -> Limits:
    """The limits in a row of the table, with `defaults` where it is silent."""
    decided = {} if row is None else {name: value for name, value in row._mapping.items() if value is not None}
    decided.pop("organization_id", None)
    return Limits(**{name: decided.get(name, getattr(defaults, name)) for name in Limits.__slots__})
