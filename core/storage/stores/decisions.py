"""What an organization's people decided: connections, encrypted; roles; what holds in a channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import sqlalchemy as sa

from core.domain.tenancy import (
    ChannelSettings,
    Member,
    ModelConnection,
    Platform,
    Role,
    SentryConnection,
    WorkspaceRef,
)
from core.storage.stores.documents import Document
from core.storage.stores.tenant import TenantTables
from core.storage.tables import channel_settings, connections, members

C = TypeVar("C")

_SENTRY = Document(SentryConnection)
_MODEL = Document(ModelConnection)
_CHANNEL = Document(ChannelSettings)


class Decisions(TenantTables):
    """The decisions of one organization."""

    async def sentry_connection(self) -> SentryConnection | None:
        """How this organization's Sentry is reached, if it was said."""
        return await self._connection("sentry", _SENTRY)

    async def save_sentry_connection(self, connection: SentryConnection | None) -> None:
        """Keep it, its token encrypted; None forgets it."""
        await self._save_connection("sentry", _SENTRY, connection)

    async def model_connection(self) -> ModelConnection | None:
        """How this organization's language model is reached, if it was said."""
        return await self._connection("model", _MODEL)

    async def save_model_connection(self, connection: ModelConnection | None) -> None:
        """Keep it, its key encrypted; None forgets it."""
        await self._save_connection("model", _MODEL, connection)

    async def member(self, workspace: WorkspaceRef, user_id: str) -> Member | None:
        """The role that person was granted, if any."""
        found = await self._rows(sa.select(members).where(*self._at(members, workspace), members.c.user_id == user_id))
        return _member(found[0]) if found else None

    async def members(self) -> Sequence[Member]:
        """Everybody with a granted role."""
        by_name = sa.select(members).where(self._mine(members)).order_by(members.c.name, members.c.user_id)
        return [_member(row) for row in await self._rows(by_name)]

    async def grant(self, member: Member) -> None:
        """Keep that person's role, instead of any they had."""
        values = {
            "platform": member.workspace.platform.value,
            "workspace": member.workspace.key,
            "user_id": member.user_id,
            "name": member.name,
            "role": member.role.value,
        }
        await self._put(members, ("platform", "workspace", "user_id"), values)

    async def revoke(self, workspace: WorkspaceRef, user_id: str) -> None:
        """That person has no role of their own any more."""
        theirs = members.delete().where(*self._at(members, workspace), members.c.user_id == user_id)
        await self._database.execute(theirs)

    async def reseal(self) -> int:
        """Every secret is sealed with the newest key; how many were not."""

        def reseal(connection: sa.Connection) -> int:
            changed = 0
            kept = sa.select(connections.c.kind, connections.c.sealed).where(self._mine(connections)).with_for_update()
            for row in connection.execute(kept).all():
                if not self._secrets.is_newest(row.sealed):
                    fresh = self._secrets.seal(self._secrets.open(row.sealed))
                    one = connections.update().where(self._mine(connections), connections.c.kind == row.kind)
                    connection.execute(one.values(sealed=fresh))
                    changed += 1
            return changed

        return await self._database.write(reseal)

    async def channel_settings(self, workspace: WorkspaceRef, channel: str) -> ChannelSettings:
        """What was decided about a channel; the defaults when nothing was."""
        found = await self._rows(
            sa.select(channel_settings.c.body).where(
                *self._at(channel_settings, workspace), channel_settings.c.channel == channel
            )
        )
        return _CHANNEL.read(found[0].body) if found else ChannelSettings()

    async def save_channel_settings(self, workspace: WorkspaceRef, channel: str, settings: ChannelSettings) -> None:
        """Keep that decision."""
        values = {
            "platform": workspace.platform.value,
            "workspace": workspace.key,
            "channel": channel,
            "body": _CHANNEL.write(settings),
        }
        await self._put(channel_settings, ("platform", "workspace", "channel"), values)

    async def _connection(self, kind: str, document: Document[C]) -> C | None:
        found = await self._rows(
            sa.select(connections.c.sealed).where(self._mine(connections), connections.c.kind == kind)
        )
        return document.read(self._secrets.open(found[0].sealed)) if found else None

    async def _save_connection(self, kind: str, document: Document[C], connection: C | None) -> None:
        if connection is not None:
            await self._put(
                connections, ("kind",), {"kind": kind, "sealed": self._secrets.seal(document.write(connection))}
            )
            return
        forget = connections.delete().where(self._mine(connections), connections.c.kind == kind)
        await self._database.execute(forget)

    def _at(self, table: sa.Table, workspace: WorkspaceRef) -> tuple[sa.ColumnElement[bool], ...]:
        return (
            self._mine(table),
            table.c.workspace == workspace.key,
            table.c.platform == workspace.platform.value,
        )


def _member(row: sa.Row[tuple[object, ...]]) -> Member:
    workspace = WorkspaceRef(Platform(row.platform), row.workspace)
    return Member(workspace, row.user_id, row.name, Role(row.role))
