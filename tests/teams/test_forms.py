"""What people typed into a form, or as an answer, is kept, or they still have it and read why it was not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.teams import interactions as interactions
from core.requests.workspace_services import OrganizationServices
from tests.fakes.teams import Message, Person, Place
from tests.teams.conftest import TeamsHarness
from tests.teams.test_using import investigated

TYPED = {"sentry_url": "https://sentry.acme.example", "sentry_organization": "acme-shop", "sentry_token": "very-secret"}


async def opened(harness: TeamsHarness, service: str) -> tuple[Person, Place, Message]:
    """Somebody who may connect things, alone with LogSense, and the form before them."""
    _, ada, _ = await harness.install(with_sentry=False)
    chat = harness.fake_teams.chat(ada)
    await harness.fake_teams.say(ada, chat, f"connect {service}")
    form = await harness.fake_teams.until(
        lambda: next((it for it in chat.posts() if f"save_{service}" in it.verbs), None)
    )
    return ada, chat, form


def fails(monkeypatch: pytest.MonkeyPatch, target: Any, name: str, times: int = 99) -> None:
    """That method breaks so many times in a way that nobody foresaw."""
    real = getattr(target, name)
    failed: list[str] = []

    async def broken(*given: Any, **named: Any) -> Any:
        if len(failed) >= times:
            return await real(*given, **named)
        failed.append(name)
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(target, name, broken)


async def test_a_form_whose_saving_breaks_stays_open_with_what_was_typed_and_the_reason(
    harness: TeamsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, chat, form = await opened(harness, "sentry")
    fails(monkeypatch, OrganizationServices, "connect_sentry")
    answer = await harness.fake_teams.press(ada, chat, form, "save_sentry", **TYPED)
    for shown in (str(answer.body["value"]), (await harness.said_in(chat, "Nothing was saved")).text):
        assert TYPED["sentry_url"] in shown and TYPED["sentry_organization"] in shown
        assert "very-secret" not in shown and "being tried" not in shown


async def test_a_form_with_mistakes_stays_open_with_everything_else_that_was_typed(harness: TeamsHarness) -> None:
    ada, chat, form = await opened(harness, "sentry")
    wrong = TYPED | {"sentry_url": "not an address"}
    answer = await harness.fake_teams.press(ada, chat, form, "save_sentry", **wrong)
    shown = str(answer.body["value"])
    assert "no web address" in shown and "not an address" in shown and "acme-shop" in shown
    assert "very-secret" not in shown


async def test_a_model_form_that_cannot_even_be_read_stays_open(
    harness: TeamsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, chat, form = await opened(harness, "model")

    def broken(*_: Any) -> Any:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr("adapters.teams.forms.read_model", broken)
    typed = {"model_name": "gpt-5-mini", "model_url": "https://models.acme.example/v1", "model_key": "k3y-secret"}
    answer = await harness.fake_teams.press(ada, chat, form, "save_model", **typed)
    shown = str(answer.body["value"])
    assert "Nothing was saved" in shown and "gpt-5-mini" in shown and "models.acme.example" in shown
    assert "k3y-secret" not in shown


async def test_a_late_outcome_is_said_below_a_form_that_cannot_be_replaced(
    harness: TeamsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, chat, form = await opened(harness, "sentry")
    monkeypatch.setattr(interactions, "_PATIENCE_S", 0.0)
    harness.fake_teams.fault("put", 403)
    answer = await harness.fake_teams.press(
        ada, chat, form, "save_sentry", **TYPED | {"sentry_url": harness.sentry.base_url}
    )
    assert "being tried" in str(answer.body["value"])
    told = await harness.said_in(chat, "Nothing was saved")
    assert told.id != form.id and "acme-shop" in told.text


async def test_what_fixed_it_is_kept_or_its_person_reads_that_it_was_not(
    harness: TeamsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, ada, incidents = await harness.install()
    report = await investigated(harness, ada, incidents)
    root = report.conversation.partition(";messageid=")[2]
    fails(monkeypatch, type(harness.app.inbox), "receive", times=1)
    await harness.fake_teams.say(ada, incidents, "fixed by adding the missing price", root=root)
    await harness.said_in(incidents, "LogSense itself failed")
    await harness.fake_teams.say(ada, incidents, "fixed by adding the missing price", root=root)
    store = await harness.store_of(acme)
    async with asyncio.timeout(20):
        while "adding the missing price" not in str(await store.knowledge()):
            await asyncio.sleep(0.02)
