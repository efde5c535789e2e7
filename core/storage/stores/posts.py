"""What LogSense posted, or began to post: so that nothing is posted twice, and reactions find what they are about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from core.domain.conversation import ConversationRef, MessageRef
from core.domain.tenancy import Platform, WorkspaceRef
from core.ports import PostState, Run
from core.storage.engine.group_commit import Rows
from core.storage.stores.tenant import TenantTables
from core.storage.tables import posts


class Posts(TenantTables):
    """The posts of one organization: part 0 is the intent, the parts from 1 are messages."""

    async def begin_post(self, investigation_id: str, role: str, run: Run | None = None) -> PostState:
        """What is known of the post that plays `role`; from now on it counts as tried. LeaseLost when not ours."""
        intent = {
            "organization_id": self._organization_id,
            "investigation_id": investigation_id,
            "role": role,
            "part": 0,
            "at": datetime.now(UTC),
        }

        def begin(connection: sa.Connection) -> PostState:
            if connection.execute(self._database.insert_new(posts), intent).rowcount:
                return PostState()
            rows = connection.execute(self._messages_of(investigation_id, role))
            return PostState(tuple(_message(row) for row in rows), tried=True)

        return await self._write(begin, run)

    async def finish_post(
        self, investigation_id: str, role: str, messages: Sequence[MessageRef]
    ) -> tuple[MessageRef, ...]:
        """Remember the messages that the post became; returns those that were remembered first."""
        if not messages:
            return ()
        at = datetime.now(UTC)
        rows = [
            {
                "organization_id": self._organization_id,
                "investigation_id": investigation_id,
                "role": role,
                "part": part,
                "platform": message.conversation.workspace.platform.value,
                "workspace": message.conversation.workspace.key,
                "channel": message.conversation.channel,
                "thread": message.conversation.thread,
                "message_id": message.message_id,
                "at": at,
            }
            for part, message in enumerate(messages, 1)
        ]
        await self._commits.write(self._organization_id, Rows(self._database.insert_new(posts), rows))
        return await self.posted(investigation_id, role)

    async def posted(self, investigation_id: str, role: str) -> tuple[MessageRef, ...]:
        """The messages of that post; empty when it was not made, or is not known to be."""
        return tuple(_message(row) for row in await self._rows(self._messages_of(investigation_id, role)))

    async def investigation_behind(self, message: MessageRef) -> str | None:
        """The id of the investigation that `message` was posted for; its thread does not matter."""
        found = await self._rows(
            sa.select(posts.c.investigation_id)
            .where(*self._in_channel(message.conversation), posts.c.message_id == message.message_id)
            .limit(1)
        )
        return str(found[0].investigation_id) if found else None

    async def investigation_in(self, conversation: ConversationRef) -> str | None:
        """The id of the newest investigation with a post in that thread."""
        found = await self._rows(
            sa.select(posts.c.investigation_id)
            .where(*self._in_channel(conversation), posts.c.thread == conversation.thread)
            .order_by(posts.c.at.desc())
            .limit(1)
        )
        return str(found[0].investigation_id) if found else None

    def _messages_of(self, investigation_id: str, role: str) -> sa.Select[tuple[object, ...]]:
        return (
            sa.select(posts)
            .where(self._mine(posts), posts.c.investigation_id == investigation_id, posts.c.role == role)
            .where(posts.c.part > 0)
            .order_by(posts.c.part)
        )

    def _in_channel(self, conversation: ConversationRef) -> tuple[sa.ColumnElement[bool], ...]:
        workspace = conversation.workspace
        return (
            self._mine(posts),
            posts.c.channel == conversation.channel,
            posts.c.workspace == workspace.key,
            posts.c.platform == workspace.platform.value,
        )


def _message(row: sa.Row[tuple[object, ...]]) -> MessageRef:
    workspace = WorkspaceRef(Platform(row.platform), row.workspace)
    return MessageRef(ConversationRef(workspace, row.channel, row.thread), row.message_id)
