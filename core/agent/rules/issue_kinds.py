"""Recognizes issues that are no exceptions, and reads the words of their sentences from the tracker's evidence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from core.agent.rules.causes import CauseEntry, catalogue, cause_of_text, entry_of
from core.domain.causes import Cause
from core.domain.tool_facts import FrameFacts, IssueFacts, StackFacts

_FIELDS = ("title", "kind", "type", "evidence", "level", "message")
_WORD_CHARS = 200


@dataclass(frozen=True, slots=True)
class IssueKind:
    """One table of `issue_kinds.toml`: its cause, texts and fixes, and the signs by which it is recognized."""

    name: str
    entry: CauseEntry
    signs: tuple[_Sign, ...]
    judged_by: str | None
    only_unknown: bool


@dataclass(frozen=True, slots=True)
class Recognized:
    """The kind of an issue, with the cause and the words found in its evidence."""

    entry: CauseEntry
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Sign:
    patterns: tuple[tuple[str, re.Pattern[str]], ...]
    needs: str | None

    def holds(self, fields: Mapping[str, str], words: Mapping[str, str], *, has_exception: bool) -> bool:
        names = {name for name, _ in self.patterns}
        if has_exception and "type" not in names:
            return False
        if self.needs and self.needs not in words:
            return False
        return all(pattern.search(fields.get(name, "")) for name, pattern in self.patterns)


def recognize(stack: StackFacts, issue: IssueFacts, cause: Cause) -> Recognized | None:
    """The kind of an issue that is no exception; None for an exception. `cause` is what its texts alone show."""
    words = dict(_words(stack, issue))
    fields = _fields(stack, issue)
    has_exception = bool(stack.get("exceptions"))
    for kind in _kinds():
        if kind.only_unknown and cause is not Cause.UNKNOWN:
            continue
        if any(sign.holds(fields, words, has_exception=has_exception) for sign in kind.signs):
            return Recognized(_judged(kind, words), words)
    return None


def _judged(kind: IssueKind, words: Mapping[str, str]) -> CauseEntry:
    """The entry with the cause that a word of it shows, and that cause's remedies first."""
    told = words.get(kind.judged_by or "", "")
    better = cause_of_text(told) if told else Cause.UNKNOWN
    if better in (Cause.UNKNOWN, kind.entry.cause):
        return kind.entry
    specific = tuple(fix for fix in catalogue()[better].fixes if "{host}" in fix.title)
    return replace(kind.entry, cause=better, fixes=(*specific, *kind.entry.fixes))


# ---- fields and words -----------------------------------------------------------------------------------------------


def _fields(stack: StackFacts, issue: IssueFacts) -> Mapping[str, str]:
    exceptions = stack.get("exceptions", [])
    evidence = stack.get("evidence", {})
    return {
        "title": evidence.get("issue") or issue.get("title", ""),
        "kind": issue.get("kind", ""),
        "type": exceptions[0].get("type", "") if exceptions else "",
        "evidence": "\n".join(f"{name}: {value}" for name, value in evidence.items()),
        "level": issue.get("level", ""),
        "message": stack.get("message") or (exceptions[0].get("value", "") if exceptions else ""),
    }


_NAMES = {
    "monitor": "monitor|monitor slug",
    "schedule": "schedule",
    "run_time": "allowed run time",
    "reason": "failure reason|error_type|reason|type",
    "status": "status code|status_code",
    "url": "url|request url|referrer",
    "directive": "effective_directive|violated_directive",
    "page": "document_uri|page",
    "change": "regression",
    "before": "before",
    "after": "after",
    "since": "breakpoint|since",
    "element": "clicked element|react component name|component name",
    "selector": "selector path|selector|node path",
    "clicks": "click_count|clicks",
    "feedback": "feedback",
    "size": r"payload size|size|total size.*|encoded_body_size|http\.response_content_length",
    "query": r"repeating spans.*|slow db query|slow db span|offending spans.*|parallelizable spans?.*"
    r"|large http payload|span evidence|slow resource span|query",
    "transaction": "transaction name|transaction",
    "host": "hostname",
}
_MONITOR = re.compile(r"^(?:monitor|cron) failure:? (.{1,120})|^check-in of (\S{1,120})", re.IGNORECASE)
_ADDRESS = re.compile(r"\bhttps?://[^\s\"'<>]{1,300}")
_HOST = re.compile(r"https?://(?:[^/\s@]*@)?([\w.-]+)")
_WAITED = re.compile(r"(?:at least )?(?<![\d.,])\d[\d.,]{0,30}+\s?(?:ms|milliseconds|s|sec|seconds)\b", re.IGNORECASE)
_TIMES = re.compile(r"\((\d+)\)")
_INLINE = {
    "inline": "an inline script or style",
    "eval": "`eval`",
    "self": "its own address",
    "data": "a data: address",
}


def _words(stack: StackFacts, issue: IssueFacts) -> Iterator[tuple[str, str]]:
    evidence = stack.get("evidence", {})
    for word, names in _NAMES.items():
        if told := _first_named(evidence, names):
            yield word, told
    yield from _of_title(stack, issue)
    yield from _of_monitor(evidence)
    yield from _of_browser(evidence)
    yield from _of_spans(stack, evidence)
    yield from _of_crash(stack)
    yield from _of_clicks(evidence)
    if level := issue.get("level"):
        yield "level", level
    if not stack.get("exceptions") and not stack.get("frame") and not evidence and not stack.get("spans"):
        yield "bare", "yes"


def _first_named(evidence: Mapping[str, str], names: str) -> str | None:
    for name in names.split("|"):
        for known, value in evidence.items():
            if value not in ("", "None", "null") and re.fullmatch(name, known, re.IGNORECASE):
                return _line(value)
    return None


def _of_title(stack: StackFacts, issue: IssueFacts) -> Iterator[tuple[str, str]]:
    evidence = stack.get("evidence", {})
    title = evidence.get("issue") or issue.get("title", "")
    if (found := _MONITOR.search(title)) and not _first_named(evidence, _NAMES["monitor"]):
        yield "monitor", _line(found[1] or found[2])
    url = _first_named(evidence, _NAMES["url"])
    if not url and (address := _ADDRESS.search(title)):
        url = address[0]
        yield "url", url
    if url and (host := _HOST.search(url)):
        yield "host", host[1]
    if transaction := stack.get("transaction") or issue.get("culprit"):
        yield "transaction", _line(transaction)


def _of_monitor(evidence: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    last = _first_named(evidence, "last successful check-in|last good check-in")
    if not last:
        return
    if last.lower() in ("never", "none"):
        yield "never", "never reported success"
        yield "last_good", "it has never reported success"
    else:
        yield "last_good", f"the last good check-in was at {last}"


def _of_browser(evidence: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if blocked := _first_named(evidence, "blocked_uri"):
        yield "blocked", _INLINE.get(blocked.strip("'"), blocked)
    source, line = _first_named(evidence, "source_file"), _first_named(evidence, "line_number|lineno")
    if source:
        yield "source_place", f"{source}:{line}" if line else source


def _of_spans(stack: StackFacts, evidence: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    longest = stack.get("longest_span", {})
    for word, name in {"took": "took", "whole": "whole", "share": "share", "operation": "operation"}.items():
        if told := longest.get(name):
            yield word, told
    if described := longest.get("description"):
        yield "span", _line(described)
    spans = stack.get("spans", [])
    if spans and not _first_named(evidence, _NAMES["query"]):
        yield "query", _line(spans[0].get("description", ""))
    counted = next((found[1] for name in evidence if (found := _TIMES.search(name))), None)
    told = counted or _first_named(evidence, "number_repeating_spans|repetitions|number of repetitions")
    many = spans[0].get("count", "1") if spans else "1"
    if told or many != "1":
        yield "times", told or many


def _of_clicks(evidence: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    target = _first_named(evidence, _NAMES["element"]) or _first_named(evidence, _NAMES["selector"])
    if target:
        yield "target", target


def _of_crash(stack: StackFacts) -> Iterator[tuple[str, str]]:
    frame: FrameFacts = stack.get("frame", {})
    exceptions = stack.get("exceptions", [])
    message = exceptions[0].get("value", "") if exceptions else ""
    if waited := _WAITED.search(message):
        yield "waited", waited[0]
    if raised := stack.get("raised_in", {}).get("function"):
        yield "deepest", f"{raised}()" if re.fullmatch(r"[\w.$:]+", raised) else raised
    if exceptions and not frame.get("function") and not frame.get("line"):
        yield "nameless", "yes"
        yield "crash", f"{exceptions[0].get('type', '')} {message}"
        if package := frame.get("file") or frame.get("module"):
            yield "package", _line(package)


def _line(text: str) -> str:
    line = " ".join(text.replace("↵", " ").replace("“", "").replace("”", "").split())
    return line if len(line) <= _WORD_CHARS else f"{line[: _WORD_CHARS - 1].rstrip()}…"


# ---- the file -------------------------------------------------------------------------------------------------------


@cache
def _kinds() -> tuple[IssueKind, ...]:
    tables = tomllib.loads(files("core.agent.rules").joinpath("issue_kinds.toml").read_text(encoding="utf-8"))
    return tuple(_kind(name, table) for name, table in tables.items())


def _kind(name: str, table: Mapping[str, object]) -> IssueKind:
    cause = Cause(str(table["cause"]))
    signs = table["sign"]
    assert isinstance(signs, list)
    return IssueKind(
        name,
        entry_of(cause, {"definition": "", "example": "", **table, "sign": []}),
        tuple(_sign(sign) for sign in signs),
        str(table["judged_by"]) if "judged_by" in table else None,
        bool(table.get("only_unknown")),
    )


def _sign(table: Mapping[str, object]) -> _Sign:
    flags = re.IGNORECASE | re.MULTILINE
    patterns = tuple((field, re.compile(str(table[field]), flags)) for field in _FIELDS if field in table)
    return _Sign(patterns, str(table["needs"]) if "needs" in table else None)
