"""An investigation begins by looking, repeats cost no evidence id, and a killed run loses nothing of either."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from core.agent.looking import HOST
from core.agent.loop import Budget, ReactLoop
from core.agent.prompt import Prompt
from core.agent.rules.reasoner import RulesReasoner
from core.domain.investigation import Subject
from core.domain.journal import (
    CallCorrected,
    CallObserved,
    JournalEntry,
    Transcript,
    Turn,
    TurnTaken,
    steps_of,
)
from core.gateways.openai.messages import messages_of
from core.ports import ToolResult
from tests.agent.test_react import NOW, ScriptedReasoner, Tools, call

ISSUE = Subject("SHOP-1", "SHOP-1")
FOUND = {
    "get_sentry_issue_details": ToolResult("KeyError, 9 events", {"events": 9}),
    "get_stacktrace": ToolResult("cart.py:41", {"event_id": "a"}),
}


def loop_over(
    reasoner: ScriptedReasoner,
    tools: Tools,
    entries: Sequence[JournalEntry] = (),
    subject: Subject = ISSUE,
    question: str | None = None,
) -> tuple[ReactLoop, list[JournalEntry]]:
    journal = list(entries)

    async def record(entry: JournalEntry) -> None:
        journal.append(entry)

    loop = ReactLoop(
        Transcript(subject, tuple(entries), question=question),
        reasoners=(reasoner, RulesReasoner()),
        toolbox=tools,
        record=record,
        now=lambda: NOW,
        budget=Budget(),
        begin_by_looking=True,
    )
    return loop, journal


async def test_issue_and_stack_are_read_before_the_first_model_call_and_shown_as_steps() -> None:
    model, tools = ScriptedReasoner([]), Tools(FOUND)
    loop, journal = loop_over(model, tools)
    await loop.run()
    assert [each.tool for each in tools.called] == ["get_sentry_issue_details", "get_stacktrace"]
    assert len(model.asked) == 1
    assert isinstance(journal[0], TurnTaken) and journal[0].reasoner == HOST
    steps = steps_of(journal)
    assert [(step.tool, step.evidence_id) for step in steps] == [
        ("get_sentry_issue_details", "E1"),
        ("get_stacktrace", "E2"),
    ]


async def test_the_first_model_call_sees_what_was_read() -> None:
    loop, journal = loop_over(ScriptedReasoner([]), Tools(FOUND))
    await loop.run()
    seen = messages_of(Transcript(ISSUE, tuple(journal[:-1])), Prompt(), "model")
    assert "E1: KeyError, 9 events" in seen[-1]["content"] and "E2: cart.py:41" in seen[-1]["content"]


async def test_the_event_that_a_person_pointed_at_is_the_one_that_is_read() -> None:
    tools = Tools(FOUND)
    loop, _ = loop_over(ScriptedReasoner([]), tools, subject=Subject("SHOP-1", "SHOP-1", event_id="b" * 32))
    await loop.run()
    assert tools.called[1].arguments == {"issue_id": "SHOP-1", "event": "b" * 32}


async def test_a_question_begins_from_what_is_known() -> None:
    tools = Tools(FOUND)
    loop, journal = loop_over(ScriptedReasoner([]), tools, question="Who is hit?")
    await loop.run()
    assert tools.called == [] and all(not isinstance(e, TurnTaken) or e.reasoner != HOST for e in journal)


@pytest.mark.parametrize("cut", [1, 2, 3])
async def test_a_run_that_was_killed_while_looking_reads_only_what_is_missing(cut: int) -> None:
    loop, whole = loop_over(ScriptedReasoner([]), Tools(FOUND))
    await loop.run()
    tools = Tools(FOUND)
    resumed, journal = loop_over(ScriptedReasoner([]), tools, whole[:cut])
    await resumed.run()
    assert len(tools.called) == 3 - cut
    assert sum(isinstance(e, TurnTaken) and e.reasoner == HOST for e in journal) == 1
    observed = [entry.evidence.id for entry in journal if isinstance(entry, CallObserved)]
    assert sorted(observed) == ["E1", "E2"]


async def test_an_answer_that_repeats_another_says_so_and_gets_no_id() -> None:
    turn = Turn("again", (call("t2c1", "get_stacktrace", issue_id="SHOP-1", event="latest"),))
    loop, journal = loop_over(ScriptedReasoner([turn]), Tools(FOUND))
    transcript, _ = await loop.run()
    repeated = [entry for entry in journal if isinstance(entry, CallCorrected)]
    assert [(entry.note, entry.same_as) for entry in repeated] == [
        ("The same as E2, word for word: it has no id of its own.", "E2")
    ]
    assert [evidence.id for evidence in transcript.evidence()] == ["E1", "E2"]


async def test_asking_once_more_for_what_was_a_repeat_makes_no_call() -> None:
    turns = [Turn("again", (call(f"t{n}c1", "get_stacktrace", issue_id="SHOP-1", event="latest"),)) for n in (2, 3)]
    tools = Tools(FOUND)
    loop, journal = loop_over(ScriptedReasoner(list(turns)), tools)
    await loop.run()
    assert len(tools.called) == 3
    assert "see E2" in [entry.note for entry in journal if isinstance(entry, CallCorrected)][1]
