"""What a model is sent, turn after turn, over real HTTP."""

from dataclasses import replace
from itertools import pairwise

from core.domain.journal import CallCorrected, CallObserved, ToolCall, TurnTaken
from core.domain.report import Evidence, Usage
from tests.fakes.openai_server import Calls, investigator
from tests.gateways.model_turns import AT, FRESH, READS, SEEN, SUBMITS, TOOLS, observed, playing, turn_after


async def test_a_turn_and_its_outcomes_are_replayed_as_calls_and_results() -> None:
    transcript = observed(ToolCall("t1c1", *READS), ToolCall("t1c2", "get_nothing", {}))
    transcript = replace(
        transcript, entries=(*transcript.entries[:2], CallCorrected("t1c2", "There is no such tool.", AT))
    )
    async with playing(SUBMITS) as (model, reasoner):
        await reasoner.next_turn(transcript, TOOLS, must_conclude=False)
    system, opening, turn, first, second = model.requests[0]["messages"]
    assert [system["role"], opening["role"], turn["role"]] == ["system", "user", "assistant"]
    assert [call["id"] for call in turn["tool_calls"]] == ["t1c1", "t1c2"]
    assert first["tool_call_id"] == "t1c1"
    assert first["content"].startswith("E1: stack 1\n[outside data")
    assert second == {"role": "tool", "tool_call_id": "t1c2", "content": "There is no such tool."}


async def test_each_request_begins_with_the_bytes_of_the_one_before() -> None:
    again = TurnTaken(2, "scripted", "More.", (ToolCall("t2c1", *READS),), None, Usage(), AT)
    more = (again, CallCorrected("t2c1", "This call was made before: see E1.", AT))
    async with playing(Calls([READS])) as (model, reasoner):
        for transcript in (FRESH, SEEN, replace(SEEN, entries=(*SEEN.entries, *more))):
            await reasoner.next_turn(transcript, TOOLS, must_conclude=False)
    for before, after in pairwise(model.requests):
        assert after["messages"][: len(before["messages"])] == before["messages"]
        assert list(before) == list(after)
        assert after["tools"][: len(before["tools"])] == before["tools"]
    assert model.requests[1]["tools"] == model.requests[2]["tools"]


async def test_a_call_without_outcome_is_not_replayed() -> None:
    open_call = replace(observed(ToolCall("t1c1", *READS)), entries=observed(ToolCall("t1c1", *READS)).entries[:1])
    async with playing(Calls([READS])) as (model, reasoner):
        await reasoner.next_turn(open_call, TOOLS, must_conclude=False)
    assert model.requests[0]["messages"][2:] == [{"role": "assistant", "content": "Look."}]


async def test_what_another_reasoner_did_is_told_in_plain_text() -> None:
    async with playing(SUBMITS) as (model, reasoner):
        transcript = observed(ToolCall("t1c1", *READS), reasoner="rules")
        await reasoner.next_turn(transcript, TOOLS, must_conclude=False)
    told = model.requests[0]["messages"][2]
    assert told["role"] == "user"
    assert told["content"].startswith('rules called get_stacktrace with {"issue_id": "SHOP-1A2"}:\nE1: stack 1')


async def test_a_nudge_after_a_turn_without_calls_is_said_to_the_model() -> None:
    entries = (TurnTaken(1, "scripted", "Hm.", (), None, Usage(), AT), CallCorrected("t1", "Nothing was called.", AT))
    async with playing(Calls([READS])) as (model, reasoner):
        await reasoner.next_turn(replace(FRESH, entries=entries), TOOLS, must_conclude=False)
    assert model.requests[0]["messages"][2:] == [
        {"role": "assistant", "content": "Hm."},
        {"role": "user", "content": "Nothing was called."},
    ]


async def test_nothing_is_asked_of_a_server_beyond_plain_tools() -> None:
    async with playing(investigator) as (model, reasoner):
        turn = await reasoner.next_turn(FRESH, TOOLS, must_conclude=False)
    assert [call.tool for call in turn.calls] == ["get_sentry_issue_details", "get_stacktrace"]
    assert set(model.requests[0]) == {"model", "messages", "tools"}


async def test_lone_surrogates_in_outside_text_do_not_break_the_request() -> None:
    transcript = observed(ToolCall("t1c1", "get_stacktrace", {"issue_id": "\ud800"}))
    evidence = Evidence("E1", "get_stacktrace", {}, "broken \udfff text")
    transcript = replace(transcript, entries=(transcript.entries[0], CallObserved("t1c1", evidence, 1, AT)))
    assert (await turn_after(SUBMITS, transcript=transcript)).conclusion is not None
