"""The loop: ask a reasoner for a turn, make its calls, journal each step, until it concludes.

It knows neither channel nor database. Every entry is recorded before the next thing happens, so a killed run goes on
from its journal: turns that were paid for are not asked again, calls without an outcome are made again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.agent.patience import Patience
from core.domain.errors import LogSenseError, ReasonerFailed, ServiceFailed, ToolRejected
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
from core.domain.report import Analysis, Answer, Evidence
from core.ports import Reasoner, Toolbox, ToolResult, ToolSpec

MAX_FRUITLESS_TURNS = 3
GRACE_S = 20.0
"""How long rules may still read after the time is spent: a model that hung from the start leaves them nothing."""

UNAVAILABLE = "unavailable: "
NUDGE = "Nothing was called. Call a tool, or finish with the submit tool."


@dataclass(frozen=True, slots=True)
class Budget:
    """What one run may spend; past the tokens or dollars rules take over, past the time they only finish reading."""

    max_turns: int = 15
    timeout_s: float = 120.0
    max_tokens: int = 60_000
    max_usd: float = 0.50
    tool_timeout_s: float = 20.0


class NothingToRead(LogSenseError):
    """Every tool failed from the first; `evidence` is the first failure, and its text says what to do."""

    def __init__(self, evidence: Evidence) -> None:
        """Take the sentence from the failed call."""
        super().__init__(evidence.text.removeprefix(UNAVAILABLE))
        self.evidence = evidence


class ReactLoop:
    """One run over one transcript. `reasoners` are tried in order; the last must never fail (rules)."""

    def __init__(
        self,
        transcript: Transcript,
        *,
        reasoners: Sequence[Reasoner],
        toolbox: Toolbox,
        record: Callable[[JournalEntry], Awaitable[None]],
        now: Callable[[], datetime],
        budget: Budget,
        check: Callable[[], Awaitable[None]] | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`check` raises LeaseLost when another worker has the run; without one, nobody else can."""
        self._patience = patience or Patience()
        self._check = check
        self._transcript = transcript
        self._reasoners = reasoners
        self._toolbox = toolbox
        self._record = record
        self._now = now
        self._budget = budget
        self._active = self._active_at_start()
        self._calls_made = _calls_made(transcript)
        self._evidence_count = max((int(evidence.id[1:]) for evidence in transcript.evidence()), default=0)

    async def run(self) -> tuple[Transcript, Analysis | Answer]:
        """The whole transcript and the conclusion it ends with.

        Raises:
            LeaseLost: from the journal; nothing more was done.
            NothingToRead: no tool could read anything of the subject.
        """
        self._deadline = asyncio.get_running_loop().time() + self._budget.timeout_s
        tools = await self._offered_tools()
        while True:
            last = _last_turn(self._transcript)
            if last is not None and last.conclusion is not None:
                return self._transcript, last.conclusion
            if last is not None:
                await self._ensure_held()
                await self._observe_outstanding(last)
                self._stop_if_nothing_can_be_read()
            await self._take_turn(tools)

    async def _offered_tools(self) -> Sequence[ToolSpec]:
        try:
            return await self._toolbox.list_tools()
        except ServiceFailed as failure:
            await self._replace_reasoner(str(failure))
            return ()

    # ---- turns ------------------------------------------------------------------------------------------------------

    async def _take_turn(self, tools: Sequence[ToolSpec]) -> None:
        number = self._transcript.turns() + 1
        if reason := self._spent():
            await self._replace_reasoner(reason)
        if _fruitless_turns(self._transcript) >= MAX_FRUITLESS_TURNS:
            await self._replace_reasoner("its calls kept missing")
        await self._ensure_held()
        reasoner = self._reasoners[self._active]
        must_conclude = number >= self._budget.max_turns or self._time_left() <= -GRACE_S or not tools
        try:
            turn = await self._ask(reasoner, tools, must_conclude)
        except ReasonerFailed as failure:
            if self._is_last_resort():
                raise
            await self._replace_reasoner(str(failure))
            return
        await self._commit(_numbered(turn, number, reasoner.name, self._now()))
        if not turn.calls and turn.conclusion is None:
            await self._commit(CallCorrected(f"t{number}", NUDGE, self._now()))

    async def _ask(self, reasoner: Reasoner, tools: Sequence[ToolSpec], must_conclude: bool) -> Turn:
        if self._is_last_resort():
            return await reasoner.next_turn(self._transcript, tools, must_conclude=must_conclude)
        try:
            async with asyncio.timeout(self._time_left()):
                return await reasoner.next_turn(self._transcript, tools, must_conclude=must_conclude)
        except TimeoutError:
            raise ReasonerFailed(f"the time budget of {self._budget.timeout_s:g} s is spent") from None

    def _spent(self) -> str | None:
        """Why the active reasoner may not take another turn, judged by what its last turn cost."""
        if self._is_last_resort():
            return None
        usage, last = self._transcript.usage(), _last_turn(self._transcript)
        next_tokens = last.usage.prompt_tokens if last else 0
        if usage.tokens + next_tokens > self._budget.max_tokens:
            return f"the budget of {self._budget.max_tokens:,} tokens is spent"
        if (usage.usd or 0.0) + ((last.usage.usd or 0.0) if last else 0.0) > self._budget.max_usd:
            return f"the budget of {self._budget.max_usd:.2f} USD is spent"
        if self._time_left() <= 0:
            return f"the time budget of {self._budget.timeout_s:g} s is spent"
        return None

    async def _replace_reasoner(self, reason: str) -> None:
        if self._is_last_resort():
            return
        replaced = self._reasoners[self._active].name
        self._active += 1
        successor = self._reasoners[self._active].name
        await self._commit(ReasonerReplaced(successor, f"{successor} took over from {replaced}: {reason}", self._now()))

    def _active_at_start(self) -> int:
        names = [reasoner.name for reasoner in self._reasoners]
        replaced = [entry.reasoner for entry in self._transcript.entries if isinstance(entry, ReasonerReplaced)]
        return names.index(replaced[-1]) if replaced and replaced[-1] in names else 0

    def _is_last_resort(self) -> bool:
        return self._active == len(self._reasoners) - 1

    def _time_left(self) -> float:
        return self._deadline - asyncio.get_running_loop().time()

    # ---- calls ------------------------------------------------------------------------------------------------------

    async def _observe_outstanding(self, turn: TurnTaken) -> None:
        """Make the calls of `turn` that have no outcome yet, all at once."""
        settled = {
            entry.call_id for entry in self._transcript.entries if isinstance(entry, CallObserved | CallCorrected)
        }
        try:
            async with asyncio.TaskGroup() as group:
                for call in turn.calls:
                    if call.id not in settled:
                        group.create_task(self._observe(call, self._evidence_id_for(call)))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def _stop_if_nothing_can_be_read(self) -> None:
        """Without one readable result there is nothing to reason about, and no model should be paid to try."""
        evidence = self._transcript.evidence()
        if evidence and not any(item.ok for item in evidence):
            raise NothingToRead(evidence[0])

    def _evidence_id_for(self, call: ToolCall) -> str:
        """A new id in call order, or the id under which an equal call was already made."""
        key = _key(call.tool, call.arguments)
        if key in self._calls_made:
            return f"see {self._calls_made[key]}"
        self._evidence_count += 1
        self._calls_made[key] = f"E{self._evidence_count}"
        return self._calls_made[key]

    async def _observe(self, call: ToolCall, evidence_id: str) -> None:
        if evidence_id.startswith("see "):
            note = f"This call was made before: {evidence_id}."
            await self._commit(CallCorrected(call.id, note, self._now()))
            return
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            evidence = await self._call(call, evidence_id)
        except ToolRejected as rejection:
            self._forget(call)
            await self._commit(CallCorrected(call.id, str(rejection), self._now()))
            return
        if not evidence.ok:
            self._forget(call)
        await self._commit(CallObserved(call.id, evidence, round((loop.time() - started) * 1000), self._now()))

    async def _call(self, call: ToolCall, evidence_id: str) -> Evidence:
        timeout_s = max(1.0, min(self._budget.tool_timeout_s, self._time_left() + GRACE_S))

        async def attempt() -> ToolResult:
            async with asyncio.timeout(timeout_s):
                return await self._toolbox.call(call)

        try:
            result = await self._patience.read(attempt)
        except TimeoutError:
            text = f"{UNAVAILABLE}{call.tool} did not answer within {timeout_s:.0f} s"
            return Evidence(evidence_id, call.tool, call.arguments, text, ok=False)
        except ServiceFailed as failure:
            return Evidence(evidence_id, call.tool, call.arguments, f"{UNAVAILABLE}{failure}", ok=False)
        return Evidence(evidence_id, call.tool, call.arguments, result.text, result.ok, result.facts)

    def _forget(self, call: ToolCall) -> None:
        self._calls_made.pop(_key(call.tool, call.arguments), None)

    async def _ensure_held(self) -> None:
        """Nothing is paid or read for a run that another worker took over while this process was paused."""
        if self._check is not None:
            await self._check()

    async def _commit(self, entry: JournalEntry) -> None:
        await self._record(entry)
        self._transcript = self._transcript.with_entry(entry)


def _numbered(turn: Turn, number: int, reasoner: str, at: datetime) -> TurnTaken:
    return TurnTaken(number, reasoner, turn.thought, turn.calls, turn.conclusion, turn.usage, at)


def _last_turn(transcript: Transcript) -> TurnTaken | None:
    return next((entry for entry in reversed(transcript.entries) if isinstance(entry, TurnTaken)), None)


def _fruitless_turns(transcript: Transcript) -> int:
    """How many turns in a row, up to now, brought no observation."""
    fruitless = 0
    for entry in reversed(transcript.entries):
        match entry:
            case CallObserved() | ReasonerReplaced():
                return fruitless
            case TurnTaken():
                fruitless += 1
            case CallCorrected():
                continue
    return fruitless


def _calls_made(transcript: Transcript) -> dict[str, str]:
    return {_key(evidence.tool, evidence.arguments): evidence.id for evidence in transcript.evidence() if evidence.ok}


def _key(tool: str, arguments: Mapping[str, Any]) -> str:
    return f"{tool} {json.dumps(arguments, sort_keys=True, default=str)}"
