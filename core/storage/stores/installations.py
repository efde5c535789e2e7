"""What platforms gave at install time, encrypted, and the states of installations under way."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import partial

import sqlalchemy as sa

from core.domain.tenancy import WorkspaceRef
from core.ports import Installations
from core.storage.engine.database import Database
from core.storage.engine.secret_box import SecretBox
from core.storage.tables import install_states, installations


class SqlInstallations(Installations):
    """The installations of one database."""

    def __init__(self, database: Database, secrets: SecretBox) -> None:
        """Nothing is read yet."""
        self._database = database.directory()
        self._secrets = secrets

    async def save(self, workspace: WorkspaceRef, document: str) -> None:
        """Keep the workspace's installation, instead of any before."""
        insert = self._database.insert(installations).values(
            platform=workspace.platform.value,
            workspace=workspace.key,
            sealed=self._secrets.seal(document),
            at=datetime.now(UTC),
        )
        changed = {"sealed": insert.excluded.sealed, "at": insert.excluded.at}
        await self._database.execute(
            insert.on_conflict_do_update(index_elements=["platform", "workspace"], set_=changed)
        )

    async def find(self, workspace: WorkspaceRef) -> str | None:
        """The newest document saved for the workspace."""
        statement = sa.select(installations.c.sealed).where(*_at(workspace))
        found = await self._database.rows(statement)
        return self._secrets.open(found[0].sealed) if found else None

    async def remove(self, workspace: WorkspaceRef) -> None:
        """Nothing is kept of the installation any more."""
        await self._database.execute(installations.delete().where(*_at(workspace)))

    async def reseal(self) -> int:
        """Every installation is sealed with the newest key; how many were not."""
        keys = await self._database.rows(sa.select(installations.c.platform, installations.c.workspace))
        return sum([await self._database.write(partial(self._reseal, *key)) for key in keys])

    def _reseal(self, platform: str, workspace: str, connection: sa.Connection) -> bool:
        here = installations.c.platform == platform, installations.c.workspace == workspace
        sealed = connection.scalar(sa.select(installations.c.sealed).where(*here).with_for_update())
        if sealed is None or self._secrets.is_newest(sealed):
            return False
        fresh = self._secrets.seal(self._secrets.open(sealed))
        connection.execute(installations.update().where(*here).values(sealed=fresh))
        return True

    async def issue_state(self, state: str, document: str, expires_at: datetime) -> None:
        """Remember that an installation was started under `state`, of which only a hash is kept."""
        expired = install_states.delete().where(install_states.c.expires_at < datetime.now(UTC))
        issued = {"hash": hashed(state), "sealed": self._secrets.seal(document), "expires_at": expires_at}

        def issue(connection: sa.Connection) -> None:
            connection.execute(expired)
            connection.execute(install_states.insert(), issued)

        await self._database.write(issue)

    async def take_state(self, state: str, at: datetime) -> str | None:
        """The document issued with `state`, once; None when unknown, taken or expired."""
        take = (
            install_states.delete()
            .where(install_states.c.hash == hashed(state))
            .returning(install_states.c.sealed, install_states.c.expires_at)
        )
        taken = await self._database.write(lambda connection: connection.execute(take).one_or_none())
        if taken is None or taken.expires_at < at:
            return None
        return self._secrets.open(taken.sealed)


def hashed(code: str) -> str:
    """What is kept of a code that only its holder may know; codes are long and random, so no salt is needed."""
    return hashlib.sha256(code.encode()).hexdigest()


def _at(workspace: WorkspaceRef) -> tuple[sa.ColumnElement[bool], ...]:
    return installations.c.platform == workspace.platform.value, installations.c.workspace == workspace.key
