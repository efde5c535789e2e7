"""Every button of Teams, pressed by somebody of another organization who knows the ids."""

from __future__ import annotations

import json

import pytest

from adapters.teams.inbound.ids import Action
from tests.teams.conftest import TeamsHarness, fake_teams, harness, is_report, sentry

__all__ = ["fake_teams", "harness", "sentry"]

ABOUT_ONE = {
    Action.STOP,
    Action.RESOLVE,
    Action.REOPEN,
    Action.WRONG,
    Action.AGAIN,
    Action.EVIDENCE,
    Action.REPORT,
    Action.POST_MORTEM,
    Action.FIX_SUGGESTED,
}
ELSEWHERE = {
    Action.INVESTIGATE: "its value is an issue of the presser's own Sentry",
    Action.INCIDENTS: "lists the presser's own",
    Action.HELP: "is the same for everybody",
    Action.CONNECT_SENTRY: "opens an empty form of the presser's own organization",
    Action.CONNECT_MODEL: "opens an empty form of the presser's own organization",
    Action.SAVE_SENTRY: "saves for the presser's own organization",
    Action.SAVE_MODEL: "saves for the presser's own organization",
    Action.SAVE_MASKING: "saves for the presser's own organization",
}


def test_every_button_has_its_place() -> None:
    assert ABOUT_ONE | set(ELSEWHERE) == set(Action)


@pytest.mark.timeout(180)
async def test_a_button_with_anothers_id_does_nothing_and_says_only_that_there_is_no_such_thing(
    harness: TeamsHarness,
) -> None:
    globex, gina, their_place = await harness.install()
    await harness.fake_teams.say(gina, their_place, "investigate SHOP-1")
    await harness.report_in(their_place)
    await harness.said_in(their_place, "Bar chart of events")
    (theirs,) = await (await harness.store_of(globex)).investigations(9)
    acme, ada, ours = await harness.install()
    await harness.fake_teams.say(ada, ours, "investigate SHOP-2")
    report = await harness.report_in(ours)
    await harness.said_in(ours, "Bar chart of events")
    (own,) = await (await harness.store_of(acme)).investigations(9)
    heard, said = len(their_place.posts()), len(ours.posts())
    honest = json.dumps(report.button("resolve_investigation"))
    assert own.id in honest
    for action in ABOUT_ONE:
        forged = json.loads(honest.replace(own.id, theirs.id).replace("resolve_investigation", action))
        report.states.append({**report.activity, "attachments": [{"content": {"actions": [forged]}}]})
        answer = await harness.fake_teams.press(ada, ours, report, action)
        report.states.pop()
        assert "no investigation" in str(answer.body["value"]), action
        assert "SHOP-1" not in str(answer.body), action
    await harness.fake_teams.say(ada, ours, f"cancel {theirs.id}")
    await harness.said_in(ours, "no investigation")
    assert await (await harness.store_of(globex)).investigations(9) == [theirs]
    assert (len(their_place.posts()), len(ours.posts())) == (heard, said + 1)
    assert len(list(filter(is_report, ours.posts()))) == 1
