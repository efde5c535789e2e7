"""Where talk happens, and the closed set of things people ask of LogSense there."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.incident import IssueRef
from core.domain.tenancy import Actor, WorkspaceRef


@dataclass(frozen=True, slots=True)
class ConversationRef:
    """The address of a thread; `thread` is None until the first message made it. Opaque outside its adapter."""

    workspace: WorkspaceRef
    channel: str
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class MessageRef:
    """The address of one message in a thread."""

    conversation: ConversationRef
    message_id: str


@dataclass(frozen=True, slots=True)
class PastedEvent:
    """One event that a person handed over instead of naming an issue: the raw text, at most 1 MiB, unparsed.

    `log` is the handle of the index of the logs that the text is the most telling part of.
    """

    text: str
    origin: str
    log: str | None = None


@dataclass(frozen=True, slots=True)
class IssueText:
    """An issue as a person named it: a short id, a numeric id or a URL, not yet held against the tracker."""

    text: str


@dataclass(frozen=True, slots=True)
class Again:
    """What an earlier investigation was about."""

    investigation_id: str


@dataclass(frozen=True, slots=True)
class InvestigationRequest:
    """Somebody wants to know what is behind `subject`."""

    delivery_id: str
    conversation: ConversationRef
    actor: Actor
    subject: IssueRef | IssueText | PastedEvent | Again


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question about an investigation; None means the one that owns the thread, or without a thread the latest."""

    delivery_id: str
    conversation: ConversationRef
    actor: Actor
    question: str
    investigation_id: str | None = None
    edited: bool = False
    """Whether the message was changed since it was first written; its delivery id is that of the message then."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """A person vouches that the incident is over (`on`) or takes that back; `fix` is what they say mended it.

    `message` is the one they reacted to: the investigation it belongs to is meant, and no other message counts.
    """

    delivery_id: str
    conversation: ConversationRef
    actor: Actor
    on: bool
    fix: str | None = None
    investigation_id: str | None = None
    message: MessageRef | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """A person found a report helpful, or wrong (`helpful` False), or takes that back (None)."""

    delivery_id: str
    conversation: ConversationRef
    actor: Actor
    helpful: bool | None
    investigation_id: str | None = None
    message: MessageRef | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A person wants a queued or running investigation to stop."""

    delivery_id: str
    conversation: ConversationRef
    actor: Actor
    investigation_id: str | None = None


InboundEvent = InvestigationRequest | FollowUp | Resolution | Feedback | Cancellation
