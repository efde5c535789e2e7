"""The naive way to show progress in Slack: edit at once, and let the SDK's handler try once more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.benchmarks.slack_town import CHANNELS, SPREAD_S, STEP_S, STEPS, Harness, harness

_FINISHED = "Finished."


@dataclass
class Naive:
    """Edits as they come, each retried once."""

    at: Harness
    client: AsyncWebClient
    edits_lost: int = 0
    finals_lost: int = 0

    async def investigate(self, number: int, after_s: float) -> None:
        """One investigation; nothing it says holds it up."""
        await self.at.pass_by(after_s)
        channel = self.at.channels[number % CHANNELS].id
        posted = await self.client.chat_postMessage(channel=channel, text="Queued.")
        where = {"channel": channel, "ts": posted["ts"]}
        async with asyncio.TaskGroup() as saying:
            for step in range(STEPS):
                saying.create_task(self._edit(**where, text=f"Step {step} runs."))
                await self.at.pass_by(STEP_S)
                saying.create_task(self._edit(**where, text=f"Step {step} is done."))
            saying.create_task(self._edit(**where, text=_FINISHED))
            saying.create_task(self._report(channel=channel, thread_ts=posted["ts"], text="Root cause"))

    async def _edit(self, **said: Any) -> None:
        if not await _is_done(self.client.chat_update, said):
            self.edits_lost += 1

    async def _report(self, **said: Any) -> None:
        if not await _is_done(self.client.chat_postMessage, said):
            self.finals_lost += 1


async def _is_done(call: Callable[..., Awaitable[Any]], said: dict[str, Any]) -> bool:
    try:
        await call(**said)
    except SlackApiError:
        return False
    return True


async def naive(count: int, speed: float) -> dict[str, float]:
    """The same load without LogSense."""
    connector = aiohttp.TCPConnector(limit=0)
    async with harness(speed) as at, aiohttp.ClientSession(connector=connector) as session:
        client = AsyncWebClient(
            token=at.workspace.bot_token,
            base_url=at.peer.api_url,
            session=session,
            retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)],
        )
        way = Naive(at, client)
        await asyncio.gather(*(way.investigate(number, SPREAD_S * number / count) for number in range(count)))
        posts = [message for channel in at.channels for message in channel.posts_of_bot()]
        return {
            "rate_limited": at.peer.rate_limited,
            "lost": way.edits_lost + way.finals_lost,
            "finals_lost": way.finals_lost,
            "still_spinning": sum(it.thread_ts is None and it.text != _FINISHED for it in posts),
            "calls": len(at.peer.calls) / count,
        }
