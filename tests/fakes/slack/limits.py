"""How often Slack lets an app call: sliding windows by method and workspace, and posts by channel."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Mapping

_TIER_2, _TIER_3, _TIER_4, _SPECIAL = 20, 50, 100, 600
PER_MINUTE: Mapping[str, int] = {
    "apps.connections.open": _TIER_3,
    "assistant.threads.setStatus": _SPECIAL,
    "auth.revoke": _TIER_3,
    "auth.test": _SPECIAL,
    "chat.getPermalink": _SPECIAL,
    "chat.postEphemeral": _TIER_4,
    "chat.postMessage": 300,
    "chat.delete": _TIER_3,
    "chat.update": _TIER_3,
    "conversations.history": _TIER_3,
    "conversations.info": _TIER_3,
    "conversations.join": _TIER_3,
    "conversations.open": _TIER_3,
    "conversations.replies": _TIER_3,
    "files.completeUploadExternal": _TIER_4,
    "files.getUploadURLExternal": _TIER_4,
    "oauth.v2.access": _SPECIAL,
    "reactions.add": _TIER_3,
    "reactions.get": _TIER_3,
    "reactions.remove": _TIER_2,
    "users.info": _TIER_4,
    "views.open": _TIER_4,
    "views.publish": _TIER_4,
    "views.push": _TIER_4,
    "views.update": _TIER_4,
}
"""Calls a minute; `chat.postMessage` has this cap for the workspace beside the one for each channel."""

Key = tuple[str, ...]


class Limits:
    """Counts what was let through; what was refused costs nothing. An org-wide installation counts as one workspace."""

    def __init__(self, clock: Callable[[], float], per_minute: Mapping[str, int], posts_per_second: float) -> None:
        self._clock = clock
        self._per_minute = {**PER_MINUTE, **per_minute}
        self._post_gap_s = 1 / posts_per_second
        self._let_through: dict[Key, deque[float]] = {}
        self.refused: Counter[str] = Counter()

    def retry_after_s(self, method: str, workspace: str, channel: str | None) -> int | None:
        """None when the call may be made, which counts it; else the seconds to wait."""
        windows: list[tuple[Key, int, float]] = [((method, workspace), self._per_minute.get(method, _TIER_3), 60.0)]
        if method == "chat.postMessage" and channel is not None:
            windows.append(((method, workspace, channel), 1, self._post_gap_s))
        now = self._clock()
        wait_s = max(self._wait_s(now, *window) for window in windows)
        if wait_s > 0:
            self.refused[method] += 1
            return max(1, math.ceil(wait_s))
        for key, _, _ in windows:
            self._let_through[key].append(now)
        return None

    def nothing_was_posted(self, workspace: str, channel: str) -> None:
        """The post let through last in the channel was refused for another reason: another may come at once."""
        calls = self._let_through.get(("chat.postMessage", workspace, channel))
        if calls:
            calls.pop()

    def _wait_s(self, now: float, key: Key, most: int, span_s: float) -> float:
        calls = self._let_through.setdefault(key, deque())
        while calls and now - calls[0] >= span_s:
            calls.popleft()
        return calls[0] + span_s - now if len(calls) >= most else 0.0
