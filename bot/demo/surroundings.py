"""What the demo's organization has beside the recorded incidents: earlier releases, and traffic that did not fail."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

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
