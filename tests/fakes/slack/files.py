"""Files: the bot's in three steps (an address to upload to, the bytes, the sharing), and those that people attach."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.fakes.slack.calls import ApiCall
from tests.fakes.slack.methods_chat import write_as_bot
from tests.fakes.slack.shapes import file_json
from tests.fakes.slack.state import File, Json, State
from tests.fakes.slack.validation import SlackError


def attach(state: State, owner: str, url: str, name: str, content: bytes, **more: Any) -> Json:
    """What a message says of a file that a person attached; `more` replaces what Slack would say."""
    id = state.new_id("F")
    file = File(id, owner, name, len(content), content=content)
    state.files[id] = file
    address = f"{url}/files-pri/{id}/{name}"
    shown = {"mimetype": "text/plain", "mode": "hosted", "url_private": address}
    return {**file_json(file), **shown, "url_private_download": address.replace("files-pri", "files-pri-d"), **more}


async def serve(state: State, request: web.Request) -> web.Response:
    """The bytes, for a bot of that workspace that may read files; for others the page to log in."""
    file = state.files.get(request.match_info["id"])
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    grant = state.grants.get(token)
    if file is None or file.content is None:
        return web.Response(status=404)
    if grant is None or grant.owner != file.owner or "files:read" not in grant.scopes:
        return web.Response(text="<!DOCTYPE html><html>Sign in to Slack</html>", content_type="text/html")
    return web.Response(body=file.content, content_type="application/octet-stream")


def files_info(call: ApiCall) -> Json:
    """One file, with its address."""
    call.require("files:read")
    file = call.state.files.get(str(call.args["file"]))
    if file is None or file.owner != call.grant.owner:
        raise SlackError("file_not_found")
    return {"file": {**file_json(file), "url_private": f"{call.url}/files-pri/{file.id}/{file.filename}"}}


def get_upload_url(call: ApiCall) -> Json:
    """Where the bytes go."""
    call.require("files:write")
    try:
        length = int(call.args["length"])
    except ValueError:
        raise SlackError("invalid_arguments", "length must be a number") from None
    if length < 1:
        raise SlackError("missing_argument", "length must be positive")
    id, name = call.state.new_id("F"), str(call.args["filename"])
    call.state.files[id] = File(id, call.grant.owner, name, length, call.args.get("alt_txt"))
    return {"upload_url": f"{call.url}/upload/v1/{id}", "file_id": id}


def complete_upload(call: ApiCall) -> Json:
    """The files are shared: one message of the bot, in the channel or thread."""
    call.require("files:write")
    files = [_uploaded(call, each) for each in call.args["files"]]
    if call.args.get("channel_id"):
        channel = call.channel(str(call.args["channel_id"]), as_member=True)
        call.args["text"] = call.args.get("initial_comment") or ""
        thread_ts = call.args.get("thread_ts")
        message = write_as_bot(
            call, channel, thread_ts=thread_ts, files=files, extra={"subtype": "file_share", "upload": True}
        )
        for file in files:
            file.message = message
    return {"files": [file_json(each) for each in files]}


def _uploaded(call: ApiCall, named: Json) -> File:
    file = call.state.files.get(str(named.get("id")))
    if file is None or file.owner != call.grant.owner or file.content is None:
        raise SlackError("file_not_found")
    file.title = named.get("title") or file.filename
    return file


async def receive(state: State, request: web.Request) -> web.Response:
    """The bytes arrived, if they are as many as was said."""
    file = state.files.get(request.match_info["id"])
    content = await request.read()
    if file is None or file.content is not None or len(content) != file.length:
        return web.Response(status=400, text="upload failed")
    file.content = content
    return web.Response(text=f"OK - {len(content)}")
