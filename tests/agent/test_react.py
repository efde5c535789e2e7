"""The loop: what it commits, when it stops, who takes over, and how it goes on after a crash."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from core.agent.loop import MAX_FRUITLESS_TURNS, Budget, NothingToRead, ReactLoop
from core.agent.rules.reasoner import RulesReasoner
from core.domain.causes import Cause
from core.domain.errors import LeaseLost, ReasonerFailed, ServiceUnavailable, ToolRejected
from core.domain.investigation import Subject
from core.domain.journal import (
    CallCorrected,
    CallObserved,
    JournalEntry,
    ReasonerReplaced,
    ToolCall,
    Transcript,
    Turn,
    TurnTaken,
)
from core.domain.report import Analysis, Answer, Usage
from core.ports import ToolResult, ToolSpec

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SPECS = [ToolSpec(name, name, {}) for name in ("get_sentry_issue_details", "get_stacktrace", "get_user_impact")]
ANALYSIS = Analysis("It broke.", Cause.UNKNOWN, None, (), ())


@dataclass
class ScriptedReasoner:
    """A reasoner that takes the turns it was given, then concludes; a turn may also be an exception."""

    turns: list[Turn | Exception]
    name: str = "model"
    asked: list[bool] = field(default_factory=list)

    async def next_turn(self, transcript: Transcript, tools: Sequence[ToolSpec], *, must_conclude: bool) -> Turn:
        self.asked.append(must_conclude)
        if must_conclude or not self.turns:
            return Turn("done", conclusion=ANALYSIS)
        turn = self.turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return turn


@dataclass
class Tools:
    """A toolbox in memory; `answers` may hold results, exceptions, or a function of the call."""

    answers: Mapping[str, ToolResult | Exception] = field(default_factory=dict)
    called: list[ToolCall] = field(default_factory=list)
    delay_s: float = 0.0
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def list_tools(self) -> Sequence[ToolSpec]:
        return SPECS

    async def call(self, call: ToolCall) -> ToolResult:
        self.called.append(call)
        self.begun.set()
        await asyncio.sleep(self.delay_s)
        answer = self.answers.get(call.tool, ToolResult(f"headline of {call.tool}"))
        if isinstance(answer, Exception):
            raise answer
        return answer


def call(id_: str, tool: str, **arguments: Any) -> ToolCall:
    return ToolCall(id_, tool, arguments)


def loop_with(
    *reasoners: Any,
    tools: Tools | None = None,
    entries: Sequence[JournalEntry] = (),
    record: Callable[[JournalEntry], None] | None = None,
    budget: Budget | None = None,
) -> tuple[ReactLoop, list[JournalEntry]]:
    journal: list[JournalEntry] = list(entries)

    async def commit(entry: JournalEntry) -> None:
        if record:
            record(entry)
        journal.append(entry)

    loop = ReactLoop(
        Transcript(Subject("SHOP-1", "SHOP-1"), tuple(entries)),
        reasoners=reasoners,
        toolbox=tools or Tools(),
        record=commit,
        now=lambda: NOW,
        budget=budget or Budget(),
    )
    return loop, journal


async def test_each_step_is_committed_before_the_next_begins() -> None:
    reasoner = ScriptedReasoner([Turn("look", (call("t1c1", "get_stacktrace", issue_id="SHOP-1"),))])
    loop, journal = loop_with(reasoner, RulesReasoner())
    _, conclusion = await loop.run()
    assert [type(entry) for entry in journal] == [TurnTaken, CallObserved, TurnTaken]
    assert conclusion == ANALYSIS


async def test_calls_of_one_turn_run_side_by_side_and_keep_their_order_of_ids() -> None:
    tools = Tools(delay_s=0.05)
    turn = Turn("", (call("t1c1", "get_sentry_issue_details"), call("t1c2", "get_stacktrace")))
    loop, journal = loop_with(ScriptedReasoner([turn]), RulesReasoner(), tools=tools)
    await loop.run()
    observed = {entry.call_id: entry.evidence.id for entry in journal if isinstance(entry, CallObserved)}
    assert observed == {"t1c1": "E1", "t1c2": "E2"}


async def test_a_repeated_call_is_answered_with_the_evidence_it_already_has() -> None:
    again = [Turn("", (call(f"t{n}c1", "get_stacktrace", issue_id="SHOP-1"),)) for n in (1, 2)]
    tools = Tools()
    loop, journal = loop_with(ScriptedReasoner(list(again)), RulesReasoner(), tools=tools)
    await loop.run()
    assert len(tools.called) == 1
    assert [entry.note for entry in journal if isinstance(entry, CallCorrected)] == [
        "This call was made before: see E1."
    ]


async def test_the_last_iteration_may_only_conclude() -> None:
    turns: list[Turn | Exception] = [
        Turn("", (call(f"t{n}c1", "get_stacktrace", issue_id=f"SHOP-{n}"),)) for n in range(1, 40)
    ]
    reasoner = ScriptedReasoner(turns)
    loop, _ = loop_with(reasoner, RulesReasoner())
    await loop.run()
    assert reasoner.asked == [False] * 14 + [True]


async def test_rules_take_over_when_the_model_fails_and_keep_what_is_known() -> None:
    model = ScriptedReasoner(
        [Turn("look", (call("t1c1", "get_stacktrace", issue_id="SHOP-1"),)), ReasonerFailed("HTTP 500")]
    )
    tools = Tools()
    loop, journal = loop_with(model, RulesReasoner(), tools=tools)
    await loop.run()
    assert ReasonerReplaced("rules", "rules took over from model: HTTP 500", NOW) in journal
    assert [made.tool for made in tools.called].count("get_stacktrace") == 1


async def test_a_spent_token_budget_hands_over_before_the_next_call_would_exceed_it() -> None:
    costly = Turn("", (call("t1c1", "get_stacktrace"),), usage=Usage(1, 40_000, 100, 0.01))
    model = ScriptedReasoner([costly])
    loop, journal = loop_with(model, RulesReasoner())
    await loop.run()
    assert len(model.asked) == 1
    assert any(isinstance(entry, ReasonerReplaced) and "60,000 tokens" in entry.reason for entry in journal)


async def test_a_hanging_model_is_left_behind_when_the_time_is_spent() -> None:
    class Hanging(ScriptedReasoner):
        async def next_turn(self, *_: Any, **__: Any) -> Turn:
            await asyncio.Event().wait()
            raise AssertionError

    loop, journal = loop_with(Hanging([]), RulesReasoner(), budget=Budget(timeout_s=0.05))
    transcript, _ = await asyncio.wait_for(loop.run(), 10)
    assert any(isinstance(entry, ReasonerReplaced) and "time budget" in entry.reason for entry in journal)
    assert {item.tool for item in transcript.evidence()} >= {"get_sentry_issue_details", "get_stacktrace"}


@pytest.mark.parametrize("bad", [ToolRejected("There is no tool x. Use get_stacktrace."), None])
async def test_a_reasoner_whose_calls_keep_missing_is_corrected_twice_then_replaced(bad: Exception | None) -> None:
    turns: list[Turn | Exception] = [
        Turn("hm", (call(f"t{n}c1", "get_user_impact", n=n),) if bad else ()) for n in range(1, 9)
    ]
    model = ScriptedReasoner(turns)
    tools = Tools({"get_user_impact": bad} if bad else {})
    loop, journal = loop_with(model, RulesReasoner(), tools=tools)
    await loop.run()
    assert len(model.asked) == MAX_FRUITLESS_TURNS
    assert any(isinstance(entry, ReasonerReplaced) for entry in journal)


async def test_a_tool_that_fails_or_hangs_becomes_unavailable_evidence() -> None:
    tools = Tools({"get_user_impact": ServiceUnavailable("Sentry", "Sentry is down.")})
    turn = Turn("", (call("t1c1", "get_stacktrace"), call("t1c2", "get_user_impact")))
    loop, journal = loop_with(ScriptedReasoner([turn]), RulesReasoner(), tools=tools)
    await loop.run()
    failed = [entry.evidence for entry in journal if isinstance(entry, CallObserved) and not entry.evidence.ok]
    assert [item.text for item in failed] == ["unavailable: Sentry is down."]


async def test_nothing_readable_at_all_ends_the_run_without_paying_a_model_again() -> None:
    model = ScriptedReasoner([Turn("", (call("t1c1", "get_stacktrace"),))])
    tools = Tools({"get_stacktrace": ToolResult("Sentry has no issue SHOP-9.", {"error": "refused"}, ok=False)})
    loop, _ = loop_with(model, RulesReasoner(), tools=tools)
    with pytest.raises(NothingToRead, match="no issue SHOP-9"):
        await loop.run()
    assert len(model.asked) == 1


async def test_a_resumed_run_pays_no_turn_again_and_makes_only_the_calls_without_an_outcome() -> None:
    first = Turn("look", (call("t1c1", "get_sentry_issue_details"), call("t1c2", "get_stacktrace")))
    loop, journal = loop_with(ScriptedReasoner([first]), RulesReasoner())
    await loop.run()
    for cut in range(len(journal)):
        model, tools = ScriptedReasoner([first] if cut == 0 else []), Tools()
        resumed, rest = loop_with(model, RulesReasoner(), tools=tools, entries=journal[:cut])
        _, conclusion = await resumed.run()
        observed = [entry.call_id for entry in rest if isinstance(entry, CallObserved)]
        assert sorted(observed) == ["t1c1", "t1c2"]
        assert len({entry.evidence.id for entry in rest if isinstance(entry, CallObserved)}) == 2
        assert sum(isinstance(entry, TurnTaken) for entry in rest) == 2
        assert conclusion == ANALYSIS


async def test_a_lost_lease_stops_everything_at_once() -> None:
    def record(entry: JournalEntry) -> None:
        if isinstance(entry, CallObserved):
            raise LeaseLost("taken over")

    turn = Turn("", (call("t1c1", "get_stacktrace"), call("t1c2", "get_user_impact")))
    loop, journal = loop_with(ScriptedReasoner([turn]), RulesReasoner(), record=record)
    with pytest.raises(LeaseLost):
        await loop.run()
    assert [type(entry) for entry in journal] == [TurnTaken]


async def test_cancelling_stops_inside_a_tool_call() -> None:
    tools = Tools(delay_s=30)
    loop, journal = loop_with(
        ScriptedReasoner([Turn("", (call("t1c1", "get_stacktrace"),))]), RulesReasoner(), tools=tools
    )
    task = asyncio.create_task(loop.run())
    await asyncio.wait_for(tools.begun.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [type(entry) for entry in journal] == [TurnTaken]


async def test_a_follow_up_with_rules_answers_from_the_evidence_it_has() -> None:
    transcript = Transcript(Subject("SHOP-1", "SHOP-1"), question="who is affected?")
    tools = Tools({"get_user_impact": ToolResult("41 users, 182 events", {"users": 41})})

    async def record(entry: JournalEntry) -> None:
        return None

    loop = ReactLoop(
        transcript, reasoners=[RulesReasoner()], toolbox=tools, record=record, now=lambda: NOW, budget=Budget()
    )
    _, conclusion = await loop.run()
    assert conclusion == Answer("41 users, 182 events", ("E1",))
