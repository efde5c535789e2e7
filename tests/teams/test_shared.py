"""Channels that people of other companies may read."""

from __future__ import annotations

from tests.teams.conftest import TeamsHarness


async def test_in_a_shared_channel_who_asks_is_refused_and_nothing_else_is_answered(harness: TeamsHarness) -> None:
    acme, ada, incidents = await harness.install()
    await harness.fake_teams.say(ada, incidents, "investigate SHOP-1")
    report = await harness.report_in(incidents)
    posts = len(incidents.posts())
    shared = {"channelData": {"tenant": {"id": acme.id}, "channel": {"id": incidents.id, "type": "shared"}}}
    mention = {"type": "mention", "text": "<at>LogSense</at>", "mentioned": {"id": harness.fake_teams.bot_id}}
    asked = harness.fake_teams.activity("message", ada, incidents) | shared
    await harness.fake_teams.deliver(
        {**asked, "text": "<at>LogSense</at> investigate SHOP-2", "textFormat": "plain", "entities": [mention]}
    )
    await harness.said_in(incidents, "shared channel")
    root = report.conversation.partition(";messageid=")[2]
    reply = harness.fake_teams.activity("message", ada, incidents, root=root) | shared
    assert (
        await harness.fake_teams.deliver({**reply, "text": "who is affected?", "textFormat": "plain"})
    ).status == 202
    pressed = harness.fake_teams.activity("invoke", ada, incidents, root=root) | shared
    action = {"action": {"type": "Action.Execute", "data": report.button("show_evidence")["data"]}}
    shown = await harness.fake_teams.deliver(
        {**pressed, "name": "adaptiveCard/action", "value": action, "replyToId": report.id}
    )
    assert "shared channel" in str(shown.body)
    assert len(incidents.posts()) == posts + 1
    assert len(await (await harness.store_of(acme)).investigations(9)) == 1
