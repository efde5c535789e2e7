"""Every method of the Web API that the peer plays."""

from __future__ import annotations

from tests.fakes.slack import files, methods_chat, methods_conversations
from tests.fakes.slack.calls import ApiCall
from tests.fakes.slack.methods_views import Views
from tests.fakes.slack.oauth import OAuth
from tests.fakes.slack.state import Json
from tests.fakes.slack.web_api import Method, method

_SHOWN = "text blocks attachments as_user link_names parse markdown_text"
_POSTED = f"{_SHOWN} thread_ts icon_emoji icon_url username"
_PAGED = "cursor inclusive include_all_metadata latest limit oldest"


def all_methods(views: Views, oauth: OAuth) -> dict[str, Method]:
    """Name → method."""
    return {**_chat(), **_conversations(), **_views(views), **_files(), **_app(oauth)}


def _chat() -> dict[str, Method]:
    chat = methods_chat
    more = "reply_broadcast unfurl_links unfurl_media container_id mrkdwn metadata"
    return {
        "chat.postMessage": method(chat.post_message, "channel", f"{_POSTED} {more}"),
        "chat.update": method(chat.update, "channel ts", f"{_SHOWN} file_ids reply_broadcast metadata"),
        "chat.delete": method(chat.delete, "channel ts", "as_user"),
        "chat.postEphemeral": method(chat.post_ephemeral, "channel user", _POSTED),
        "chat.unfurl": method(chat.unfurl, "unfurls", "channel ts unfurl_id source"),
        "chat.getPermalink": method(chat.get_permalink, "channel message_ts"),
        "assistant.threads.setStatus": method(
            chat.set_status, "channel_id", "thread_ts status loading_messages icon_emoji icon_url username"
        ),
        "reactions.add": method(chat.add_reaction, "name", "channel timestamp"),
        "reactions.remove": method(chat.remove_reaction, "name", "channel timestamp file file_comment"),
        "reactions.get": method(chat.get_reactions, "", "channel timestamp file file_comment full"),
    }


def _conversations() -> dict[str, Method]:
    rooms = methods_conversations
    return {
        "auth.test": method(rooms.auth_test),
        "auth.revoke": method(rooms.auth_revoke, "", "test"),
        "conversations.info": method(rooms.conversations_info, "channel", "include_locale include_num_members"),
        "conversations.join": method(rooms.conversations_join, "channel"),
        "conversations.open": method(rooms.conversations_open, "", "channel return_im users prevent_creation"),
        "conversations.history": method(rooms.conversations_history, "channel", _PAGED),
        "conversations.replies": method(rooms.conversations_replies, "channel ts", _PAGED),
        "users.info": method(rooms.users_info, "user", "include_locale"),
    }


def _views(views: Views) -> dict[str, Method]:
    return {
        "views.open": method(views.open, "trigger_id view", "interactivity_pointer"),
        "views.push": method(views.push, "trigger_id view", "interactivity_pointer"),
        "views.update": method(views.update, "view", "view_id external_id hash"),
        "views.publish": method(views.publish, "user_id view", "hash"),
    }


def _files() -> dict[str, Method]:
    shared = "channel_id channels initial_comment thread_ts blocks"
    return {
        "files.info": method(files.files_info, "file", "cursor limit page count"),
        "files.getUploadURLExternal": method(files.get_upload_url, "filename length", "alt_txt snippet_type"),
        "files.completeUploadExternal": method(files.complete_upload, "files", shared),
    }


def _app(oauth: OAuth) -> dict[str, Method]:
    granted = "code redirect_uri grant_type client_id client_secret refresh_token"
    return {
        "oauth.v2.access": method(oauth.access, "", granted, token="none"),
        "apps.connections.open": method(_open_connection, token="app"),
    }


def _open_connection(call: ApiCall) -> Json:
    return {"url": call.open_socket()}
