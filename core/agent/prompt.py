"""What a language model is told. Pure: equal transcripts give equal bytes, which a provider's cache can serve."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from core.agent.conclusion import SUBMIT_ANALYSIS, SUBMIT_ANSWER, conclusion_tool, read_analysis, read_answer
from core.domain.journal import Transcript
from core.domain.report import Analysis, Answer, Details, Evidence, RootCauseReport
from core.domain.untrusted_text import FENCE_RULE, cut_fenced, fenced, marker_in, neutralize
from core.masking.controls import without_controls
from core.ports import ToolSpec

EARLIER_CHARS = 2_500
"""How much of each earlier observation a follow-up is opened with; the tools can be asked again."""

_METHOD = f"""\
- Results have evidence ids, such as E2: cite them for every finding. A repeated call brings no new one.
- {FENCE_RULE}.
- Names, numbers and values of this system stand in the evidence you cite. General knowledge is welcome as such.
- "I do not know" is a legal answer. A guess is one too where it is called a guess: as a hypothesis."""

_INVESTIGATE = f"""\
You are LogSense, an on-call engineer who finds root causes of production errors. Tools only read.

{_METHOD}
- Issue and stack were read for you. Call what can still decide, several calls a turn, then conclude; at most 15 turns.
- Root cause in one sentence, not the error repeated. Why (the mechanism), trigger, origin of the breaking value and \
what changed have optional fields of their own.
- mitigate_now stops the damage, fixes repair: at most three, best first: file, function, change. A fix proposes: \
it may name what does not exist yet.
- Say which explanations you ruled out and by which evidence, what stays open, and which check would decide.

Finish by calling {SUBMIT_ANALYSIS}, once something was read. Text without a call ends nothing."""

_ANSWER = f"""\
You are LogSense, an on-call engineer who answers a colleague's question about an investigation you finished. Your \
tools only read.

{_METHOD}
- Call several tools a turn where you need them, at most 15 turns.
- Answer from the report and its evidence when they suffice; call tools only for what they do not show.
- If the evidence contradicts the report, say so.

Finish by calling {SUBMIT_ANSWER}, with a short answer in the language of the question. Text without a call ends \
nothing."""


class Prompt:
    """A Briefing in English."""

    def system(self, transcript: Transcript) -> str:
        """See the port."""
        return _INVESTIGATE if transcript.question is None else _ANSWER

    def opening(self, transcript: Transcript) -> str:
        """See the port."""
        subject = _subject(transcript)
        if transcript.question is None:
            return f"Investigate {subject}"
        parts = [f"The investigation was of {subject}"]
        if transcript.report is not None:
            parts.append(_report(transcript.report, transcript.earlier))
        parts += [f"{one.id} ({one.tool}): {_cut(one.text)}" for one in transcript.earlier]
        parts.append(f"The question: {_unfenced(transcript.question)}")
        return "\n\n".join(parts)

    def observation(self, evidence: Evidence) -> str:
        """See the port."""
        return f"{evidence.id}: {evidence.text}"

    def conclusion(self, transcript: Transcript) -> ToolSpec:
        """See the port."""
        return conclusion_tool(transcript)

    def read_conclusion(self, transcript: Transcript, arguments: str) -> Analysis | Answer:
        """See the port."""
        return read_analysis(transcript, arguments) if transcript.question is None else read_answer(arguments)


def _subject(transcript: Transcript) -> str:
    subject = transcript.subject
    event = f", event {_line(subject.event_id)}" if subject.event_id else ""
    if subject.pasted:
        logs = ", from logs; begin with read_log_errors" if subject.log else ""
        issue_id = _line(subject.issue_id)
        return f"one event that a person handed over{logs}; for tools its issue_id is `{issue_id}`{event}."
    return f"issue `{_line(subject.label)}`; for tools its issue_id is `{_line(subject.issue_id)}`{event}."


def _report(report: RootCauseReport, earlier: Sequence[Evidence]) -> str:
    lines = [
        f"Root cause: {report.root_cause}",
        f"Cause class: {report.cause}; culprit: {report.culprit or 'unknown'}; confidence {report.confidence} %.",
        *(f"Finding ({', '.join(finding.evidence)}): {finding.claim}" for finding in report.findings),
        *(
            f"Fix {number} (risk {fix.risk}, effort {fix.effort}): {fix.title}. {' '.join(fix.steps)}"
            for number, fix in enumerate(report.fixes, 1)
        ),
        *told_details(report.details),
        *(f"Similar: {past.incident} ({past.status}): {past.root_cause} Fix: {past.fix}" for past in report.similar),
    ]
    quoted = "\n".join(_unfenced(line) for line in lines)
    # No text can hold its own digest, so without a result to take the marker from, this one is as good.
    marker = next(filter(None, (marker_in(one.text) for one in earlier)), None)
    return f"The report:\n{fenced(quoted, marker or hashlib.sha256(quoted.encode()).hexdigest()[:8])}"


def told_details(details: Details) -> Iterator[str]:
    """What a report says beside its root cause, a line for each part that there is."""
    named = {
        "Why": details.why,
        "Trigger": details.trigger,
        "Origin": details.origin,
        "What changed": details.changed,
        "Second cause class": str(details.second_cause or ""),
    }
    yield from (f"{name}: {text}" for name, text in named.items() if text)
    yield from (f"Mitigation: {text}" for text in details.mitigations)
    for each in details.hypotheses:
        yield f"Hypothesis, {each.verdict.words} ({', '.join(each.evidence) or 'no evidence'}): {each.claim}"
    yield from (f"Open: {text}" for text in details.open_questions)
    if details.next_check:
        yield f"Next check: {details.next_check}"


def _cut(text: str) -> str:
    """Cut an earlier result; the fence stays closed."""
    kept = cut_fenced(text, EARLIER_CHARS)
    return kept if kept == text else f"{kept}\n(cut; call the tool again for the rest)"


def _unfenced(text: str) -> str:
    return neutralize(without_controls(text))


def _line(text: str) -> str:
    return _unfenced(" ".join(text.split()))[:200]
