"""From the question to the answer, as a Slack that we did not write keeps it."""

from __future__ import annotations

import json

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.channel import SlackChannel
from adapters.slack.inbound.ids import METADATA_EVENT
from adapters.slack.shared_limits import Budgets
from core.domain.conversation import ConversationRef
from core.domain.investigation import Status
from core.domain.tenancy import WorkspaceRef
from core.domain.thread_view import NoticeView
from tests.emulate.conftest import WORKSPACE, SlackHarness, until
from tests.emulate.slack import Json


def key_of(message: Json) -> str:
    """Our mark in the message's metadata."""
    assert message["metadata"]["event_type"] == METADATA_EVENT
    return str(message["metadata"]["event_payload"]["key"])


async def started(harness: SlackHarness, text: str = "investigate SHOP-1") -> str:
    """The thread that a command of Ada's became."""
    await harness.rings.commands(harness.slack.ada, text)
    return str((await until(harness.ours))[0]["ts"])


async def marked(harness: SlackHarness, thread: str) -> list[str]:
    """Our marks in the thread; files have none."""
    return [key_of(it) for it in await harness.ours(thread) if "metadata" in it]


async def test_a_command_becomes_one_message_that_is_edited_and_a_report_that_mentions_who_asked(
    harness: SlackHarness,
) -> None:
    thread = await started(harness)
    report = await harness.report(thread)
    (progress,) = await harness.ours()
    assert progress["edited"]["user"] == harness.rings.bot_user_id
    assert harness.slack.shim.calls["chat.update"] >= 3, "people saw it work"
    assert {block["type"] for block in progress["blocks"]} == {"container"}, "what was done is one line that unfolds"
    assert "in_progress" not in json.dumps(progress)
    assert report["thread_ts"] == thread and f"<@{harness.slack.ada.id}>" in json.dumps(report)
    investigation = (await (await harness.serving.store()).investigations(9))[0].id
    assert (key_of(progress), key_of(report)) == (f"{investigation}/progress/1", f"{investigation}/report/1")
    assert len(set(keys := await marked(harness, thread))) == len(keys), "nothing was posted twice"


async def test_a_mention_in_a_thread_is_answered_there(harness: SlackHarness) -> None:
    alert = await harness.rings.says(harness.slack.bob, "checkout is down since ten")
    await harness.rings.says(harness.slack.ada, f"<@{harness.rings.bot_user_id}> investigate SHOP-2", thread_ts=alert)
    report = await harness.report(alert)
    assert "SHOP-2" in json.dumps(report) and f"<@{harness.slack.ada.id}>" in json.dumps(report)
    assert await harness.ours() == [], "nothing beside the thread"


async def test_a_mention_below_an_alert_reads_the_alert_from_slack(harness: SlackHarness) -> None:
    alert = await harness.rings.says(harness.slack.bob, "prod is down: SHOP-3")
    await harness.rings.says(harness.slack.ada, f"<@{harness.rings.bot_user_id}> investigate", thread_ts=alert)
    assert "SHOP-3" in json.dumps(await harness.report(alert))


async def test_a_reply_is_answered_in_the_thread_and_chatter_for_others_is_not(harness: SlackHarness) -> None:
    thread = await started(harness)
    await harness.report(thread)
    before = len(await marked(harness, thread))
    await harness.rings.says(harness.slack.ada, f"<@{harness.slack.bob.id}> can you look?", thread_ts=thread)
    await harness.rings.says(harness.slack.bob, "who is affected?", thread_ts=thread)
    answer = await harness.said(thread, "affected?")
    assert f"<@{harness.slack.bob.id}>" in json.dumps(answer)
    assert len(await marked(harness, thread)) == before + 1


async def test_a_check_mark_resolves_and_taking_it_off_reopens(harness: SlackHarness) -> None:
    ada, slack = harness.slack.ada, harness.slack
    thread = await started(harness)
    report = await harness.report(thread)
    await harness.rings.reacts(ada, report, "white_check_mark")
    assert await slack.reactions(report["ts"]) == [{"name": "white_check_mark", "users": [ada.id], "count": 1}]
    await harness.said(thread, "Resolved by ada")

    async def offers_to_reopen() -> bool:
        return "reopen_investigation" in json.dumps(await slack.message(thread, report["ts"]))

    await until(offers_to_reopen)
    store = await harness.serving.store()
    assert (await store.investigations(9))[0].status is Status.RESOLVED

    await harness.rings.takes_back(ada, report, "white_check_mark")
    assert await slack.reactions(report["ts"]) == []
    await harness.said(thread, "Reopened by ada")
    assert (await store.investigations(9))[0].status is Status.REPORTED


async def test_a_check_mark_on_a_message_of_somebody_else_does_nothing(harness: SlackHarness) -> None:
    slack, rings = harness.slack, harness.rings
    thread = await started(harness)
    await harness.report(thread)
    reply = await rings.says(slack.bob, f"<@{slack.ada.id}> fixed, I think", thread_ts=thread)
    await rings.reacts(slack.ada, await slack.message(thread, reply), "white_check_mark")
    await rings.says(slack.ada, "who is affected?", thread_ts=thread)
    await harness.said(thread, "affected?")
    assert (await (await harness.serving.store()).investigations(9))[0].status is Status.REPORTED
    assert "Resolved by" not in json.dumps(await harness.ours(thread))


async def test_the_post_mortem_arrives_as_a_file_in_the_thread(harness: SlackHarness) -> None:
    thread = await started(harness)
    report = await harness.report(thread)
    investigation = (await (await harness.serving.store()).investigations(9))[0].id
    await harness.rings.clicks(harness.slack.ada, report, "more_actions", f"copy_post_mortem:{investigation}")

    async def uploaded() -> Json | None:
        return next((it for it in await harness.slack.files() if it["name"].endswith(".md")), None)

    file = await until(uploaded)
    content = await harness.slack.content(file)
    assert len(content) == file["size"] and "Root cause" in content.decode()
    assert [it["files"][0]["id"] for it in await harness.slack.thread(thread) if it.get("files")][-1] == file["id"]


async def test_the_chart_arrives_as_a_picture_in_the_thread(harness: SlackHarness) -> None:
    thread = await started(harness)
    await harness.report(thread)

    async def drawn() -> Json | None:
        return next((it for it in await harness.slack.files() if it["name"].endswith(".png")), None)

    chart = await until(drawn)
    assert (await harness.slack.content(chart)).startswith(b"\x89PNG")
    assert chart["shares"]["public"][harness.slack.channel_id][0]["thread_ts"] == thread


async def test_a_post_whose_answer_was_lost_is_found_again_by_its_key(harness: SlackHarness) -> None:
    installed = await harness.serving.installation()
    assert installed is not None

    async def client_of(workspace: WorkspaceRef) -> AsyncWebClient:
        return AsyncWebClient(token=installed["bot_token"], base_url=f"{harness.slack.url}/api/")

    channel = SlackChannel(client_of, Budgets())
    here = ConversationRef(WORKSPACE, harness.slack.channel_id)
    (root,) = await channel.post(here, NoticeView("Hello"), key="i1/root")
    (reply,) = await channel.post(root.conversation, NoticeView("Again"), key="i1/reply")
    assert await channel.post(here, NoticeView("Hello"), key="i1/root", again=True) == (root,)
    assert await channel.post(root.conversation, NoticeView("Again"), key="i1/reply", again=True) == (reply,)
    assert len(await harness.ours()) == 1 and len(await harness.ours(root.message_id)) == 2
