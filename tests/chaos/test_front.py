"""What stands before the replicas."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.chaos import front
from tests.chaos.front import Front

MENTION = '{"event": {"type": "app_mention"}}'


async def posted(address: str, body: str = MENTION) -> int:
    async with aiohttp.ClientSession() as session, session.post(f"{address}/slack/events", data=body) as answer:
        return answer.status


class Replica(TestServer):
    """Takes events; keeps what came."""

    def __init__(self) -> None:
        app = web.Application()
        app.router.add_post("/slack/events", self._take)
        super().__init__(app)
        self.taken: list[str] = []

    async def _take(self, request: web.Request) -> web.Response:
        self.taken.append(await request.text())
        return web.Response()

    @property
    def url(self) -> str:
        return str(self.make_url("")).rstrip("/")


async def test_replicas_take_turns_and_one_that_is_gone_is_a_failure_to_try_again() -> None:
    one, other = Replica(), Replica()
    async with one, other:
        addresses = [one.url, other.url]
        async with Front(lambda: addresses) as before:
            assert [await posted(before.url) for _ in range(4)] == [200] * 4
            assert len(one.taken) == len(other.taken) == 2
            await other.close()
            assert sorted([await posted(before.url), await posted(before.url)]) == [200, 502]
            addresses.clear()
            assert await posted(before.url) == 503


async def test_a_duplicate_comes_to_two_at_once_and_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "_AGAIN_AFTER_S", 0.2)
    one, other = Replica(), Replica()
    async with one, other, Front(lambda: [one.url, other.url]) as before:
        before.duplicate_next(1)
        assert await posted(before.url, "{}") == 200, "only mentions are doubled"
        assert await posted(before.url) == 200
        async with asyncio.timeout(5):
            while one.taken.count(MENTION) + other.taken.count(MENTION) < 3:
                await asyncio.sleep(0.01)
        assert one.taken.count(MENTION) and other.taken.count(MENTION)
