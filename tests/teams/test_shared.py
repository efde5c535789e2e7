"""Channels that people of other companies may read."""

from __future__ import annotations

from tests.teams.conftest import Town


async def test_in_a_shared_channel_who_asks_is_refused_and_nothing_else_is_answered(town: Town) -> None:
    acme, ada, incidents = await town.settle_in()
    await town.peer.say(ada, incidents, "investigate SHOP-1")
    report = await town.report_in(incidents)
    posts = len(incidents.posts())
    shared = {"channelData": {"tenant": {"id": acme.id}, "channel": {"id": incidents.id, "type": "shared"}}}
    mention = {"type": "mention", "text": "<at>LogSense</at>", "mentioned": {"id": town.peer.bot_id}}
    asked = town.peer.activity("message", ada, incidents) | shared
    await town.peer.deliver(
        {**asked, "text": "<at>LogSense</at> investigate SHOP-2", "textFormat": "plain", "entities": [mention]}
    )
    await town.said_in(incidents, "shared channel")
    root = report.conversation.partition(";messageid=")[2]
    reply = town.peer.activity("message", ada, incidents, root=root) | shared
    assert (await town.peer.deliver({**reply, "text": "who is affected?", "textFormat": "plain"})).status == 202
    pressed = town.peer.activity("invoke", ada, incidents, root=root) | shared
    action = {"action": {"type": "Action.Execute", "data": report.button("show_evidence")["data"]}}
    shown = await town.peer.deliver({**pressed, "name": "adaptiveCard/action", "value": action, "replyToId": report.id})
    assert "shared channel" in str(shown.body)
    assert len(incidents.posts()) == posts + 1
    assert len(await (await town.store_of(acme)).investigations(9)) == 1
