"""How tenants come and go, and that none sees anything of another."""

from __future__ import annotations

from bot.demo.local_sentry import Fault
from core.domain.tenancy import Member, Platform, Role, WorkspaceRef
from tests.fakes.teams import Tenant
from tests.teams.conftest import HOME_TENANT, Town, is_report


def ref(tenant: Tenant) -> WorkspaceRef:
    """The tenant as the directory knows it."""
    return WorkspaceRef(Platform.TEAMS, tenant.id)


async def test_a_tenant_that_nobody_knows_is_told_how_to_come_in_and_nothing_of_it_is_kept(town: Town) -> None:
    tenant = town.peer.tenant()
    eve = town.peer.person("Eve", tenant)
    channel = town.peer.channel(tenant, eve)
    await town.peer.say(eve, channel, "nobody asked us", mention=False)
    await town.peer.say(eve, channel, "investigate SHOP-1")
    refusal = await town.said_in(channel, "not connected to LogSense yet")
    assert "logsense org invite" in refusal.text
    assert len(channel.posts()) == 1
    assert await town.app.stores.installations.find(ref(tenant)) is None
    assert [one.id for one in await town.app.stores.directory.organizations()] == [town.app.organization.id]


async def test_who_brings_the_invite_becomes_owner_and_it_works_once(town: Town) -> None:
    tenant, other = town.peer.tenant(), town.peer.tenant()
    ada, eve = town.peer.person("Ada", tenant), town.peer.person("Eve", other)
    channel = town.peer.channel(tenant, ada)
    code = await town.invite("acme")
    await town.peer.say(ada, channel, f"join {code}")
    await town.said_in(channel, "one-to-one chat")
    await town.peer.say(ada, town.peer.chat(ada), f"join {code}")
    assert "connected to Acme" in (await town.said_in(town.peer.chat(ada), "Welcome")).text
    await town.peer.say(eve, town.peer.chat(eve), f"join {code}")
    await town.said_in(town.peer.chat(eve), "did not work")
    await town.peer.say(eve, town.peer.chat(eve), "join")
    await town.said_in(town.peer.chat(eve), "Add the invite")
    (owner,) = await (await town.store_of(tenant)).members()
    assert owner == Member(ref(tenant), ada.id, "Ada", Role.OWNER)
    assert await town.app.stores.installations.find(ref(other)) is None


async def test_the_operators_own_tenant_needs_no_invite(town: Town) -> None:
    await town.app.store.save_sentry_connection(town.connection())
    tenant = town.peer.tenant(HOME_TENANT.upper())
    ada = town.peer.person("Ada", tenant)
    channel = town.peer.channel(tenant, ada)
    await town.peer.say(ada, channel, "investigate SHOP-2")
    assert "SHOP-2" in (await town.report_in(channel)).text


async def test_where_it_is_installed_people_are_greeted_with_what_to_do_next(town: Town) -> None:
    acme, ada, incidents = await town.settle_in(with_sentry=False)
    await town.peer.install(ada, incidents)
    welcome = await town.said_in(incidents, "LogSense is here")
    assert "connect_sentry" in welcome.verbs and "any channel of this team" in welcome.text
    helped = await town.peer.press(ada, incidents, welcome, "show_help")
    assert "What you can ask" in str(helped.body)
    await (await town.store_of(acme)).save_sentry_connection(town.connection())
    group = town.peer.group(acme, ada)
    await town.peer.install(ada, group)
    assert "list_incidents" in (await town.said_in(group, "LogSense is here")).verbs

    stranger = town.peer.person("Eve", town.peer.tenant())
    theirs = town.peer.chat(stranger)
    await town.peer.install(stranger, theirs)
    greeting = await town.said_in(theirs, "not connected to LogSense yet")
    assert not greeting.verbs & {"connect_sentry", "list_incidents"}
    assert "What you can ask" in str((await town.peer.press(stranger, theirs, greeting, "show_help")).body)


async def test_what_runs_for_a_chat_that_removed_us_is_stopped(town: Town) -> None:
    acme, ada, _ = await town.settle_in()
    group = town.peer.group(acme, ada)
    town.sentry.faults.append(Fault("/events/", "hang", times=99))
    await town.peer.say(ada, group, "investigate SHOP-1")
    await town.peer.until(lambda: group.posts())
    await town.peer.install(ada, group, "remove")
    await town.said_in(group, "ancelled")


async def test_two_tenants_with_equal_ids_see_nothing_of_each_other(town: Town) -> None:
    acme, ada, ours = await town.settle_in()
    globex, eve, _ = await town.settle_in()
    await town.peer.say(ada, ours, "investigate SHOP-1")
    report = await town.report_in(ours)
    (investigation,) = await (await town.store_of(acme)).investigations(9)
    await town.said_in(ours, "Bar chart of events")
    said = len(ours.posts())

    # Teams would never give two tenants one conversation; whoever could claim it gets nothing by it.
    ours.tenant, ours.members = globex, [ada, eve]
    root = report.conversation.partition(";messageid=")[2]
    await town.peer.react(eve, ours, report, added="2705_whiteheavycheckmark")
    await town.peer.say(eve, ours, "what was it?", root=root, mention=False)
    for verb in ("resolve_investigation", "show_evidence", "copy_post_mortem", "report_is_wrong", "investigate_again"):
        answer = await town.peer.press(eve, ours, report, verb)
        assert "no investigation" in str(answer.body["value"]), verb
    await town.peer.say(eve, ours, f"cancel {investigation.id}")
    await town.said_in(ours, "no investigation")
    assert len(ours.posts()) == said + 1
    assert await (await town.store_of(globex)).investigations(9) == []
    (investigation,) = await (await town.store_of(acme)).investigations(9)
    assert investigation.resolved_by is None and not investigation.votes


async def test_people_of_another_company_in_a_shared_place_are_refused(town: Town) -> None:
    acme, ada, _ = await town.settle_in()
    eve = town.peer.person("Eve", town.peer.tenant())
    group = town.peer.group(acme, ada, eve)
    await town.peer.say(eve, group, "investigate SHOP-1")
    await town.said_in(group, "Only members of this organization")
    await town.peer.say(ada, group, "investigate SHOP-1")
    report = await town.report_in(group)
    await town.peer.react(eve, group, report, added="2705_whiteheavycheckmark")
    answer = await town.peer.press(eve, group, report, "show_evidence")
    assert "Only members" in answer.body["value"]
    (investigation,) = await (await town.store_of(acme)).investigations(9)
    assert investigation.resolved_by is None
    assert len(list(filter(is_report, group.posts()))) == 1


async def test_a_chart_is_of_its_organization_and_ends_with_it(town: Town) -> None:
    acme, ada, incidents = await town.settle_in()
    await town.peer.say(ada, incidents, "investigate SHOP-1")
    chart = await town.said_in(incidents, "Bar chart of events")
    address = str(chart.card["body"][0]["url"])
    assert (await town.fetched(address))[0] == 200
    await town.app.stores.directory.unlink(ref(acme))
    assert (await town.fetched(address))[0] == 404
