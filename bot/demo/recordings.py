"""The recorded incidents: real crashes (`incidents/*.json`) with the stories around them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from bot.demo.stories import STORIES, Story


@dataclass(frozen=True, slots=True)
class Incident:
    """A recorded crash with the story around it."""

    story: Story
    issue_id: str
    title: str
    event: Mapping[str, Any]

    @property
    def short_id(self) -> str:
        """As people write it."""
        return self.story.short_id

    @property
    def events(self) -> int:
        """How often it happened."""
        return sum(self.story.hourly)


@cache
def recorded_incidents() -> tuple[Incident, ...]:
    """Every recorded incident, in the order of their ids."""
    folder = files("bot.demo").joinpath("incidents")
    found = []
    for story in STORIES:
        document = json.loads(folder.joinpath(f"{story.short_id}.json").read_text(encoding="utf-8"))
        found.append(Incident(story, document["issue"]["id"], document["issue"]["title"], document["event"]))
    return tuple(found)


def shares_of(incident: Incident, key: str) -> list[tuple[str, int]]:
    """Shares of the story as whole counts that sum to the incident's events; tags of the event where it tells none."""
    shares = incident.story.shares.get(key)
    if shares is None:
        tags = {tag["key"]: tag["value"] for tag in incident.event["tags"]}
        return [(tags[key], incident.events)] if key in tags else []
    counts = {value: int(share * incident.events) for value, share in shares.items()}
    counts[max(shares, key=lambda value: shares[value])] += incident.events - sum(counts.values())
    return sorted(counts.items(), key=lambda item: -item[1])
