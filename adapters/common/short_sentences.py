"""Long sentences of a reasoner made short: no dump of a record, and no place that is named beside them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapters.common.text_limits import cut, one_line
from core.domain.report import Culprit

MAX_SENTENCE = 240

_MAX_READ = 4_000
_MAX_QUOTE = 60
_CLOSERS = {"'": "'", '"': '"', "“": "”", "`": "`", "(": ")", "{": "}"}
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|vs|etc|cf|no|approx)|\b[A-Z])\.$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<![.!?])[.!?]++[)\"'”]?(?=\s++[^\sa-z])")
_LEAD_IN = re.compile(
    r"(?<![\s:;,(])[\s:;,(]*+(?:\b(?:and|but|though|where|which|when)\s)?\s*+`?[\w.\[\]\"']{0,60}`?\s*+(?:=|\b(?:was|were|is|are))\s*+$"
)
_BRACKETED_PLACE = re.compile(r"\s?\(([^()\s]{1,200}:\d{1,9})\)")
_GAPS = re.compile(r"(?<!\s)\s++([,.;:)])|([,;:])(?=[,;:.])")


def one_sentence(text: str, limit: int = MAX_SENTENCE) -> str:
    """The first sentence of `text`, without records and long quotations, at most `limit` long, with a full stop."""
    said = _first_sentence(one_line(text)[:_MAX_READ])
    said = _without_long_quotes(without_records(said))
    said = _cut_at_clause(said.strip(" ,;:"), limit)
    return f"{said}." if said and said[-1] not in ".!?…" else said


def _cut_at_clause(text: str, limit: int) -> str:
    """At most `limit` long: without its last clauses, or cut where it has none."""
    if len(text) <= limit:
        return text
    end = max(text.rfind(": ", 0, limit + 2), text.rfind("; ", 0, limit + 2))
    return cut(text, limit) if end < limit // 3 else text[:end]


def without_records(text: str) -> str:
    """`text` without `{key: value}` dumps; a clause that only brought one goes too."""
    kept: list[str] = []
    end = 0
    for start, stop in _records(text):
        before = text[end:start]
        lead_in = _LEAD_IN.search(before, max(0, len(before) - 100))
        kept.append(before[: lead_in.start()] if lead_in else f"{before}{{…}}")
        end = stop
        if lead_in and lead_in[0].lstrip().startswith("(") and text[end : end + 1] == ")":
            end += 1
    if not kept:
        return text
    return _GAPS.sub(lambda gap: gap[1] or "", "".join([*kept, text[end:]])).strip()


def _records(text: str) -> Iterator[tuple[int, int]]:
    """Where records begin and end; one whose end was cut off reaches to the ellipsis, or to the end of the text."""
    depth = start = 0
    for index, character in enumerate(text):
        if character == "{":
            start, depth = (index if depth == 0 else start), depth + 1
        elif character == "}" and depth:
            depth -= 1
            if depth == 0 and ":" in text[start:index]:
                yield start, index + 1
    if depth and ":" in text[start:]:
        cut_at = text.find("…", start)
        yield start, len(text) if cut_at < 0 else cut_at + 1


def without_place(text: str, culprit: Culprit | None) -> str:
    """`text` without the culprit's `file:line`, which stands on a line of its own."""
    place = culprit and (culprit.file or culprit.module)
    if culprit is None or not place:
        return text
    where = place if culprit.line is None else f"{place}:{culprit.line}"
    if where not in text:
        return text
    name = f"{culprit.function}()" if culprit.function else "the code"
    here = rf"`?{re.escape(where)}`?(?::\d+)?(?!\w)(?: in `?{re.escape(culprit.function or '-')}`?(?:\(\))?)?`?"
    text = re.sub(rf"(?<!\s)\s*+\({here}\)", "", text)
    if culprit.function and culprit.function in re.sub(here, "", text):
        text = re.sub(rf"(?:,|(?<!\s))\s++(?:at|in|from|on) {here}", "", text)
    return re.sub(here, name, text)


def without_places_in(text: str, told: str) -> str:
    """`text` without `(file:line)` where `told` names the same place already."""
    return _BRACKETED_PLACE.sub(lambda found: "" if found[1] in told else found[0], text)


def without_release(text: str, release: str | None) -> str:
    """`text` without the release that stands beside it; the commit that came with it is kept."""
    if not release:
        return text
    since = rf",? since release {re.escape(release)}(?!\w)"
    return re.sub(since, "", re.sub(rf"{since} with commit", ", since commit", text))


def _first_sentence(text: str) -> str:
    quoted = list(_quoted(text))
    for found in _SENTENCE_END.finditer(text):
        inside = any(start < found.start() < stop - 1 for start, stop in quoted)
        if not inside and not _ABBREVIATION.search(text, max(0, found.start() - 10), found.start() + 1):
            return text[: found.end()]
    return text


def _quoted(text: str) -> Iterator[tuple[int, int]]:
    """Where quotations, code and brackets begin and end; an ellipsis ends what was cut."""
    end = 0
    for index, character in enumerate(text):
        closer = _CLOSERS.get(character)
        if index < end or closer is None or (character == "'" and index and text[index - 1].isalnum()):
            continue
        ends = [found for mark in (closer, "…") if (found := text.find(mark, index + 1)) > 0]
        if ends:
            end = min(ends) + 1
            yield index, end


def _without_long_quotes(text: str) -> str:
    kept: list[str] = []
    end = 0
    for start, stop in _quoted(text):
        if stop - start > _MAX_QUOTE and text[start] in "'\"“`":
            closer = _CLOSERS[text[start]]
            kept.append(f"{text[end : start + _MAX_QUOTE].rstrip()}…{closer}")
            end = stop
    return "".join([*kept, text[end:]])
