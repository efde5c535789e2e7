"""The one door to storage: opens a database and hands out what is kept in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

from core.domain.tenancy import DEFAULT_LIMITS, Limits, OrganizationId
from core.ports import Directory, Installations, Leadership, OrganizationStore, Runs, Schedules, Stores, Turns
from core.storage.engine.database import Database
from core.storage.engine.group_commit import GroupCommit
from core.storage.engine.secret_box import SecretBox
from core.storage.queue.coordination import SharedSchedules, SharedTurns, SqlLeadership
from core.storage.queue.fence import Fence
from core.storage.queue.leases import LeasedRuns
from core.storage.queue.notifier import WorkNotifier
from core.storage.stores.changes import Changes
from core.storage.stores.directory import SqlDirectory
from core.storage.stores.installations import SqlInstallations
from core.storage.stores.organization_store import SqlOrganizationStore


class SqlStores(Stores):
    """Everything kept in one database."""

    directory: Directory
    installations: Installations
    runs: Runs
    leadership: Leadership
    turns: Turns
    schedules: Schedules

    def __init__(
        self,
        database: Database,
        commits: GroupCommit,
        fence: Fence,
        changes: Changes,
        runs: Runs,
        leadership: Leadership,
        secrets: SecretBox,
        defaults: Limits,
    ) -> None:
        """Made by `open_stores`."""
        self.directory = SqlDirectory(database)
        self.installations = SqlInstallations(database, secrets)
        self.runs = runs
        self.leadership = leadership
        self.turns = SharedTurns(database)
        self.schedules = SharedSchedules(database)
        self._secrets = secrets
        self._defaults = defaults
        self._database = database
        self._commits = commits
        self._fence = fence
        self._changes = changes

    def for_organization(self, organization_id: OrganizationId) -> OrganizationStore:
        """The store of one organization."""
        return SqlOrganizationStore(
            self._database, self._fence, self._commits, self._changes, self._secrets, self._defaults, organization_id
        )


@asynccontextmanager
async def open_stores(
    url: str,
    *,
    owner: str,
    secret_keys: Sequence[str],
    lease_s: float = 10.0,
    defaults: Limits = DEFAULT_LIMITS,
) -> AsyncIterator[SqlStores]:
    """The stores of a migrated database; at the end journals are committed and no connection is left open.

    `owner` names this process in the table of runs. A run that was neither renewed nor written for during `lease_s`
    may be taken over by others. `secret_keys` encrypt tokens, the newest first. `defaults` hold for organizations
    about which nothing else was decided.
    """
    database = Database(url)
    fence = Fence(database, lease_s)
    changes = Changes()
    commits = GroupCommit(database, fence)
    notifier = WorkNotifier(database)
    duties = SqlLeadership(database, owner=f"{owner}/{uuid4().hex}")
    runs = LeasedRuns(database, fence, commits, notifier, owner=owner, defaults=defaults)
    try:
        async with notifier.listening():
            yield SqlStores(database, commits, fence, changes, runs, duties, SecretBox(secret_keys), defaults)
    finally:
        try:
            await commits.close()
        finally:
            await database.close()
