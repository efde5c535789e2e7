"""What Teams shows around a report: that a model wrote it, the evidence it cites, and thumbs to judge it. Pure.

These are fields of the activity beside its card
(https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/format-ai-bot-messages).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.common.first_lines import cited_ids
from adapters.common.text_limits import cut, one_line
from adapters.common.wording import RULES, tool_words
from core.domain.report import Evidence
from core.domain.thread_view import AnswerView, ReportView, ThreadView

_MOST_CITED = 10
_NAME, _ABSTRACT = 80, 160
_NUMBER = re.compile(r"E(\d{1,4})")
_FENCE = re.compile(r"\[(?:end of )?outside data[^\]\n]{0,60}\]", re.IGNORECASE)


def marks_of(view: ThreadView, *, first: bool = True) -> Mapping[str, Any]:
    """What joins the activity of a card of `view`; thumbs and citations stand at its `first` card alone."""
    marks: dict[str, Any] = {}
    if _is_of_model(view):
        citations = list(_citations(view)) if first and isinstance(view, ReportView) else []
        label = {
            "type": "https://schema.org/Message",
            "@type": "Message",
            "@context": "https://schema.org",
            "@id": "",
            "additionalType": ["AIGeneratedContent"],
        }
        # Teams refuses an activity with two such entities.
        marks["entities"] = [{**label, "citation": citations} if citations else label]
    if first and isinstance(view, ReportView):
        marks["channelData"] = {"feedbackLoop": {"type": "default"}}
    return marks


def _is_of_model(view: ThreadView) -> bool:
    match view:
        case ReportView():
            return view.report.reasoner != RULES
        case AnswerView():
            return view.usage.model_calls > 0
        case _:
            return False


def _citations(view: ReportView) -> Iterator[Mapping[str, Any]]:
    evidence = {item.id: item for item in view.evidence}
    for cited in list(cited_ids(view))[:_MOST_CITED]:
        if number := _NUMBER.fullmatch(cited):
            yield {"@type": "Claim", "position": int(number[1]), "appearance": _appearance(evidence[cited])}


def _appearance(evidence: Evidence) -> Mapping[str, str]:
    told = one_line(_FENCE.sub(" ", evidence.text[: 4 * _ABSTRACT]))
    return {
        "@type": "DigitalDocument",
        "name": cut(f"{evidence.id} · {one_line(tool_words(evidence.tool))}", _NAME),
        "abstract": cut(told, _ABSTRACT) or "Nothing was found.",
    }
