"""What Slack sends to the app: events in their envelope, commands, clicks and forms. Pure."""

from __future__ import annotations

import secrets
import time
from typing import Any

from tests.fakes.slack.shapes import APP_ID, message_json, view_json
from tests.fakes.slack.state import Channel, Enterprise, Grant, Json, Message, User, View, Workspace

VERIFICATION_TOKEN = "deprecated"


def envelope(owner: Workspace | Enterprise, grant: Grant, event: Json, channel: Channel | None = None) -> Json:
    """The event as it is delivered; each call makes a new event id."""
    enterprise = owner if isinstance(owner, Enterprise) else owner.enterprise
    team_id = owner.id if isinstance(owner, Workspace) else None
    enterprise_id = enterprise.id if enterprise else None
    return {
        "token": VERIFICATION_TOKEN,
        "type": "event_callback",
        "api_app_id": APP_ID,
        "team_id": team_id,
        "enterprise_id": enterprise_id,
        "context_team_id": team_id,
        "context_enterprise_id": enterprise_id,
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(time.time()),
        "is_ext_shared_channel": channel is not None and channel.is_ext_shared,
        "event_context": secrets.token_hex(8),
        "authorizations": [
            {
                "enterprise_id": enterprise_id,
                "team_id": team_id,
                "user_id": grant.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": grant.is_org_wide,
            }
        ],
        "event": event,
    }


def mention_event(message: Message) -> Json:
    """What comes beside the message event when the bot is mentioned."""
    about = message_json(message)
    kept = {name: about[name] for name in about if name not in ("reply_count", "latest_reply", "reactions")}
    return {**kept, "type": "app_mention", "channel": message.channel.id, "event_ts": message.ts}


def deleted_event(message: Message) -> Json:
    """The event that tells that a message is gone."""
    ts = f"{time.time():.6f}"
    return {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "channel": message.channel.id,
        "channel_type": message.channel.kind,
        "ts": ts,
        "event_ts": ts,
        "deleted_ts": message.ts,
        "previous_message": message_json(message),
    }


def home_event(user: User, direct: Channel) -> Json:
    """The event that tells that somebody looks at the home tab."""
    ts = f"{time.time():.6f}"
    return {"type": "app_home_opened", "user": user.id, "channel": direct.id, "tab": "home", "event_ts": ts}


def command_form(user: User, channel: Channel, grant: Grant, command: str, text: str) -> dict[str, str]:
    """A slash command; there is no thread in it."""
    workspace, names = channel.workspace, {"im": "directmessage", "group": "privategroup"}
    form = {
        "token": VERIFICATION_TOKEN,
        "team_id": workspace.id,
        "team_domain": workspace.name.lower(),
        "channel_id": channel.id,
        "channel_name": names.get(channel.kind, channel.name),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": str(grant.is_org_wide).lower(),
    }
    if workspace.enterprise is not None:
        form |= {"enterprise_id": workspace.enterprise.id, "enterprise_name": workspace.enterprise.name}
    return form


def interaction(kind: str, user: User, workspace: Workspace, grant: Grant) -> Json:
    """What every click, shortcut and form has in common; of an org-wide installation it names no team."""
    enterprise = workspace.enterprise
    return {
        "type": kind,
        "token": VERIFICATION_TOKEN,
        "api_app_id": APP_ID,
        "team": None if grant.is_org_wide else {"id": workspace.id, "domain": workspace.name.lower()},
        "enterprise": {"id": enterprise.id, "name": enterprise.name} if enterprise else None,
        "is_enterprise_install": grant.is_org_wide,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.workspace.id},
    }


def in_message(message: Message) -> Json:
    """Where a button of a message was clicked."""
    container: Json = {"type": "message", "message_ts": message.ts, "channel_id": message.channel.id}
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    return {
        "container": {**container, "is_ephemeral": False},
        "channel": {"id": message.channel.id, "name": message.channel.name},
        "message": message_json(message),
        "state": {"values": {}},
    }


def in_view(view: View) -> Json:
    """Where a button of a view was clicked."""
    return {"container": {"type": "view", "view_id": view.id}, "view": view_json(view)}


def clicked(blocks: list[Json], action_id: str, value: str | None) -> Json:
    """What pressing that element tells, with that value where several have it; raises LookupError."""
    for number, block in enumerate(blocks):
        for element in [*block.get("elements", ()), *filter(None, [block.get("accessory")])]:
            if element.get("action_id") == action_id and (told := _pressed(element, value)) is not None:
                block_id = block.get("block_id", f"block{number}")
                return {**told, "block_id": block_id, "action_ts": f"{time.time():.6f}"}
    raise LookupError(f"there is no button {action_id} with value {value} to click")


def _pressed(element: Json, value: str | None) -> Json | None:
    """A button tells itself, an overflow menu its chosen option, thumbs the value of the one that was pressed."""
    known = {"type": element["type"], "action_id": element["action_id"]}
    match element["type"]:
        case "overflow":
            chosen = next((option for option in element["options"] if option["value"] == value), None)
            return chosen and {**known, "selected_option": chosen}
        case "feedback_buttons":
            values = {element[name]["value"] for name in ("positive_button", "negative_button")}
            return {**known, "value": value} if value in values else None
        case _:
            return element if value in (None, element.get("value")) else None


def filled_in(blocks: list[Json], values: dict[str, Any]) -> Json:
    """The state of a form with these values by block id; what is not named keeps what it began with.

    Raises LookupError for a block that is not there, and for a field that must be filled in and is not.
    """
    inputs = {block["block_id"]: block for block in blocks if block["type"] == "input" and "block_id" in block}
    if unknown := set(values) - set(inputs):
        raise LookupError(f"the form has no {', '.join(sorted(unknown))}")
    state: Json = {}
    for block_id, block in inputs.items():
        element = block["element"]
        field = _field(element, values.get(block_id, _begun(element)))
        if not block.get("optional") and not any(field.get(name) for name in _CONTENT):
            raise LookupError(f"{block_id} must be filled in")
        state[block_id] = {element["action_id"]: field}
    return state


_CONTENT = ("value", "selected_option", "selected_options", "selected_channel", "selected_conversation")


def _begun(element: Json) -> Any:
    if element["type"] == "checkboxes":
        return [each["value"] for each in element.get("initial_options", ())]
    if "options" in element:
        return (element.get("initial_option") or {}).get("value")
    return element.get("initial_value")


def _field(element: Json, value: Any) -> Json:
    kind = element["type"]
    if kind in ("checkboxes", "multi_static_select"):
        chosen = [each for each in element["options"] if each["value"] in (value or ())]
        return {"type": kind, "selected_options": chosen}
    if "options" in element:
        return {"type": kind, "selected_option": next((o for o in element["options"] if o["value"] == value), None)}
    return {"type": kind, "value": value or None}
