"""Tells followers in this process what was just committed, so that they need not ask the database again and again."""

from __future__ import annotations

import asyncio
from weakref import WeakSet

from core.ports import Watch

ELSEWHERE_S, HERE_S = 0.2, 2.0
"""How soon a change is looked for that another process may make, and where this process has been seen to make them."""


class SubjectWatch(Watch):
    """Waits for changes of one subject; a change made between two waits is not missed."""

    def __init__(self) -> None:
        """Nothing has changed yet."""
        self._changed = asyncio.Event()
        self._is_worked_on_here = False

    async def wait(self) -> None:
        """See the port."""
        try:
            async with asyncio.timeout(HERE_S if self._is_worked_on_here else ELSEWHERE_S):
                await self._changed.wait()
        except TimeoutError:
            # Another process may have taken the work over meanwhile.
            self._is_worked_on_here = False
        self._changed.clear()

    def notify(self) -> None:
        """A change was committed by this process."""
        self._is_worked_on_here = True
        self._changed.set()


class Changes:
    """The watches of one process, by subject."""

    def __init__(self) -> None:
        """Nobody watches."""
        self._watches: dict[str, WeakSet[SubjectWatch]] = {}

    def watch(self, subject_id: str) -> SubjectWatch:
        """A new watch; it ends when its holder drops it."""
        watch = SubjectWatch()
        self._watches.setdefault(subject_id, WeakSet()).add(watch)
        return watch

    def notify(self, subject_id: str) -> None:
        """Wake whoever watches `subject_id`."""
        watches = self._watches.get(subject_id)
        for watch in list(watches or ()):
            watch.notify()
        if watches is not None and not watches:
            del self._watches[subject_id]
