"""The forms by which owners and admins connect things: opened, read, tried live, and answered."""

from __future__ import annotations

from adapters.common.connections import Errors
from adapters.teams.context import EventContext, trouble
from adapters.teams.inbound.activities import Pressed
from adapters.teams.inbound.ids import Action
from adapters.teams.people import Caller
from adapters.teams.render.card import Card
from adapters.teams.render.forms_cards import (
    masking_card,
    masking_saved_card,
    model_card,
    read_masking,
    read_model,
    read_sentry,
    saved_card,
    sentry_card,
    typed_model,
    typed_sentry,
)
from core.domain.errors import Refusal
from core.domain.tenancy import Actor, ModelConnection, SentryConnection


class Forms:
    """Opens forms for those who may fill them in, and acts on what they say.

    Teams does not tell who administers a tenant, so roles are those that were granted in LogSense.
    """

    def __init__(self, context: EventContext) -> None:
        self._context = context

    async def open(self, service: str | None, person: Actor, caller: Caller) -> Card:
        """The form for `service`: sentry, model, masking, or None for the first of them.

        Raises:
            NotAllowed: only owners and admins may change this.
        """
        sentry, model = await self._context.services.connections(caller.workspace, person, platform_admin=False)
        match service or "sentry":
            case "sentry":
                return sentry_card(sentry)
            case "model":
                return model_card(model)
            case "masking":
                services = self._context.services
                return masking_card(await services.masked_personal_data(caller.workspace, person, platform_admin=False))
            case other:
                raise Refusal(
                    f"“{other[:40]}” cannot be connected. Say connect sentry, connect model or connect masking."
                )

    async def save(self, pressed: Pressed, caller: Caller) -> Card:
        """What stands in the form's place: that it was saved, or the form with what was typed and what is wrong.

        Whatever fails, the form stays: a closed one would have lost what was typed into it.
        """
        try:
            match pressed.action:
                case Action.SAVE_SENTRY:
                    return await self._save_sentry(pressed, caller)
                case Action.SAVE_MASKING:
                    return await self._save_masking(pressed, caller)
                case _:
                    return await self._save_model(pressed, caller)
        except Exception as error:
            return _again(pressed, trouble(error))

    async def _save_sentry(self, pressed: Pressed, caller: Caller) -> Card:
        typed = read_sentry(pressed.inputs)
        if not isinstance(typed, SentryConnection):
            return _again(pressed, typed)
        who, services = pressed.origin.actor, self._context.services
        found = await services.connect_sentry(caller.workspace, who, typed, platform_admin=False)
        return saved_card(f"{found} Say incidents to see what is open.")

    async def _save_model(self, pressed: Pressed, caller: Caller) -> Card:
        typed = read_model(pressed.inputs)
        if not isinstance(typed, ModelConnection):
            return _again(pressed, typed)
        who, services = pressed.origin.actor, self._context.services
        found = await services.connect_model(caller.workspace, who, typed, platform_admin=False)
        return saved_card(f"{found}. It reasons from the next investigation on.")

    async def _save_masking(self, pressed: Pressed, caller: Caller) -> Card:
        kinds = read_masking(pressed.inputs)
        await self._context.services.mask_personal_data(
            caller.workspace, pressed.origin.actor, kinds, platform_admin=False
        )
        return masking_saved_card(kinds)


def _again(pressed: Pressed, problems: Errors | str) -> Card:
    """The form with everything that was typed but the secret."""
    match pressed.action:
        case Action.SAVE_SENTRY:
            return sentry_card(typed_sentry(pressed.inputs), problems)
        case Action.SAVE_MASKING:
            return masking_card(read_masking(pressed.inputs), str(problems))
        case _:
            return model_card(typed_model(pressed.inputs), problems)
