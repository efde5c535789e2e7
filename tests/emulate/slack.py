"""A Slack that others wrote: emulate as a process, and the people in it, who act through its Web API."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.install.manifest import bot_scopes
from tests.emulate.shim import Shim

Json = dict[str, Any]

TEAM_ID = "T000000001"
"""emulate has one workspace, with this id."""
APP_ID = "A0LOGSENSE"
CHANNEL = "incidents"
ANSWERS = "general"
_PEOPLE = ("ada", "bob")
_ANSWERS_HOOK = f"/services/{TEAM_ID}/B000000001/X000000001"
_MODULES = Path(__file__).parents[2] / ".cache" / "emulate" / "node_modules"
_START_S = 20.0


@dataclass(frozen=True)
class Program:
    """What to run: emulate's script, with a Node that is new enough for it."""

    node: Path
    script: Path


def emulate_program(modules: Path = _MODULES) -> Program | None:
    """emulate as `make test-emulate` installs it; None where that was not done, or could not be."""
    node = next(iter(modules.glob("node-*/bin/node")), None) or shutil.which("node24")
    script = modules / "emulate" / "dist" / "index.js"
    return Program(Path(node), script) if node and script.exists() else None


@dataclass(frozen=True)
class App:
    """LogSense, as it is registered with Slack."""

    redirect_url: str
    client_id: str = "111.222"
    client_secret: str = field(default="s3cret-of-the-app", repr=False)
    signing_secret: str = field(default="a secret between emulate and LogSense", repr=False)


@dataclass(frozen=True)
class Person:
    """Somebody in the workspace, with a token that may do what people may."""

    id: str
    name: str
    client: AsyncWebClient = field(repr=False)


@dataclass(frozen=True)
class EmulatedSlack:
    """A workspace with the admin Ada, with Bob, and with a channel that both are in."""

    shim: Shim
    app: App
    ada: Person
    bob: Person
    channel_id: str

    @property
    def url(self) -> str:
        """Where LogSense and people find it."""
        return self.shim.url

    @property
    def response_url(self) -> str:
        """Where commands are answered: emulate has no response URLs, but a webhook into #general takes the same."""
        return self.shim.url + _ANSWERS_HOOK

    async def trigger(self, person: Person) -> str:
        """What lets LogSense open a form before the person, for 2 s at least."""
        made = await person.client.api_call("views.generateTriggerId", params={"user_id": person.id})
        return str(made["trigger_id"])

    # ---- what it holds ----------------------------------------------------------------------------------------------

    async def posts(self) -> list[Json]:
        """The channel's messages that are in no thread, oldest first."""
        found = await self.ada.client.conversations_history(channel=self.channel_id, include_all_metadata=True)
        return list(reversed(found["messages"]))

    async def thread(self, ts: str) -> list[Json]:
        """The message and its replies, oldest first."""
        found = await self.ada.client.conversations_replies(channel=self.channel_id, ts=ts, include_all_metadata=True)
        return list(found["messages"])

    async def message(self, thread: str, ts: str) -> Json:
        """One message of a thread, as it is now."""
        return next(it for it in await self.thread(thread) if it["ts"] == ts)

    async def reactions(self, ts: str) -> list[Json]:
        """What people put on the message."""
        found = await self.ada.client.reactions_get(channel=self.channel_id, timestamp=ts)
        return list(found["message"]["reactions"])

    async def answers(self) -> list[Json]:
        """What commands were answered, the newest first."""
        channel = await _channel_id(self.ada.client, ANSWERS)
        return list((await self.ada.client.conversations_history(channel=channel))["messages"])

    async def files(self) -> list[Json]:
        """The files of the channel."""
        return list((await self.ada.client.files_list(channel=self.channel_id))["files"])

    async def content(self, file: Json) -> bytes:
        """What is in the file, downloaded as Ada would."""
        headers = {"Authorization": f"Bearer {self.ada.client.token}"}
        async with aiohttp.ClientSession() as session, session.get(file["url_private"], headers=headers) as answer:
            assert answer.status == 200
            return await answer.read()

    async def inspector(self, tab: str) -> str:
        """A page of emulate's inspector: the one way to see views, ephemeral messages and installations."""
        address = f"{self.url}/?tab={tab}&channel={self.channel_id}"
        async with aiohttp.ClientSession() as session, session.get(address) as answer:
            return await answer.text()


@contextlib.asynccontextmanager
async def emulated_slack(program: Program, folder: Path, redirect_url: str) -> AsyncIterator[EmulatedSlack]:
    """An own emulate that knows LogSense as an app, and holds it to the scopes of its manifest."""
    app = App(redirect_url)
    async with Shim() as shim, _running(program, folder, shim, _seed(app)):
        ada, bob = [await _person(shim, name) for name in _PEOPLE]
        yield EmulatedSlack(shim, app, ada, bob, await _channel_id(ada.client, CHANNEL))


def _seed(app: App) -> Json:
    oauth_app = {
        "app_id": APP_ID,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "name": "LogSense",
        "redirect_uris": [app.redirect_url],
        "scopes": list(bot_scopes()),
    }
    return {
        "strict_scopes": True,
        "team": {"name": "Acme", "domain": "acme"},
        "users": [{"name": name, "is_admin": name == "ada"} for name in _PEOPLE],
        "tokens": [{"token": _token(name), "type": "user", "user": name} for name in _PEOPLE],
        "channels": [{"name": CHANNEL}],
        "oauth_apps": [oauth_app],
    }


@contextlib.asynccontextmanager
async def _running(program: Program, folder: Path, shim: Shim, seed: Json) -> AsyncIterator[None]:
    seeded, log = folder / "seed.json", folder / "emulate.log"
    seeded.write_text(json.dumps({"slack": seed}))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    shim.upstream = f"http://127.0.0.1:{port}"
    said: list[str] = ["--service", "slack", "--port", str(port), "--base-url", shim.url, "--seed", str(seeded)]
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            program.node, program.script, "start", *said, cwd=folder, stdout=out, stderr=out
        )
    try:
        await _listening(process, port, log)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listening(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    async with asyncio.timeout(_START_S):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            await writer.wait_closed()
            return
    raise RuntimeError(f"emulate ended at once; see {log}")


async def _person(shim: Shim, name: str) -> Person:
    client = AsyncWebClient(token=_token(name), base_url=f"{shim.url}/api/")
    return Person(str((await client.auth_test())["user_id"]), name, client)


async def _channel_id(client: AsyncWebClient, name: str) -> str:
    channels = (await client.conversations_list())["channels"]
    return next(str(it["id"]) for it in channels if it["name"] == name)


def _token(name: str) -> str:
    return f"xoxp-{name}"
