"""What people saw of an investigation in Slack, against what was committed."""

from __future__ import annotations

import bisect
import json
from collections.abc import Sequence
from typing import Any

from tests.benchmarks.slack_town import Harness
from tests.fakes.slack import Message


class Shown:
    """One investigation. States are counted in journal entries."""

    def __init__(self, at: Harness, committed: dict[str, Any]) -> None:
        channel = at.workspace.channels[committed["channel"]]
        self._commits = [at.moment_of(unix_s) for unix_s in committed["entries"]]
        progress = channel.messages.get(committed["progress"] or "")
        self._versions = [] if progress is None else [(it.at, _state_of(it.blocks)) for it in progress.versions]
        report = next(
            (it for it in channel.messages.values() if _key_of(it).startswith(f"{committed['id']}/report/")), None
        )
        is_told = report is not None and committed["status"] == "reported"
        self.report_late_s = report.versions[0].at - self._commits[-1] if report and is_told else None
        is_closed = is_told and progress is not None and not is_spinning(progress)
        self.closed_late_s = self._versions[-1][0] - self._commits[-1] if is_closed else None

    def samples(self) -> list[tuple[float, float]]:
        """Each second of the run: for how long something newer was there, and since when there was what is shown."""
        if not self._commits:
            return []
        first, last = self._commits[0], self._commits[-1]
        return [self._sample(first + second) for second in range(int(last - first) + 1)]

    def _sample(self, moment: float) -> tuple[float, float]:
        # The conclusion, the last entry, changes nothing that progress shows.
        committed = bisect.bisect_right(self._commits[:-1], moment)
        seen = bisect.bisect_right(self._versions, moment, key=lambda version: version[0])
        shown = self._versions[seen - 1][1] if seen else 0
        if shown >= committed:
            return 0.0, 0.0
        return moment - self._commits[shown], moment - self._commits[max(shown, 1) - 1]


def _state_of(blocks: Sequence[dict[str, Any]]) -> int:
    """How many journal entries the message tells of: each card is a turn, if it is finished also a call observed."""
    cards = [card for block in blocks for card in block.get("tasks", ()) if card["task_id"].startswith("step-")]
    return len(cards) + sum(bool(card["status"] != "in_progress") for card in cards)


def _key_of(message: Message) -> str:
    return str(((message.metadata or {}).get("event_payload") or {}).get("key", ""))


def is_spinning(message: Message) -> bool:
    """Whether the message still looks as if something ran."""
    return "stop_investigation" in json.dumps(message.blocks)
