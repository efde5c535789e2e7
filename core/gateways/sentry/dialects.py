"""How the servers that speak Sentry's Web API differ; one value a server, and nothing about it anywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.gateways.sentry.values import mapping


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one kind of server calls things, and what it lacks.

    `events` are its own names of the event choices; those that are not named there are passed on as they are.
    `absent` are the statuses with which it says that a path is not there, and `html_is_absent` whether it answers such
    paths with a page for browsers.
    """

    name: str
    sort_newest: str
    all_projects: str | None
    issues_below_organization: bool
    finds_short_ids: bool
    events: Mapping[str, str]
    absent: frozenset[int]
    html_is_absent: bool
    has_commits: bool
    has_event_tables: bool
    has_issue_stats: bool
    counts_users: bool
    names_tag_keys: bool
    note_path: str

    def issue_path(self, organization: str, issue_id: str) -> str:
        """Where one issue is read; `organization` is the path of the organization."""
        return f"{organization}/issues/{issue_id}/" if self.issues_below_organization else f"issues/{issue_id}/"

    def issue_page(self, slug: str, issue_id: str) -> str:
        """The path of the page on which people see an issue."""
        return (
            f"/organizations/{slug}/issues/{issue_id}/"
            if self.issues_below_organization
            else f"/{slug}/issues/{issue_id}"
        )

    def note(self, text: str) -> dict[str, Any]:
        """The body of a new note."""
        return {"text": text} if self.note_path == "notes/" else {"data": {"text": text}}


SENTRY = Dialect(
    name="Sentry",
    sort_newest="date",
    # Without a project, Sentry reads "the projects that the token's user has joined".
    all_projects="-1",
    issues_below_organization=True,
    finds_short_ids=True,
    events={},
    absent=frozenset({404}),
    html_is_absent=False,
    has_commits=True,
    has_event_tables=True,
    has_issue_stats=False,
    counts_users=True,
    names_tag_keys=True,
    note_path="notes/",
)

GLITCHTIP = Dialect(
    name="GlitchTip",
    sort_newest="-last_seen",
    all_projects=None,
    issues_below_organization=False,
    finds_short_ids=False,
    events={"recommended": "latest"},
    # Its routes take integers and UUIDs: a word in their place is a 422, another method's path a 405.
    absent=frozenset({404, 405, 422}),
    html_is_absent=True,
    has_commits=False,
    has_event_tables=False,
    has_issue_stats=True,
    counts_users=False,
    names_tag_keys=False,
    note_path="comments/",
)


def recognized(root: object) -> Dialect | None:
    """The dialect that the answer of `/api/0/` shows; None when it is not the root of such an API.

    Both answer version, auth and user; only GlitchTip gives its token a label beside the scopes.
    """
    body = mapping(root)
    if "version" not in body and "auth" not in body:
        return None
    auth = mapping(body.get("auth"))
    return GLITCHTIP if "label" in auth and "scopes" in auth else SENTRY
