"""What `check` says of the tracker's token and of what was learned."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.checks import NotConfigured, known_lessons, repositories_state, sentry_state
from core.domain.errors import ServiceUnavailable
from core.domain.knowledge import KnowledgeEntry
from core.domain.tenancy import OrganizationId
from core.gateways.code.repositories import CodeSettings, parse_repositories
from tests.fakes.repositories import Made, make_repository, needs_git


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


@needs_git
async def test_repositories_are_reached_by_name_and_what_is_wrong_with_them_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = OrganizationId("acme")
    make_repository(tmp_path / "shop.git", [Made("begin", {"a.py": "1\n"})])

    async def state(text: str) -> str:
        return await repositories_state(CodeSettings(parse_repositories(text, acme)), acme)

    assert await state(f"{tmp_path}") == "read: shop"
    with pytest.raises(ServiceUnavailable, match="The repository of web is no git repository"):
        await state(f"web={tmp_path}/none")
    with pytest.raises(NotConfigured, match="names no repository"):
        await state(f"{tmp_path}/shop.git/refs")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotConfigured, match="install git"):
        await state(f"{tmp_path}")
