"""The Home tab, forms and answers to commands, as far as emulate keeps them."""

from __future__ import annotations

from tests.emulate.conftest import Town, until
from tests.emulate.slack import Json

_FORM = "LogSense reads issues and events."


async def test_home_is_published_for_who_visits_it(town: Town) -> None:
    await town.rings.visits_home(town.slack.ada)

    async def published() -> bool:
        return "app home" in await town.slack.inspector("views")

    await until(published)


async def test_an_admin_gets_the_form_for_sentry(town: Town) -> None:
    await town.rings.commands(town.slack.ada, "connect", trigger_id=await town.slack.trigger(town.slack.ada))

    async def opened() -> bool:
        return _FORM in await town.slack.inspector("views")

    await until(opened)


async def test_other_people_are_told_that_only_admins_may(town: Town) -> None:
    await town.rings.commands(town.slack.bob, "connect", trigger_id=await town.slack.trigger(town.slack.bob))
    assert "Only admins" in (await until(town.slack.answers))[0]["text"]
    assert _FORM not in await town.slack.inspector("views")


async def test_incidents_are_listed_for_who_asks(town: Town) -> None:
    await town.rings.commands(town.slack.bob, "incidents")
    answer: Json = (await until(town.slack.answers))[0]
    assert "SHOP-1" in answer["text"]


async def test_who_says_hello_is_told_what_it_can_do_for_their_eyes_alone(town: Town) -> None:
    await town.rings.says(town.slack.ada, f"<@{town.rings.bot_user_id}> hello")

    async def whispered() -> bool:
        return "what is under way" in await town.slack.inspector("messages")

    await until(whispered)
    assert await town.ours() == []
