"""Check marks on a report in Teams: the first one stands, a second is recorded, the last one gone reopens."""

from __future__ import annotations

from tests.fakes.teams import Place
from tests.teams.conftest import TeamsHarness
from tests.teams.test_using import investigated

CHECK = "2705_whiteheavycheckmark"


def decisions(place: Place) -> list[str]:
    """What was said about its being over, in order."""
    words = ("Resolved by", "Reopened by", "stays resolved")
    return [it.text for it in place.posts() if "stop" not in it.text and any(word in it.text for word in words)]


async def test_the_first_check_mark_stands_until_the_last_one_is_gone(harness: TeamsHarness) -> None:
    acme, ada, incidents = await harness.install()
    bob, cem = (harness.fake_teams.person(name, acme) for name in ("Bob", "Cem"))
    incidents.members += [bob, cem]
    report = await investigated(harness, ada, incidents)
    await harness.fake_teams.react(ada, incidents, report, added=CHECK)
    await harness.said_in(incidents, "Resolved by Ada")
    await harness.fake_teams.react(bob, incidents, report, added=CHECK)
    await harness.fake_teams.react(cem, incidents, report, added=CHECK)
    await harness.fake_teams.react(cem, incidents, report, removed=CHECK)
    await harness.fake_teams.react(ada, incidents, report, removed=CHECK)
    await harness.said_in(incidents, "stays resolved, by Bob")
    await harness.fake_teams.react(bob, incidents, report, removed=CHECK)
    await harness.said_in(incidents, "Reopened by Bob")
    said = "\n".join(it.text for it in incidents.posts() if it is not report)
    assert "Resolved by Bob" not in said and "Resolved by Cem" not in said and "Reopened by Ada" not in said
    (investigation,) = await (await harness.store_of(acme)).investigations(9)
    assert investigation.resolved_by is None and investigation.marks == ()
