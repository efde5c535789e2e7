"""Slack's JSON for what the state holds, as its API and its events show it. Pure."""

from __future__ import annotations

from tests.fakes.slack.state import Channel, File, Json, Message, User, View, Workspace

APP_ID, OTHER_APP_ID = "A0LOGSENSE", "A0ANOTHER"


def user_json(user: User, seen_from: Workspace) -> Json:
    """A user as `seen_from` sees them: members of other companies are strangers."""
    home = user.workspace
    is_stranger = home is not seen_from and (home.enterprise is None or home.enterprise is not seen_from.enterprise)
    shown: Json = {
        "id": user.id,
        "team_id": home.id,
        "name": user.name,
        "real_name": user.name.title(),
        "deleted": False,
        "profile": {"display_name": user.name, "real_name": user.name.title(), "team": home.id},
        "is_bot": user.is_bot,
        "is_app_user": False,
    }
    if is_stranger:
        return {**shown, "is_stranger": True}
    if home.enterprise is not None:
        shown["enterprise_user"] = {"id": user.id, "enterprise_id": home.enterprise.id, "teams": [home.id, *user.teams]}
        shown["enterprise_user"]["is_admin"] = user.is_org_admin
    shown["is_restricted"] = user.is_restricted
    return {**shown, "is_admin": user.is_admin, "is_owner": user.is_owner, "is_primary_owner": False}


def channel_json(channel: Channel, bot_user_id: str) -> Json:
    """A conversation as `conversations.info` shows it to the bot."""
    shown: Json = {
        "id": channel.id,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_mpim": channel.kind == "mpim",
        "is_im": channel.kind == "im",
        "is_private": channel.kind != "channel",
        "is_archived": channel.is_archived,
        "is_member": bot_user_id in channel.members,
        "is_ext_shared": channel.is_ext_shared,
        "is_shared": channel.is_ext_shared,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "context_team_id": channel.workspace.id,
        "num_members": len(channel.members),
    }
    if channel.kind == "im":
        return {**shown, "user": next(iter(channel.members - {bot_user_id}), bot_user_id)}
    return {**shown, "name": channel.name, "name_normalized": channel.name}


def message_json(message: Message, *, with_metadata: bool = False) -> Json:
    """A message as history and answers show it."""
    shown: Json = {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": message.channel.workspace.id,
        **message.extra,
    }
    if message.bot_id is not None:
        shown |= {
            "bot_id": message.bot_id,
            "app_id": APP_ID if message.is_ours else OTHER_APP_ID,
            "bot_profile": {"id": message.bot_id, "name": "LogSense" if message.is_ours else "Alerts"},
        }
    for name in ("blocks", "attachments", "thread_ts"):
        if getattr(message, name):
            shown[name] = getattr(message, name)
    root = message.channel.messages.get(message.thread_ts or "")
    if root is not None and root is not message:
        shown["parent_user_id"] = root.user
    if message.files:
        shown["files"] = [file_json(each) for each in message.files]
    if message.edited_ts:
        shown["edited"] = {"user": message.user, "ts": message.edited_ts}
    if message.reactions:
        shown["reactions"] = reactions_json(message)
    if replies := message.replies():
        shown |= {"thread_ts": message.ts, "reply_count": len(replies), "latest_reply": replies[-1].ts}
    if with_metadata and message.metadata:
        shown["metadata"] = message.metadata
    return shown


def reactions_json(message: Message) -> list[Json]:
    """Who reacted how."""
    return [{"name": name, "users": list(users), "count": len(users)} for name, users in message.reactions.items()]


def file_json(file: File) -> Json:
    """A file."""
    return {
        "id": file.id,
        "name": file.filename,
        "title": file.title or file.filename,
        "size": file.length,
        "alt_txt": file.alt_text,
        "permalink": f"https://slack.example/files/{file.id}",
    }


def view_json(view: View) -> Json:
    """A view with what Slack adds to it."""
    return {
        "private_metadata": "",
        "callback_id": "",
        "state": {"values": {}},
        **view.payload,
        "id": view.id,
        "team_id": view.workspace.id,
        "app_id": APP_ID,
        "app_installed_team_id": view.workspace.id,
        "bot_id": view.workspace.grant.bot_id if view.workspace.grant else None,
        "hash": view.hash,
        "root_view_id": view.root_id,
        "previous_view_id": view.previous.id if view.previous else None,
    }
