"""The tools by which a model ends, and reading what it submits: strict about sense, lenient about form."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from core.agent.rules.causes import catalogue
from core.domain.causes import Cause
from core.domain.errors import ToolRejected
from core.domain.journal import Transcript
from core.domain.report import Analysis, Answer, Culprit, Finding, Fix, Level
from core.masking.controls import without_controls
from core.ports import ToolSpec

SUBMIT_ANALYSIS = "submit_analysis"
SUBMIT_ANSWER = "submit_answer"
_MAX_FAULTS = 5
_EVIDENCE_ID = re.compile(r"[Ee]?(\d+)")
_LINE = re.compile(r"(?:(.+?):|line )(\d+)(?::\d+)?")
_PERCENT = re.compile(r"\s*+(\d++(?:\.\d++)?)\s*+%?\s*+")

M = TypeVar("M", bound=BaseModel)

_STRING = {"type": "string"}
_STRINGS = {"type": "array", "items": _STRING}
_EVIDENCE = {"type": "string", "description": "Ids: E1, E3"}
_PERCENTAGE = {"type": "integer", "minimum": 0, "maximum": 100}


def _object(properties: Mapping[str, Any], *, required: Sequence[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if required is None else required),
    }


def _told_apart() -> str:
    """Those causes whose names do not tell them from their neighbors, in two or three words."""
    return "; ".join(f"{cause}: {entry.hint}" for cause, entry in catalogue().items() if entry.hint)


ANALYSIS_TOOL = ToolSpec(
    SUBMIT_ANALYSIS,
    "Ends the investigation.",
    _object(
        {
            "root_cause": _STRING,
            # As an enum they would cost half as much again, in every turn; a correction lists them.
            "cause": {"type": "string", "description": f"One of: {' '.join(Cause)}. {_told_apart()}"},
            "culprit": {"type": "string", "description": "Frame to open first: file:line in function()"},
            "findings": {
                "type": "array",
                "items": _object({"claim": _STRING, "evidence": _EVIDENCE}),
            },
            "fixes": {
                "type": "array",
                "description": f"risk and effort: {', '.join(Level)}",
                "items": _object({"title": _STRING, "steps": _STRINGS, "risk": _STRING, "effort": _STRING}),
            },
            "confidence": _PERCENTAGE,
        },
        required=("root_cause", "cause", "findings", "fixes", "confidence"),
    ),
)

ANSWER_TOOL = ToolSpec(
    SUBMIT_ANSWER,
    "Ends with the answer to the question. Call it alone.",
    _object({"text": {"type": "string", "description": "The answer, short"}, "evidence": _EVIDENCE}),
)


def conclusion_tool(transcript: Transcript) -> ToolSpec:
    """The tool that ends this transcript."""
    return ANALYSIS_TOOL if transcript.question is None else ANSWER_TOOL


def read_analysis(transcript: Transcript, arguments: str) -> Analysis:
    """The submitted analysis; its citations are checked later, but one of them at least must exist.

    Raises:
        ToolRejected: with what to correct, fit to be sent back to the model.
    """
    read = _validated(_Analysis, arguments)
    known = {evidence.id for evidence in transcript.evidence()}
    if known and not any(known.intersection(finding.evidence) for finding in read.findings):
        raise ToolRejected(
            f"No finding cites evidence that exists. Known ids: {', '.join(sorted(known, key=_number))}."
        )
    return read.as_analysis()


def read_answer(arguments: str) -> Answer:
    """The submitted answer; raises ToolRejected with what to correct."""
    read = _validated(_Answer, arguments)
    return Answer(read.text, tuple(read.evidence))


# ---- forms that models really send ----------------------------------------------------------------------------------


def _ids(value: Any) -> Any:
    """`"E2, e3"`, `["[E2]"]`, `[2]` and null, all as a list of ids."""
    parts = value if isinstance(value, list) else [] if value is None else [value]
    found = [f"E{number}" for part in parts for number in _EVIDENCE_ID.findall(str(part))]
    return list(dict.fromkeys(found))


def _percentage(value: Any) -> Any:
    """`"80%"`, `80.4` and `0.8` as 80; anything else is left for the validator to refuse."""
    if isinstance(value, str) and (match := _PERCENT.fullmatch(value)):
        value = float(match[1]) if "." in match[1] else int(match[1])
    if isinstance(value, float) and 0 <= value <= 1:
        value *= 100
    return round(value) if isinstance(value, float) and 0 <= value <= 100 else value


def _lines(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _word(value: Any) -> Any:
    return re.sub(r"[\s-]+", "_", value.strip().lower()) if isinstance(value, str) else value


def _trimmed(limit: int) -> BeforeValidator:
    """Read text of a model as people will see it: nothing invisible, at most `limit` characters."""
    return BeforeValidator(lambda value: without_controls(value).strip()[:limit] if isinstance(value, str) else value)


def _absent(value: Any) -> Any:
    return None if value in ("", {}, "null", "none", "None") else value


def _place(value: Any) -> Any:
    """`cart.py:41 in total()`, the form in which evidence shows frames, as fields; an object is one already."""
    if not isinstance(value, str) or _absent(value) is None:
        return _absent(value)
    place, _, function = value.strip(" `").partition(" in ")
    if place.endswith("()"):
        place, function = function, place
    numbered = _LINE.fullmatch(place)
    file, line = numbered.groups() if numbered else (place, None)
    return {"file": file or None, "line": line, "function": function.removesuffix("()")}


_Sentence = Annotated[str, _trimmed(600), Field(min_length=1)]
_Ids = Annotated[list[str], BeforeValidator(_ids)]
_Percentage = Annotated[int, BeforeValidator(_percentage), Field(ge=0, le=100)]
_Level = Annotated[Level, BeforeValidator(_word)]
_Name = Annotated[Annotated[str, _trimmed(300)] | None, BeforeValidator(_absent)]


class _Culprit(BaseModel):
    file: _Name = None
    function: _Name = None
    line: Annotated[int | None, BeforeValidator(_absent)] = None
    module: _Name = None

    def as_culprit(self) -> Culprit | None:
        culprit = Culprit(self.file, self.function, self.line, self.module)
        return None if culprit == Culprit(line=self.line) else culprit


class _Finding(BaseModel):
    claim: _Sentence
    evidence: _Ids


class _Fix(BaseModel):
    title: Annotated[str, _trimmed(200), Field(min_length=1)]
    steps: Annotated[list[_Sentence], BeforeValidator(_lines)]
    risk: _Level
    effort: _Level
    confidence: _Percentage | None = None


class _Analysis(BaseModel):
    root_cause: _Sentence
    cause: Annotated[Cause, BeforeValidator(_word)]
    culprit: Annotated[_Culprit | None, BeforeValidator(_place)] = None
    findings: list[_Finding]
    fixes: list[_Fix]
    confidence: _Percentage | None = None

    def as_analysis(self) -> Analysis:
        return Analysis(
            self.root_cause,
            self.cause,
            self.culprit.as_culprit() if self.culprit else None,
            tuple(Finding(finding.claim, tuple(finding.evidence)) for finding in self.findings),
            tuple(Fix(fix.title, tuple(fix.steps), fix.risk, fix.effort, fix.confidence) for fix in self.fixes),
            self.confidence,
        )


class _Answer(BaseModel):
    text: Annotated[str, _trimmed(4_000), Field(min_length=1)]
    evidence: _Ids = []


def _validated(model: type[M], arguments: str) -> M:
    try:
        fields = json.loads(arguments)
        # Some servers encode the arguments twice.
        fields = json.loads(fields) if isinstance(fields, str) else fields
    except (ValueError, RecursionError):
        raise ToolRejected("The arguments are not valid JSON. Send one JSON object.") from None
    if not isinstance(fields, dict):
        raise ToolRejected("The arguments must be one JSON object.")
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise ToolRejected(_correction(error)) from None


def _correction(error: ValidationError) -> str:
    """The first few faults by place, without what was sent."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    told = [f"{_where(fault['loc'])}: {fault['msg'][:700]}" for fault in faults[:_MAX_FAULTS]]
    more = f"; and {len(faults) - _MAX_FAULTS} more" if len(faults) > _MAX_FAULTS else ""
    return f"Correct these fields and submit again: {'; '.join(told)}{more}."


def _where(location: tuple[int | str, ...]) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part[:40]}" for part in location)
    return place.lstrip(".")


def _number(evidence_id: str) -> int:
    return int(evidence_id[1:])
