"""What the demo's organization has beside the recorded incidents: another project, earlier releases, and traffic."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.demo.recordings import Incident, Release

EARLIER_HOURS = {
    "shop@4.1.0": 150,
    "reports@3.4.0": 640,
    "orders@1.18.1": 400,
    "shipping@2.1.4": 500,
    "storefront@7.8.1": 420,
    "reviews@0.9.4": 700,
    "importer@1.5.2": 610,
    "payments@5.2.1": 330,
    "widget@2.0.0": 530,
    "webhooks@1.3.6": 690,
    "catalog@2.11.3": 410,
}
"""By version, the hours before now at which it was shipped; none of them has an event of a recorded incident."""

_SERVERS = {"SHOP-8": {"web-1": 0.34, "web-2": 0.33, "web-3": 0.33}}
"""By incident, the servers of its transaction, where they are more than those that fail."""

_REQUESTS_FOR_EVENT = 20


def traffic_of(incident: Incident, keys: Sequence[str]) -> Iterator[tuple[tuple[str, ...], int]]:
    """The requests of the incident's transaction by the values of `keys`: spread as its events are, unless told."""
    shares = []
    for key in keys:
        counted = _SERVERS.get(incident.short_id) if key == "server_name" else None
        of_events = {value: count / incident.events for value, count in incident.tag_values(key)}
        shares.append(counted or of_events or {"": 1.0})
    for values in itertools.product(*shares):
        part = 1.0
        for share, value in zip(shares, values, strict=True):
            part *= share[value]
        if count := round(part * incident.events * _REQUESTS_FOR_EVENT):
            yield values, count


PLATFORM = "platform"
"""The project of the machines on which the shop's services run."""


def platform_incidents() -> tuple[Incident, ...]:
    """What broke in the second project: a node of the cluster, on which the warehouse and the cache of the shop run."""
    title = "node-4 stopped answering: warehouse.internal and cache.internal are scheduled on it"
    event: dict[str, Any] = {
        "id": "5f0e7a1c9d3b4e6885c2a7f49b1d6e30",
        "eventID": "5f0e7a1c9d3b4e6885c2a7f49b1d6e30",
        "title": title,
        "message": "",
        "platform": "other",
        "type": "default",
        "culprit": "node-agent",
        "entries": [{"type": "message", "data": {"formatted": title}}],
        "tags": [
            {"key": "environment", "value": "production"},
            {"key": "level", "value": "error"},
            {"key": "node", "value": "node-4"},
            {"key": "release", "value": "node-agent@0.31.0"},
        ],
        "user": None,
        "contexts": {},
        "context": {},
        "errors": [],
    }
    issue = {
        "id": "4100001",
        "title": title,
        "level": "error",
        "category": "error",
        "type": "error",
        "users": 0,
        "unhandled": False,
        "project": PLATFORM,
        # Its team has seen it and archived it, so it is in nobody's list of unresolved issues.
        "archived": True,
    }
    release = Release("node-agent@0.31.0", 1_100, False, ())
    return (Incident("PLATFORM-1", issue, (2, 12, 12, 12), release, {}, event, {}),)


@dataclass(frozen=True, slots=True)
class Listed:
    """A release in the list, and whether the tracker has events of it."""

    release: Release
    has_events: bool = True


def listed_releases(recorded: Iterable[Release]) -> list[Listed]:
    """Every release once, the newest first."""
    known = {release.version: release for release in recorded}
    earlier = {version: Release(version, hours, False, ()) for version, hours in EARLIER_HOURS.items()}
    return sorted((Listed(one) for one in (known | earlier).values()), key=lambda each: each.release.hours_ago)
