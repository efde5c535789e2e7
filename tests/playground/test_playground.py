"""From a mention to a lesson, in a Teams that Microsoft wrote."""

from __future__ import annotations

from typing import Any

from tests.playground.conftest import TeamsHarness, until
from tests.playground.playground import CHANNEL, Json


def button(message: Json, verb: str) -> Json:
    """The card's action with that verb."""
    return next(action for action in _actions(message) if action.get("verb") == verb)


def _actions(thing: Any) -> list[Json]:
    if isinstance(thing, dict):
        own = [thing] if thing.get("type") == "Action.Execute" else []
        return own + [action for value in thing.values() for action in _actions(value)]
    return [action for item in thing for action in _actions(item)] if isinstance(thing, list) else []


async def test_from_a_mention_to_a_lesson(harness: TeamsHarness) -> None:
    ground = harness.ground
    await ground.install(CHANNEL)
    await until(lambda: harness.shown(CHANNEL, "LogSense"))

    said = await ground.say(CHANNEL, "investigate SHOP-2")
    thread = said["postConversationId"]
    progress = await until(lambda: harness.shown(thread, "Read the issue"))
    report = await until(lambda: harness.shown(thread, "Do now"))
    assert harness.edits(progress["messageId"]) >= 1
    assert "pool" in str(report)

    await ground.say(thread, "who is affected?")
    await until(lambda: harness.shown(thread, "asked about"))
    # As in Teams, words without a mention do not reach the bot here.
    await ground.say(thread, "and this is for nobody", mention=False)

    await ground.press(thread, report["messageId"], button(report, "resolve_investigation"))
    question = await until(lambda: harness.shown(thread, "What fixed it?"))
    await ground.press(thread, question["messageId"], button(question, "fix_was_suggested"))
    await until(lambda: harness.shown(thread, "with its fix"))
    await until(lambda: harness.shown(thread, "reopen_investigation"))

    again = (await ground.say(CHANNEL, "investigate SHOP-2"))["postConversationId"]
    second = await until(lambda: harness.shown(again, "Seen before"))
    await ground.press(again, second["messageId"], button(second, "resolve_investigation"))
    await until(lambda: harness.shown(again, "Resolved by"))


async def test_a_reaction_resolves_as_the_button_does(harness: TeamsHarness) -> None:
    thread = (await harness.ground.say(CHANNEL, "investigate SHOP-1"))["postConversationId"]
    report = await until(lambda: harness.shown(thread, "Do now"))
    await harness.ground.react(thread, report["messageId"], "2705_whiteheavycheckmark")
    await until(lambda: harness.shown(thread, "Resolved by"))
