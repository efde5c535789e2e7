"""Teams' activities as ours. Pure; an activity of another shape than expected means nothing, and never fails."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from adapters.common.attached_files import AttachedFile
from adapters.common.input_text import straight
from adapters.common.issue_links import issue_alone_in, issue_link_in, issue_named_in
from adapters.common.pasted_input import event_in, prose_of, trace_in, words_in
from adapters.teams.inbound.commands import Command, parse_command
from adapters.teams.inbound.files import files_in
from adapters.teams.inbound.ids import CHAT, VALUE, VERB, Action, conversation_of, is_personal, message_ref
from adapters.teams.inbound.message_text import Written, written_in
from core.domain.conversation import (
    Again,
    Cancellation,
    ConversationRef,
    Feedback,
    InboundEvent,
    InvestigationRequest,
    IssueText,
    MessageRef,
    PastedEvent,
    Resolution,
)
from core.domain.tenancy import Actor

Activity = Mapping[str, Any]

ORIGIN = "a Teams message"
_ASKED = re.compile(r"investigate\b:?", re.IGNORECASE)
_BOT = "28:"


@dataclass(frozen=True, slots=True)
class Origin:
    """Which delivery it was, where, and who did it."""

    delivery_id: str
    conversation: ConversationRef
    actor: Actor


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody spoke to us: by a mention, or where nobody else listens.

    `subject` is what the message gives to start from, if it does; `quoted_subject` what the message that it answers
    does. Where a thread is of an investigation, words that are no command are a question: `question`.
    """

    origin: Origin
    command: Command
    question: str
    subject: IssueText | PastedEvent | None
    quoted_subject: IssueText | PastedEvent | None
    is_personal: bool
    files: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Overheard:
    """A reply in a thread of a channel that mentions neither us nor anybody else.

    It is for us only where the thread is of an investigation; `link` is the Sentry issue that it is, and nothing else.
    """

    origin: Origin
    question: str
    link: str | None


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody pressed a button of ours; `inputs` are what the card's form held, `message` is the card's."""

    origin: Origin
    action: Action
    value: str
    message: MessageRef | None
    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)


# ---- messages -------------------------------------------------------------------------------------------------------


def read_message(activity: Activity) -> Asked | Overheard | None:
    """What somebody said; None when it is not for us: bots, silence, words to others, words in the open channel."""
    origin = _origin(activity)
    if origin is None or activity.get("type") != "message" or read_invoke(activity) is not None:
        return None
    bot_id = _text(_mapping(activity.get("recipient")).get("id"))
    written, files = written_in(activity, bot_id), files_in(activity)
    if is_personal(activity) or (bot_id and any(one.id == bot_id for one in written.mentions)):
        is_silent = not (written.text.strip() or written.mentions or files)
        return None if is_silent else _asked(origin, written, files, is_personal=is_personal(activity))
    if not written.text.strip():
        return None
    is_reply = origin.conversation.thread not in (None, CHAT, activity.get("id"))
    if written.mentions or not is_reply:
        return None
    return Overheard(origin, written.text.strip(), _link_alone_in(written.text))


def is_edit(activity: Activity) -> bool:
    """Whether a person changed the words of a message; deleted and restored ones come as updates, too."""
    return _mapping(activity.get("channelData")).get("eventType") == "editMessage"


def _asked(origin: Origin, written: Written, files: tuple[AttachedFile, ...], *, is_personal: bool) -> Asked:
    quoted = subject_in(written.quoted) if written.quoted else None
    command, subject = parse_command(written.text), subject_in(written.text, words_will_do=False)
    return Asked(origin, command, written.text.strip(), subject, quoted, is_personal, files)


def subject_in(text: str, *, words_will_do: bool = True) -> IssueText | PastedEvent | None:
    """What a plain text gives to start from; words alone only do where somebody pointed at them.

    In this order: the issue that it names, around what was pasted; a pasted event or trace; its words.
    """
    said = text.strip()
    if asked := _ASKED.match(said):
        said = said[asked.end() :].strip()
    around = straight(prose_of(said))
    if issue := issue_alone_in(around) or issue_link_in(around) or issue_named_in(around):
        return IssueText(issue)
    pasted = event_in(said, ORIGIN) or trace_in(said, ORIGIN)
    return pasted or (words_in(said, ORIGIN) if words_will_do else None)


def subject_named(text: str) -> IssueText | PastedEvent:
    """What stands after `investigate`: something pasted, else what should be the name of an issue."""
    return event_in(text, ORIGIN) or trace_in(text, ORIGIN) or IssueText(text)


def _link_alone_in(text: str) -> str | None:
    bare = text.strip()
    return issue_alone_in(bare) if "://" in bare else None


# ---- buttons --------------------------------------------------------------------------------------------------------


def read_invoke(activity: Activity) -> Pressed | None:
    """Which of our buttons was pressed, by `Action.Execute` or its fallback `Action.Submit`; None for anything else."""
    given = _mapping(activity.get("value"))
    match activity.get("type"), activity.get("name"):
        case "invoke", "adaptiveCard/action":
            given = _mapping(_mapping(given.get("action")).get("data"))
        case "message", _:
            pass
        case _:
            return None
    origin = _origin(activity)
    try:
        action = Action(_text(given.get(VERB)))
    except ValueError:
        return None
    if origin is None:
        return None
    card = _text(activity.get("replyToId"))
    message = message_ref(origin.conversation, card) if card else None
    inputs = {name: value for name, value in given.items() if name not in (VERB, VALUE)}
    return Pressed(origin, action, _text(given.get(VALUE)), message, inputs)


def event_of(pressed: Pressed) -> InboundEvent | None:
    """What the button asks of an investigation; None for those that only show something or open and save forms."""
    origin, value = pressed.origin, pressed.value
    by = (origin.delivery_id, origin.conversation, origin.actor)
    match pressed.action:
        case Action.STOP:
            return Cancellation(*by, value)
        case Action.WRONG:
            return Feedback(*by, False, value)
        case Action.RESOLVE | Action.REOPEN:
            return Resolution(*by, pressed.action is Action.RESOLVE, investigation_id=value)
        case Action.AGAIN:
            return InvestigationRequest(*by, Again(value))
        case Action.INVESTIGATE:
            return InvestigationRequest(*by, IssueText(value))
    return None


def read_feedback(activity: Activity) -> Feedback | None:
    """What Teams' own thumbs below a report say; None for anything else."""
    given = _mapping(activity.get("value"))
    if (activity.get("type"), activity.get("name")) != ("invoke", "message/submitAction"):
        return None
    if given.get("actionName") != "feedback":
        return None
    helpful = {"like": True, "dislike": False}.get(_text(_mapping(given.get("actionValue")).get("reaction")))
    origin, judged = _origin(activity), _text(activity.get("replyToId")) or _text(given.get("replyToId"))
    if origin is None or helpful is None or not judged:
        return None
    message = message_ref(origin.conversation, judged)
    return Feedback(origin.delivery_id, message.conversation, origin.actor, helpful, message=message)


# ---- reactions ------------------------------------------------------------------------------------------------------


class ReactionMeaning(Enum):
    """What a reaction on one of our messages says."""

    RESOLVE = auto()
    HELPFUL = auto()
    NOT_HELPFUL = auto()


_SIGNS = {"2705": ReactionMeaning.RESOLVE, "1f44d": ReactionMeaning.HELPFUL, "1f44e": ReactionMeaning.NOT_HELPFUL}
_NAMES = {
    "like": ReactionMeaning.HELPFUL,
    "yes": ReactionMeaning.HELPFUL,
    "thumbsup": ReactionMeaning.HELPFUL,
    "no": ReactionMeaning.NOT_HELPFUL,
    "dislike": ReactionMeaning.NOT_HELPFUL,
    "thumbsdown": ReactionMeaning.NOT_HELPFUL,
    "whiteheavycheckmark": ReactionMeaning.RESOLVE,
    "checkmarkbutton": ReactionMeaning.RESOLVE,
}
_TONE = re.compile(r"[-_]tone\d$")
_CODED = re.compile(r"([0-9a-f]{4,6})_\w*")


def reaction_meaning(kind: str) -> ReactionMeaning | None:
    """What a type of reaction means, whatever its skin tone: a name, `2705_whiteheavycheckmark`, or the sign itself."""
    bare = _TONE.sub("", kind.strip().lower())
    if coded := _CODED.fullmatch(bare):
        return _SIGNS.get(coded[1])
    return _NAMES.get(bare) or (_SIGNS.get(f"{ord(bare[0]):x}") if bare else None)


def read_reactions(activity: Activity) -> tuple[Resolution | Feedback, ...]:
    """What reactions on a message of ours say, those taken off first: one activity may bring both."""
    origin, reacted_to = _origin(activity), _text(activity.get("replyToId"))
    if origin is None or activity.get("type") != "messageReaction" or not reacted_to:
        return ()
    message = message_ref(origin.conversation, reacted_to)
    said: list[Resolution | Feedback] = []
    for added, name in ((False, "reactionsRemoved"), (True, "reactionsAdded")):
        reactions = activity.get(name)
        for reaction in reactions if isinstance(reactions, list) else ():
            meaning = reaction_meaning(_text(_mapping(reaction).get("type")))
            delivery = f"{origin.delivery_id}:{len(said)}"
            if meaning is ReactionMeaning.RESOLVE:
                said.append(Resolution(delivery, message.conversation, origin.actor, added, message=message))
            elif meaning is not None:
                helpful = meaning is ReactionMeaning.HELPFUL if added else None
                said.append(Feedback(delivery, message.conversation, origin.actor, helpful, message=message))
    return tuple(said)


# ---- who, where, which ----------------------------------------------------------------------------------------------


def person_of(activity: Activity) -> Actor | None:
    """Who did it; None for bots, ourselves among them. Reactions bring no name, so the id stands for it."""
    who = _mapping(activity.get("from"))
    id = _text(who.get("id"))
    if not id or id.startswith(_BOT) or who.get("role") == "bot":
        return None
    if id == _mapping(activity.get("recipient")).get("id"):
        return None
    return Actor(id, _text(who.get("name")) or id)


def delivery_of(activity: Activity) -> str:
    """What Teams repeats when it delivers the same thing again; a digest where it gives no id."""
    conversation, id = _text(_mapping(activity.get("conversation")).get("id")), _text(activity.get("id"))
    if id:
        return f"teams:{conversation}:{id}"
    return f"teams:{hashlib.sha256(json.dumps(activity, default=str, sort_keys=True).encode()).hexdigest()[:32]}"


def _origin(activity: Activity) -> Origin | None:
    conversation, actor = conversation_of(activity), person_of(activity)
    return None if conversation is None or actor is None else Origin(delivery_of(activity), conversation, actor)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
