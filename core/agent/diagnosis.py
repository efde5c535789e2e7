"""Turns what the tools saw into an analysis: cause, culprit, the value that broke it, what changed, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from string import Formatter

from core.agent.breaking_value import find_breaking_value
from core.agent.causes import CauseEntry, catalogue, classify, telling_exception
from core.domain.causes import Cause
from core.domain.report import Analysis, Culprit, Finding, Fix, Level
from core.domain.tool_facts import (
    FrameFacts,
    FrequencyFacts,
    ImpactFacts,
    IssueFacts,
    KnowledgeFacts,
    MatchFacts,
    StackFacts,
)

MESSAGE_CHARS = 240
_ENTRIES = frozenset({"main", "Main", "<Main>$", "run"})
_FAR_BELOW = 8


@dataclass(frozen=True, slots=True)
class Observed:
    """The facts of each tool, and by tool the id and the headline of the evidence they stand in."""

    issue: IssueFacts
    stack: StackFacts
    frequency: FrequencyFacts
    impact: ImpactFacts
    knowledge: KnowledgeFacts
    ids: Mapping[str, str]
    headlines: Mapping[str, str]


def diagnose(observed: Observed) -> Analysis:
    """An analysis in which every name and number stands in the evidence that its finding cites."""
    cause = classify(observed.stack, observed.issue)
    entry = catalogue()[cause]
    words = _words(cause, observed)
    return Analysis(
        root_cause=_root_cause(entry, words, observed),
        cause=cause,
        culprit=culprit_of(observed.stack),
        findings=tuple(_findings(entry, words, observed)),
        fixes=tuple(_fixes(entry, words, observed)),
    )


def culprit_of(stack: StackFacts) -> Culprit | None:
    """The frame to open first; of a minified bundle only the place, since its names mislead."""
    frame = frame_of(stack)
    if not frame:
        return None
    function = None if stack.get("minified") else frame.get("function")
    return Culprit(frame.get("file"), function, frame.get("line"), frame.get("module"))


def frame_of(stack: StackFacts) -> FrameFacts:
    """The frame that matters; where that is only the program's entry, far above the failure, where it was raised."""
    frame = stack.get("frame", {})
    is_entry = (frame.get("function") or "").rsplit(".", 1)[-1] in _ENTRIES
    if is_entry and stack.get("library_calls_below", 0) >= _FAR_BELOW and stack.get("raised_in"):
        return stack["raised_in"]
    return frame


# ---- words ----------------------------------------------------------------------------------------------------------


def _words(cause: Cause, observed: Observed) -> Mapping[str, str]:
    """What the placeholders of `causes.toml` stand for here; what is unknown is absent."""
    stack, issue = observed.stack, observed.issue
    exceptions = stack.get("exceptions", [])
    root = telling_exception(stack, cause)
    message = root.get("value") or stack.get("message") or issue.get("title") or ""
    broken = find_breaking_value(cause, message, stack)
    frame = frame_of(stack)
    culprit = culprit_of(stack) or Culprit()
    file, line, function = culprit.file, culprit.line, culprit.function
    every_text = "\n".join(
        [message, *(exception.get("value", "") for exception in exceptions), *stack.get("message_params", [])]
    )
    caller = _caller(stack, frame)
    found = {
        "type": root.get("type") or issue.get("title", "").split(":")[0],
        "message": _one_line(message) or root.get("type"),
        "function": _callable_name(function) or stack.get("transaction") or _named_culprit(stack),
        "caller": _callable_name(caller.get("function")),
        "caller_place": f"{caller['file']}:{caller['line']}" if caller.get("file") and caller.get("line") else None,
        "file": file,
        "line": str(line) if line is not None else None,
        "place": f"{file}:{line}" if file and line is not None else file or frame.get("module"),
        "variable": broken.variable,
        "value": broken.value,
        "origin": broken.origin,
        "key": broken.key,
        "host": _spoken(_search(_HOST, every_text) or _request_host(cause, stack)),
        "path": _search(_PATH, message),
        "number": _search(_PORT, every_text),
        "status": _search(_STATUS, message),
        "column": _search(_COLUMN, message),
        "release": observed.frequency.get("onset_release"),
        "commit": _suspect(observed),
    }
    return {name: word for name, word in found.items() if word}


_HOST = (
    re.compile(r"https?://(?:[^/\s@]*@)?([\w.-]+(?::\d+)?)"),
    re.compile(r"host=['\"]([\w.-]+)['\"]"),
    re.compile(r"(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|resolve host:?) ([\w.:-]+\w)"),
    re.compile(r"\('([\w.-]+)', \d+\)"),
    re.compile(r"\b((?:\d{1,3}\.){3}\d{1,3}:\d+|localhost:\d+|[\w-]+(?:\.[\w-]+)+:\d+)\b"),
    re.compile(r"\bto ((?:\w+ )?(?:database|server|broker|cache|host) ?[\w.-]*)"),
    re.compile(r"\bon ([a-z][\w]*-\d+)\b"),
)
_PATH = (re.compile(r"['\"]((?:/|\w:\\|\.{1,2}/)[^'\"]+)['\"]"), re.compile(r"\b(\S*/\S+\.\w+)\b"))
_PORT = (
    re.compile(r"EADDRINUSE[^\n]*?:(\d{2,5})\b"),
    re.compile(r"\bport (\d{2,5})\b", re.IGNORECASE),
    re.compile(r"\[HTTP/[\d.]+-(\d{2,5})\]"),
    re.compile(r"(?:connector|listen|bind)[^\d]{0,30}(\d{2,5})\b", re.IGNORECASE),
    re.compile(r":(\d{2,5})\b"),
)
_STATUS = (re.compile(r"\b([45]\d\d)\b"),)
_COLUMN = (re.compile(r"duplicate column name: (\w+)"),)


def _search(patterns: tuple[re.Pattern[str], ...], text: str) -> str | None:
    return next((found[1] for pattern in patterns if (found := pattern.search(text))), None)


def _spoken(host: str | None) -> str | None:
    """A host by its name as it is; one that is only described (`job database`) with its article."""
    return f"the {host}" if host and " " in host else host


def _request_host(cause: Cause, stack: StackFacts) -> str | None:
    """For a failure behind ours, the host of the last outgoing request that the breadcrumbs show."""
    if cause not in (Cause.TIMEOUT, Cause.RATE_LIMITED, Cause.UPSTREAM_FAILURE, Cause.CONNECTION_REFUSED, Cause.TLS):
        return None
    for crumb in reversed(stack.get("breadcrumbs", [])):
        if crumb.get("category") in ("http", "httplib", "fetch", "xhr", "aiohttp"):
            host = _search(_HOST[:1], f"{crumb.get('message', '')} {crumb.get('data', '')}")
            if host:
                return host
    return None


def _suspect(observed: Observed) -> str | None:
    """The tracker's suspect commit, else the one commit of the introducing release that names the culprit's file."""
    suspects = observed.issue.get("suspects", [])
    if suspects:
        return f"{suspects[0].get('id', '')[:8]} “{_one_line(suspects[0].get('message', ''))}”"
    file = observed.stack.get("frame", {}).get("file", "")
    stem = file.rsplit("/", 1)[-1].split(".")[0]
    for commit in observed.issue.get("release_commits", []):
        if stem and re.search(rf"\b{re.escape(stem)}\b", commit.get("message", ""), re.IGNORECASE):
            return f"{commit.get('id', '')[:8]} “{_one_line(commit.get('message', ''))}”"
    return None


def _caller(stack: StackFacts, frame: FrameFacts) -> FrameFacts:
    """The nearest caller in another file: who used what failed."""
    return next((one for one in stack.get("callers", []) if one.get("file") != frame.get("file")), FrameFacts())


def _named_culprit(stack: StackFacts) -> str | None:
    culprit = stack.get("culprit", "")
    return None if culprit.startswith("?") else culprit


def _callable_name(function: str | None) -> str | None:
    if not function:
        return None
    return f"{function}()" if re.fullmatch(r"[\w.$:]+", function) else function


def _one_line(text: str, limit: int = MESSAGE_CHARS) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


# ---- sentences ------------------------------------------------------------------------------------------------------


def _fill(template: str, words: Mapping[str, str]) -> str | None:
    needed = {name for _, name, _, _ in Formatter().parse(template) if name}
    return template.format(**words) if needed <= words.keys() else None


def _sentence(template: str, words: Mapping[str, str]) -> str | None:
    """The filled template; its own first word is capitalised, a name that it begins with is not."""
    text = _fill(template, words)
    begins_with_a_word = template[0].isalpha() or (text or "").startswith("the ")
    return f"{text[0].upper()}{text[1:]}" if text and begins_with_a_word else text


def _root_cause(entry: CauseEntry, words: Mapping[str, str], observed: Observed) -> str:
    filled = (_sentence(template, words) for template in entry.says)
    plain = _what(words) or "No cause can be named"
    sentence = next((text for text in filled if text), plain)
    members = [member for member in observed.stack.get("exceptions", []) if member.get("role") == "sibling"]
    if len(members) > 1:
        listed = "; ".join(_one_line(f"{member.get('type')}: {member.get('value')}", 80) for member in members[:4])
        sentence = f"{len(members)} errors were raised together ({listed})"
    if observed.stack.get("minified"):
        sentence = f"{sentence}; the code is minified, so no function can be named until source maps are uploaded"
    if release := words.get("release"):
        sentence = f"{sentence}, since release {release}"
        if commit := words.get("commit"):
            sentence = f"{sentence} with commit {commit}"
    return f"{sentence.rstrip('. ')}."


def _findings(entry: CauseEntry, words: Mapping[str, str], observed: Observed) -> Iterator[Finding]:
    ids = observed.ids
    if (stack_id := ids.get("get_stacktrace")) and observed.stack:
        yield Finding(_what_failed(entry, words, observed), (stack_id,))
        if chain := _chain(observed.stack):
            yield Finding(chain, (stack_id,))
        if (variable := words.get("variable")) and (value := words.get("value")):
            came = f", from `{words['origin']}`" if "origin" in words else ""
            yield Finding(f"`{variable}` was {_one_line(value)}{came}.", (stack_id,))
    if (details_id := ids.get("get_sentry_issue_details")) and (changed := _what_changed(words, observed)):
        yield Finding(changed, tuple(filter(None, (details_id, ids.get("analyze_error_frequency")))))
    if (frequency_id := ids.get("analyze_error_frequency")) and observed.frequency.get("total"):
        yield Finding(f"Its course is {observed.headlines['analyze_error_frequency']}.", (frequency_id,))
    if (impact_id := ids.get("get_user_impact")) and (reason := observed.impact.get("reason")):
        yield Finding(f"Severity {observed.impact.get('severity', 'unknown')}: {reason}", (impact_id,))
    if (knowledge_id := ids.get("search_knowledge_base")) and (match := _best_match(observed)):
        yield Finding(_remembered(match), (knowledge_id,))


def _what(words: Mapping[str, str]) -> str:
    """Type and message, once when the type only repeats how the message begins."""
    type_, message = words.get("type", ""), words.get("message", "")
    return message if message.startswith(type_) else ": ".join(word for word in (type_, message) if word)


def _what_failed(entry: CauseEntry, words: Mapping[str, str], observed: Observed) -> str:
    what = _one_line(_what(words))
    where = " in ".join(word for word in (words.get("place"), words.get("function")) if word)
    source = frame_of(observed.stack).get("source", "").strip()
    shown = f": `{_one_line(source, 160)}`" if source else ""
    return f"{what}, which is {entry.label}" + (f", at {where}{shown}." if where else "; no frame was recorded.")


def _chain(stack: StackFacts) -> str | None:
    wrappers = [exception for exception in stack.get("exceptions", []) if exception.get("role") == "wrapper"]
    if not wrappers:
        return None
    root = stack["exceptions"][0]
    named = ", then ".join(str(wrapper.get("type")) for wrapper in wrappers)
    return f"{root.get('type')} is the innermost cause; it was wrapped in {named}."


def _what_changed(words: Mapping[str, str], observed: Observed) -> str | None:
    release = words.get("release") or observed.issue.get("first_release")
    if release is None:
        return None
    commit = words.get("commit")
    return f"It was first seen in release {release}" + (f"; the suspect commit is {commit}." if commit else ".")


def _best_match(observed: Observed) -> MatchFacts | None:
    matches = observed.knowledge.get("matches", [])
    return matches[0] if matches else None


def _remembered(match: MatchFacts) -> str:
    known = "The same incident happened before" if match.get("seen_before") else "A similar incident is known"
    cause, fix = _one_line(match.get("root_cause", "")), _one_line(match.get("fix", ""))
    return f"{known} ({match.get('incident')}, {match.get('status')}): {cause} It was fixed by: {fix}"


# ---- fixes ----------------------------------------------------------------------------------------------------------


def _fixes(entry: CauseEntry, words: Mapping[str, str], observed: Observed) -> Iterator[Fix]:
    match = _best_match(observed)
    known = match if match and match.get("status") == "confirmed" and match.get("fix") else None
    if known and known.get("seen_before"):
        yield _again(known, "Do again what fixed it last time", 90)
    own = next((fix for template in entry.fixes if (fix := _filled_fix(template, words))), None)
    if own:
        yield own
    if "release" in words and entry.cause is not Cause.UNKNOWN:
        yield _roll_back(words)
    if known and not known.get("seen_before"):
        yield _again(known, f"Try what fixed {known.get('incident')}, which was similar", 40)


def _again(match: MatchFacts, title: str, confidence: int) -> Fix:
    check = f"Check first that the cause is the same as in {match.get('incident')}."
    return Fix(title, (check, _one_line(match.get("fix", ""))), Level.LOW, Level.LOW, confidence)


def _filled_fix(template: Fix, words: Mapping[str, str]) -> Fix | None:
    title = _fill(template.title, words)
    steps = [_fill(step, words) for step in template.steps]
    if title is None or any(step is None for step in steps):
        return None
    return replace(template, title=title, steps=tuple(filter(None, steps)))


def _roll_back(words: Mapping[str, str]) -> Fix:
    release = words["release"]
    first = f"Revert commit {words['commit']}." if "commit" in words else f"Go back to the release before {release}."
    steps = (first, "Deploy, and watch the event rate fall.", "Mend it properly, with a test, before shipping again.")
    return Fix(f"Roll back release {release}", steps, Level.MEDIUM, Level.LOW, 65)
