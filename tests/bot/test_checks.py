"""What `check` says of the tracker's token and of what was learned."""

from __future__ import annotations

import pytest

from bot.app.checks import NotConfigured, known_lessons, sentry_state
from core.domain.knowledge import KnowledgeEntry


def test_the_scopes_of_the_token_are_told() -> None:
    assert sentry_state(["event:read", "event:write"], writes_allowed=True).endswith("event:read, event:write")
    assert "does not say" in sentry_state([], writes_allowed=True)


def test_writes_that_the_token_cannot_do_are_a_warning() -> None:
    assert sentry_state(["event:read"], writes_allowed=False)
    with pytest.raises(NotConfigured, match=r"LOGSENSE_SENTRY_WRITES .* event:write"):
        sentry_state(["event:read"], writes_allowed=True)


def test_drafts_are_not_counted_as_lessons() -> None:
    draft = KnowledgeEntry("i1", "t", "c", "f", status="draft")
    confirmed = KnowledgeEntry("i2", "t", "c", "f")
    assert known_lessons([draft, confirmed]) == "1 confirmed past incident"
