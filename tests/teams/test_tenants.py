"""How tenants come and go, and that none sees anything of another."""

from __future__ import annotations

from bot.demo.local_sentry import Fault
from core.domain.tenancy import Member, Platform, Role, WorkspaceRef
from tests.fakes.teams import Tenant
from tests.teams.conftest import HOME_TENANT, TeamsHarness, is_report


def ref(tenant: Tenant) -> WorkspaceRef:
    """The tenant as the directory knows it."""
    return WorkspaceRef(Platform.TEAMS, tenant.id)


async def test_a_tenant_that_nobody_knows_is_told_how_to_come_in_and_nothing_of_it_is_kept(
    harness: TeamsHarness,
) -> None:
    tenant = harness.fake_teams.tenant()
    eve = harness.fake_teams.person("Eve", tenant)
    channel = harness.fake_teams.channel(tenant, eve)
    await harness.fake_teams.say(eve, channel, "nobody asked us", mention=False)
    await harness.fake_teams.say(eve, channel, "investigate SHOP-1")
    refusal = await harness.said_in(channel, "not connected to LogSense yet")
    assert "logsense org invite" in refusal.text
    assert len(channel.posts()) == 1
    assert await harness.app.stores.installations.find(ref(tenant)) is None
    assert [one.id for one in await harness.app.stores.directory.organizations()] == [harness.app.organization.id]


async def test_who_brings_the_invite_becomes_owner_and_it_works_once(harness: TeamsHarness) -> None:
    tenant, other = harness.fake_teams.tenant(), harness.fake_teams.tenant()
    ada, eve = harness.fake_teams.person("Ada", tenant), harness.fake_teams.person("Eve", other)
    channel = harness.fake_teams.channel(tenant, ada)
    code = await harness.invite("acme")
    await harness.fake_teams.say(ada, channel, f"join {code}")
    await harness.said_in(channel, "one-to-one chat")
    await harness.fake_teams.say(ada, harness.fake_teams.chat(ada), f"join {code}")
    assert "connected to Acme" in (await harness.said_in(harness.fake_teams.chat(ada), "Welcome")).text
    await harness.fake_teams.say(eve, harness.fake_teams.chat(eve), f"join {code}")
    await harness.said_in(harness.fake_teams.chat(eve), "did not work")
    await harness.fake_teams.say(eve, harness.fake_teams.chat(eve), "join")
    await harness.said_in(harness.fake_teams.chat(eve), "Add the invite")
    (owner,) = await (await harness.store_of(tenant)).members()
    assert owner == Member(ref(tenant), ada.id, "Ada", Role.OWNER)
    assert await harness.app.stores.installations.find(ref(other)) is None


async def test_the_operators_own_tenant_needs_no_invite(harness: TeamsHarness) -> None:
    await harness.app.store.save_sentry_connection(harness.connection())
    tenant = harness.fake_teams.tenant(HOME_TENANT.upper())
    ada = harness.fake_teams.person("Ada", tenant)
    channel = harness.fake_teams.channel(tenant, ada)
    await harness.fake_teams.say(ada, channel, "investigate SHOP-2")
    assert "SHOP-2" in (await harness.report_in(channel)).text


async def test_where_it_is_installed_people_are_greeted_with_what_to_do_next(harness: TeamsHarness) -> None:
    acme, ada, incidents = await harness.install(with_sentry=False)
    await harness.fake_teams.install(ada, incidents)
    welcome = await harness.said_in(incidents, "LogSense is here")
    assert "connect_sentry" in welcome.verbs and "any channel of this team" in welcome.text
    helped = await harness.fake_teams.press(ada, incidents, welcome, "show_help")
    assert "What you can ask" in str(helped.body)
    await (await harness.store_of(acme)).save_sentry_connection(harness.connection())
    group = harness.fake_teams.group(acme, ada)
    await harness.fake_teams.install(ada, group)
    assert "list_incidents" in (await harness.said_in(group, "LogSense is here")).verbs

    stranger = harness.fake_teams.person("Eve", harness.fake_teams.tenant())
    theirs = harness.fake_teams.chat(stranger)
    await harness.fake_teams.install(stranger, theirs)
    greeting = await harness.said_in(theirs, "not connected to LogSense yet")
    assert not greeting.verbs & {"connect_sentry", "list_incidents"}
    assert "What you can ask" in str((await harness.fake_teams.press(stranger, theirs, greeting, "show_help")).body)


async def test_what_runs_for_a_chat_that_removed_us_is_stopped(harness: TeamsHarness) -> None:
    acme, ada, _ = await harness.install()
    group = harness.fake_teams.group(acme, ada)
    harness.sentry.faults.append(Fault("/events/", "hang", times=99))
    await harness.fake_teams.say(ada, group, "investigate SHOP-1")
    await harness.fake_teams.until(lambda: group.posts())
    await harness.fake_teams.install(ada, group, "remove")
    await harness.said_in(group, "ancelled")


async def test_two_tenants_with_equal_ids_see_nothing_of_each_other(harness: TeamsHarness) -> None:
    acme, ada, ours = await harness.install()
    globex, eve, _ = await harness.install()
    await harness.fake_teams.say(ada, ours, "investigate SHOP-1")
    report = await harness.report_in(ours)
    (investigation,) = await (await harness.store_of(acme)).investigations(9)
    await harness.said_in(ours, "Bar chart of events")
    said = len(ours.posts())

    # Teams would never give two tenants one conversation; whoever could claim it gets nothing by it.
    ours.tenant, ours.members = globex, [ada, eve]
    root = report.conversation.partition(";messageid=")[2]
    await harness.fake_teams.react(eve, ours, report, added="2705_whiteheavycheckmark")
    await harness.fake_teams.say(eve, ours, "what was it?", root=root, mention=False)
    for verb in ("resolve_investigation", "show_evidence", "copy_post_mortem", "report_is_wrong", "investigate_again"):
        answer = await harness.fake_teams.press(eve, ours, report, verb)
        assert "no investigation" in str(answer.body["value"]), verb
    await harness.fake_teams.say(eve, ours, f"cancel {investigation.id}")
    await harness.said_in(ours, "no investigation")
    assert len(ours.posts()) == said + 1
    assert await (await harness.store_of(globex)).investigations(9) == []
    (investigation,) = await (await harness.store_of(acme)).investigations(9)
    assert investigation.resolved_by is None and not investigation.votes


async def test_people_of_another_company_in_a_shared_place_are_refused(harness: TeamsHarness) -> None:
    acme, ada, _ = await harness.install()
    eve = harness.fake_teams.person("Eve", harness.fake_teams.tenant())
    group = harness.fake_teams.group(acme, ada, eve)
    await harness.fake_teams.say(eve, group, "investigate SHOP-1")
    await harness.said_in(group, "Only members of this organization")
    await harness.fake_teams.say(ada, group, "investigate SHOP-1")
    report = await harness.report_in(group)
    await harness.fake_teams.react(eve, group, report, added="2705_whiteheavycheckmark")
    answer = await harness.fake_teams.press(eve, group, report, "show_evidence")
    assert "Only members" in answer.body["value"]
    (investigation,) = await (await harness.store_of(acme)).investigations(9)
    assert investigation.resolved_by is None
    assert len(list(filter(is_report, group.posts()))) == 1


async def test_a_chart_is_of_its_organization_and_ends_with_it(harness: TeamsHarness) -> None:
    acme, ada, incidents = await harness.install()
    await harness.fake_teams.say(ada, incidents, "investigate SHOP-1")
    chart = await harness.said_in(incidents, "Bar chart of events")
    address = str(chart.card["body"][0]["url"])
    assert (await harness.fetched(address))[0] == 200
    await harness.app.stores.directory.unlink(ref(acme))
    assert (await harness.fetched(address))[0] == 404
