"""Releases in the Web API's answers, and which of them was out before another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.domain.incident import Commit, Release
from core.gateways.sentry.values import listed, mapping, moment, string


def released_at(body: Mapping[str, Any]) -> datetime | None:
    """When it was shipped, as far as the tracker was told, else when the tracker first heard of it."""
    return moment(body.get("dateReleased")) or moment(body.get("dateCreated"))


def release_from(version: str, body: Mapping[str, Any]) -> Release:
    """The release of a payload, without its commits but the last one's id."""
    last = string(mapping(body.get("lastCommit")).get("id")) or string(body.get("ref"))
    return Release(version, released_at(body), last_commit=last, has_events=_has_events(body))


def releases_in(body: object) -> tuple[Release, ...]:
    """The releases of a list, without their commits."""
    items = map(mapping, listed(body))
    return tuple(release_from(version, item) for item in items if (version := string(item.get("version"))))


def commit_from(payload: object, author: str | None = None) -> Commit:
    """The commit of a payload; `author` is one that stands beside it."""
    body = mapping(payload)
    named = string(mapping(body.get("author")).get("name"))
    message = string(body.get("message")) or ""
    return Commit(string(body.get("id")) or "", message, author or named, moment(body.get("dateCreated")))


def newest_before(releases: Sequence[Release], release: Release) -> Release | None:
    """The newest of `releases` that has the package of `release` and was shipped before it."""
    at = release.released_at
    if at is None:
        return None
    earlier = [
        (each.released_at, each)
        for each in releases
        if each.released_at is not None and each.released_at < at and each.version != release.version
        if _package(each.version) == _package(release.version)
    ]
    return max(earlier, key=lambda pair: pair[0])[1] if earlier else None


def _package(version: str) -> str:
    """What stands before the `@`; versions without one belong together."""
    name, at, _ = version.rpartition("@")
    return name if at else ""


def _has_events(item: Mapping[str, Any]) -> bool | None:
    if "firstEvent" not in item and "lastEvent" not in item:
        return None
    return item.get("firstEvent") is not None or item.get("lastEvent") is not None
