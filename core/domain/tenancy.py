"""Who owns what: organizations, the workspaces that lead to them, and the people who act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from core.domain.errors import InvalidInput

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
class OperatorHosts:
    """Private hosts that the organization of whoever runs this installation reaches, and no other."""

    organization_id: OrganizationId
    hosts: frozenset[str]


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
class Limits:
    """What one organization may do, spend and keep; None is without limit, and for `keep_…` for ever.

    At `soft_usd` of model cost in a month people are told, at `hard_usd` rules investigate instead. Transcripts are the
    steps and the report, evidence is what tools and people brought in.
    """

    max_concurrent: int | None = None
    starts_per_minute: int | None = None
    max_queued: int | None = None
    soft_usd: float | None = None
    hard_usd: float | None = None
    keep_transcripts_days: int | None = None
    keep_evidence_days: int | None = None
    keep_audit_days: int | None = None


DEFAULT_LIMITS = Limits(max_concurrent=3, starts_per_minute=60, max_queued=500)


class PersonalData(StrEnum):
    """A kind of personal data that an organization may have masked; secrets are always masked."""

    EMAIL = "email"
    CARD = "card"
    IBAN = "iban"
    PHONE = "phone"
    IP = "ip"
    NATIONAL_ID = "national_id"


def parse_personal_data(text: str) -> frozenset[PersonalData]:
    """Return the kinds that `text` names with commas; `none` and nothing are no kinds.

    Raises:
        InvalidInput: one of them is no kind of personal data.
    """
    names = [part.strip() for part in text.split(",") if part.strip() not in ("", "none")]
    try:
        return frozenset(map(PersonalData, names))
    except ValueError:
        raise InvalidInput(
            f"Kinds of personal data are {', '.join(PersonalData)}, with commas between; or none."
        ) from None


MASKED_BY_DEFAULT = frozenset({PersonalData.EMAIL, PersonalData.CARD})


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What somebody did: `origin` is where (a platform and its workspace, or the terminal), `details` are plain."""

    at: datetime
    actor: Actor
    origin: str
    action: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Organization:
    """The tenant: everything LogSense keeps belongs to exactly one."""

    id: OrganizationId
    name: str
