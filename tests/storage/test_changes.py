"""Followers in the same process hear of a commit at once, and miss none."""

from __future__ import annotations

import asyncio

from core.storage.stores import changes
from core.storage.stores.changes import Changes


async def test_a_change_wakes_who_watches_that_subject_and_nobody_else() -> None:
    known = Changes()
    mine, other = known.watch("a"), known.watch("b")
    waiting = [asyncio.create_task(watch.wait()) for watch in (mine, other)]
    await asyncio.sleep(0)
    known.notify("a")
    done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert done == {waiting[0]}
    await asyncio.gather(*pending)


async def test_a_change_between_two_waits_is_not_missed() -> None:
    known = Changes()
    watch = known.watch("a")
    known.notify("a")
    known.notify("a")
    async with asyncio.timeout(changes.ELSEWHERE_S / 2):
        await watch.wait()


async def test_without_a_word_from_this_process_the_database_is_looked_at_soon() -> None:
    async with asyncio.timeout(changes.HERE_S):
        await Changes().watch("a").wait()


def test_watches_that_nobody_holds_are_forgotten() -> None:
    known = Changes()
    known.watch("a")
    known.notify("a")
    assert known._watches == {}
