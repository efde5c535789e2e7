"""The forms by which admins connect things: opened, read, tried live, and answered."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any, assert_never

from slack_bolt.context.ack.async_ack import AsyncAck

from adapters.common.connections import masked_saved
from adapters.slack.api_errors import CALL_ERRORS, explained
from adapters.slack.context import Caller, EventContext
from adapters.slack.error_messages import in_words
from adapters.slack.inbound.ids import Callback, is_id
from adapters.slack.people import Person
from adapters.slack.render.elements import section
from adapters.slack.render.modals import (
    FIX,
    channel_modal,
    masking_modal,
    model_modal,
    notice_modal,
    read_channel,
    read_fix,
    read_masking,
    read_model,
    read_sentry,
    sentry_modal,
)
from adapters.slack.render.mrkdwn import escaped
from core.domain.conversation import ConversationRef, Resolution
from core.domain.errors import Ignored, Refusal
from core.domain.tenancy import ChannelSettings, ModelConnection, PersonalData, SentryConnection

logger = logging.getLogger("logsense.slack")

_PATIENCE_S = 1.5
"""How long the answer to a form may wait for its outcome; Slack gives up after 3 s."""

_OLD_FORM = "This form is of another version of LogSense, so nothing was kept. Open it again."

Decided = SentryConnection | ModelConnection | ChannelSettings | frozenset[PersonalData]


class Forms:
    """Opens forms for those who may fill them in, and acts on what they say."""

    def __init__(self, context: EventContext) -> None:
        self._context = context

    async def open(
        self, body: Mapping[str, Any], caller: Caller, person: Person, service: str | None, where: ConversationRef
    ) -> None:
        """The form for `service` (sentry, model, masking or channel) is open before that person.

        Raises:
            NotAllowed: only admins may change this.
        """
        sentry, model = await self._context.services.connections(
            caller.workspace, person.actor, platform_admin=person.is_admin
        )
        match service or "sentry":
            case "sentry" if sentry:
                view = sentry_modal(sentry.base_url, sentry.organization_slug, writes_allowed=sentry.writes_allowed)
            case "sentry":
                view = sentry_modal(None, None)
            case "model":
                view = model_modal(model.base_url if model else None, model.model if model else None)
            case "masking":
                masked = await self._context.services.masked_personal_data(
                    caller.workspace, person.actor, platform_admin=person.is_admin
                )
                view = masking_modal(masked)
            case "channel" if not is_id(where.channel):
                raise Refusal("Open the settings of a channel in that channel: /logsense connect channel")
            case "channel":
                settings = await self._context.services.channel_settings(caller.workspace, where.channel)
                view = channel_modal(where.channel, settings)
            case other:
                raise Refusal(
                    f"“{other[:40]}” cannot be connected. "
                    "Say connect sentry, connect model, connect masking or connect channel."
                )
        await caller.client.views_open(trigger_id=str(body.get("trigger_id")), view=view)

    async def submitted(self, body: Mapping[str, Any], caller: Caller, ack: AsyncAck) -> None:
        """Slack is answered: with what is wrong in the form, or that it is being tried."""
        view = body.get("view") or {}
        values = (view.get("state") or {}).get("values") or {}
        read: Decided | Mapping[str, str]
        match view.get("callback_id"):
            case Callback.SENTRY:
                read, waiting = read_sentry(values), "Asking Sentry …"
            case Callback.MODEL:
                read, waiting = read_model(values), "Asking the model …"
            case Callback.CHANNEL:
                read, waiting = read_channel(values), "Saving …"
            case Callback.MASKING:
                read, waiting = read_masking(values), "Saving …"
            case Callback.FIX:
                await self._keep_fix(view, body, caller, ack)
                return
            case _:
                await ack(response_action="update", view=notice_modal("Not kept", _OLD_FORM))
                return
        if isinstance(read, Mapping):
            await ack(response_action="errors", errors=dict(read))
            return
        deciding = asyncio.create_task(self._decide(read, body, caller), name="form")
        await asyncio.wait([deciding], timeout=_PATIENCE_S)
        if deciding.done():
            await ack(response_action="update", view=deciding.result())
            return
        await ack(response_action="update", view=notice_modal("One moment", waiting))
        self._context.tasks.start(self._show_later(deciding, str(view.get("id")), caller), "form")

    async def _keep_fix(self, view: Mapping[str, Any], body: Mapping[str, Any], caller: Caller, ack: AsyncAck) -> None:
        """The form closes when its words are kept; until then it stays open and says why."""
        keeping = asyncio.create_task(self._fixed(view, body, caller), name="fix")
        # Keeping the same words twice changes nothing, so what takes too long goes on while they try again.
        await asyncio.wait([keeping], timeout=_PATIENCE_S)
        if keeping.done():
            problem = keeping.result()
        else:
            problem = "It could not be kept in time. Your words are still here: submit them again in a moment."
            self._context.tasks.start(_finished(keeping), "fix")
        if problem:
            await ack(response_action="errors", errors={FIX: problem})
        else:
            await ack()

    async def _fixed(self, view: Mapping[str, Any], body: Mapping[str, Any], caller: Caller) -> str:
        """What fixed it is kept as their word, and the thread says so; else why it was not kept."""
        where = _metadata_of(view)
        conversation = caller.conversation(str(where.get("channel")), where.get("thread"))
        fix = read_fix((view.get("state") or {}).get("values") or {})
        delivery = f"fix:{view.get('id')}"
        try:
            person = await self._context.person(caller, str((body.get("user") or {}).get("id")))
            said = Resolution(delivery, conversation, person.actor, True, fix, str(where.get("investigation")))
            await self._context.inbox.receive(said)
        except Ignored:
            return ""
        except Exception as error:
            return in_words(error)
        return ""

    async def _show_later(self, deciding: asyncio.Task[dict[str, Any]], view_id: str, caller: Caller) -> None:
        # Slack must have taken the answer before, or it would replace this with "One moment".
        await asyncio.sleep(_PATIENCE_S / 2)
        outcome = await deciding
        for pause_s in (0.5, 2.0, 0.0):
            try:
                await caller.client.views_update(view_id=view_id, view=outcome)
                return
            except CALL_ERRORS as error:
                logger.warning("what came of a form was not shown yet: %s", explained(error))
                await asyncio.sleep(pause_s)

    async def _decide(self, decided: Decided, body: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        """What the form shows next."""
        view = body.get("view") or {}
        try:
            person = await self._context.person(caller, str((body.get("user") or {}).get("id")))
            return notice_modal("Done", await self._saved(decided, view, caller, person))
        except Exception as error:
            return _again(decided, _channel_of(view), in_words(error))

    async def _saved(self, decided: Decided, view: Mapping[str, Any], caller: Caller, person: Person) -> str:
        services, workspace, who, admin = self._context.services, caller.workspace, person.actor, person.is_admin
        match decided:
            case SentryConnection():
                found = await services.connect_sentry(workspace, who, decided, platform_admin=admin)
                return f"{found} Type /logsense incidents to see what is open."
            case ModelConnection():
                found = await services.connect_model(workspace, who, decided, platform_admin=admin)
                return f"{found}. It reasons from the next investigation on."
            case ChannelSettings():
                channel = _channel_of(view)
                if channel is None:
                    raise Refusal("The form names no channel. Open it again: /logsense connect channel")
                await services.save_channel_settings(workspace, who, channel, decided, platform_admin=admin)
                return "The channel's settings are saved."
            case frozenset():
                await services.mask_personal_data(workspace, who, decided, platform_admin=admin)
                return masked_saved(decided)
            case _:
                assert_never(decided)


async def _finished(keeping: asyncio.Task[str]) -> None:
    if problem := await keeping:
        logger.warning("what fixed it was not kept: %s", problem)


def _channel_of(view: Mapping[str, Any]) -> str | None:
    channel = _metadata_of(view).get("channel")
    return channel if isinstance(channel, str) and is_id(channel) else None


def _metadata_of(view: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        metadata = json.loads(view.get("private_metadata") or "{}")
    except (TypeError, ValueError, RecursionError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _again(decided: Decided, channel: str | None, problem: str) -> dict[str, Any]:
    """The form with what was typed, but for the secret, and what is wrong with it above."""
    match decided:
        case SentryConnection():
            form = sentry_modal(decided.base_url, decided.organization_slug, writes_allowed=decided.writes_allowed)
        case ModelConnection():
            form = model_modal(decided.base_url, decided.model)
        case ChannelSettings():
            form = channel_modal(channel or "", decided)
        case frozenset():
            form = masking_modal(decided)
        case _:
            assert_never(decided)
    return form | {"blocks": [section(f"*Nothing was saved.* {escaped(problem)}"), *form["blocks"]]}
