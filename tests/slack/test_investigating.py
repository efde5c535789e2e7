"""From a command to a resolved investigation, in the thread."""

from __future__ import annotations

from tests.slack.conftest import SlackHarness, is_report, is_spinning, text_of, until


async def test_a_command_becomes_a_thread_with_every_step_and_a_report_that_mentions_who_asked(
    harness: SlackHarness,
) -> None:
    _, ada, incidents = await harness.install("Acme")
    outcome = await harness.fake_slack.command(ada, incidents, "/logsense", "investigate SHOP-1")
    assert outcome.status == 200
    report = await harness.report_in(incidents)
    progress, *rest = incidents.posts_of_bot()
    assert progress.thread_ts is None and report.thread_ts == progress.ts
    assert [message.ts for message in rest if is_report(message)] == [report.ts]
    assert f"<@{ada.id}>" in text_of(report)
    assert len(progress.versions) >= 3, "people saw it work"
    assert "Stop" in text_of_first(progress) and not is_spinning(progress)
    assert {block["type"] for block in progress.blocks} == {"container"}, "what was done is one line that unfolds"


def text_of_first(message: object) -> str:
    version = message.versions[0]  # type: ignore[attr-defined]
    return str(version)


async def test_a_chart_of_the_events_follows_the_report_with_words_for_who_cannot_see_it(harness: SlackHarness) -> None:
    _, ada, incidents = await harness.install("Acme")
    await harness.fake_slack.command(ada, incidents, "/logsense", "investigate SHOP-1")
    report = await harness.report_in(incidents)
    files = harness.fake_slack.state.files
    chart = await until(lambda: next((it for it in files.values() if it.message), None))
    assert chart.message is not None and chart.message.thread_ts == report.thread_ts
    assert chart.content is not None and chart.content.startswith(b"\x89PNG")
    assert chart.alt_text and "events" in chart.alt_text


async def test_a_mention_is_answered_in_its_own_thread(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    asked = await harness.fake_slack.say(ada, incidents, f"{acme.mention} investigate SHOP-2")
    report = await harness.report_in(incidents)
    assert asked.message is not None
    assert {message.thread_ts for message in incidents.posts_of_bot()} == {asked.message.ts}
    assert report.thread_ts == asked.message.ts


async def test_a_reply_is_answered_and_chatter_for_others_is_not(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    bob = acme.add_user("bob")
    incidents.members.add(bob.id)
    await harness.fake_slack.command(ada, incidents, "/logsense", "investigate SHOP-1")
    report = await harness.report_in(incidents)
    await harness.fake_slack.say(ada, incidents, f"<@{bob.id}> can you look?", thread_ts=report.thread_ts)
    await harness.fake_slack.say(ada, incidents, "who is affected?", thread_ts=report.thread_ts)
    answer = await until(lambda: next((it for it in incidents.posts_of_bot() if "affected?" in text_of(it)), None))
    assert answer.thread_ts == report.thread_ts
    assert f"<@{ada.id}>" in text_of(answer)
    assert "can you look" not in "".join(text_of(it) for it in incidents.posts_of_bot())
