"""What the event shows around a failure: the check that refused, values, what failed just before, what was pressed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from core.agent.rules.offending_value import locals_in_line, locals_of
from core.agent.rules.template_values import frame_of, one_line
from core.domain.tool_facts import BreadcrumbFacts, FrameFacts, IssueFacts, StackFacts

_SHOWN = 2
_CRUMB_CHARS = 120
_NEAR = 4
_NEW_WORDS = 2
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        "application async caught callback context dispatcherservlet error errors event exception exceptions failed "
        "failure fatal for handled handling main message path php processing raised request service servlet task "
        "thread threw thrown traceback uncaught unexpected unhandled with",
    )
)
_FAILED = ("error", "fatal", "warning")
"""Levels of breadcrumbs that tell; the lines of a log before an error may be anybody's, so its warnings do not."""
_DATA = re.compile(r"^(?:query|db|sql|redis|mongo|http|fetch|xhr|grpc|rpc|cache|queue|file|subprocess)\b")
_RAISE = re.compile(r"^(?:\w+ ?[!?]?= ?)?(?:raise|throw|panic|return (?:errors?\.New|fmt\.Errorf)|fatalError|abort)\b")
_CONDITION = re.compile(
    r"^\}?\s{0,99}+(?:else ?)?(if|elif|elsif|unless|guard|while|when|case)\b\s{0,99}+"
    r"(.{1,200}?)\s{0,20}+(?:\{|:|then|else \{)?$"
)
_INLINE = (
    re.compile(r"^(if|unless)\s{0,20}+\((.{1,160})\)\s{0,20}+\{?\s{0,20}+(?:throw|raise|panic|return)\b"),
    re.compile(r"^(?:raise|throw|abort)\b.{1,200}\s(if|unless)\s(.{1,160})$"),
)
_ASSERTED = re.compile(r"^(assert|require|check|precondition|ensure)\b!?\s*(.{1,200})$")
_HOLDS_NOT = frozenset({"unless", "guard", "assert", "require", "check", "precondition", "ensure"})
_STATUS = re.compile(r"\b(?:status|status_code|http\.response\.status_code|code)=([45]\d\d)\b")
_PRESSED = re.compile(r"^ui\.|^(?:touch|click|tap|input|navigation|app\.lifecycle|user)\b")


def shown_around(stack: StackFacts, issue: IssueFacts, sentence: str) -> Sequence[str]:
    """At most two facts of the event that say more than `sentence` does, as clauses; the most telling first."""
    facts: list[str] = []
    known = " ".join([sentence, *(each.get("type", "") for each in stack.get("exceptions", [])[:1])])
    for fact, telling in _facts(stack, issue):
        if len(facts) < _SHOWN and _tells_more(telling, f"{known} {' '.join(facts)}"):
            facts.append(fact)
    return facts


def _tells_more(text: str, known: str) -> bool:
    """Whether most words of `text` are new; words that any report of an error has are not. Code is new as a whole."""
    if "`" in text:
        return text not in known
    told = {*re.findall(r"\w{3,}", known.lower()), *_EMPTY}
    words = set(re.findall(r"\w{3,}", text.lower()))
    new = words - told
    return len(new) >= _NEW_WORDS and len(new) > len(words) / 2


def called_from(stack: StackFacts, sentence: str) -> str | None:
    """The nearest caller of ours, as a clause."""
    places = stack.get("next_places") or [_place(caller) for caller in stack.get("callers", [])[:1]]
    return next(
        (f"it was called from {one_line(place, 160)}" for place in places if place and place not in sentence), None
    )


def _facts(stack: StackFacts, issue: IssueFacts) -> Iterator[tuple[str, str]]:
    """Each fact as a clause, with the part of it that a sentence would quote: the most telling first."""
    frame = frame_of(stack)
    if condition := _condition(frame):
        word, text = condition
        outcome = "did not hold" if word in _HOLDS_NOT else "held"
        yield f"the check `{text}` {outcome}", f"`{text}`"
        if held := _spelled(locals_of(frame, text)):
            yield f"there {held}", held
    elif held := _spelled(locals_in_line(frame)):
        yield f"there {held}", held
    crumbs = stack.get("breadcrumbs", [])[-_NEAR:]
    yield from _failed_before(crumbs, levels=_FAILED if stack.get("event_id") else _FAILED[:2])
    yield from _pressed_before(crumbs)
    wrappers = [each for each in stack.get("exceptions", []) if each.get("role") == "wrapper" and each.get("value")]
    if wrappers and (told := _quotable(wrappers[0].get("value", ""))):
        yield f"it surfaced as {_quotable(wrappers[0].get('type', '')) or 'an error'} “{told}”", told
    if request := _quotable(stack.get("request", "")):
        yield f"it happened while answering “{request}”", request
    yield from _last_before(crumbs)
    if params := [_quotable(each) for each in stack.get("message_params", []) if _quotable(each)]:
        yield f"its parameters were “{'”, “'.join(params[:3])}”", params[0]


def _condition(frame: FrameFacts) -> tuple[str, str] | None:
    """The check that led to a raise on the failing line: on the line itself, else on the nearest enclosing one."""
    source = frame.get("source", "").strip()
    if asserted := _ASSERTED.match(source):
        text = _first_argument(asserted[2])
        return (asserted[1], text) if text and "`" not in text else None
    for pattern in _INLINE:
        if (found := pattern.match(source)) and "`" not in found[2]:
            return found[1], found[2].strip()
    if not _RAISE.match(source):
        return None
    lines = frame.get("context", [])
    at = next((index for index, line in enumerate(lines) if line.strip() == source), None)
    for line in reversed(lines[:at] if at is not None else []):
        if line.strip() and _indent(line) < _indent(lines[at or 0]):
            found = _CONDITION.match(line.strip())
            return (found[1], _bare(found[2])) if found and "`" not in found[2] else None
    return None


def _first_argument(text: str) -> str:
    """What stands before the first comma outside of parentheses, without the parentheses around all arguments."""
    inner = text[1:] if text.startswith("(") else text
    depth = 0
    for index, sign in enumerate(inner):
        depth += (sign in "([{") - (sign in ")]}")
        if depth < 0 or (depth == 0 and sign in ",;"):
            return inner[:index].strip()
    return inner.strip()


def _bare(condition: str) -> str:
    """Without the parentheses around the whole of it."""
    text = condition.rstrip("{: ").strip()
    inner = _first_argument(text) if text.startswith("(") else text
    return inner if text == f"({inner})" else text


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _spelled(held: Sequence[tuple[str, str]]) -> str:
    told = [f"`{name}` was {one_line(value, 60)}" for name, value in held[:3] if "`" not in name]
    return " and ".join(filter(None, (", ".join(told[:-1]), told[-1] if told else "")))


def _failed_before(crumbs: Sequence[BreadcrumbFacts], levels: Sequence[str]) -> Iterator[tuple[str, str]]:
    for crumb in reversed(crumbs):
        status = _STATUS.search(crumb.get("data", ""))
        told = _told(crumb)
        if told and status:
            yield f"just before, “{told}” was answered with {status[1]}", f"{told} answered {status[1]}"
        elif told and crumb.get("level") in levels:
            yield f"just before, “{told}” was logged as {crumb['level']}", told


def _pressed_before(crumbs: Sequence[BreadcrumbFacts]) -> Iterator[tuple[str, str]]:
    for crumb in reversed(crumbs):
        if _PRESSED.match(crumb.get("category", "")) and (told := _told(crumb)):
            yield f"it followed “{told}” ({crumb['category']})", told
            return


def _last_before(crumbs: Sequence[BreadcrumbFacts]) -> Iterator[tuple[str, str]]:
    for crumb in reversed(crumbs):
        if _DATA.match(crumb.get("category", "")) and (told := _told(crumb)):
            yield f"the last thing recorded before it was “{told}”", told
            return


def _told(crumb: BreadcrumbFacts) -> str:
    data = crumb.get("data", "")
    address = re.search(r"\burl=([^\s,]{1,300})", data)
    return _quotable(crumb.get("message") or (address[1] if address else data))


def _quotable(text: str) -> str:
    return one_line(re.sub("[“”]", "", text), _CRUMB_CHARS)


def _place(frame: Mapping[str, object]) -> str:
    file, line, function = frame.get("file"), frame.get("line"), frame.get("function")
    at = f"{file}:{line}" if file and line is not None else str(file or frame.get("module") or "")
    return " in ".join(part for part in (at, str(function) if function else "") if part)
