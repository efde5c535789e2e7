"""Finds the value that broke the code: which name held it, what it was, and which line produced it.

Everything found here stands in the evidence: names come from the failing source line, values from the frame's locals
or from the message. Nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.agent.rules.classified_text import without_hints
from core.domain.causes import Cause
from core.domain.tool_facts import FrameFacts, StackFacts

# A name begins at no other place than its first character, and chains are bounded: the time is linear in the text.
_NAME = r"(?<![\w$])[A-Za-z_$][\w$]*+"
_EXPRESSION = rf"{_NAME}(?:(?:\?\.|\.|->|::){_NAME}|\[[^\[\]]{{1,80}}\]|\(\)){{0,12}}"
_CHAIN = rf"{_NAME}(?:\.{_NAME}){{0,12}}"
_ZERO = re.compile(r"-?0(?:\.0*)?|\[\]|\{\}|\(\)|''|\"\"|(?:Decimal|set)\((?:'0(?:\.0*)?')?\)")
_EMPTY = re.compile(r"^(None|null|undefined|nil|<null>)$", re.IGNORECASE)
_KEYWORDS = frozenset(
    """
    and as assert async await break case catch class const continue def del elif else except finally for from function
    if import in is lambda let new not or pass raise return self this throw try typeof var while with yield
    True False None true false null undefined nil len int float str sum min max print range
    """.split()  # noqa: SIM905  a hundred quoted words would be harder to read
)


@dataclass(frozen=True, slots=True)
class BreakingValue:
    """What is known of the value that broke the code; each part may be missing."""

    variable: str | None = None
    value: str | None = None
    origin: str | None = None
    key: str | None = None


def find_breaking_value(cause: Cause, message: str, stack: StackFacts) -> BreakingValue:
    """The value behind an error of class `cause` whose innermost message is `message`."""
    frame = stack.get("frame", {})
    match cause:
        case Cause.NULL_VALUE:
            return _with_origin(_null_value(message, frame), frame)
        case Cause.MISSING_KEY | Cause.CONFIGURATION | Cause.CODE_LOADING | Cause.PLATFORM:
            return _with_origin(_missing_name(message, frame), frame)
        case Cause.ARITHMETIC:
            return _with_origin(_divisor(frame), frame)
        case Cause.INDEX_ERROR:
            return _with_origin(_indexed(frame), frame)
        case Cause.TYPE_ERROR | Cause.RECURSION:
            return _with_origin(_most_telling_local(frame, message), frame)
        case Cause.PARSE_ERROR:
            return BreakingValue(value=_quoted(message) or _first(stack.get("message_params", [])))
        case Cause.DATABASE_CONSTRAINT:
            return BreakingValue(value=_offending_row(message))
        case Cause.N_PLUS_ONE:
            return BreakingValue(value=_repeated_query(stack))
        case _:
            return BreakingValue()


def locals_in_line(frame: FrameFacts) -> list[tuple[str, str]]:
    """The locals that the failing line names, in its order, with their values."""
    return locals_of(frame, frame.get("source", ""))


def locals_of(frame: FrameFacts, expression: str) -> list[tuple[str, str]]:
    """The locals that `expression` names, in its order, with their values."""
    return [(name, value) for name in _names_in(expression) if (value := _local(frame, name))]


# ---- by class -------------------------------------------------------------------------------------------------------

_NULL_MESSAGES = (
    re.compile(r"because \"(?:<local\d+>)?([^\"]+)\" is null"),
    re.compile(rf"\(evaluating '({_EXPRESSION})(?:\.{_NAME}|\[)"),
    re.compile(rf"Cannot destructure property '{_NAME}' of '({_EXPRESSION})'"),
)
_MEMBER_MESSAGES = (
    re.compile(rf"has no attribute '({_NAME})'"),
    re.compile(rf"\(reading '({_NAME})'\)"),
    re.compile(rf"Cannot (?:read|set) propert(?:y|ies) '({_NAME})' of"),
    re.compile(rf"undefined method [`']({_NAME}[?!]?)['`] for"),
    re.compile(rf"member function ({_NAME})\(\) on null"),
)


def _null_value(message: str, frame: FrameFacts) -> BreakingValue:
    shown = _empty_word(message)
    if variable := _first_match(_NULL_MESSAGES, message):
        return BreakingValue(variable, shown)
    source = frame.get("source", "")
    if member := _first_match(_MEMBER_MESSAGES, message):
        owner = re.search(rf"({_EXPRESSION})(?:\?\.|\.|->|\[['\"]){re.escape(member)}\b", source)
        if owner:
            return BreakingValue(owner[1], shown, key=member)
    for name in _names_in(source):
        if _EMPTY.match(_local(frame, name) or ""):
            return BreakingValue(name, _local(frame, name))
    return BreakingValue()


_KEY_MESSAGES = (
    re.compile(r"(?:environment variable|setting) ['\"`]?([A-Z][A-Z0-9_]{2,})"),
    re.compile(r"has no attribute '([^']+)'"),
    re.compile(r"Reverse for '([^']+)'"),
    re.compile(r"No module named '([^']+)'"),
    re.compile(r"Cannot find (?:module|package) '([^']+)'"),
    re.compile(r"cannot load such file -- (\S+)"),
    re.compile(r"\bClass ['\"]([\w\\.$]+)['\"] not found", re.IGNORECASE),
    re.compile(r"cannot import name '([^']+)'"),
    re.compile(r"undefined (?:array key|index|property)[: ]+[\"']?([\w$]+)", re.IGNORECASE),
    re.compile(rf"name '({_NAME})' is not defined"),
    re.compile(rf"^({_NAME}) is not defined"),
    re.compile(rf"({_EXPRESSION}) is not a function"),
    re.compile(r"undefined method [`']([\w?!]+)['`]"),
    re.compile(r"[+-]\[\w+ ([\w:]+)\]: unrecognized selector"),
    re.compile(r"key not found: [:\"']?(\w+)"),
    re.compile(r"\bkey :?[\"']?(\w+)[\"']? (?:was )?not (?:found|present)"),
    re.compile(r"\bhas no (?:key|field|property|member) (?:named )?[\"'`](\w+)[\"'`]"),
    re.compile(r"^['\"]([^'\"]+)['\"]$"),
    re.compile(r"^(\w[\w.-]*)$"),
)
_CAPITALS = r"([A-Z][A-Z0-9]*_[A-Z0-9_]+)"
_WANTED = r"(?:(?:must be |not |un)(?:set|configured|defined)|missing|required)"
_SETTING_MESSAGES = (
    re.compile(
        rf"\b{_CAPITALS}\b['\"`]?(?: (?:environment variable|variable|setting))?(?: (?:is|was|are))? {_WANTED}\b"
    ),
    re.compile(rf"\b{_WANTED}:? (?:[a-z]+ ){{0,3}}['\"`]?{_CAPITALS}\b"),
    re.compile(rf"\b(?:Missing|Required|Set|Unset):? (?:[a-z]+ ){{0,3}}['\"`]?{_CAPITALS}\b"),
)


def _missing_name(message: str, frame: FrameFacts) -> BreakingValue:
    told = without_hints(message).strip()
    key = _first_match(_KEY_MESSAGES, told) or _first_match(_SETTING_MESSAGES, told)
    if key is None:
        return BreakingValue()
    source = frame.get("source", "")
    quoted = rf"({_EXPRESSION})(?:\[['\"]{re.escape(key)}['\"]\]|\.{re.escape(key)}\b)"
    if owner := re.search(quoted, source):
        return BreakingValue(owner[1], _local(frame, owner[1]), key=key)
    for lookup in re.finditer(rf"({_CHAIN})\[({_CHAIN})\]", source):
        held = _local(frame, lookup[2])
        if held is not None and held.strip("'\"") == key:
            return BreakingValue(lookup[1], _local(frame, lookup[1]), key=key)
    return BreakingValue(key=key)


def _divisor(frame: FrameFacts) -> BreakingValue:
    source = frame.get("source", "")
    for division in re.finditer(rf"(?<![/*])(?://?|%)=?\s*+(?:float|int|len)?\(?\s*+({_EXPRESSION}|0\b)", source):
        divisor = division[1]
        if divisor == "0":
            # Written in the code: no name held it.
            return BreakingValue(value="zero")
        if divisor.removesuffix("()") in _KEYWORDS:
            continue
        value = _local(frame, divisor)
        if value is not None and _ZERO.fullmatch(value):
            return BreakingValue(divisor, value)
    return BreakingValue()


def _indexed(frame: FrameFacts) -> BreakingValue:
    for lookup in re.finditer(rf"({_CHAIN})(?:\[|\.get\(|\.charAt\(|\.pop\()", frame.get("source", "")):
        value = _local(frame, lookup[1])
        if value is not None:
            return BreakingValue(lookup[1], value)
    return BreakingValue()


def _most_telling_local(frame: FrameFacts, message: str) -> BreakingValue:
    """The local on the failing line that the message speaks of, else the only one on it."""
    held = locals_in_line(frame)
    for name, value in held:
        if _looks_like_named_type(value, message):
            return BreakingValue(name, value)
    return BreakingValue(*held[0]) if len(held) == 1 else BreakingValue()


def _looks_like_named_type(value: str, message: str) -> bool:
    kinds = {"str": r"^['\"]", "NoneType": r"^None$", "dict": r"^\{", "list": r"^\[", "int": r"^-?\d+$"}
    named = re.findall(r"'?\b(str|NoneType|dict|list|int)\b'?", message)
    return bool(named) and re.search(kinds[named[-1]], value) is not None


def _offending_row(message: str) -> str | None:
    found = re.search(
        r"Key (\([^()]{0,200}\)=\([^)]{0,500}\))|Duplicate entry ('[^']{0,500}')|dup key: (\{[^{}]{0,500}\})", message
    )
    return next((part for part in found.groups() if part), None) if found else None


def _repeated_query(stack: StackFacts) -> str | None:
    for key, value in stack.get("evidence", {}).items():
        if re.search(r"repeating spans|query", key, re.IGNORECASE):
            return value
    return _first([span.get("description", "") for span in stack.get("spans", [])])


# ---- reading lines and locals ---------------------------------------------------------------------------------------


def _with_origin(found: BreakingValue, frame: FrameFacts) -> BreakingValue:
    if found.variable is None:
        return found
    root = re.match(_NAME, found.variable)
    if root is None:
        return found
    declared = rf"\s*+(?:const |let |var |final |auto )?{re.escape(root[0])}\s*+:?=\s*+(\S.*)"
    for line in reversed(frame.get("context", [])):
        assigned = re.match(declared, line.rstrip().removesuffix(";"))
        if assigned and line.strip() != frame.get("source", "").strip() and not assigned[1].startswith("="):
            return BreakingValue(found.variable, found.value, assigned[1], found.key)
    return found


def _local(frame: FrameFacts, expression: str) -> str | None:
    variables: Mapping[str, str] = frame.get("variables", {})
    for name in (expression, expression.split(".")[0] if expression.startswith(("self.", "this.")) else expression):
        if name in variables:
            return variables[name]
    return None


def _names_in(source: str) -> Iterator[str]:
    for name in dict.fromkeys(re.findall(rf"(?<![\w.'\"]){_NAME}", source)):
        if name not in _KEYWORDS:
            yield name


def _empty_word(message: str) -> str:
    found = re.search(r"\b(undefined|null|nil|None)(?:Type)?\b", message)
    return found[1] if found else "null"


def _first_match(patterns: tuple[re.Pattern[str], ...], text: str) -> str | None:
    return next((found[1] for pattern in patterns if (found := pattern.search(text))), None)


def _quoted(message: str) -> str | None:
    """The longest quoted part: parsers often quote the one character they stopped at, too; else one never closed."""
    quoted: list[str] = re.findall(r"[:\s](b?'[^']{0,200}'|\"[^\"]{0,200}\")", message)
    if quoted:
        return max(quoted, key=len)
    # The message, or our excerpt of it, ends before the quotation does.
    torn = re.search(r":\s(b?['\"].{20,200})", message)
    return torn[1] if torn else None


def _first(values: list[str]) -> str | None:
    return next((value for value in values if value), None)
