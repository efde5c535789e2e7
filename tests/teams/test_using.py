"""Commands, buttons and forms: what people do beside asking about an issue."""

from __future__ import annotations

import asyncio

from core.delivery.threads import PROGRESS
from core.domain.tenancy import Member, PersonalData, Platform, Role, WorkspaceRef
from tests.fakes.teams import Message, Person, Place
from tests.teams.conftest import Town, is_report

TRACE = """Traceback (most recent call last):
  File "/srv/shop/cart.py", line 41, in total
    return sum(item["price"] for item in items)
KeyError: 'price'"""


async def investigated(town: Town, person: Person, place: Place, issue: str = "SHOP-1") -> Message:
    """The report of an investigation that somebody asked for."""
    await town.peer.say(person, place, f"investigate {issue}")
    return await town.report_in(place)


async def test_words_that_mean_nothing_are_answered_with_the_nearest_command(town: Town) -> None:
    _, ada, incidents = await town.settle_in()
    await town.peer.say(ada, incidents, "investgate")
    await town.said_in(incidents, "Did you mean investigate?")
    await town.peer.say(ada, incidents, "investigate")
    await town.said_in(incidents, "Name an issue")
    await town.peer.say(ada, incidents, "help")
    await town.said_in(incidents, "What you can ask")
    await town.peer.say(ada, incidents, "status")
    await town.said_in(incidents, "Nothing is being investigated.")
    await town.peer.say(ada, incidents, "cancel")
    await town.said_in(incidents, "Nothing is being investigated here.")


async def test_a_pasted_trace_is_investigated_without_any_issue(town: Town) -> None:
    _, ada, incidents = await town.settle_in(with_sentry=False)
    await town.peer.say(ada, incidents, f"investigate {TRACE}")
    report = await town.report_in(incidents)
    assert "cart.py" in report.text and "price" in report.text


async def test_a_listed_incident_is_investigated_at_a_press(town: Town) -> None:
    _, ada, incidents = await town.settle_in()
    await town.peer.say(ada, incidents, "incidents")
    listed = await town.said_in(incidents, "SHOP-2")
    await town.peer.press(ada, incidents, listed, "investigate_issue")
    await town.report_in(incidents)


async def test_buttons_resolve_reopen_judge_and_investigate_again(town: Town) -> None:
    acme, ada, incidents = await town.settle_in()
    report = await investigated(town, ada, incidents)
    wrong = await town.peer.press(ada, incidents, report, "report_is_wrong")
    assert "what it really was" in wrong.body["value"]
    await town.peer.press(ada, incidents, report, "resolve_investigation")
    await town.said_in(incidents, "Resolved by Ada")
    await town.peer.until(lambda: "reopen_investigation" in report.verbs)
    await town.peer.press(ada, incidents, report, "reopen_investigation")
    await town.said_in(incidents, "Reopened by Ada")
    await town.peer.press(ada, incidents, report, "investigate_again")
    await town.peer.until(lambda: len(list(filter(is_report, incidents.posts()))) == 2)
    votes = [vote.helpful for one in await (await town.store_of(acme)).investigations(9) for vote in one.votes]
    assert False in votes


async def test_an_old_client_presses_by_a_message_and_reads_the_answer_below(town: Town) -> None:
    _, ada, incidents = await town.settle_in()
    report = await investigated(town, ada, incidents)
    data = report.button("show_evidence")["data"]
    root = report.conversation.partition(";messageid=")[2]
    pressed = town.peer.activity("message", ada, incidents, root=root) | {"value": data, "replyToId": report.id}
    assert (await town.peer.deliver(pressed)).status == 202
    await town.said_in(incidents, "Page 1 of")


async def test_all_evidence_is_in_pages_that_lead_back_and_the_post_mortem_is_text_to_copy(town: Town) -> None:
    _, ada, incidents = await town.settle_in()
    report = await investigated(town, ada, incidents)
    shown = await town.peer.press(ada, incidents, report, "show_evidence")
    assert shown.body["type"] == "application/vnd.microsoft.card.adaptive"
    page = Message(report.id, report.conversation, [{"attachments": [{"content": shown.body["value"]}]}], [])
    assert "Page 1 of" in page.text
    back = await town.peer.press(ada, incidents, page, "show_report")
    assert "Do now: " in str(back.body["value"])
    await town.peer.press(ada, incidents, report, "copy_post_mortem")
    await town.peer.until(lambda: "# Post-mortem" in str([it.activity.get("text") for it in incidents.posts()]))


async def test_sentry_is_connected_in_a_form_by_owners_only_and_tried_before_it_is_kept(town: Town) -> None:
    acme, ada, incidents = await town.settle_in(with_sentry=False)
    bob = town.peer.person("Bob", acme)
    await town.peer.say(bob, town.peer.chat(bob), "connect")
    await town.said_in(town.peer.chat(bob), "Only admins")
    await town.peer.say(ada, incidents, "connect sentry")
    await town.said_in(incidents, "one-to-one chat")
    chat = town.peer.chat(ada)
    await town.peer.say(ada, chat, "connect")
    form = await town.said_in(chat, "Organization slug")
    sentry, store = town.sentry, await town.store_of(acme)
    typed = {"sentry_url": sentry.base_url, "sentry_organization": sentry.organization_slug}
    wrong = await town.peer.press(ada, chat, form, "save_sentry", **typed, sentry_token="wrong-token")
    assert "Nothing was saved" in str(wrong.body["value"]) and sentry.base_url in str(wrong.body["value"])
    assert "wrong-token" not in str(wrong.body["value"])
    assert await store.sentry_connection() is None
    await town.peer.until(lambda: "Nothing was saved" in form.text)
    done = await town.peer.press(ada, chat, form, "save_sentry", **typed, sentry_token=sentry.token)
    assert "Reached" in str(done.body["value"])
    await town.peer.until(lambda: "save_sentry" not in form.verbs)
    kept = await store.sentry_connection()
    assert kept is not None and kept.token == sentry.token
    assert sentry.token not in "".join(message.text for message in chat.posts())


async def test_a_granted_admin_may_connect_a_model_but_not_one_at_a_private_address(town: Town) -> None:
    acme, _, _ = await town.settle_in()
    bob = town.peer.person("Bob", acme)
    chat, store = town.peer.chat(bob), await town.store_of(acme)
    await store.grant(Member(WorkspaceRef(Platform.TEAMS, acme.id), bob.id, "Bob", Role.ADMIN))
    await town.peer.say(bob, chat, "connect model")
    form = await town.said_in(chat, "Connect a model")
    typed = {"model_name": "m", "model_url": "https://169.254.169.254/v1", "model_key": "k"}
    answer = await town.peer.press(bob, chat, form, "save_model", **typed)
    assert "private or local" in str(answer.body["value"])
    assert await store.model_connection() is None


async def test_owners_choose_in_a_form_which_personal_data_is_masked_for_their_organization_alone(town: Town) -> None:
    acme, ada, _ = await town.settle_in()
    globex, _, _ = await town.settle_in()
    bob, chat, store = town.peer.person("Bob", acme), town.peer.chat(ada), await town.store_of(acme)
    await town.peer.say(bob, town.peer.chat(bob), "connect masking")
    await town.said_in(town.peer.chat(bob), "Only admins")
    await town.peer.say(ada, chat, "connect masking")
    form = await town.said_in(chat, "personal data is masked")
    answer = await town.peer.press(ada, chat, form, "save_masking", masked_personal_data="ip,phone")
    assert "Secrets, Phone numbers, IP addresses" in str(answer.body["value"])
    assert await store.masked_personal_data() == frozenset({PersonalData.IP, PersonalData.PHONE})
    assert await (await town.store_of(globex)).masked_personal_data() is None
    (entry, *_) = await store.audit_log(1)
    assert (entry.action, entry.details["personal_data"]) == ("masking changed", "ip, phone")


async def test_what_fixed_it_is_said_in_words_or_by_the_suggestion(town: Town) -> None:
    acme, ada, incidents = await town.settle_in()
    report = await investigated(town, ada, incidents)
    root = report.conversation.partition(";messageid=")[2]
    await town.peer.press(ada, incidents, report, "resolve_investigation")
    asked = await town.said_in(incidents, "What fixed it?")
    if "fix_was_suggested" in asked.verbs:
        await town.peer.press(ada, incidents, asked, "fix_was_suggested")
    await town.peer.say(ada, incidents, "fixed by adding the missing price", root=root)
    store = await town.store_of(acme)
    async with asyncio.timeout(20):
        while "adding the missing price" not in str(await store.knowledge()):
            await asyncio.sleep(0.02)


async def test_a_question_during_a_run_waits_and_its_person_is_told(town: Town) -> None:
    acme, ada, incidents = await town.settle_in()
    store = await town.store_of(acme)
    with town.sentry.held("/events/"):
        asked = await town.peer.say(ada, incidents, "investigate SHOP-1")
        await town.peer.until(lambda: incidents.posts())
        (investigation,) = await store.investigations(9)
        async with asyncio.timeout(20):
            while not await store.posted(investigation.id, PROGRESS):
                await asyncio.sleep(0.01)
        await town.peer.say(ada, incidents, "who is affected?", root=asked.said["id"])
        await town.said_in(incidents, "when the investigation has ended")
    await town.report_in(incidents)
    await town.said_in(incidents, "who is affected?")


async def test_asked_in_two_places_at_once_one_investigation_reports_to_both(town: Town) -> None:
    acme, ada, incidents = await town.settle_in()
    backend = town.peer.channel(acme, ada)
    with town.sentry.held("/events/"):
        await town.peer.say(ada, incidents, "investigate SHOP-1")
        await town.peer.until(lambda: incidents.posts())
        await town.peer.say(ada, backend, "investigate SHOP-1")
        await town.said_in(backend, "already being investigated")
    for place in (incidents, backend):
        await town.report_in(place)
        assert len(list(filter(is_report, place.posts()))) == 1
    assert len(await (await town.store_of(acme)).investigations(9)) == 1


async def test_an_edited_message_starts_nothing_new(town: Town) -> None:
    acme, ada, incidents = await town.settle_in()
    said = town.peer.activity("message", ada, incidents)
    entity = {"type": "mention", "text": "<at>LogSense</at>", "mentioned": {"id": town.peer.bot_id, "name": "LogSense"}}
    said |= {"text": "<at>LogSense</at> investigate SHOP-1", "textFormat": "plain", "entities": [entity]}
    await town.peer.deliver(said)
    await town.report_in(incidents)
    await town.peer.edit(ada, incidents, said, "<at>LogSense</at> investigate SHOP-1 please")
    await town.peer.edit(ada, incidents, said, "<at>LogSense</at> investigate SHOP-2")
    assert len(await (await town.store_of(acme)).investigations(9)) == 1
