"""Teaching in the thread: what fixed it, who disagrees, and what the next incident is told."""

from __future__ import annotations

from core.domain.knowledge import KnowledgeEntry, Standing
from core.ports import OrganizationStore
from tests.fakes.slack import Channel, Message, User
from tests.slack.conftest import SlackHarness, is_report, text_of, until
from tests.slack.test_trouble import command
from tests.slack.test_using import investigated, seen_by


async def knowledge_of(store: OrganizationStore, standing: str) -> KnowledgeEntry | None:
    """The one entry, once it stands so."""
    entries = await store.knowledge()
    return entries[0] if len(entries) == 1 and entries[0].status == standing else None


async def taught(store: OrganizationStore, standing: str) -> KnowledgeEntry:
    """The one entry, once it stands so."""
    found: list[KnowledgeEntry] = []
    while not found:
        entry = await knowledge_of(store, standing)
        found += [entry] if entry else []
    return found[0]


async def asked(channel: Channel) -> Message:
    """The question what fixed it."""
    return await until(lambda: next((it for it in channel.posts_of_bot() if "What fixed it?" in text_of(it)), None))


async def second_report(harness: SlackHarness, person: User, channel: Channel, issue: str) -> Message:
    """The report of another investigation in the same channel."""
    before = {it.ts for it in channel.posts_of_bot()}
    await command(harness, person, channel, f"investigate {issue}")

    def newest() -> Message | None:
        return next((it for it in channel.posts_of_bot() if it.ts not in before and is_report(it)), None)

    return await until(newest)


async def test_a_report_is_a_draft_that_no_other_investigation_sees(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    await investigated(harness, ada, incidents, "SHOP-2")
    assert (await taught(await harness.store_of(acme), Standing.DRAFT)).fix == ""
    assert "Seen before" not in text_of(await second_report(harness, ada, incidents, "SHOP-2"))


async def test_one_press_accepts_the_suggested_fix_and_the_next_report_opens_with_it(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    report = await investigated(harness, ada, incidents, "SHOP-2")
    store = await harness.store_of(acme)
    (investigation,) = await store.investigations(9)
    await harness.fake_slack.react(ada, report, "white_check_mark")
    question = await asked(incidents)
    assert (await taught(store, Standing.CONFIRMED)).fix == ""
    await harness.fake_slack.click(ada, question, "fix_was_suggested", investigation.id)
    await until(lambda: sum("Resolved by ada" in it.text for it in incidents.posts_of_bot()) == 2)
    entry = await taught(store, Standing.CONFIRMED)
    assert investigation.report is not None and entry.fix == investigation.report.suggested_fix
    assert entry.worked == 1
    # Asked once: what was said is not asked for again.
    assert sum("What fixed it?" in text_of(it) for it in incidents.posts_of_bot()) == 1
    again = text_of(await second_report(harness, ada, incidents, "SHOP-2"))
    assert "*Seen before.* Confirmed by ada on" in again
    assert f"*Do now:* {entry.fix.partition(' (')[0]}" in again, "what fixed it before is what to do now"


async def test_a_form_takes_the_persons_words_and_a_reply_corrects_them(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    report = await investigated(harness, ada, incidents, "SHOP-2")
    store = await harness.store_of(acme)
    (investigation,) = await store.investigations(9)
    await harness.fake_slack.click(ada, report, "resolve_investigation", investigation.id)
    await harness.fake_slack.click(ada, await asked(incidents), "fix_was_other", investigation.id)
    form = await until(lambda: seen_by(harness, ada))
    assert form.payload["callback_id"] == "what_fixed_it"
    await harness.fake_slack.submit_view(ada, form.id, {"fix": "closing the session"})
    await until(lambda: sum("Resolved by ada" in it.text for it in incidents.posts_of_bot()) == 2)
    assert (await taught(store, Standing.CONFIRMED)).fix == "closing the session"
    await harness.fake_slack.say(ada, incidents, "fixed by raising the pool to 50", thread_ts=report.thread_ts)
    await until(lambda: sum("Resolved by ada" in it.text for it in incidents.posts_of_bot()) == 3)
    entry = await taught(store, Standing.CONFIRMED)
    assert (entry.fix, entry.worked) == ("raising the pool to 50", 1)
    assert [past.fix for past in entry.past_fixes] == ["closing the session"]


async def test_a_wrong_lesson_is_undone_by_one_press_wherever_it_is_shown(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    report = await investigated(harness, ada, incidents, "SHOP-2")
    store = await harness.store_of(acme)
    await harness.fake_slack.say(ada, incidents, "fixed by turning it off", thread_ts=report.thread_ts)
    await until(lambda: next((it for it in incidents.posts_of_bot() if "Resolved by ada" in it.text), None))
    second = await second_report(harness, ada, incidents, "SHOP-2")
    assert "turning it off" in text_of(second)
    newest, _ = await store.investigations(9)
    await harness.fake_slack.click(ada, second, "report_feedback", f"bad:{newest.id}")
    assert (await taught(store, Standing.DISPUTED)).fix == "turning it off"
    assert "Seen before" not in text_of(await second_report(harness, ada, incidents, "SHOP-2"))
    actions = [entry.action for entry in await store.audit_log(9)]
    assert "knowledge judged, disputed" in actions and "investigation resolved" in actions
