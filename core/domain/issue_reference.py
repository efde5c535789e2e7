"""Reads what people paste when they mean an issue: ids and every form of Sentry URL. Pure; nothing is fetched."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from core.domain.errors import InvalidInput
from core.domain.incident import IssueRef

ACCEPTED = "Give a short id such as SHOP-1A2, a numeric id, or the URL of an issue."
_ISSUE_ID = re.compile(r"\d{1,20}|[A-Za-z0-9][\w-]{0,60}-[A-Za-z0-9]{1,12}")
_EVENT_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|latest|recommended|oldest")
_SLACK_LINK = re.compile(r"<([^<>|]+)(?:\|[^<>]*)?>")
_SENTRY_IO = "sentry.io"
_REGIONS = frozenset({"us", "de", "eu", "www"})
_NOT_AN_ORGANIZATION = frozenset({"issues", "organizations", "api", "projects", "share"})


def parse_issue_reference(text: str, *, base_url: str | None, organization_slug: str | None) -> IssueRef:
    """The issue that `text` names, and the event if it points at one.

    A URL only names an issue: it must belong to the connected Sentry and organization, and requests never go to it.

    Raises:
        InvalidInput: says what is wrong and what would be accepted.
    """
    cleaned = _cleaned(text)
    if not cleaned:
        raise InvalidInput(f"No issue was named. {ACCEPTED}")
    if "://" in cleaned:
        return _from_url(cleaned, base_url, organization_slug)
    if _ISSUE_ID.fullmatch(cleaned):
        return IssueRef(_canonical(cleaned))
    raise InvalidInput(f"“{cleaned[:80]}” names no issue. {ACCEPTED}")


def _cleaned(text: str) -> str:
    bare = text.strip()
    if link := _SLACK_LINK.fullmatch(bare.rstrip(".,;:!?)")):
        bare = link[1]
    return bare.strip("`'\"()[]{}«»“”").rstrip(".,;:!?").strip()


def _canonical(issue_id: str) -> str:
    return issue_id if issue_id.isdigit() else issue_id.upper()


def _from_url(url: str, base_url: str | None, organization_slug: str | None) -> IssueRef:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        raise InvalidInput(f"That URL cannot be read. {ACCEPTED}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidInput(f"That is not a web address. {ACCEPTED}")
    named = _organization_in_host(host, base_url)
    segments = [segment for segment in parts.path.split("/") if segment]
    issue_at = _position_of_issue(segments)
    if issue_at is None:
        raise InvalidInput(f"That URL is not of an issue. {ACCEPTED}")
    named = named or _organization_in_path(segments, issue_at)
    if _may_be_a_project(segments, issue_at, base_url):
        named = None
    if named and organization_slug and named.lower() != organization_slug.lower():
        raise InvalidInput(
            f"That issue belongs to the Sentry organization {named[:60]}; connected is {organization_slug}."
        )
    return IssueRef(_canonical(segments[issue_at + 1]), _event_in(segments, issue_at))


def _organization_in_host(host: str, base_url: str | None) -> str | None:
    """The organization that the host itself names; refuses hosts other than the connected Sentry's."""
    configured = (urlsplit(base_url).hostname or "").lower() if base_url else _SENTRY_IO
    if host == configured:
        return None
    if _is_sentry_io(configured) and _is_sentry_io(host):
        label = host.removesuffix(f".{_SENTRY_IO}")
        return None if label in _REGIONS or host == _SENTRY_IO else label
    raise InvalidInput(f"That URL is of {host[:80]}, but the connected Sentry is {configured}.")


def _is_sentry_io(host: str) -> bool:
    return host == _SENTRY_IO or host.endswith(f".{_SENTRY_IO}")


def _position_of_issue(segments: list[str]) -> int | None:
    """Where `issues` stands with an id after it."""
    for position in range(len(segments) - 1):
        if segments[position] == "issues" and _ISSUE_ID.fullmatch(segments[position + 1]):
            return position
    return None


def _organization_in_path(segments: list[str], issue_at: int) -> str | None:
    if "organizations" in segments[:issue_at]:
        after = segments.index("organizations") + 1
        return segments[after] if after < issue_at else None
    before = [segment for segment in segments[:issue_at] if segment not in _NOT_AN_ORGANIZATION]
    return before[0] if before and segments[0] not in _NOT_AN_ORGANIZATION else None


def _may_be_a_project(segments: list[str], issue_at: int, base_url: str | None) -> bool:
    """Whether the one name before `issues` may be a project, as in GlitchTip's own links.

    A number is one issue of the whole server, and whose it is gets proved when it is read; a short id may be anybody's.
    """
    configured = (urlsplit(base_url).hostname or "").lower() if base_url else _SENTRY_IO
    return issue_at == 1 and segments[2].isdigit() and not _is_sentry_io(configured)


def _event_in(segments: list[str], issue_at: int) -> str | None:
    rest = segments[issue_at + 2 :]
    if len(rest) >= 2 and rest[0] == "events" and _EVENT_ID.fullmatch(rest[1].lower()):
        return rest[1].lower().replace("-", "")
    return None
