"""The names that LogSense gives things in Slack, and Slack's names as ours. Pure."""

from __future__ import annotations

import re
from enum import StrEnum

from core.domain.conversation import ConversationRef, MessageRef
from core.domain.tenancy import Platform, WorkspaceRef

COMMAND = "/logsense"
"""Our slash command, as in the manifest."""

METADATA_EVENT = "logsense_post"
"""The event type of the metadata that marks our messages; its payload is `{"key": …}`."""


_ID = re.compile(r"[A-Z][A-Z0-9]{1,63}", re.ASCII)


class Action(StrEnum):
    """What buttons do; their value is an investigation id, for INVESTIGATE an issue id.

    The value of FEEDBACK is `good:` or `bad:` and an investigation id, that of MORE another action and one.
    """

    STOP = "stop_investigation"
    RESOLVE = "resolve_investigation"
    REOPEN = "reopen_investigation"
    WRONG = "report_is_wrong"
    AGAIN = "investigate_again"
    EVIDENCE = "show_evidence"
    POST_MORTEM = "copy_post_mortem"
    INVESTIGATE = "investigate_issue"
    CONNECT_SENTRY = "connect_sentry"
    CONNECT_MODEL = "connect_model"
    CHANNEL_SETTINGS = "channel_settings"
    MASKING = "masking"
    EVIDENCE_PAGE = "evidence_page"
    FIX_SUGGESTED = "fix_was_suggested"
    FIX_OTHER = "fix_was_other"
    OPEN = "open_in_sentry"
    FEEDBACK = "report_feedback"
    MORE = "more_actions"


class Callback(StrEnum):
    """Our modals, and the message shortcut."""

    INVESTIGATE_MESSAGE = "investigate_message"
    EVIDENCE = "evidence"
    SENTRY = "sentry_connection"
    MODEL = "model_connection"
    CHANNEL = "channel_settings"
    MASKING = "masking"
    FIX = "what_fixed_it"


def is_id(text: str) -> bool:
    """Whether Slack could have given that id to a channel."""
    return _ID.fullmatch(text) is not None


def workspace_of(*, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool) -> WorkspaceRef:
    """The context that an event came through: a whole enterprise where the app is installed org-wide, else one team."""
    key = enterprise_id if is_enterprise_install and enterprise_id else team_id
    return WorkspaceRef(Platform.SLACK, key or "")


def message_ref(workspace: WorkspaceRef, channel: str, ts: str, thread_ts: str | None = None) -> MessageRef:
    """A Slack message's address; one that is in no thread is the root of its own."""
    return MessageRef(ConversationRef(workspace, channel, thread_ts or ts), ts)
