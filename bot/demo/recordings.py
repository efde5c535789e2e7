"""The recorded incidents, as `make record` wrote them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Release:
    """What was shipped: `hours_ago` counts from when it is served; `suspect` blames the newest of its `commits`."""

    version: str
    hours_ago: float
    suspect: bool
    commits: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """A recorded crash and what happened around it.

    `hourly` are events per hour up to now, oldest first. `shares` are parts of 1 for the values of a tag. `expected` is
    a person's answer, for evaluations: it is never served.
    """

    short_id: str
    issue: Mapping[str, Any]
    hourly: tuple[int, ...]
    release: Release
    shares: Mapping[str, Mapping[str, float]]
    event: Mapping[str, Any]
    expected: Mapping[str, Any]

    @property
    def issue_id(self) -> str:
        """The number behind the short id."""
        return str(self.issue["id"])

    @property
    def title(self) -> str:
        """As Sentry shows it in lists."""
        return str(self.issue["title"])

    @property
    def events(self) -> int:
        """How often it happened."""
        return sum(self.hourly)

    def tag_values(self, key: str) -> tuple[tuple[str, int], ...]:
        """Whole counts for each value of a tag, most frequent first, which sum to the events; empty for no such tag."""
        tags = {tag["key"]: tag["value"] for tag in self.event["tags"]}
        shares = self.shares.get(key) or ({tags[key]: 1.0} if key in tags else {})
        if not shares:
            return ()
        counts = {value: int(share * self.events) for value, share in shares.items()}
        counts[max(shares, key=lambda value: shares[value])] += self.events - sum(counts.values())
        return tuple(sorted(counts.items(), key=lambda item: -item[1]))


@cache
def recorded_incidents() -> tuple[Incident, ...]:
    """Every recorded incident, in the order of their numbers."""
    folder = files("bot.demo").joinpath("incidents")
    texts = [entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".json")]
    return tuple(sorted(map(_incident, texts), key=lambda incident: int(incident.issue_id)))


def _incident(text: str) -> Incident:
    document = json.loads(text)
    release = document["release"]
    return Incident(
        short_id=document["short_id"],
        issue=document["issue"],
        hourly=tuple(document["hourly"]),
        release=Release(release["version"], release["hours_ago"], release["suspect"], tuple(release["commits"])),
        shares=document["shares"],
        event=document["event"],
        expected=document["expected"],
    )
