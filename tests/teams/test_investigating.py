"""From a mention to a resolved investigation, in the thread."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.fakes.teams import Message, Place
from tests.teams.conftest import TeamsHarness, is_report, is_spinning, root_of

CHECK_MARK = "2705_whiteheavycheckmark"


async def test_a_mention_becomes_a_card_with_every_step_and_a_report_that_mentions_who_asked(
    harness: TeamsHarness,
) -> None:
    _, ada, incidents = await harness.install()
    asked = await harness.fake_teams.say(ada, incidents, "investigate SHOP-1")
    assert (asked.status, asked.body) == (202, "")
    report = await harness.report_in(incidents)
    progress, *rest = incidents.posts()
    assert {root_of(message) for message in incidents.posts()} == {asked.said["id"]}
    assert [message.id for message in rest if is_report(message)] == [report.id]
    assert {"text": "<at>Ada</at>", "type": "mention", "mentioned": {"id": ada.id, "name": "Ada"}} in report.card[
        "msteams"
    ]["entities"]
    assert len(progress.states) >= 3, "people saw it work"
    assert "stop_investigation" in str(progress.states[0]) and not is_spinning(progress)
    assert all(later - earlier >= 2 for earlier, later in pairwise(progress.at[1:])), "Teams limits how often"


async def test_a_chart_follows_the_report_at_an_address_that_only_its_link_opens(harness: TeamsHarness) -> None:
    _, ada, incidents = await harness.install()
    await harness.fake_teams.say(ada, incidents, "investigate SHOP-1")
    chart = await harness.said_in(incidents, "Bar chart of events")
    address = str(chart.card["body"][0]["url"])
    status, picture = await harness.fetched(address)
    assert status == 200 and picture.startswith(b"\x89PNG")
    for wrong in (address.replace(".png", "x.png"), address.rpartition("/")[0] + "/1.2.png"):
        assert (await harness.fetched(wrong))[0] == 404


@pytest.mark.parametrize("kind", ["group", "chat"])
async def test_chats_are_one_thread_in_which_everything_works(harness: TeamsHarness, kind: str) -> None:
    tenant, ada, _ = await harness.install()
    place = harness.fake_teams.chat(ada) if kind == "chat" else harness.fake_teams.group(tenant, ada)
    await harness.fake_teams.say(ada, place, "investigate SHOP-2")
    report = await harness.report_in(place)
    assert "SHOP-2" in report.text
    await harness.fake_teams.say(ada, place, "who is affected?")
    await harness.said_in(place, "who is affected?")
    await harness.fake_teams.react(ada, place, report, added=CHECK_MARK)
    await harness.said_in(place, "Resolved by Ada")


async def test_one_activity_may_take_a_reaction_off_and_put_another_on(harness: TeamsHarness) -> None:
    acme, ada, incidents = await harness.install()
    await harness.fake_teams.say(ada, incidents, "investigate SHOP-1")
    report = await harness.report_in(incidents)
    await harness.fake_teams.react(ada, incidents, report, added="like")
    await harness.fake_teams.react(ada, incidents, report, removed="like", added=CHECK_MARK)
    await harness.said_in(incidents, "Resolved by Ada")
    (investigation,) = await (await harness.store_of(acme)).investigations(9)
    assert [vote for vote in investigation.votes if vote.helpful] == []


async def test_replies_are_heard_with_and_without_a_mention_and_chatter_for_others_is_not(
    harness: TeamsHarness,
) -> None:
    acme, ada, incidents = await harness.install()
    await harness.fake_teams.say(ada, incidents, "investigate SHOP-1")
    report = await harness.report_in(incidents)
    root = root_of(report)
    bob = harness.fake_teams.person("Bob", acme)
    to_bob = {"type": "mention", "text": "<at>Bob</at>", "mentioned": {"id": bob.id, "name": "Bob"}}
    chatter = harness.fake_teams.activity("message", ada, incidents, root=root) | {"entities": [to_bob]}
    assert (await harness.fake_teams.deliver(chatter | {"text": "<at>Bob</at> can you look?"})).status == 202
    await harness.fake_teams.say(ada, incidents, "lunch anyone?", mention=False)
    await harness.fake_teams.say(ada, incidents, "who is affected?", root=root)
    await harness.fake_teams.say(ada, incidents, "what changed before it?", root=root, mention=False)

    def answers() -> list[Message]:
        return [message for message in incidents.posts() if "<at>Ada</at> asked about" in message.text]

    await harness.fake_teams.until(lambda: len(answers()) == 2)
    assert {root_of(message) for message in answers()} == {root}
    assert "can you look" not in everything_in(incidents) and "lunch" not in everything_in(incidents)


def everything_in(place: Place) -> str:
    """All that LogSense wrote there."""
    return "\n".join(message.text for message in place.posts())
