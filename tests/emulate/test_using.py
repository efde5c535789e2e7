"""The Home tab, forms and answers to commands, as far as emulate keeps them."""

from __future__ import annotations

from tests.emulate.conftest import SlackHarness, until
from tests.emulate.slack import Json

_FORM = "LogSense reads issues and events."


async def test_home_is_published_for_who_visits_it(harness: SlackHarness) -> None:
    await harness.rings.visits_home(harness.slack.ada)

    async def published() -> bool:
        return "app home" in await harness.slack.inspector("views")

    await until(published)


async def test_an_admin_gets_the_form_for_sentry(harness: SlackHarness) -> None:
    await harness.rings.commands(
        harness.slack.ada, "connect", trigger_id=await harness.slack.trigger(harness.slack.ada)
    )

    async def opened() -> bool:
        return _FORM in await harness.slack.inspector("views")

    await until(opened)


async def test_other_people_are_told_that_only_admins_may(harness: SlackHarness) -> None:
    await harness.rings.commands(
        harness.slack.bob, "connect", trigger_id=await harness.slack.trigger(harness.slack.bob)
    )
    assert "Only admins" in (await until(harness.slack.answers))[0]["text"]
    assert _FORM not in await harness.slack.inspector("views")


async def test_incidents_are_listed_for_who_asks(harness: SlackHarness) -> None:
    await harness.rings.commands(harness.slack.bob, "incidents")
    answer: Json = (await until(harness.slack.answers))[0]
    assert "SHOP-1" in answer["text"]


async def test_who_says_hello_is_told_what_it_can_do_for_their_eyes_alone(harness: SlackHarness) -> None:
    await harness.rings.says(harness.slack.ada, f"<@{harness.rings.bot_user_id}> hello")

    async def whispered() -> bool:
        return "what is under way" in await harness.slack.inspector("messages")

    await until(whispered)
    assert await harness.ours() == []
