"""Who owns what: organizations, the workspaces that lead to them, and the people who act."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

OrganizationId = NewType("OrganizationId", str)


class Platform(StrEnum):
    """Where people meet LogSense."""

    TERMINAL = "terminal"
    SLACK = "slack"
    TEAMS = "teams"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class WorkspaceRef:
    """A platform's own name for a door into one organization; `key` is opaque outside the adapter that made it."""

    platform: Platform
    key: str


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who asked, answered or decided, as the platform names them."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class SentryConnection:
    """How one organization's Sentry is reached; `writes_allowed` lets people resolve and comment through LogSense."""

    base_url: str
    organization_slug: str
    token: str = field(repr=False)
    writes_allowed: bool = False


@dataclass(frozen=True, slots=True)
class Organization:
    """The tenant: everything LogSense keeps belongs to exactly one."""

    id: OrganizationId
    name: str
