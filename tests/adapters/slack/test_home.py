"""The home page fits, shows what goes on, and offers people only what they may do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given

from adapters.slack.inbound.ids import Action
from adapters.slack.render.home import LIMIT, home_blocks
from core.domain.home_view import HomeView, Incidents
from tests.adapters.slack.block_rules import assert_blocks, outline
from tests.adapters.slack.samples import HOME, INCIDENT_ROWS, NEW_HOME, home_views
from tests.adapters.slack.test_blocks import SLOW_TO_MAKE, SNAPSHOTS


def buttons_of(view: HomeView) -> list[tuple[str, str]]:
    elements: list[dict[str, Any]] = []
    for block in home_blocks(view):
        elements += [*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else [])]
    return [(element["action_id"], element["value"]) for element in elements if element["type"] == "button"]


@SLOW_TO_MAKE
@given(home_views)
def test_slack_takes_every_home_page(view: HomeView) -> None:
    assert_blocks(home_blocks(view), LIMIT)


def test_it_reads_as_the_snapshots_say() -> None:
    for name, view in (("home", HOME), ("home_new", NEW_HOME)):
        assert outline(home_blocks(view)) == (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


def test_every_incident_can_be_investigated() -> None:
    pressed = [value for action, value in buttons_of(HOME) if action == Action.INVESTIGATE]
    assert pressed == ["SHOP-1", "SHOP-2"]


def test_only_admins_may_connect() -> None:
    admin = {action for action, _ in buttons_of(HOME)}
    member = {action for action, _ in buttons_of(replace(HOME, may_administer=False))}
    assert admin - member == {Action.CONNECT_SENTRY, Action.CONNECT_MODEL, Action.MASKING}


def test_what_is_left_out_is_counted() -> None:
    rows = INCIDENT_ROWS * 12
    shown = outline(home_blocks(replace(HOME, incidents=Incidents(rows), running=HOME.running * 27)))
    assert "(and 4 more)" in shown
    assert "(and 7 more)" in shown
    assert shown.count("under way") == 20


def test_a_tracker_that_cannot_be_read_says_why() -> None:
    broken = replace(HOME, incidents=Incidents(problem="Sentry took too long."))
    assert "⚠ They could not be read: Sentry took too long." in outline(home_blocks(broken))
