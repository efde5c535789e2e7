"""The real GlitchTip: the shipped command against the server itself, filled through its own ingest.

It runs where `GLITCHTIP_SOURCE` names a checkout of its backend. `make test-glitchtip` installs what that needs;
`GLITCHTIP_PYTHON` names another environment that has it.
PostgreSQL, with its extension hstore, and redis or valkey come from the system's packages.
"""

from __future__ import annotations

import pytest

from tests.glitchtip.server import GlitchTipServer
from tests.scenarios.conftest import CommandLine


@pytest.fixture
def connected(glitchtip: GlitchTipServer, logsense: CommandLine) -> CommandLine:
    return CommandLine(logsense.home, glitchtip.connection("acme"))


async def test_incidents_are_listed_and_the_server_is_reached(connected: CommandLine) -> None:
    listed = await connected.run("incidents", "--json")
    assert listed.code == 0, listed.stderr
    assert "KeyError" in listed.stdout
    checked = await connected.run("check")
    assert "event:read" in checked.stdout, checked.stdout + checked.stderr


async def test_an_issue_is_investigated_by_short_id_by_number_and_by_its_own_link(
    connected: CommandLine, glitchtip: GlitchTipServer
) -> None:
    for named in ("SHOP-1", "1", f"{glitchtip.url}/shop/issues/1"):
        outcome = await connected.run("investigate", named)
        assert outcome.code == 0, outcome.stderr
        assert "shop/cart.py:41" in outcome.stdout and "3 users" in outcome.stdout


async def test_an_issue_of_another_organization_is_not_read(glitchtip: GlitchTipServer, logsense: CommandLine) -> None:
    outcome = await CommandLine(logsense.home, glitchtip.connection("other")).run("investigate", "1")
    assert outcome.code == 2
    assert "no issue 1 in organization other" in outcome.stderr


async def test_resolving_leaves_a_note_in_the_tracker(connected: CommandLine, glitchtip: GlitchTipServer) -> None:
    assert (await connected.run("investigate", "SHOP-1")).code == 0
    assert (await connected.run("resolve", "--fix", "made the key optional")).code == 0
    assert glitchtip.get("issues/1/")["status"] == "resolved"
    assert "made the key optional" in glitchtip.get("issues/1/comments/")[0]["data"]["text"]
