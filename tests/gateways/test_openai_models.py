"""The model Reasoner over real HTTP, against a scripted server."""

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.causes import Cause
from core.domain.errors import AccessDenied, ReasonerFailed, ServiceFailed
from core.domain.journal import ToolCall
from core.domain.report import Analysis, Answer, Usage
from core.gateways.openai.prices import load_prices, price_of
from core.gateways.openai.replies import read_reply
from tests.fakes.openai_server import (
    ANALYSIS,
    BreaksOff,
    Calls,
    Drips,
    Fails,
    Hangs,
    Says,
    Scripted,
    ScriptedModel,
    Sends,
)
from tests.gateways.model_turns import (
    FRESH,
    KEY,
    READS,
    SEEN,
    SUBMITS,
    TOOLS,
    a_reasoner,
    failure_after,
    playing,
    turn_after,
)

# ---- what a turn becomes --------------------------------------------------------------------------------------------


async def test_parallel_calls_of_one_turn_arrive_in_order_under_ids_of_our_own() -> None:
    turn = await turn_after(Calls([READS, READS], text="Reading.", ids=("same", "same")))
    assert turn.thought == "Reading."
    assert [call.id for call in turn.calls] == ["t1c1", "t1c2"]
    assert turn.calls[0] == ToolCall("t1c1", "get_stacktrace", {"issue_id": "SHOP-1A2"})
    assert (turn.usage.model_calls, turn.usage.prompt_tokens, turn.usage.completion_tokens) == (1, 100, 10)
    assert turn.usage.usd == pytest.approx(0.0002)


async def test_the_submitted_analysis_is_the_conclusion_and_wins_over_other_calls() -> None:
    turn = await turn_after(Calls([READS, ("submit_analysis", ANALYSIS)]), transcript=SEEN)
    assert isinstance(turn.conclusion, Analysis)
    assert turn.conclusion.cause is Cause.MISSING_KEY
    assert turn.calls == ()


async def test_malformed_arguments_reach_the_loop_as_a_call_to_correct() -> None:
    turn = await turn_after(Calls([("get_stacktrace", '{"issue_id": '), ("get_stacktrace", "[1]")]))
    assert [dict(call.arguments) for call in turn.calls] == [{"_malformed": '{"issue_id": '}, {"_malformed": "[1]"}]


async def test_a_tool_that_nobody_offered_is_left_to_the_loop() -> None:
    turn = await turn_after(Calls([("drop_database", {})]))
    assert [call.tool for call in turn.calls] == ["drop_database"]


async def test_text_without_a_call_is_a_thought_without_its_hidden_reasoning() -> None:
    turn = await turn_after(Says("<think>secret plan</think>I should look."))
    assert (turn.thought, turn.calls, turn.conclusion) == ("I should look.", (), None)


async def test_text_in_parts_is_read() -> None:
    turn = await turn_after(Says([{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]))
    assert turn.thought == "One.\nTwo."


async def test_a_follow_up_ends_with_an_answer() -> None:
    question = replace(FRESH, question="Who wrote it?")
    turn = await turn_after(
        Calls([("submit_answer", {"text": "Nobody knows.", "evidence": "E1"})]), transcript=question
    )
    assert turn.conclusion == Answer("Nobody knows.", ("E1",))


# ---- second chances -------------------------------------------------------------------------------------------------


async def test_an_unreadable_conclusion_is_corrected_once_and_both_calls_are_counted() -> None:
    bad = Calls([("submit_analysis", {**ANALYSIS, "cause": "gremlins"})])
    async with playing([bad, SUBMITS]) as (model, reasoner):
        turn = await reasoner.next_turn(SEEN, TOOLS, must_conclude=False)
    assert isinstance(turn.conclusion, Analysis)
    assert (turn.usage.model_calls, turn.usage.tokens) == (2, 220)
    *_, call, correction = model.requests[1]["messages"]
    assert call["tool_calls"][0]["id"] == correction["tool_call_id"]
    assert correction["content"].startswith("Correct these fields and submit again: cause:")


async def test_a_conclusion_that_stays_unreadable_fails_the_reasoner() -> None:
    assert "cannot be read" in await failure_after(Calls([("submit_analysis", "{nonsense")]))


async def test_a_malformed_conclusion_is_not_sent_back_malformed() -> None:
    async with playing([Calls([("submit_analysis", "{nonsense")]), SUBMITS]) as (model, reasoner):
        await reasoner.next_turn(SEEN, TOOLS, must_conclude=False)
    json.loads(model.requests[1]["messages"][-2]["tool_calls"][0]["function"]["arguments"])


async def test_an_empty_answer_is_asked_for_once_more() -> None:
    assert (await turn_after(Says(""), Says("Now."))).usage.model_calls == 2
    assert await failure_after(Says(None)) == "scripted gave an empty answer"


async def test_an_answer_cut_for_length_is_asked_for_shorter() -> None:
    async with playing([Says("So long", finish="length"), SUBMITS]) as (model, reasoner):
        await reasoner.next_turn(SEEN, TOOLS, must_conclude=False)
    assert "shorter" in model.requests[1]["messages"][-1]["content"]
    assert "too long" in await failure_after(Says("So long", finish="length"))


# ---- the first turn -------------------------------------------------------------------------------------------------


async def test_before_anything_was_read_the_conclusion_is_not_offered() -> None:
    async with playing(Calls([READS])) as (model, reasoner):
        for transcript in (FRESH, SEEN, replace(FRESH, question="Who?")):
            await reasoner.next_turn(transcript, TOOLS, must_conclude=False)
    offers = [[tool["function"]["name"] for tool in request["tools"]] for request in model.requests]
    reads = ["get_sentry_issue_details", "get_stacktrace"]
    assert offers == [reads, [*reads, "submit_analysis"], [*reads, "submit_answer"]]


async def test_an_analysis_before_anything_was_read_is_corrected_and_the_reading_is_done() -> None:
    async with playing([SUBMITS, Calls([READS])]) as (model, reasoner):
        turn = await reasoner.next_turn(FRESH, TOOLS, must_conclude=False)
    assert (turn.conclusion, [call.tool for call in turn.calls]) == (None, ["get_stacktrace"])
    assert turn.usage.model_calls == 2
    *_, call, correction = model.requests[1]["messages"]
    assert call["tool_calls"][0]["id"] == correction["tool_call_id"]
    assert correction["content"].startswith("Nothing was read yet")


async def test_beside_an_analysis_that_comes_too_early_the_other_calls_are_made() -> None:
    turn = await turn_after(Calls([("submit_analysis", ANALYSIS), READS]))
    assert (turn.conclusion, [(call.id, call.tool) for call in turn.calls]) == (None, [("t1c1", "get_stacktrace")])


async def test_a_model_that_insists_on_concluding_from_nothing_fails() -> None:
    async with playing(SUBMITS) as (_, reasoner):
        with pytest.raises(ReasonerFailed, match="before it had read anything"):
            await reasoner.next_turn(FRESH, TOOLS, must_conclude=False)


# ---- the last turn --------------------------------------------------------------------------------------------------


async def test_a_turn_that_must_conclude_offers_nothing_but_the_conclusion() -> None:
    async with playing(SUBMITS) as (model, reasoner):
        await reasoner.next_turn(FRESH, TOOLS, must_conclude=True)
    request = model.requests[0]
    assert [tool["function"]["name"] for tool in request["tools"]] == ["submit_analysis"]
    assert request["tool_choice"]["function"]["name"] == "submit_analysis"


async def test_a_server_that_lets_no_tool_be_forced_is_asked_plainly_from_then_on() -> None:
    async with playing([Fails(400, "tool_choice is not supported"), SUBMITS]) as (model, reasoner):
        for _ in range(2):
            turn = await reasoner.next_turn(FRESH, TOOLS, must_conclude=True)
            assert turn.conclusion is not None
    assert ["tool_choice" in request for request in model.requests] == [True, False, False]


async def test_a_model_that_never_submits_gets_no_tool_called_any_more() -> None:
    turn = await turn_after(Calls([READS], text="One more look."), must_conclude=True)
    assert (turn.thought, turn.calls, turn.conclusion) == ("One more look.", (), None)


# ---- failures -------------------------------------------------------------------------------------------------------


async def test_a_rate_limit_is_waited_out_as_long_as_the_server_asks() -> None:
    async with playing([Fails(429, headers={"retry-after": "0.3"}), SUBMITS]) as (model, reasoner):
        started = time.monotonic()
        turn = await reasoner.next_turn(SEEN, TOOLS, must_conclude=False)
    assert turn.conclusion is not None
    assert time.monotonic() - started >= 0.3
    assert len(model.requests) == 2


async def test_a_rate_limit_longer_than_our_patience_fails_at_once() -> None:
    async with asyncio.timeout(2):
        assert "wait 60 s" in await failure_after(Fails(429, headers={"retry-after": "60"}))


async def test_a_spent_quota_is_not_waited_for() -> None:
    assert "quota is spent" in await failure_after(Fails(429, code="insufficient_quota"))


async def test_an_error_of_the_server_is_tried_again_twice() -> None:
    assert (await turn_after(Fails(500), BreaksOff(), SUBMITS, transcript=SEEN)).conclusion is not None
    assert "failed with status 503" in await failure_after(Fails(503))


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Fails(401, f"Incorrect API key provided: {KEY}"), "refused the key; set OPENAI_API_KEY"),
        (Fails(404), "does not know the model scripted; set LOGSENSE_MODEL"),
        (Fails(400, f"no tools for {KEY}"), "refused the request (status 400: no tools for …)"),
        (Fails(400, code="content_filter"), "content filter of scripted stopped the request"),
        (Sends(b"<html>hello</html>"), "not a chat completion. Check OPENAI_BASE_URL"),
        (Sends([1, 2]), "not a chat completion"),
        (Sends({"choices": [{"message": None}]}), "gave an empty answer"),
        (Says("no", refusal="I cannot help with that."), "refused to answer"),
        (Says("", finish="content_filter"), "content filter of scripted stopped the answer"),
    ],
)
async def test_a_failure_is_one_sentence_that_says_what_to_do(reply: Scripted, said: str) -> None:
    assert said in await failure_after(reply)


@pytest.mark.parametrize("silence", [Hangs(), Drips()], ids=lambda reply: type(reply).__name__)
async def test_an_attempt_ends_with_its_timeout_however_the_server_stalls(silence: Scripted) -> None:
    async with asyncio.timeout(6):
        assert "did not answer within 0.2 s" in await failure_after(silence, timeout_s=0.2)


async def test_a_server_that_is_not_there_is_named() -> None:
    reasoner = a_reasoner("http://127.0.0.1:9/v1")
    with pytest.raises(ReasonerFailed, match=r"The model endpoint 127\.0\.0\.1:9 cannot be reached"):
        await reasoner.next_turn(FRESH, TOOLS, must_conclude=False)
    await reasoner.close()


async def test_cancelling_a_turn_hangs_up_on_the_server() -> None:
    async with playing(Hangs()) as (model, reasoner):
        asking = asyncio.create_task(reasoner.next_turn(FRESH, TOOLS, must_conclude=False))
        async with asyncio.timeout(3):
            await model.asked.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await model.hung_up.wait()


# ---- money ----------------------------------------------------------------------------------------------------------


async def test_cached_tokens_cost_their_own_price() -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 800}}
    turn = await turn_after(Calls([READS], usage=usage))
    assert turn.usage.usd == pytest.approx((200 * 1.0 + 800 * 0.1 + 100 * 10.0) / 1e6)


def test_more_cached_tokens_than_tokens_are_not_believed() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": -1, "prompt_tokens_details": {"cached_tokens": 80}}
    reply = read_reply({"usage": usage}, prompt_chars=lambda: 40)
    assert (reply.prompt_tokens, reply.cached_tokens, reply.completion_tokens) == (10, 10, 0)


async def test_tokens_are_estimated_where_the_server_counts_none() -> None:
    turn = await turn_after(Says("x" * 400, usage=None))
    assert turn.usage.completion_tokens == 100
    assert turn.usage.prompt_tokens > 300


async def test_a_model_without_a_price_costs_tokens_only() -> None:
    async with playing(SUBMITS, model="my-own-model") as (_, reasoner):
        assert reasoner.name == "my-own-model"
        assert (await reasoner.next_turn(SEEN, TOOLS, must_conclude=False)).usage == Usage(1, 100, 10, None)


@pytest.mark.parametrize(
    ("model", "like"),
    [
        ("gpt-5-mini", "gpt-5-mini"),
        ("gpt-5-mini-2025-08-07", "gpt-5-mini"),
        ("openai/gpt-5", "gpt-5"),
        ("gpt-4.1-nano", "gpt-4.1-nano"),
        ("gpt-5.9", None),
        ("gpt-5-pro", None),
        ("llama3.2", None),
    ],
)
def test_a_price_is_found_by_the_longest_prefix_that_means_the_same_model(model: str, like: str | None) -> None:
    prices = load_prices()
    assert price_of(model, prices) == (prices[like] if like else None)


# ---- check ----------------------------------------------------------------------------------------------------------


async def test_a_check_of_a_listed_model_costs_nothing() -> None:
    async with playing(Fails(500)) as (model, reasoner):
        assert (await reasoner.check()).endswith("answers and offers scripted")
        assert model.requests == []


async def test_a_check_where_models_are_not_listed_asks_the_model() -> None:
    async with ScriptedModel(Says("OK"), models=None) as model:
        reasoner = a_reasoner(model.base_url)
        assert (await reasoner.check()).endswith("answers as scripted")
        await reasoner.close()


async def test_a_check_says_what_is_wrong() -> None:
    async with ScriptedModel(Fails(401), models=()) as model:
        reasoner = a_reasoner(model.base_url)
        with pytest.raises(AccessDenied, match="set OPENAI_API_KEY"):
            await reasoner.check()
        await reasoner.close()
    reasoner = a_reasoner("http://127.0.0.1:9/v1")
    with pytest.raises(ServiceFailed, match="cannot be reached"):
        await reasoner.check()
    await reasoner.close()


# ---- any server -----------------------------------------------------------------------------------------------------

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "tool_calls", "function", "name", "arguments", "usage", "text"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["choices", "usage", "id"]), _json))
def test_whatever_a_server_sends_is_read_without_falling(completion: dict[str, Any]) -> None:
    reply = read_reply(completion, prompt_chars=lambda: 40)
    assert reply.prompt_tokens >= reply.cached_tokens >= 0
    for call in reply.calls:
        assert isinstance(call.read_arguments(), dict)
