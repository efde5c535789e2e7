"""From the request to what people read at its end, all of LogSense between, the same wherever they are."""

from __future__ import annotations

import re

import pytest

from core.domain.investigation import Status
from tests.contracts.harness import Call, ChannelHarness, FarUse, Use


async def test_a_request_that_comes_twice_starts_one_investigation_and_one_post(
    use: Use, harness: ChannelHarness
) -> None:
    with use.sentry.held("/events/"):
        await use.ask("SHOP-1", repeated=True)
    await use.come_to_rest()
    (investigation,) = (await use.kept()).investigations
    assert investigation.status is Status.REPORTED
    assert (use.progress(), use.reports(), use.posts(), use.threads()) == (1, 1, harness.posts, 1)


async def test_a_follow_up_is_answered_in_the_thread_with_evidence(use: Use) -> None:
    await use.ask("SHOP-1")
    await use.come_to_rest()
    answer = await use.answer("who is affected?")
    assert re.search(r"\bE\d+\b", answer) and "No evidence cited" not in answer
    assert "users" in answer
    assert (use.reports(), use.threads()) == (1, 1)


async def test_resolving_is_kept_learned_from_and_shown_and_can_be_taken_back(use: Use) -> None:
    await use.ask("SHOP-1")
    await use.come_to_rest()
    await use.resolve()
    kept = await use.kept()
    (investigation,) = kept.investigations
    assert investigation.status is Status.RESOLVED
    assert investigation.resolved_by is not None and investigation.resolved_by.name.lower() == "ada"
    assert [entry.status for entry in kept.knowledge] == ["confirmed"]
    assert ("SHOP-1", "Marked resolved by") in [(issue, text[:18]) for issue, text in use.sentry.notes]

    await use.reopen()
    (investigation,) = (await use.kept()).investigations
    assert investigation.status is Status.REPORTED and investigation.resolved_by is None
    assert (use.reports(), use.threads()) == (1, 1)


async def test_cancelling_ends_it_and_no_report_follows(use: Use) -> None:
    with use.sentry.held("/events/"):
        await use.ask("SHOP-1")
        await use.cancel()
    (investigation,) = (await use.kept()).investigations
    assert investigation.status is Status.CANCELLED
    assert use.reports() == 0


@pytest.mark.parametrize("call", ["post", "edit"])
async def test_while_the_service_limits_fails_and_loses_connections_nothing_is_lost_or_told_oftener_than_it_must(
    far_use: FarUse, harness: ChannelHarness, call: Call
) -> None:
    far_use.trouble(call)
    await far_use.ask("SHOP-1")
    await far_use.come_to_rest()
    assert (far_use.progress(), far_use.reports(), far_use.posts()) == (1, 1, harness.posts)


async def test_what_people_deleted_comes_back_once_and_is_kept_up_to_date(
    far_use: FarUse, harness: ChannelHarness
) -> None:
    with far_use.sentry.held("/events/"):
        await far_use.ask("SHOP-1")
        await far_use.delete_progress()
    await far_use.come_to_rest()
    assert (far_use.progress(), far_use.count("steps in"), far_use.posts()) == (1, 1, harness.posts)

    await far_use.delete_report()
    await far_use.resolve()
    assert far_use.reports() == 1
    await far_use.reopen()
    assert far_use.reports() == 1
