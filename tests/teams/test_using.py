"""Commands, buttons and forms: what people do beside asking about an issue."""

from __future__ import annotations

import asyncio

from core.delivery.threads import PROGRESS
from core.domain.tenancy import Member, PersonalData, Platform, Role, WorkspaceRef
from tests.fakes.teams import Message, Person, Place
from tests.teams.conftest import TeamsHarness, is_report

TRACE = """Traceback (most recent call last):
  File "/srv/shop/cart.py", line 41, in total
    return sum(item["price"] for item in items)
KeyError: 'price'"""


async def investigated(harness: TeamsHarness, person: Person, place: Place, issue: str = "SHOP-1") -> Message:
    """The report of an investigation that somebody asked for."""
    await harness.fake_teams.say(person, place, f"investigate {issue}")
    return await harness.report_in(place)


async def test_words_that_mean_nothing_are_answered_with_the_nearest_command(harness: TeamsHarness) -> None:
    _, ada, incidents = await harness.install()
    await harness.fake_teams.say(ada, incidents, "investgate")
    await harness.said_in(incidents, "Did you mean investigate?")
    await harness.fake_teams.say(ada, incidents, "investigate")
    await harness.said_in(incidents, "Name an issue")
    await harness.fake_teams.say(ada, incidents, "help")
    await harness.said_in(incidents, "What you can ask")
    await harness.fake_teams.say(ada, incidents, "status")
    await harness.said_in(incidents, "Nothing is being investigated.")
    await harness.fake_teams.say(ada, incidents, "cancel")
    await harness.said_in(incidents, "Nothing is being investigated here.")


async def test_a_pasted_trace_is_investigated_without_any_issue(harness: TeamsHarness) -> None:
    _, ada, incidents = await harness.install(with_sentry=False)
    await harness.fake_teams.say(ada, incidents, f"investigate {TRACE}")
    report = await harness.report_in(incidents)
    assert "cart.py" in report.text and "price" in report.text


async def test_a_listed_incident_is_investigated_at_a_press(harness: TeamsHarness) -> None:
    _, ada, incidents = await harness.install()
    await harness.fake_teams.say(ada, incidents, "incidents")
    listed = await harness.said_in(incidents, "SHOP-2")
    await harness.fake_teams.press(ada, incidents, listed, "investigate_issue")
    await harness.report_in(incidents)


async def test_buttons_resolve_reopen_judge_and_investigate_again(harness: TeamsHarness) -> None:
    acme, ada, incidents = await harness.install()
    report = await investigated(harness, ada, incidents)
    wrong = await harness.fake_teams.press(ada, incidents, report, "report_is_wrong")
    assert "what it really was" in wrong.body["value"]
    await harness.fake_teams.press(ada, incidents, report, "resolve_investigation")
    await harness.said_in(incidents, "Resolved by Ada")
    await harness.fake_teams.until(lambda: "reopen_investigation" in report.verbs)
    await harness.fake_teams.press(ada, incidents, report, "reopen_investigation")
    await harness.said_in(incidents, "Reopened by Ada")
    await harness.fake_teams.press(ada, incidents, report, "investigate_again")
    await harness.fake_teams.until(lambda: len(list(filter(is_report, incidents.posts()))) == 2)
    votes = [vote.helpful for one in await (await harness.store_of(acme)).investigations(9) for vote in one.votes]
    assert False in votes


async def test_an_old_client_presses_by_a_message_and_reads_the_answer_below(harness: TeamsHarness) -> None:
    _, ada, incidents = await harness.install()
    report = await investigated(harness, ada, incidents)
    data = report.button("show_evidence")["data"]
    root = report.conversation.partition(";messageid=")[2]
    pressed = harness.fake_teams.activity("message", ada, incidents, root=root) | {
        "value": data,
        "replyToId": report.id,
    }
    assert (await harness.fake_teams.deliver(pressed)).status == 202
    await harness.said_in(incidents, "Page 1 of")


async def test_all_evidence_is_in_pages_that_lead_back_and_the_post_mortem_is_text_to_copy(
    harness: TeamsHarness,
) -> None:
    _, ada, incidents = await harness.install()
    report = await investigated(harness, ada, incidents)
    shown = await harness.fake_teams.press(ada, incidents, report, "show_evidence")
    assert shown.body["type"] == "application/vnd.microsoft.card.adaptive"
    page = Message(report.id, report.conversation, [{"attachments": [{"content": shown.body["value"]}]}], [])
    assert "Page 1 of" in page.text
    back = await harness.fake_teams.press(ada, incidents, page, "show_report")
    assert "Do now: " in str(back.body["value"])
    await harness.fake_teams.press(ada, incidents, report, "copy_post_mortem")
    await harness.fake_teams.until(
        lambda: "# Post-mortem" in str([it.activity.get("text") for it in incidents.posts()])
    )


async def test_sentry_is_connected_in_a_form_by_owners_only_and_tried_before_it_is_kept(harness: TeamsHarness) -> None:
    acme, ada, incidents = await harness.install(with_sentry=False)
    bob = harness.fake_teams.person("Bob", acme)
    await harness.fake_teams.say(bob, harness.fake_teams.chat(bob), "connect")
    await harness.said_in(harness.fake_teams.chat(bob), "Only admins")
    await harness.fake_teams.say(ada, incidents, "connect sentry")
    await harness.said_in(incidents, "one-to-one chat")
    chat = harness.fake_teams.chat(ada)
    await harness.fake_teams.say(ada, chat, "connect")
    form = await harness.said_in(chat, "Organization slug")
    sentry, store = harness.sentry, await harness.store_of(acme)
    typed = {"sentry_url": sentry.base_url, "sentry_organization": sentry.organization_slug}
    wrong = await harness.fake_teams.press(ada, chat, form, "save_sentry", **typed, sentry_token="wrong-token")
    assert "Nothing was saved" in str(wrong.body["value"]) and sentry.base_url in str(wrong.body["value"])
    assert "wrong-token" not in str(wrong.body["value"])
    assert await store.sentry_connection() is None
    await harness.fake_teams.until(lambda: "Nothing was saved" in form.text)
    done = await harness.fake_teams.press(ada, chat, form, "save_sentry", **typed, sentry_token=sentry.token)
    assert "Reached" in str(done.body["value"])
    await harness.fake_teams.until(lambda: "save_sentry" not in form.verbs)
    kept = await store.sentry_connection()
    assert kept is not None and kept.token == sentry.token
    assert sentry.token not in "".join(message.text for message in chat.posts())


async def test_a_granted_admin_may_connect_a_model_but_not_one_at_a_private_address(harness: TeamsHarness) -> None:
    acme, _, _ = await harness.install()
    bob = harness.fake_teams.person("Bob", acme)
    chat, store = harness.fake_teams.chat(bob), await harness.store_of(acme)
    await store.grant(Member(WorkspaceRef(Platform.TEAMS, acme.id), bob.id, "Bob", Role.ADMIN))
    await harness.fake_teams.say(bob, chat, "connect model")
    form = await harness.said_in(chat, "Connect a model")
    typed = {"model_name": "m", "model_url": "https://169.254.169.254/v1", "model_key": "k"}
    answer = await harness.fake_teams.press(bob, chat, form, "save_model", **typed)
    assert "private or local" in str(answer.body["value"])
    assert await store.model_connection() is None


async def test_owners_choose_in_a_form_which_personal_data_is_masked_for_their_organization_alone(
    harness: TeamsHarness,
) -> None:
    acme, ada, _ = await harness.install()
    globex, _, _ = await harness.install()
    bob, chat, store = (
        harness.fake_teams.person("Bob", acme),
        harness.fake_teams.chat(ada),
        await harness.store_of(acme),
    )
    await harness.fake_teams.say(bob, harness.fake_teams.chat(bob), "connect masking")
    await harness.said_in(harness.fake_teams.chat(bob), "Only admins")
    await harness.fake_teams.say(ada, chat, "connect masking")
    form = await harness.said_in(chat, "personal data is masked")
    answer = await harness.fake_teams.press(ada, chat, form, "save_masking", masked_personal_data="ip,phone")
    assert "Secrets, Phone numbers, IP addresses" in str(answer.body["value"])
    assert await store.masked_personal_data() == frozenset({PersonalData.IP, PersonalData.PHONE})
    assert await (await harness.store_of(globex)).masked_personal_data() is None
    (entry, *_) = await store.audit_log(1)
    assert (entry.action, entry.details["personal_data"]) == ("masking changed", "ip, phone")


async def test_what_fixed_it_is_said_in_words_or_by_the_suggestion(harness: TeamsHarness) -> None:
    acme, ada, incidents = await harness.install()
    report = await investigated(harness, ada, incidents)
    root = report.conversation.partition(";messageid=")[2]
    await harness.fake_teams.press(ada, incidents, report, "resolve_investigation")
    asked = await harness.said_in(incidents, "What fixed it?")
    if "fix_was_suggested" in asked.verbs:
        await harness.fake_teams.press(ada, incidents, asked, "fix_was_suggested")
    await harness.fake_teams.say(ada, incidents, "fixed by adding the missing price", root=root)
    store = await harness.store_of(acme)
    async with asyncio.timeout(20):
        while "adding the missing price" not in str(await store.knowledge()):
            await asyncio.sleep(0.02)


async def test_a_question_during_a_run_waits_and_its_person_is_told(harness: TeamsHarness) -> None:
    acme, ada, incidents = await harness.install()
    store = await harness.store_of(acme)
    with harness.sentry.held("/events/"):
        asked = await harness.fake_teams.say(ada, incidents, "investigate SHOP-1")
        await harness.fake_teams.until(lambda: incidents.posts())
        (investigation,) = await store.investigations(9)
        async with asyncio.timeout(20):
            while not await store.posted(investigation.id, PROGRESS):
                await asyncio.sleep(0.01)
        await harness.fake_teams.say(ada, incidents, "who is affected?", root=asked.said["id"])
        await harness.said_in(incidents, "when the investigation has ended")
    await harness.report_in(incidents)
    await harness.said_in(incidents, "who is affected?")


async def test_asked_in_two_places_at_once_one_investigation_reports_to_both(harness: TeamsHarness) -> None:
    acme, ada, incidents = await harness.install()
    backend = harness.fake_teams.channel(acme, ada)
    with harness.sentry.held("/events/"):
        await harness.fake_teams.say(ada, incidents, "investigate SHOP-1")
        await harness.fake_teams.until(lambda: incidents.posts())
        await harness.fake_teams.say(ada, backend, "investigate SHOP-1")
        await harness.said_in(backend, "already being investigated")
    for place in (incidents, backend):
        await harness.report_in(place)
        assert len(list(filter(is_report, place.posts()))) == 1
    assert len(await (await harness.store_of(acme)).investigations(9)) == 1


async def test_an_edited_message_starts_nothing_new(harness: TeamsHarness) -> None:
    acme, ada, incidents = await harness.install()
    said = harness.fake_teams.activity("message", ada, incidents)
    entity = {
        "type": "mention",
        "text": "<at>LogSense</at>",
        "mentioned": {"id": harness.fake_teams.bot_id, "name": "LogSense"},
    }
    said |= {"text": "<at>LogSense</at> investigate SHOP-1", "textFormat": "plain", "entities": [entity]}
    await harness.fake_teams.deliver(said)
    await harness.report_in(incidents)
    await harness.fake_teams.edit(ada, incidents, said, "<at>LogSense</at> investigate SHOP-1 please")
    await harness.fake_teams.edit(ada, incidents, said, "<at>LogSense</at> investigate SHOP-2")
    assert len(await (await harness.store_of(acme)).investigations(9)) == 1
