"""Several people's check marks on one report: the first stands, the last one gone reopens."""

from __future__ import annotations

from tests.fakes.slack import Channel, Message
from tests.slack.conftest import SlackHarness, until
from tests.slack.test_using import investigated

CHECK = "white_check_mark"


def decisions(channel: Channel) -> list[str]:
    """What was said about its being over, in order."""
    words = ("Resolved by", "Reopened by", "stays resolved")
    return [it.text for it in channel.posts_of_bot() if any(word in it.text for word in words)]


async def decision(channel: Channel, number: int) -> str:
    """The decision with that number, once it stands."""
    return await until(lambda: (decisions(channel) + [""] * number)[number - 1])


async def test_the_first_check_mark_stands_until_the_last_one_is_gone(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    bob, cem = (acme.add_user(name) for name in ("bob", "cem"))
    incidents.members |= {bob.id, cem.id}
    report: Message = await investigated(harness, ada, incidents)
    await harness.fake_slack.react(ada, report, CHECK)
    assert "Resolved by ada" in await decision(incidents, 1)
    await harness.fake_slack.react(bob, report, CHECK)
    await harness.fake_slack.react(cem, report, CHECK)
    await harness.fake_slack.unreact(cem, report, CHECK)
    await harness.fake_slack.unreact(ada, report, CHECK)
    assert "stays resolved, by bob" in await decision(incidents, 2)
    await harness.fake_slack.unreact(bob, report, CHECK)
    assert "Reopened by bob" in await decision(incidents, 3)
    assert len(decisions(incidents)) == 3
    (investigation,) = await (await harness.store_of(acme)).investigations(9)
    assert investigation.resolved_by is None and investigation.marks == ()
