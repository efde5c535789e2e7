"""Answers follow-ups without a language model: what the evidence says on the topics of the question, no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from core.agent.rules import answers_on_code as on_code
from core.agent.rules import answers_on_course as on_course
from core.agent.rules import answers_on_knowledge as on_knowledge
from core.agent.rules.answer_parts import Known, Part
from core.agent.rules.questions import Topic, incidents_named_in, topics_of
from core.domain.journal import Transcript
from core.domain.report import Answer

CANNOT = "I cannot answer that without a model."
CAN = """\
Without one I can say:
- who is affected, since when and how often, and whether it is still happening
- which release, what changed, and whether a rollback is safe
- which line, what happened right before, how to reproduce it, and who knows the code
- whether it happened before, or is the same as another incident (name it, such as INC-118)
- the cause, the fixes, and how sure I am"""
NOTHING = "Nothing that was read says anything on that."

_DETAILS, _STACK = "get_sentry_issue_details", "get_stacktrace"
_IMPACT, _FREQUENCY, _KNOWLEDGE = "get_user_impact", "analyze_error_frequency", "search_knowledge_base"

_TOPICS: Mapping[Topic, tuple[str, tuple[str, ...], Callable[[Known], Iterator[Part]]]] = {
    Topic.WHO: ("See whom it hits.", (_IMPACT,), on_course.who),
    Topic.WHEN: ("See how often it happens, and since when.", (_FREQUENCY,), on_course.when),
    Topic.STILL: ("See whether it still happens.", (_DETAILS, _FREQUENCY), on_course.still),
    Topic.RELEASE: ("See which releases it is in.", (_DETAILS, _IMPACT, _FREQUENCY), on_course.release),
    Topic.CHANGED: ("See what changed.", (_DETAILS, _FREQUENCY), on_course.changed),
    Topic.ROLLBACK: ("See what a rollback would take back.", (_DETAILS, _IMPACT, _FREQUENCY), on_course.rollback),
    Topic.REPRODUCE: ("Read how an event came about.", (_STACK, _DETAILS), on_code.reproduce),
    Topic.PRIOR: ("Read what was done before it.", (_STACK,), on_code.prior),
    Topic.LINE: ("Read the stack.", (_STACK,), on_code.line),
    Topic.OWNER: ("See who changed the code.", (_DETAILS, _STACK), on_code.owner),
    Topic.SAME: ("See whether it happened before.", (_KNOWLEDGE,), on_knowledge.same),
    Topic.CAUSE: ("Read the stack.", (_STACK,), on_knowledge.cause),
    Topic.FIX: ("Read the failing code again.", (_STACK,), on_knowledge.fix),
    Topic.CONFIDENCE: ("Weigh the evidence.", (), on_knowledge.confidence),
}


def calls_for_question(transcript: Transcript, query: str) -> tuple[str, Sequence[tuple[str, Mapping[str, Any]]]]:
    """Why, and the calls whose evidence the question needs and that were not made; `query` finds similar incidents."""
    topics = _topics_of(transcript)
    wanted = [(tool, _arguments(tool, transcript, query)) for topic in topics for tool in _TOPICS[topic][1]]
    if Topic.STILL in topics:
        # What was read when the investigation ran does not say what happens now.
        wanted = [call for call in wanted if call[0] != _FREQUENCY]
        wanted.append((_FREQUENCY, {"issue_id": transcript.subject.issue_id, "period": "24h"}))
    made = transcript.evidence()
    wanted += [(_KNOWLEDGE, {"query": name}) for name in _named(transcript) if not on_knowledge.is_known(name, made)]
    fresh = [(tool, arguments) for tool, arguments in wanted if not _was_made(tool, arguments, made)]
    unique = [call for at, call in enumerate(fresh) if call not in fresh[:at]]
    return (_TOPICS[topics[0]][0] if topics else ""), unique


def answer_from(transcript: Transcript) -> Answer:
    """What report and evidence say on the question's topics; says plainly when it recognizes none."""
    topics = _topics_of(transcript)
    if not topics:
        return Answer(f"{CANNOT}\n{CAN}", ())
    known = Known(transcript, tuple(_named(transcript)))
    told: list[list[Part]] = []
    for topic in topics:
        parts = [part for part in _TOPICS[topic][2](known) if not any(part in earlier for earlier in told)]
        told += [parts] if parts else []
    each = [part for parts in told for part in parts]
    several = len({part.evidence for part in each}) > 1
    text = "\n\n".join("\n".join(part.shown() if several else part.text for part in parts) for parts in told)
    return Answer(text or NOTHING, tuple(dict.fromkeys(evidence for part in each for evidence in part.evidence)))


def _topics_of(transcript: Transcript) -> tuple[Topic, ...]:
    """The topics; a question that names another incident asks what that has to do with this one."""
    issue = next((item.facts for item in transcript.evidence() if item.tool == _DETAILS and item.ok), {})
    words = " ".join(str(issue.get(field, "")) for field in ("title", "culprit", "project"))
    topics = topics_of(transcript.question or "", f"{transcript.subject.label} {words}")
    if any(_named(transcript)) and Topic.SAME not in topics:
        # The evidence is about this incident: what it says of another stands in the knowledge base alone.
        return (Topic.SAME,)
    return topics


def _named(transcript: Transcript) -> Iterator[str]:
    """The other incidents that the question names."""
    own = {transcript.subject.label.casefold(), transcript.subject.issue_id.casefold()}
    yield from (name for name in incidents_named_in(transcript.question or "") if name.casefold() not in own)


def _arguments(tool: str, transcript: Transcript, query: str) -> Mapping[str, Any]:
    return {"query": query} if tool == _KNOWLEDGE else {"issue_id": transcript.subject.issue_id}


def _was_made(tool: str, arguments: Mapping[str, Any], made: Sequence[Any]) -> bool:
    """Whether that was asked: in these words where the words matter, else by any call of the tool."""
    exact = "period" in arguments or (tool == _KNOWLEDGE and bool(incidents_named_in(str(arguments["query"]))))
    return any(item.tool == tool and (not exact or dict(item.arguments) == dict(arguments)) for item in made)
