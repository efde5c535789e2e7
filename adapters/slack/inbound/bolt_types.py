"""The types of the fields that Bolt and the listeners read, whatever else a payload holds."""

from __future__ import annotations

import json
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from adapters.common.request_bodies import BadRequest

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Slack's ids have capital letters and digits; nothing else is kept as a channel or a workspace."""
MaybeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$")] | None
"""Forms send an id that there is not as an empty text."""
Objects = list[dict[str, Any]] | None


_HEARD = ("app_mention", "message", "reaction_added", "reaction_removed", "app_home_opened")

_DONE_BY_A_PERSON = ("block_actions", "view_submission", "message_action")


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class _Team(_Part):
    id: MaybeId = None
    enterprise_id: MaybeId = None


class _Who(_Part):
    id: MaybeId = None
    team_id: MaybeId = None
    name: str | None = None
    username: str | None = None


class _Authorization(_Part):
    team_id: MaybeId = None
    enterprise_id: MaybeId = None
    user_id: MaybeId = None
    is_enterprise_install: bool | None = None


class _Message(_Part):
    ts: str | None = None
    thread_ts: str | None = None
    text: str | None = None
    attachments: Objects = None
    blocks: Objects = None


class _Container(_Part):
    channel_id: MaybeId = None
    message_ts: str | None = None
    thread_ts: str | None = None


class _Item(_Part):
    type: str | None = None
    channel: Id | _Who | None = None
    ts: str | None = None


class _Event(_Message):
    type: str
    subtype: str | None = None
    user: MaybeId | _Who = None
    channel: MaybeId | _Team = None
    channel_id: MaybeId = None
    channel_type: str | None = None
    team: MaybeId | _Team = None
    team_id: MaybeId = None
    enterprise: MaybeId | _Team = None
    enterprise_id: MaybeId = None
    user_team: MaybeId = None
    user_id: MaybeId = None
    bot_id: MaybeId = None
    parent_user_id: MaybeId = None
    item: _Item | str | None = None
    item_user: MaybeId = None
    reaction: str | None = None
    tab: str | None = None
    tokens: dict[str, list[str] | None] | None = None
    message: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        if self.type == "app_mention" and not (isinstance(self.channel, str) and self.channel and self.ts):
            raise ValueError("a mention has a channel and a time")
        if self.type in _HEARD and not isinstance(self.user, str | None):
            raise ValueError("the person is given by an id")
        return self


class _Place(_Part):
    channel: MaybeId = None
    thread: str | None = None
    investigation: str | None = None


def _names_a_place(metadata: str) -> str:
    if metadata:
        try:
            _Place.model_validate(json.loads(metadata))
        except RecursionError:
            raise ValueError("too deep") from None
    return metadata


class _Option(_Part):
    value: str | None = None


class _Input(_Part):
    value: str | None = None
    selected_options: list[_Option] | None = None


class _State(_Part):
    values: dict[str, dict[str, _Input]] | None = None


class _View(_Part):
    id: MaybeId = None
    type: str | None = None
    team_id: MaybeId = None
    app_installed_team_id: MaybeId = None
    callback_id: str | None = None
    hash: str | None = None
    private_metadata: Annotated[str, AfterValidator(_names_a_place)] | None = None
    state: _State | None = None


class _Action(_Part):
    action_id: str
    type: str | None = None
    block_id: str | None = None
    value: str | None = None


class _ResponseUrl(_Part):
    response_url: str | None = None


class _Payload(_Part):
    type: str | None = None
    callback_id: str | None = None
    command: str | None = None
    text: str | None = None
    challenge: str | None = None
    trigger_id: str | None = None
    event_id: str | None = None
    response_url: str | None = None
    response_urls: list[_ResponseUrl] | None = None
    message_ts: str | None = None
    user_name: str | None = None
    user_id: MaybeId = None
    team_id: MaybeId = None
    channel_id: MaybeId = None
    enterprise_id: MaybeId = None
    context_team_id: MaybeId = None
    context_enterprise_id: MaybeId = None
    is_enterprise_install: bool | str | None = None
    is_ext_shared_channel: bool | str | None = None
    enterprise: MaybeId | _Team = None
    team: MaybeId | _Team = None
    user: MaybeId | _Who = None
    channel: MaybeId | _Team = None
    authorizations: list[_Authorization] | None = None
    event: _Event | None = None
    message: _Message | None = None
    container: _Container | None = None
    view: _View | None = None
    actions: list[_Action] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        needed = {
            "event_callback": self.event,
            "block_actions": self.actions,
            "view_submission": self.view,
            "view_closed": self.view,
            "message_action": self.message,
        }
        if self.type in needed and not needed[self.type]:
            raise ValueError("what it is about is missing")
        if self.type in _DONE_BY_A_PERSON and not (isinstance(self.user, _Who) and self.user.id):
            raise ValueError("nobody did it")
        if self.type == "view_submission" and self.view is not None and not (self.view.type and self.view.callback_id):
            raise ValueError("a form has a type and a name")
        if self.command is not None and not (self.user_id and self.channel_id):
            raise ValueError("a command has a person and a channel")
        if self.type is None and self.command is None:
            raise ValueError("it is neither an event nor an action nor a command")
        return self


def check_shape(payload: dict[str, Any]) -> None:
    """Return when every field that is read has a type in which Slack sends it.

    Raises:
        BadRequest: names the first field that has not, and never quotes it.
    """
    if "ssl_check" in payload:
        return
    try:
        _Payload.model_validate(payload)
    except ValidationError as error:
        where = ".".join(str(step) for step in error.errors(include_input=False)[0]["loc"] if str(step).isidentifier())
        raise BadRequest(400, f"The payload is not one of Slack's{f': {where[:80]}' if where else ''}.") from None
