"""The Agents Playground as a process: Microsoft's own stand-in for Teams, driven over the HTTP that its page uses."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

Json = dict[str, Any]

CHANNEL = "19:alerts@thread.tacv2"
ALEX = "user-id-0"
CONFIG = Path(__file__).with_name("m365agentsplayground.yml")
_PROGRAM = Path(__file__).parents[2] / ".cache" / "playground" / "node_modules" / ".bin" / "agentsplayground"
_START_S = 30.0


def program() -> Path | None:
    """The Playground as `make test-playground` installs it; None where that was not done, or could not be."""
    return _PROGRAM if _PROGRAM.exists() and shutil.which("node") else None


@dataclass
class Playground:
    """It runs; `frames` is everything it showed on its page, in order."""

    url: str
    session: aiohttp.ClientSession
    config: Json = field(default_factory=dict)
    frames: list[Json] = field(default_factory=list)

    @property
    def bot(self) -> Json:
        """Our bot, as it is known there."""
        found: Json = self.config["bot"]
        return found

    async def install(self, conversation: str) -> None:
        """LogSense was added to the channel's team or the chat."""
        await self._post(f"/_debug/conversation/{conversation}/installation", {})

    async def say(self, conversation: str, text: str, *, mention: bool = True) -> Json:
        """Alex wrote."""
        at = f"<at>{self.bot['name']}</at>"
        mentions = [{"mentioned": {"id": self.bot["id"], "name": self.bot["name"]}, "text": at}] if mention else []
        said = {"type": "text", "text": f"{at} {text}" if mention else text, "textFormat": "plain"}
        message = said | {"from": {"id": ALEX}, "mentions": mentions}
        return await self._post(f"/_conversation/v1/conversations/{conversation}/messages", message)

    async def press(self, conversation: str, message_id: str, action: Json) -> Json:
        """Alex pressed a button of a card."""
        given = {"action": {"type": "Action.Execute", "verb": action["verb"], "data": action["data"]}}
        activity = self._activity(conversation, message_id) | {
            "type": "invoke",
            "name": "adaptiveCard/action",
            "value": given | {"trigger": "manual"},
        }
        return await self._post("/_internal/v1/customActivities", activity)

    async def react(self, conversation: str, message_id: str, reaction: str) -> Json:
        """Alex put a reaction on a message; its page has none, so it is a custom activity."""
        activity = self._activity(conversation, message_id)
        return await self._post(
            "/_internal/v1/customActivities",
            activity | {"type": "messageReaction", "reactionsAdded": [{"type": reaction}]},
        )

    def _activity(self, conversation: str, message_id: str) -> Json:
        tenant = self.config["tenantId"]
        return {
            "channelId": "msteams",
            "serviceUrl": f"{self.url}/_connector",
            "from": {"id": ALEX, "aadObjectId": "00000000-0000-0000-0000-0000000000020"},
            "recipient": self.bot,
            "conversation": {
                "id": conversation,
                "tenantId": tenant,
                "conversationType": "channel",
                "isGroup": True,
            },
            "channelData": {"tenant": {"id": tenant}},
            "replyToId": message_id,
            "id": f"custom-{len(self.frames)}-{message_id}",
        }

    async def _post(self, path: str, body: Json) -> Json:
        async with self.session.post(self.url + path, json=body) as answer:
            text = await answer.text()
            assert answer.status < 300, (path, answer.status, text[:300])
            return (await answer.json()) if text.startswith("{") else {"text": text}


@contextlib.asynccontextmanager
async def playground(path: Path, folder: Path, endpoint: str) -> AsyncIterator[Playground]:
    """The Playground, talking to the bot at `endpoint`, while the block lasts."""
    shutil.copy(CONFIG, folder / f".{CONFIG.name}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        str(path),
        "start",
        *("-e", endpoint, "-c", "msteams", "-p", str(port)),
        cwd=folder,
        env=os.environ | {"TEAMSAPPTESTER_BROWSER": "none"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with aiohttp.ClientSession() as session:
            running = Playground(f"http://localhost:{port}", session)
            running.config = await _config(running)
            listening = asyncio.create_task(_listen(running))
            try:
                yield running
            finally:
                listening.cancel()
                await asyncio.wait([listening])
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _config(running: Playground) -> Json:
    async with asyncio.timeout(_START_S):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with running.session.get(f"{running.url}/_internal/v1/config") as answer:
                    if answer.status == 200:
                        config: Json = (await answer.json())["config"]
                        return config
            await asyncio.sleep(0.1)


async def _listen(running: Playground) -> None:
    address = running.url.replace("http", "ws", 1) + "/_ws_conversation/v1/conversations/stream"
    async with running.session.ws_connect(address) as socket_:
        async for frame in socket_:
            running.frames.append(frame.json())
