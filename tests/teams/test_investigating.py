"""From a mention to a resolved investigation, in the thread."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.fakes.teams import Message, Place
from tests.teams.conftest import Town, is_report, is_spinning, root_of

CHECK_MARK = "2705_whiteheavycheckmark"


async def test_a_mention_becomes_a_card_with_every_step_and_a_report_that_mentions_who_asked(town: Town) -> None:
    _, ada, incidents = await town.settle_in()
    asked = await town.peer.say(ada, incidents, "investigate SHOP-1")
    assert (asked.status, asked.body) == (202, "")
    report = await town.report_in(incidents)
    progress, *rest = incidents.posts()
    assert {root_of(message) for message in incidents.posts()} == {asked.said["id"]}
    assert [message.id for message in rest if is_report(message)] == [report.id]
    assert {"text": "<at>Ada</at>", "type": "mention", "mentioned": {"id": ada.id, "name": "Ada"}} in report.card[
        "msteams"
    ]["entities"]
    assert len(progress.states) >= 3, "people saw it work"
    assert "stop_investigation" in str(progress.states[0]) and not is_spinning(progress)
    assert all(later - earlier >= 2 for earlier, later in pairwise(progress.at[1:])), "Teams limits how often"


async def test_a_chart_follows_the_report_at_an_address_that_only_its_link_opens(town: Town) -> None:
    _, ada, incidents = await town.settle_in()
    await town.peer.say(ada, incidents, "investigate SHOP-1")
    chart = await town.said_in(incidents, "Bar chart of events")
    address = str(chart.card["body"][0]["url"])
    status, picture = await town.fetched(address)
    assert status == 200 and picture.startswith(b"\x89PNG")
    for wrong in (address.replace(".png", "x.png"), address.rpartition("/")[0] + "/1.2.png"):
        assert (await town.fetched(wrong))[0] == 404


@pytest.mark.parametrize("kind", ["group", "chat"])
async def test_chats_are_one_thread_in_which_everything_works(town: Town, kind: str) -> None:
    tenant, ada, _ = await town.settle_in()
    place = town.peer.chat(ada) if kind == "chat" else town.peer.group(tenant, ada)
    await town.peer.say(ada, place, "investigate SHOP-2")
    report = await town.report_in(place)
    assert "SHOP-2" in report.text
    await town.peer.say(ada, place, "who is affected?")
    await town.said_in(place, "who is affected?")
    await town.peer.react(ada, place, report, added=CHECK_MARK)
    await town.said_in(place, "Resolved by Ada")


async def test_one_activity_may_take_a_reaction_off_and_put_another_on(town: Town) -> None:
    acme, ada, incidents = await town.settle_in()
    await town.peer.say(ada, incidents, "investigate SHOP-1")
    report = await town.report_in(incidents)
    await town.peer.react(ada, incidents, report, added="like")
    await town.peer.react(ada, incidents, report, removed="like", added=CHECK_MARK)
    await town.said_in(incidents, "Resolved by Ada")
    (investigation,) = await (await town.store_of(acme)).investigations(9)
    assert [vote for vote in investigation.votes if vote.helpful] == []


async def test_replies_are_heard_with_and_without_a_mention_and_chatter_for_others_is_not(town: Town) -> None:
    acme, ada, incidents = await town.settle_in()
    await town.peer.say(ada, incidents, "investigate SHOP-1")
    report = await town.report_in(incidents)
    root = root_of(report)
    bob = town.peer.person("Bob", acme)
    to_bob = {"type": "mention", "text": "<at>Bob</at>", "mentioned": {"id": bob.id, "name": "Bob"}}
    chatter = town.peer.activity("message", ada, incidents, root=root) | {"entities": [to_bob]}
    assert (await town.peer.deliver(chatter | {"text": "<at>Bob</at> can you look?"})).status == 202
    await town.peer.say(ada, incidents, "lunch anyone?", mention=False)
    await town.peer.say(ada, incidents, "who is affected?", root=root)
    await town.peer.say(ada, incidents, "what changed before it?", root=root, mention=False)

    def answers() -> list[Message]:
        return [message for message in incidents.posts() if "<at>Ada</at> asked about" in message.text]

    await town.peer.until(lambda: len(answers()) == 2)
    assert {root_of(message) for message in answers()} == {root}
    assert "can you look" not in everything_in(incidents) and "lunch" not in everything_in(incidents)


def everything_in(place: Place) -> str:
    """All that LogSense wrote there."""
    return "\n".join(message.text for message in place.posts())
