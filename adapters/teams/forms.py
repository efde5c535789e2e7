"""The forms by which owners and admins connect things: opened, read, tried live, and answered."""

from __future__ import annotations

from dataclasses import replace

from adapters.teams.card import Card
from adapters.teams.door import Door, trouble
from adapters.teams.forms_cards import model_card, read_model, read_sentry, saved_card, sentry_card
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
        """What stands in the form's place: that it was saved, or the form again with what is wrong."""
        if pressed.action is Action.SAVE_SENTRY:
            return await self._save_sentry(pressed, caller)
        return await self._save_model(pressed, caller)

    async def _save_sentry(self, pressed: Pressed, caller: Caller) -> Card:
        typed = read_sentry(pressed.inputs)
        who, desk = pressed.origin.actor, self._door.desk
        if not isinstance(typed, SentryConnection):
            return sentry_card(None, typed)
        try:
            found = await desk.connect_sentry(caller.workspace, who, typed, platform_admin=False)
        except Exception as error:
            return sentry_card(replace(typed, token=""), trouble(error))
        return saved_card(f"{found} Say incidents to see what is open.")

    async def _save_model(self, pressed: Pressed, caller: Caller) -> Card:
        typed = read_model(pressed.inputs)
        who, desk = pressed.origin.actor, self._door.desk
        if not isinstance(typed, ModelConnection):
            return model_card(None, typed)
        try:
            found = await desk.connect_model(caller.workspace, who, typed, platform_admin=False)
        except Exception as error:
            return model_card(replace(typed, api_key=""), trouble(error))
        return saved_card(f"{found}. It reasons from the next investigation on.")
