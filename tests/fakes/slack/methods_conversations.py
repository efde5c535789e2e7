"""Reading channels and people, joining, and who the token is."""

from __future__ import annotations

from typing import Any

from tests.fakes.slack.calls import SCOPE_OF_KIND, ApiCall
from tests.fakes.slack.shapes import channel_json, message_json, user_json
from tests.fakes.slack.state import Channel, Json, Message
from tests.fakes.slack.validation import SlackError


def auth_test(call: ApiCall) -> Json:
    """Who the token is, where."""
    grant, state = call.grant, call.state
    who: Json = {"user": "logsense", "user_id": grant.bot_user_id, "bot_id": grant.bot_id}
    if grant.is_org_wide:
        enterprise = state.enterprises[grant.owner]
        about = {"team": enterprise.name, "team_id": enterprise.id, "enterprise_id": enterprise.id}
    else:
        workspace = state.workspaces[grant.owner]
        about = {"team": workspace.name, "team_id": workspace.id}
        if workspace.enterprise is not None:
            about["enterprise_id"] = workspace.enterprise.id
    url = f"https://{grant.owner.lower()}.slack.example/"
    return {**who, **about, "url": url, "is_enterprise_install": grant.is_org_wide}


def auth_revoke(call: ApiCall) -> Json:
    """The token is dead, unless that was a test."""
    is_test = str(call.args.get("test", "0")).lower() in ("1", "true")
    if not is_test:
        call.grant.dead = "token_revoked"
    return {"revoked": not is_test}


def conversations_info(call: ApiCall) -> Json:
    """The channel as the bot sees it."""
    channel = call.channel()
    call.require(f"{SCOPE_OF_KIND[channel.kind]}:read")
    return {"channel": channel_json(channel, call.grant.bot_user_id)}


def conversations_join(call: ApiCall) -> Json:
    """The bot is a member of a public channel; joining again is only a warning."""
    call.require("channels:join")
    channel = call.channel()
    if channel.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    warning = {"warning": "already_in_channel"} if call.grant.bot_user_id in channel.members else {}
    channel.members.add(call.grant.bot_user_id)
    return {"channel": channel_json(channel, call.grant.bot_user_id), **warning}


def conversations_open(call: ApiCall) -> Json:
    """The direct messages with one person."""
    call.require("im:write")
    users = str(call.args.get("users") or "").split(",")
    for workspace in call.workspaces:
        if len(users) == 1 and users[0] in workspace.users:
            return {"channel": {"id": workspace.direct_messages(workspace.users[users[0]]).id}}
    raise SlackError("user_not_found")


def conversations_history(call: ApiCall) -> Json:
    """What stands in the channel itself, newest first."""
    channel = _readable(call)
    roots = [each for each in channel.messages.values() if each.thread_ts in (None, each.ts)]
    return _page(call, roots[::-1])


def conversations_replies(call: ApiCall) -> Json:
    """A thread with its root, oldest first."""
    channel = _readable(call)
    root = channel.messages.get(str(call.args["ts"]))
    if root is None:
        raise SlackError("thread_not_found")
    root = channel.messages.get(root.thread_ts or root.ts, root)
    return _page(call, [root, *root.replies()])


def _readable(call: ApiCall) -> Channel:
    channel = call.channel(as_member=True)
    call.require(f"{SCOPE_OF_KIND[channel.kind]}:history")
    return channel


def _page(call: ApiCall, messages: list[Message]) -> Json:
    args = call.args
    is_inclusive = _is_set(args.get("inclusive"))
    oldest, latest = _moment(args.get("oldest"), 0.0), _moment(args.get("latest"), float("inf"))

    def within(message: Message) -> bool:
        ts = float(message.ts)
        return oldest <= ts <= latest if is_inclusive else oldest < ts < latest

    chosen = [each for each in messages if within(each)]
    try:
        start, limit = int(args.get("cursor") or 0), int(args.get("limit") or 100)
    except ValueError:
        raise SlackError("invalid_cursor") from None
    if not 1 <= limit <= 999:
        raise SlackError("invalid_limit")
    page, has_more = chosen[start : start + limit], len(chosen) > start + limit
    with_metadata = _is_set(args.get("include_all_metadata"))
    return {
        "messages": [message_json(each, with_metadata=with_metadata) for each in page],
        "has_more": has_more,
        "response_metadata": {"next_cursor": str(start + limit) if has_more else ""},
    }


def _moment(ts: Any, missing: float) -> float:
    try:
        return float(ts) if ts else missing
    except ValueError:
        raise SlackError("invalid_ts_latest") from None


def _is_set(flag: Any) -> bool:
    return str(flag).lower() in ("1", "true")


def users_info(call: ApiCall) -> Json:
    """A person, also one of another company who shares a channel with us."""
    call.require("users:read")
    wanted = str(call.args["user"])
    for workspace in call.workspaces:
        if wanted in workspace.users:
            return {"user": user_json(workspace.users[wanted], workspace)}
    for workspace in call.workspaces:
        met = any(wanted in channel.members for channel in workspace.channels.values())
        for other in call.state.workspaces.values():
            if met and wanted in other.users:
                return {"user": user_json(other.users[wanted], workspace)}
    raise SlackError("user_not_found")
