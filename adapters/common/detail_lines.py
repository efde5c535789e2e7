"""What a report says beside its root cause, as labels with texts; every channel shows the same few."""

from __future__ import annotations

from collections.abc import Iterator

from core.domain.report import Details, Verdict


def detail_lines(details: Details) -> Iterator[tuple[str, str]]:
    """Mechanism, trigger, origin and change, then what was weighed, what is open, and the check that would decide."""
    known = {
        "Why": details.why,
        "Trigger": details.trigger,
        "Origin": details.origin,
        "What changed": details.changed,
        "Also fits": details.second_cause.replace("_", " ") if details.second_cause else "",
    }
    yield from ((label, text) for label, text in known.items() if text)
    for verdict in (Verdict.LIKELY, Verdict.OPEN, Verdict.RULED_OUT):
        for each in details.hypotheses:
            if each.verdict is verdict:
                cited = f" ({', '.join(each.evidence)})" if each.evidence else ""
                yield verdict.words.capitalize(), f"{each.claim}{cited}"
    yield from (("Open question", text) for text in details.open_questions)
    if details.next_check:
        yield "Next check", details.next_check
