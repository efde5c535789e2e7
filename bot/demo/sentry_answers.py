"""What Sentry's Web API answers about a recorded incident; pure, but for the moment it is told to call now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.demo.recordings import Incident, Release
from bot.demo.surroundings import Listed, traffic_of

ORGANIZATION = "acme"
PROJECT = "shop"
_HOUR_S = 3600
_SLOT_S = 300
_LAST_EVENT_AGO_S = 120


@dataclass(frozen=True, slots=True)
class SentryAnswers:
    """Bodies of answers. Offsets of the recording become times before `now`; links lead to `base_url`."""

    now: datetime
    base_url: str

    def organization(self) -> dict[str, Any]:
        """The organization, with its region's address."""
        links = {"organizationUrl": self.base_url, "regionUrl": self.base_url}
        return {"id": "1", "slug": ORGANIZATION, "name": "Acme", "status": {"id": "active"}, "links": links}

    def issue(self, incident: Incident, *, resolved: bool) -> dict[str, Any]:
        """An issue as lists and its own page give it; `count` is text, as Sentry has it."""
        issue, release = incident.issue, self.release(incident.release)
        kind, _, value = incident.title.partition(": ")
        return {
            "id": incident.issue_id,
            "shortId": incident.short_id,
            "title": incident.title,
            "culprit": incident.event["culprit"],
            "permalink": f"{self.base_url}/organizations/{ORGANIZATION}/issues/{incident.issue_id}/",
            "level": issue["level"],
            "status": "ignored" if issue.get("archived") else "resolved" if resolved else "unresolved",
            "statusDetails": {},
            "substatus": "archived_until_escalating" if issue.get("archived") else None if resolved else "ongoing",
            "issueCategory": issue["category"],
            "issueType": issue["type"],
            "platform": incident.event["platform"],
            "project": project_of(incident) | {"platform": incident.event["platform"]},
            "type": incident.event["type"],
            "metadata": {"type": kind, "value": value} if value else {"title": incident.title},
            "count": str(incident.events),
            "userCount": issue["users"],
            "firstSeen": _iso(self.first_seen(incident)),
            "lastSeen": _iso(self.last_seen(incident)),
            "firstRelease": release,
            "lastRelease": release,
            "assignedTo": None,
            "isUnhandled": issue["unhandled"],
            "isPublic": False,
            "hasSeen": False,
            "annotations": [],
            "stats": {
                "24h": self.counts(incident, 24, _HOUR_S),
                "30d": self.counts(incident, 30 * 24, 24 * _HOUR_S),
            },
        }

    def event(self, incident: Incident) -> dict[str, Any]:
        """The recorded event, as if it had just happened."""
        at = self.last_seen(incident)
        return {
            **incident.event,
            "groupID": incident.issue_id,
            "projectID": "1",
            "dateCreated": _iso(at),
            "dateReceived": _iso(at + timedelta(seconds=1)),
            "entries": [_timed(entry, at) for entry in incident.event["entries"]],
            "release": self.release(incident.release),
        }

    def events(self, incident: Incident, limit: int) -> list[dict[str, Any]]:
        """The newest events, the recorded one first; tags are spread over them as over all."""
        recorded = self.event(incident)
        times = [ago_s for ago_s, count in _happened(incident) for _ in range(count)][:limit]
        return [recorded, *(self._another(incident, recorded, n, ago_s) for n, ago_s in enumerate(times[1:], 1))]

    def _another(self, incident: Incident, recorded: Mapping[str, Any], n: int, ago_s: int) -> dict[str, Any]:
        """An event like the recorded one, with an id, a time, a user and tags of its own."""
        identity = hashlib.md5(f"{incident.short_id} {n}".encode(), usedforsecurity=False).hexdigest()
        tags = [{"key": tag["key"], "value": _value_of(incident, tag["key"], n)} for tag in recorded["tags"]]
        at, person = _iso(self.now - timedelta(seconds=ago_s)), recorded.get("user")
        user = (
            {"id": f"{person['id']}-{n % max(1, incident.issue['users'])}"} if person and person.get("id") else person
        )
        return {**recorded, "id": identity, "eventID": identity, "dateCreated": at, "tags": tags, "user": user}

    def counts(self, incident: Incident, hours: int, interval_s: int) -> list[list[int]]:
        """[seconds, count] per interval over the last `hours`, oldest first, empty ones included."""
        end = int(self.now.timestamp())
        start = end - hours * _HOUR_S
        found = dict.fromkeys(range(start - start % interval_s, end + 1, interval_s), 0)
        for ago_s, count in _happened(incident):
            if (at := end - ago_s) >= start:
                found[at - at % interval_s] += count
        return [[at, count] for at, count in found.items()]

    def series(self, incident: Incident, hours: int, interval_s: int) -> dict[str, Any]:
        """The same counts as the time-series endpoint gives them: milliseconds."""
        values = [
            {"timestamp": at * 1000, "value": count, "incomplete": False}
            for at, count in self.counts(incident, hours, interval_s)
        ]
        meta = {"interval": interval_s * 1000, "valueType": "integer", "valueUnit": None}
        series = {"yAxis": "count()", "values": values, "meta": meta}
        return {"timeSeries": [series], "meta": {"dataset": "errors", "start": values[0]["timestamp"]}}

    def totals(self, incident: Incident, fields: list[str]) -> dict[str, Any]:
        """One row of a table of events, with the columns asked for that there are."""
        known = {"count()": incident.events, "count_unique(user)": incident.issue["users"], "issue": incident.short_id}
        row = {name: known[name] for name in fields if name in known}
        kinds = {name: "string" if isinstance(value, str) else "integer" for name, value in row.items()}
        return {"data": [row], "meta": {"fields": kinds, "dataset": "errors"}}

    def traffic(self, incidents: Sequence[Incident], fields: Sequence[str]) -> dict[str, Any]:
        """How many requests of the transactions of `incidents` have each combination of tags, failed or not."""
        keys = [field for field in fields if field != "count()"]
        rows = [
            {**dict(zip(keys, values, strict=True)), "count()": count}
            for incident in incidents
            for values, count in traffic_of(incident, keys)
        ]
        return {"data": rows, "meta": {"fields": {"count()": "integer"}, "dataset": "transactions"}}

    def tag(self, incident: Incident, key: str) -> dict[str, Any] | None:
        """How a tag's values share the events; None when no event has it."""
        values = self.tag_values(incident, key)
        if not values:
            return None
        distinct = incident.issue["users"] if key == "user" else len(values)
        named = {"key": key, "name": key.replace("_", " ").title()}
        return named | {"uniqueValues": distinct, "totalValues": incident.events, "topValues": values}

    def tag_values(self, incident: Incident, key: str) -> list[dict[str, Any]]:
        """A tag's values with their counts; of users only the recorded one is known, with an average share."""
        counted = incident.tag_values(key)
        person = (incident.event.get("user") or {}).get("id")
        if key == "user" and person and incident.issue["users"]:
            counted = ((f"id:{person}", max(1, round(incident.events / incident.issue["users"]))),)
        seen = {"firstSeen": _iso(self.first_seen(incident)), "lastSeen": _iso(self.last_seen(incident))}
        return [{"key": key, "value": value, "name": value, "count": count, **seen} for value, count in counted]

    def hashes(self, incident: Incident) -> list[dict[str, Any]]:
        """The one fingerprint of the issue's events."""
        digest = hashlib.md5(incident.title.encode(), usedforsecurity=False).hexdigest()
        return [{"id": digest, "latestEvent": self.event(incident), "mergedBySeer": False}]

    def release(self, release: Release) -> dict[str, Any]:
        """A release, shipped its hours before now."""
        shipped = _iso(self._shipped_at(release))
        return {
            "version": release.version,
            "shortVersion": release.version,
            "dateCreated": shipped,
            "dateReleased": shipped,
            "commitCount": len(release.commits),
            "projects": [{"slug": PROJECT, "name": "Shop"}],
        }

    def listed_release(self, listed: Listed) -> dict[str, Any]:
        """A release as the list of them has it: with its first and last event, where it has some."""
        at = _iso(self._shipped_at(listed.release) + timedelta(minutes=5)) if listed.has_events else None
        return self.release(listed.release) | {"firstEvent": at, "lastEvent": at}

    def commits(self, release: Release) -> list[dict[str, Any]]:
        """What went into a release, newest first, each an hour before the next."""
        shipped = self._shipped_at(release)
        return [
            self._commit(commit, shipped - timedelta(hours=position + 1))
            for position, commit in enumerate(release.commits)
        ]

    def committers(self, incident: Incident) -> dict[str, Any] | None:
        """The commit that Sentry suspects, if it suspects one."""
        if not incident.release.suspect:
            return None
        commit = self.commits(incident.release)[0]
        suspected = {"author": commit["author"], "commits": [commit | {"score": 3}], "group_owner_id": 1}
        return {"committers": [suspected]}

    def first_seen(self, incident: Incident) -> datetime:
        """When the first event is counted."""
        return self.now - timedelta(seconds=max(ago_s for ago_s, _ in _happened(incident)))

    def last_seen(self, incident: Incident) -> datetime:
        """When the last event is counted."""
        return self.now - timedelta(seconds=min(ago_s for ago_s, _ in _happened(incident)))

    def _shipped_at(self, release: Release) -> datetime:
        return self.now - timedelta(hours=release.hours_ago)

    def _commit(self, commit: Mapping[str, str], at: datetime) -> dict[str, Any]:
        name = commit["author"]
        author = {"name": name, "email": f"{name.split()[0].lower()}@shop.example"}
        return {"id": commit["id"], "message": commit["message"], "author": author, "dateCreated": _iso(at)}


def project_of(incident: Incident) -> dict[str, str]:
    """The project of an incident; the recorded ones are of the shop."""
    slug = str(incident.issue.get("project", PROJECT))
    return {"id": "1" if slug == PROJECT else "2", "slug": slug, "name": slug.capitalize()}


def _value_of(incident: Incident, key: str, n: int) -> str:
    """The value of a tag in event `n`, so that all events together have each value as often as it is counted."""
    place = n % incident.events
    for value, count in incident.tag_values(key):
        if place < count:
            return value
        place -= count
    return ""


def _happened(incident: Incident) -> Iterator[tuple[int, int]]:
    """(seconds ago, events), newest first: each hour's events spread evenly over its slots of five minutes."""
    slots = _HOUR_S // _SLOT_S
    for hours_ago, count in enumerate(reversed(incident.hourly)):
        for slot in range(slots):
            if share := count * (slot + 1) // slots - count * slot // slots:
                yield hours_ago * _HOUR_S + slot * _SLOT_S + _LAST_EVENT_AGO_S, share


def _timed(entry: Mapping[str, Any], at: datetime) -> Mapping[str, Any]:
    """Breadcrumbs get times before the event; every other entry stays as it is."""
    if entry["type"] != "breadcrumbs":
        return entry
    values = [
        {name: value for name, value in crumb.items() if name != "seconds_before"}
        | {"timestamp": (at - timedelta(seconds=crumb["seconds_before"])).isoformat().replace("+00:00", "Z")}
        for crumb in entry["data"]["values"]
    ]
    return {**entry, "data": {"values": values}}


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
