"""What the other side keeps: tenants, people, places with their messages, and faults that were ordered."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

Json = dict[str, Any]

CHANNEL, GROUP, PERSONAL = "channel", "groupChat", "personal"
MAX_BYTES = 40_000


@dataclass
class Tenant:
    """A company in Microsoft 365."""

    id: str = field(default_factory=lambda: str(uuid4()))


@dataclass
class Person:
    """Somebody of a tenant, by the id that our bot knows them by."""

    name: str
    tenant: Tenant
    id: str = field(default_factory=lambda: f"29:1{uuid4().hex}")
    object_id: str = field(default_factory=lambda: str(uuid4()))


@dataclass
class Message:
    """A message of the bot: every state it had, oldest first, with the times (loop clock) when it came."""

    id: str
    conversation: str
    states: list[Json]
    at: list[float]

    @property
    def activity(self) -> Json:
        """As it is now."""
        return self.states[-1]

    @property
    def card(self) -> Json:
        """The card it shows now."""
        found: Json = (self.activity.get("attachments") or [{}])[0].get("content") or {}
        return found

    @property
    def text(self) -> str:
        """Everything that it shows now, as one text."""
        return "\n".join([str(self.activity.get("summary", "")), *_strings(self.card)])

    def button(self, verb: str) -> Json:
        """The action with that verb; raises LookupError when it has none."""
        return next(action for action in _actions(self.card) if action.get("verb") == verb)

    @property
    def verbs(self) -> set[str]:
        """What its buttons do."""
        return {str(action.get("verb")) for action in _actions(self.card)}


@dataclass
class Place:
    """A channel of a team, a group chat, or a one-to-one chat with the bot."""

    id: str
    kind: str
    tenant: Tenant
    members: list[Person]
    messages: dict[str, Message] = field(default_factory=dict)

    def posts(self) -> list[Message]:
        """What the bot posted, in order."""
        return list(self.messages.values())


@dataclass
class Fault:
    """What calls of a method get instead, so many times; a status, or `dead`: the connection is closed."""

    method: str
    status: int
    times: int
    retry_after: str | None
    code: str


@dataclass
class Delay:
    """How long calls of a method wait, so many times: before anything happens, or once it has, before the answer."""

    method: str
    seconds: float
    times: int
    is_done: bool


@dataclass
class State:
    """Everything."""

    places: dict[str, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    delays: list[Delay] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    max_bytes: int = MAX_BYTES
    _ids: Any = field(default_factory=lambda: count(1_764_000_000_000))

    def next_id(self) -> str:
        """An id as Teams makes them: milliseconds."""
        return str(next(self._ids))

    def place_of(self, conversation_id: str) -> Place | None:
        """The place that a conversation id leads to, its thread left out."""
        return self.places.get(conversation_id.partition(";")[0])

    def fault_for(self, method: str) -> Fault | None:
        """The fault that this call meets, used up by it."""
        fault = next((fault for fault in self.faults if fault.method in (method, "*") and fault.times > 0), None)
        if fault is not None:
            fault.times -= 1
        return fault

    def delay_of(self, method: str, *, is_done: bool) -> float:
        """The seconds that this call waits now, used up by it."""
        for delay in self.delays:
            if (delay.method, delay.is_done) == (method, is_done) and delay.times > 0:
                delay.times -= 1
                return delay.seconds
        return 0.0


def size_of(activity: Json) -> int:
    """In bytes, as Teams counts: two for each character."""
    return 2 * len(json.dumps(activity, ensure_ascii=False))


def _strings(thing: object) -> list[str]:
    if isinstance(thing, str):
        return [thing]
    if isinstance(thing, dict):
        return [text for key, value in thing.items() if key != "$schema" for text in _strings(value)]
    if isinstance(thing, list):
        return [text for item in thing for text in _strings(item)]
    return []


def _actions(thing: object) -> list[Json]:
    if isinstance(thing, dict):
        own = [thing] if str(thing.get("type", "")).startswith("Action.") else []
        return own + [action for value in thing.values() for action in _actions(value)]
    if isinstance(thing, list):
        return [action for item in thing for action in _actions(item)]
    return []
