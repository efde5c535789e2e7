"""The names that LogSense gives things in Teams, and Teams' names as ours. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from core.domain.conversation import ConversationRef, MessageRef
from core.domain.tenancy import Platform, WorkspaceRef

VERB = "logsense"
"""Where the data of our buttons says what they do; Teams gives `Action.Submit` no verb of its own."""
VALUE = "value"
"""Where it says to what."""

CHAT = "chat"
"""The thread of group chats and one-to-one chats: they have none, so the whole chat is one."""

_ONE_TO_ONE = "a:"
_THREAD = ";messageid="
_TENANT = re.compile(r"[0-9A-Za-z-]{1,64}")


class Action(StrEnum):
    """What buttons do; their value is an investigation id, for INVESTIGATE an issue id, for EVIDENCE also a page."""

    STOP = "stop_investigation"
    RESOLVE = "resolve_investigation"
    REOPEN = "reopen_investigation"
    WRONG = "report_is_wrong"
    AGAIN = "investigate_again"
    EVIDENCE = "show_evidence"
    REPORT = "show_report"
    POST_MORTEM = "copy_post_mortem"
    INVESTIGATE = "investigate_issue"
    INCIDENTS = "list_incidents"
    HELP = "show_help"
    CONNECT_SENTRY = "connect_sentry"
    CONNECT_MODEL = "connect_model"
    SAVE_SENTRY = "save_sentry"
    SAVE_MODEL = "save_model"
    SAVE_MASKING = "save_masking"
    FIX_SUGGESTED = "fix_was_suggested"


def workspace_of(activity: Mapping[str, Any]) -> WorkspaceRef | None:
    """The tenant that an activity came from; None when it names none."""
    tenant = _part(_part(activity, "channelData"), "tenant").get("id")
    tenant = tenant or _part(activity, "conversation").get("tenantId")
    return workspace_named(tenant) if isinstance(tenant, str) and _TENANT.fullmatch(tenant) else None


def workspace_named(tenant_id: str) -> WorkspaceRef:
    """The tenant with that id."""
    return WorkspaceRef(Platform.TEAMS, tenant_id.lower())


def conversation_of(activity: Mapping[str, Any]) -> ConversationRef | None:
    """Where it happened: a thread of a channel, a channel itself (its thread is None), or a chat."""
    workspace, named = workspace_of(activity), _part(activity, "conversation")
    id = named.get("id")
    if workspace is None or not isinstance(id, str) or not id:
        return None
    channel, divider, root = id.partition(_THREAD)
    if divider:
        return ConversationRef(workspace, channel, root or None)
    return ConversationRef(workspace, channel, None if is_channel(activity) else CHAT)


def is_channel(activity: Mapping[str, Any]) -> bool:
    """Whether it happened in a channel of a team, where messages hang in threads."""
    conversation = _part(activity, "conversation")
    return conversation.get("conversationType") == "channel" or _THREAD in str(conversation.get("id"))


def is_shared(activity: Mapping[str, Any]) -> bool:
    """Whether Teams says that it happened in a shared channel, which people of other companies may read."""
    channel = _part(_part(activity, "channelData"), "channel")
    return str(channel.get("type")).lower() == "shared"


def is_personal(activity: Mapping[str, Any]) -> bool:
    """Whether somebody talks with LogSense alone."""
    conversation = _part(activity, "conversation")
    kind = conversation.get("conversationType")
    return kind == "personal" if kind else not (conversation.get("isGroup") or is_channel(activity))


def is_one_to_one(conversation: ConversationRef) -> bool:
    """Whether it is a chat of one person with LogSense."""
    return conversation.channel.startswith(_ONE_TO_ONE)


def conversation_id(conversation: ConversationRef) -> str:
    """What Teams calls it."""
    if conversation.thread in (None, CHAT):
        return conversation.channel
    return f"{conversation.channel}{_THREAD}{conversation.thread}"


def message_ref(conversation: ConversationRef, message_id: str) -> MessageRef:
    """The address of a message; one that begins a thread is the root of its own."""
    thread = conversation.thread or message_id
    return MessageRef(ConversationRef(conversation.workspace, conversation.channel, thread), message_id)


def _part(thing: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = thing.get(name)
    return found if isinstance(found, Mapping) else {}
