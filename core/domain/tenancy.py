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
class ModelConnection:
    """How one organization's language model is reached; `base_url` None is OpenAI itself."""

    api_key: str = field(repr=False)
    base_url: str | None
    model: str


class Role(StrEnum):
    """What a person may do in an organization; each may do what those after it may."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"

    @property
    def may_administer(self) -> bool:
        """Whether connections and settings may be changed."""
        return self is not Role.MEMBER


@dataclass(frozen=True, slots=True)
class Member:
    """A person as one workspace knows them, with the role they were granted in the organization."""

    workspace: WorkspaceRef
    user_id: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """What admins decided about one channel: the tracker's projects it is about, and whether outsiders may read it."""

    projects: tuple[str, ...] = ()
    shared_is_allowed: bool = False


@dataclass(frozen=True, slots=True)
class Organization:
    """The tenant: everything LogSense keeps belongs to exactly one."""

    id: OrganizationId
    name: str
