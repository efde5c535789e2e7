"""The forms by which owners and admins connect things: opened, read, tried live, and answered."""

from __future__ import annotations

from adapters.chat.connections import Errors
from adapters.teams.card import Card
from adapters.teams.door import Door, trouble
from adapters.teams.forms_cards import (
    model_card,
    read_model,
    read_sentry,
    saved_card,
    sentry_card,
    typed_model,
    typed_sentry,
)
from adapters.teams.ids import Action
from adapters.teams.inbound import Pressed
from adapters.teams.people import Caller
from core.domain.errors import Refusal
from core.domain.tenancy import Actor, ModelConnection, SentryConnection


class Forms:
    """Opens forms for those who may fill them in, and acts on what they say.

    Teams does not tell who administers a tenant, so roles are those that were granted in LogSense.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    async def open(self, service: str | None, person: Actor, caller: Caller) -> Card:
        """The form for `service`: sentry, model, or None for the first of them.

        Raises:
            NotAllowed: only owners and admins may change this.
        """
        sentry, model = await self._door.desk.connections(caller.workspace, person, platform_admin=False)
        match service or "sentry":
            case "sentry":
                return sentry_card(sentry)
            case "model":
                return model_card(model)
            case other:
                raise Refusal(f"“{other[:40]}” cannot be connected. Say connect sentry or connect model.")

    async def save(self, pressed: Pressed, caller: Caller) -> Card:
        """What stands in the form's place: that it was saved, or the form with what was typed and what is wrong.

        Whatever fails, the form stays: a closed one would have lost what was typed into it.
        """
        is_sentry = pressed.action is Action.SAVE_SENTRY
        try:
            return await (self._save_sentry if is_sentry else self._save_model)(pressed, caller)
        except Exception as error:
            problem = trouble(error)
        return _again(is_sentry, pressed, problem)

    async def _save_sentry(self, pressed: Pressed, caller: Caller) -> Card:
        typed = read_sentry(pressed.inputs)
        if not isinstance(typed, SentryConnection):
            return _again(True, pressed, typed)
        who, desk = pressed.origin.actor, self._door.desk
        found = await desk.connect_sentry(caller.workspace, who, typed, platform_admin=False)
        return saved_card(f"{found} Say incidents to see what is open.")

    async def _save_model(self, pressed: Pressed, caller: Caller) -> Card:
        typed = read_model(pressed.inputs)
        if not isinstance(typed, ModelConnection):
            return _again(False, pressed, typed)
        who, desk = pressed.origin.actor, self._door.desk
        found = await desk.connect_model(caller.workspace, who, typed, platform_admin=False)
        return saved_card(f"{found}. It reasons from the next investigation on.")


def _again(is_sentry: bool, pressed: Pressed, problems: Errors | str) -> Card:
    """The form with everything that was typed but the secret."""
    if is_sentry:
        return sentry_card(typed_sentry(pressed.inputs), problems)
    return model_card(typed_model(pressed.inputs), problems)
