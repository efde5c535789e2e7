"""A worker that was paused while another took its run over neither pays a model nor calls a tool for it again."""

from __future__ import annotations

import pytest

from core.agent.loop import Budget, ReactLoop
from core.agent.rules.reasoner import RulesReasoner
from core.domain.errors import LeaseLost
from core.domain.investigation import Subject
from core.domain.journal import CallObserved, JournalEntry, Transcript, Turn, TurnTaken
from tests.agent.test_react import NOW, ScriptedReasoner, Tools, call


class Lease:
    """Lost behind the commit of the `last` entry, as by a pause."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.entries: list[JournalEntry] = []

    async def record(self, entry: JournalEntry) -> None:
        self.entries.append(entry)

    async def check(self) -> None:
        if len(self.entries) >= self.last:
            raise LeaseLost("Another worker has the run.")


def loop_of(lease: Lease, reasoner: ScriptedReasoner, tools: Tools) -> ReactLoop:
    return ReactLoop(
        Transcript(Subject("SHOP-1", "SHOP-1")),
        reasoners=(reasoner, RulesReasoner()),
        toolbox=tools,
        record=lease.record,
        now=lambda: NOW,
        budget=Budget(),
        check=lease.check,
    )


def looking() -> ScriptedReasoner:
    return ScriptedReasoner([Turn("look", (call("t1c1", "get_stacktrace", issue_id="SHOP-1"),))])


async def test_it_calls_no_tool_after_a_pause_behind_its_turn() -> None:
    lease, tools = Lease(last=1), Tools()
    with pytest.raises(LeaseLost):
        await loop_of(lease, looking(), tools).run()
    assert [type(entry) for entry in lease.entries] == [TurnTaken] and tools.called == []


async def test_it_asks_no_model_after_a_pause_behind_its_call() -> None:
    lease = Lease(last=2)
    with pytest.raises(LeaseLost):
        await loop_of(lease, looking(), Tools()).run()
    assert [type(entry) for entry in lease.entries] == [TurnTaken, CallObserved]
