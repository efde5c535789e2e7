"""Buttons, forms, the Home tab, the shortcut: what people do beside typing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bot.app.bootstrap import now
from core.domain.conversation import ConversationRef
from core.domain.tenancy import ChannelSettings, PersonalData, Platform, Role, WorkspaceRef
from core.storage.stores.organization_store import SqlOrganizationStore
from tests.fakes.slack import Channel, Message, User, View
from tests.slack.conftest import SlackHarness, is_report, text_of, until
from tests.slack.test_trouble import command, replied, whispered

TRACE = """Traceback (most recent call last):
  File "/srv/shop/cart.py", line 41, in total
    return sum(item["price"] for item in items)
KeyError: 'price'"""


async def investigated(harness: SlackHarness, person: User, channel: Channel, issue: str = "SHOP-1") -> Message:
    """The report of an investigation that somebody commanded."""
    await command(harness, person, channel, f"investigate {issue}")
    return await harness.report_in(channel)


def seen_by(harness: SlackHarness, person: User) -> View | None:
    """The modal that person sees, if any."""
    try:
        return harness.fake_slack.open_view(person)
    except LookupError:
        return None


def shown(view: View | None) -> str:
    """Everything a modal shows."""
    return json.dumps(view.payload) if view else ""


async def test_the_shortcut_reads_an_alert_of_another_bot_in_its_own_thread(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    robot = acme.add_user("sentry", is_bot=True)
    incidents.members.add(robot.id)
    link = f"{harness.sentry.base_url}/organizations/{harness.sentry.organization_slug}/issues/SHOP-3/"
    attachment = {"title": "TypeError", "title_link": link, "fallback": "TypeError", "text": "something"}
    alert = (await harness.fake_slack.say(robot, incidents, "", attachments=[attachment])).message
    assert alert is not None
    await harness.fake_slack.shortcut(ada, alert, "investigate_message")
    report = await harness.report_in(incidents)
    assert report.thread_ts == alert.ts and "SHOP-3" in text_of(report)


async def test_a_pasted_trace_is_investigated_without_any_issue(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme", with_sentry=False)
    await harness.fake_slack.say(ada, incidents, f"{acme.mention} investigate ```{TRACE}```")
    report = await harness.report_in(incidents)
    assert "cart.py" in text_of(report) and "price" in text_of(report)


async def test_a_mention_below_an_alert_investigates_the_alert(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    alert = (await harness.fake_slack.say(ada, incidents, "prod is down: SHOP-2")).message
    assert alert is not None
    await harness.fake_slack.say(ada, incidents, f"{acme.mention} investigate", thread_ts=alert.ts)
    report = await harness.report_in(incidents)
    assert report.thread_ts == alert.ts and "SHOP-2" in text_of(report)


async def test_buttons_resolve_reopen_and_investigate_again(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    report = await investigated(harness, ada, incidents)
    (investigation,) = await (await harness.store_of(acme)).investigations(9)
    await harness.fake_slack.click(ada, report, "resolve_investigation", investigation.id)
    await until(lambda: next((it for it in incidents.posts_of_bot() if "Resolved by ada" in it.text), None))
    await until(lambda: "reopen_investigation" in text_of(report))
    await harness.fake_slack.click(ada, report, "reopen_investigation", investigation.id)
    await until(lambda: next((it for it in incidents.posts_of_bot() if "Reopened by ada" in it.text), None))
    await harness.fake_slack.click(ada, report, "more_actions", f"investigate_again:{investigation.id}")
    await until(lambda: len([it for it in incidents.posts_of_bot() if is_report(it)]) == 2)


async def test_all_evidence_can_be_paged_through_and_the_post_mortem_is_a_file_in_the_thread(
    harness: SlackHarness,
) -> None:
    acme, ada, incidents = await harness.install("Acme")
    report = await investigated(harness, ada, incidents)
    (investigation,) = await (await harness.store_of(acme)).investigations(9)
    await harness.fake_slack.click(ada, report, "show_evidence", investigation.id)
    view = await until(lambda: seen_by(harness, ada))
    first = shown(view)
    await harness.fake_slack.click(ada, view, "evidence_page:next", f"{investigation.id}:2")
    await until(lambda: shown(seen_by(harness, ada)) != first)
    await harness.fake_slack.click(ada, report, "more_actions", f"copy_post_mortem:{investigation.id}")
    files = harness.fake_slack.state.files
    file = await until(lambda: next((it for it in files.values() if it.message and it.filename.endswith(".md")), None))
    assert file.content is not None and b"Root cause" in file.content


async def test_sentry_is_connected_in_a_form_by_admins_only_and_tried_before_it_is_kept(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme", with_sentry=False)
    bob = acme.add_user("bob")
    incidents.members.add(bob.id)
    assert "Only admins" in await replied(await command(harness, bob, incidents, "connect"))
    await command(harness, ada, incidents, "connect")
    view = await until(lambda: seen_by(harness, ada))
    sentry = harness.sentry
    wrong = {"sentry_url": sentry.base_url, "sentry_organization": sentry.organization_slug, "sentry_token": "wrong"}
    await harness.fake_slack.submit_view(ada, view.id, wrong)
    view = await until(lambda: it if "Nothing was saved" in shown(it := seen_by(harness, ada)) else None)
    assert sentry.base_url in shown(view), "what was typed is still there"
    store = await harness.store_of(acme)
    assert await store.sentry_connection() is None
    await harness.fake_slack.submit_view(ada, view.id, wrong | {"sentry_token": sentry.token})
    done = await until(lambda: it if "Reached" in shown(it := seen_by(harness, ada)) else None)
    assert "event:read" in shown(done), "the token's scopes are shown"
    kept = await store.sentry_connection()
    assert kept is not None and kept.token == sentry.token
    assert sentry.token not in json.dumps([it.payload for it in harness.fake_slack.state.views.values()])


async def test_resolving_is_not_promised_with_a_token_that_cannot(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme", with_sentry=False)
    sentry = harness.sentry
    sentry.scopes = ("event:read", "org:read")
    await command(harness, ada, incidents, "connect")
    view = await until(lambda: seen_by(harness, ada))
    typed = {"sentry_url": sentry.base_url, "sentry_organization": sentry.organization_slug}
    await harness.fake_slack.submit_view(ada, view.id, typed | {"sentry_token": sentry.token, "sentry_writes": ["yes"]})
    await until(lambda: "from here needs" in shown(seen_by(harness, ada)))
    assert await (await harness.store_of(acme)).sentry_connection() is None


async def test_a_form_with_mistakes_says_which_and_keeps_what_was_typed(harness: SlackHarness) -> None:
    _, ada, incidents = await harness.install("Acme", with_sentry=False)
    await command(harness, ada, incidents, "connect")
    view = await until(lambda: seen_by(harness, ada))
    mistakes = {"sentry_url": "not a url", "sentry_organization": "acme", "sentry_token": "x"}
    outcome = await harness.fake_slack.submit_view(ada, view.id, mistakes)
    assert set(outcome.view_errors) == {"sentry_url"}


async def test_admins_choose_in_a_form_which_personal_data_is_masked_for_their_organization_alone(
    harness: SlackHarness,
) -> None:
    acme, ada, incidents = await harness.install("Acme")
    globex, _, _ = await harness.install("Globex")
    bob = acme.add_user("bob")
    incidents.members.add(bob.id)
    assert "Only admins" in await replied(await command(harness, bob, incidents, "connect masking"))
    await command(harness, ada, incidents, "connect masking")
    view = await until(lambda: seen_by(harness, ada))
    assert "E-mail addresses" in shown(view)
    await harness.fake_slack.submit_view(ada, view.id, {"masked_personal_data": ["ip", "phone"]})
    await until(lambda: "Secrets, Phone numbers, IP addresses" in shown(seen_by(harness, ada)))
    store = await harness.store_of(acme)
    assert await store.masked_personal_data() == frozenset({PersonalData.IP, PersonalData.PHONE})
    assert await (await harness.store_of(globex)).masked_personal_data() is None
    (entry, *_) = await store.audit_log(1)
    assert (entry.action, entry.details["personal_data"]) == ("masking changed", "ip, phone")


async def test_a_private_address_of_a_model_is_refused(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    await command(harness, ada, incidents, "connect model")
    view = await until(lambda: seen_by(harness, ada))
    typed = {"model_name": "m", "model_url": "https://169.254.169.254/v1", "model_key": "k"}
    await harness.fake_slack.submit_view(ada, view.id, typed)
    await until(lambda: "private or local" in shown(seen_by(harness, ada)))
    assert await (await harness.store_of(acme)).model_connection() is None


async def test_a_channel_lists_the_incidents_of_its_projects(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    everything = await replied(await command(harness, ada, incidents, "incidents"))
    assert "SHOP-1" in everything
    workspace = WorkspaceRef(Platform.SLACK, acme.id)
    store = await harness.store_of(acme)
    await command(harness, ada, incidents, "connect channel")
    view = await until(lambda: seen_by(harness, ada))
    await harness.fake_slack.submit_view(ada, view.id, {"channel_projects": "nothing-like-it"})
    async with asyncio.timeout(10):
        while (await store.channel_settings(workspace, incidents.id)) == ChannelSettings():
            await asyncio.sleep(0.02)
    assert (await store.channel_settings(workspace, incidents.id)).projects == ("nothing-like-it",)


async def test_home_shows_what_is_connected_and_starts_an_investigation_in_a_direct_message(
    harness: SlackHarness,
) -> None:
    acme, ada, incidents = await harness.install("Acme")
    await investigated(harness, ada, incidents)
    await harness.fake_slack.open_home(ada)
    home = await until(lambda: harness.fake_slack.state.homes.get((acme.id, ada.id)))
    page = shown(home)
    assert "SHOP-2" in page and "investigate_issue" in page and harness.sentry.organization_slug in page
    await harness.fake_slack.click(ada, home, "investigate_issue", "SHOP-2")
    report = await harness.report_in(acme.direct_messages(ada))
    assert "SHOP-2" in text_of(report)


async def test_an_invitation_leads_another_workspace_into_the_same_organization_once(harness: SlackHarness) -> None:
    acme, *_ = await harness.install("Acme")
    organization = await harness.app.stores.directory.organization_of(WorkspaceRef(Platform.SLACK, acme.id))
    at = await harness.store_of(acme)
    await harness.app.stores.directory.add_invite("come-in", organization.id, now().replace(year=2099))
    second, third = (harness.fake_slack.add_workspace(name, installed=False) for name in ("Second", "Third"))
    for workspace in (second, third):
        owner = workspace.add_user("eva")
        await harness.fake_slack.install(f"{harness.url}/slack/install?invite=come-in", workspace, owner)
    directory = harness.app.stores.directory
    assert (await directory.organization_of(WorkspaceRef(Platform.SLACK, second.id))).id == organization.id
    assert await harness.app.stores.installations.find(WorkspaceRef(Platform.SLACK, third.id)) is None
    roles = [(member.name, member.role) for member in await at.members()]
    assert ("eva", Role.OWNER) in roles and len(roles) == 2


async def test_a_question_during_a_run_waits_and_its_person_is_told(harness: SlackHarness) -> None:
    _, ada, incidents = await harness.install("Acme")
    with harness.sentry.held("/events/"):
        await command(harness, ada, incidents, "investigate SHOP-1")
        progress = await until(lambda: next(iter(incidents.posts_of_bot()), None))
        await harness.fake_slack.say(ada, incidents, "who is affected?", thread_ts=progress.ts)
        await whispered(harness, "when the investigation has ended")
    await harness.report_in(incidents)
    await until(lambda: next((it for it in incidents.posts_of_bot() if "who is affected?" in text_of(it)), None))


async def test_who_answers_our_message_before_we_have_noted_it_is_heard(
    harness: SlackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ada, incidents = await harness.install("Acme")
    looked = asyncio.Event()
    note, look = SqlOrganizationStore.finish_post, SqlOrganizationStore.investigation_in

    async def note_late(self: SqlOrganizationStore, *post: Any) -> None:
        await looked.wait()
        await note(self, *post)

    async def look_and_say(self: SqlOrganizationStore, conversation: ConversationRef) -> str | None:
        found = await look(self, conversation)
        looked.set()
        return found

    monkeypatch.setattr(SqlOrganizationStore, "finish_post", note_late)
    monkeypatch.setattr(SqlOrganizationStore, "investigation_in", look_and_say)
    with harness.sentry.held("/events/"):
        await command(harness, ada, incidents, "investigate SHOP-1")
        progress = await until(lambda: next(iter(incidents.posts_of_bot()), None))
        await harness.fake_slack.say(ada, incidents, "who is affected?", thread_ts=progress.ts)
        await whispered(harness, "when the investigation has ended")


async def test_two_organizations_with_equal_ids_see_nothing_of_each_other(harness: SlackHarness) -> None:
    acme, ada, ours = await harness.install("Acme")
    globex, eve, _ = await harness.install("Globex")
    theirs = globex.add_channel("incidents", eve, id=ours.id)
    report = await investigated(harness, ada, ours)
    twin = (await harness.fake_slack.say(eve, theirs, "hello", ts=report.ts)).message
    assert twin is not None
    await harness.fake_slack.react(eve, twin, "white_check_mark")
    await harness.fake_slack.say(eve, theirs, "what was it?", thread_ts=report.thread_ts)
    (investigation,) = await (await harness.store_of(acme)).investigations(9)
    outcome = await command(harness, eve, theirs, f"cancel {investigation.id}")
    assert "no investigation" in await replied(outcome)
    assert theirs.posts_of_bot() == [] and seen_by(harness, eve) is None
    assert await (await harness.store_of(globex)).investigations(9) == []
    assert investigation.resolved_by is None
