"""The rule-based reasoner: no language model, the same tools, the same evidence.

It reads the issue and its stack first, then asks what else is worth knowing given what it saw, then concludes. Equal
transcripts give equal turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from core.agent.rules.answers import answer_from, calls_for_question
from core.agent.rules.causes import classify
from core.agent.rules.diagnosis import Observed, diagnose
from core.agent.rules.log_diagnosis import told_by_logs
from core.agent.rules.trace_diagnosis import told_by_traces
from core.domain.causes import Cause
from core.domain.journal import ToolCall, Transcript, Turn
from core.domain.report import Evidence
from core.domain.tool_facts import StackFacts
from core.ports import ToolSpec

NAME = "rules"


class RulesReasoner:
    """Deterministic and free of charge; what everyone without a model key sees, and the fallback for the others."""

    @property
    def name(self) -> str:
        """`rules`, in reports shown as "rule-based, no language model"."""
        return NAME

    async def next_turn(self, transcript: Transcript, tools: Sequence[ToolSpec], *, must_conclude: bool) -> Turn:
        """The next calls while something is worth asking, else the conclusion. Never fails."""
        if not must_conclude:
            offered = {tool.name for tool in tools}
            thought, wanted = _wanted(transcript)
            calls = tuple(call for call in wanted if call.tool in offered)
            if calls:
                return Turn(thought, calls)
        if transcript.question is not None:
            return Turn("", conclusion=answer_from(transcript))
        observed = observed_in(transcript)
        return Turn("", conclusion=told_by_traces(observed, told_by_logs(observed, diagnose(observed))))


def observed_in(transcript: Transcript) -> Observed:
    """The newest facts of each tool; later calls of the same tool replace earlier ones."""
    facts: dict[str, Any] = {}
    ids: dict[str, str] = {}
    headlines: dict[str, str] = {}
    for evidence in transcript.evidence():
        if evidence.ok and _is_about(transcript, evidence):
            facts[evidence.tool], ids[evidence.tool] = evidence.facts, evidence.id
            headlines[evidence.tool] = evidence.text.split("\n", 1)[0]
    return Observed(
        cast(Any, facts.get("get_sentry_issue_details", {})),
        cast(Any, facts.get("get_stacktrace", {})),
        cast(Any, facts.get("analyze_error_frequency", {})),
        cast(Any, facts.get("get_user_impact", {})),
        cast(Any, facts.get("search_knowledge_base", {})),
        ids,
        headlines,
        cast(Any, facts.get("read_log_errors", {})),
        cast(Any, facts.get("compare_log_windows", {})),
        cast(Any, facts.get("read_trace_spans", {})),
    )


def _is_about(transcript: Transcript, evidence: Evidence) -> bool:
    """Whether `evidence` speaks of the subject's own page one, not of another issue or a later page."""
    issue = evidence.arguments.get("issue_id", transcript.subject.issue_id)
    return bool(issue == transcript.subject.issue_id and evidence.arguments.get("page", 1) == 1)


# ---- what to ask next -----------------------------------------------------------------------------------------------


def _wanted(transcript: Transcript) -> tuple[str, tuple[ToolCall, ...]]:
    """Why, and which calls that were not tried yet."""
    if transcript.question is not None:
        observed = observed_in(transcript)
        query = knowledge_query(observed.stack, observed.issue.get("title", "")) or transcript.question
        thought, wanted = calls_for_question(transcript, query)
        return thought, _numbered(transcript, wanted)
    tried = {evidence.tool for evidence in transcript.evidence()}
    for thought, planned in _plan(transcript):
        if fresh := [(name, arguments) for name, arguments in planned if name not in tried]:
            return thought, _numbered(transcript, fresh)
    return "", ()


def _numbered(transcript: Transcript, calls: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[ToolCall, ...]:
    prefix = f"t{transcript.turns() + 1}c"
    return tuple(ToolCall(f"{prefix}{n}", name, arguments) for n, (name, arguments) in enumerate(calls, 1))


def _plan(transcript: Transcript) -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """What to learn, in order; each stage depends on what the stages before it brought."""
    issue = {"issue_id": transcript.subject.issue_id}
    stack_arguments = dict(issue)
    if transcript.subject.event_id:
        stack_arguments["event"] = transcript.subject.event_id
    yield (
        "Read what the issue is, and the stack of an event that shows it best.",
        [("get_sentry_issue_details", issue), ("get_stacktrace", stack_arguments), *_first_of_logs(transcript)],
    )
    observed = observed_in(transcript)
    context: list[tuple[str, dict[str, Any]]] = []
    if query := knowledge_query(observed.stack, observed.issue.get("title", "")):
        context.append(("search_knowledge_base", {"query": query}))
    if not observed.issue.get("single_event"):
        context += [("analyze_error_frequency", issue), ("get_user_impact", issue)]
    if place := observed.logs.get("first", {}).get("place"):
        context.append(("read_log_window", {"around": place}))
    if transcript.subject.log is not None:
        context.append(("compare_log_windows", {}))
    if observed.logs.get("spans"):
        context.append(("read_trace_spans", {}))
    yield _why_context(observed), context


def _first_of_logs(transcript: Transcript) -> list[tuple[str, dict[str, Any]]]:
    return [("read_log_errors", {})] if transcript.subject.log is not None else []


def _why_context(observed: Observed) -> str:
    if observed.issue.get("single_event"):
        return "See whether this happened before."
    cause = classify(observed.stack, observed.issue)
    if cause is Cause.ABORTED_TRANSACTION:
        return "This is the echo of an earlier error: see when it began, whom it hits, and whether it is known."
    return "See when it began and against which release, whom it hits, and whether it happened before."


def knowledge_query(stack: StackFacts, title: str) -> str:
    """The symptoms as a query: `Type: message`, then a line per frame, newest call first."""
    exceptions = stack.get("exceptions", [])
    root = exceptions[0] if exceptions else {}
    headline = ": ".join(part for part in (root.get("type"), root.get("value") or stack.get("message")) if part)
    frames = [stack.get("frame", {}), *stack.get("callers", [])[:8]]
    lines = [f"{frame['file']}:{frame['function']}" for frame in frames if frame.get("file") and frame.get("function")]
    return "\n".join([headline or title, *lines])[:1_000]
