"""Reasons that stand in the source: what is taken and not given back, values that lead in a circle, a shared host.

Each is said only where the lines show it; whatever they leave open is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from core.agent.rules.template_values import frame_of, one_line
from core.domain.causes import Cause
from core.domain.code_facts import FoundCodeFacts, SourceFacts
from core.domain.tool_facts import FrameFacts, StackFacts

_TAKES = re.compile(
    r"(?:^|[\s(])([A-Za-z_$][\w$]{0,60})\s{0,4}:?=\s{0,4}(?:await\s{1,4})?[\w.$]{1,80}\."
    r"(?:acquire|checkout|borrow|take|lock|lease|rent|connect|getconn|get_connection|getConnection|borrowObject|getResource)\("
)
_LOCKS = re.compile(r"^(?:await )?([A-Za-z_$][\w$.]{0,80})\.(?:acquire|lock|Lock)\(\s{0,4}\);?$")
_GIVES_BACK = re.compile(r"\.(?:release|close|give_back|putconn|put|returnObject|dispose|unlock|free|end)\(")
_LEAVES = re.compile(r"^(?:raise|throw|return)\b")
_ALWAYS = re.compile(r"^(?:finally\b|\}\s{0,4}finally\b|with\b|async with\b|using\b|defer\b|ensure\b|try\s{0,4}\()")
_PAIR = re.compile(r"['\"]([\w .-]{1,60})['\"]\s{0,4}(?::|=>|,)\s{0,4}['\"]([\w .-]{1,60})['\"]")
_ADDRESS = re.compile(r"['\"]((?:\d{1,3}\.){3}\d{1,3}|[a-z][\w-]{0,60}(?:\.[a-z][\w-]{0,60}){1,5})['\"]")
_HOST_KEY = re.compile(r"host['\"]?\s{0,4}[:=]\s{0,4}['\"]([\w.-]{2,100})['\"]", re.IGNORECASE)
_PORT = re.compile(r"(?<![\w.])(\d{2,5})(?![\w.])")
_MOST_STEPS = 12
_MOST_SHARED = 2
_RUNS_OUT = (Cause.POOL_EXHAUSTED, Cause.RESOURCE_LEAK)
_REFUSED = (Cause.CONNECTION_REFUSED, Cause.TIMEOUT, Cause.DNS)


def place_to_read(cause: Cause, stack: StackFacts) -> dict[str, Any] | None:
    """Arguments of `get_source`: the function in which a cause of this kind can be seen; None for any other kind."""
    frame: FrameFacts = frame_of(stack)
    if cause is Cause.POOL_EXHAUSTED:
        frame = next((one for one in stack.get("callers", []) if one.get("file") != frame.get("file")), FrameFacts())
    elif cause not in (Cause.RESOURCE_LEAK, Cause.RECURSION, *_REFUSED):
        return None
    if not frame.get("file") or frame.get("line") is None:
        return None
    return {"file": frame["file"], "lines": str(frame["line"])}


def told_by_code(cause: Cause, source: SourceFacts, found: FoundCodeFacts) -> str:
    """One sentence with the reason that the source shows; empty when it shows none."""
    if cause in _RUNS_OUT:
        return _not_given_back(source)
    if cause is Cause.RECURSION:
        return _circle(source)
    return _shared_host(source, found) if cause in _REFUSED else ""


def address_in(source: SourceFacts) -> str | None:
    """The host that the constants of a function name, or the function itself; None when it is several or none."""
    for lines in (source.get("constants", []), source.get("lines", [])):
        hosts = dict.fromkeys(host for line in lines for host in _hosts_in(line))
        if hosts:
            return next(iter(hosts)) if len(hosts) == 1 else None
    return None


def _hosts_in(line: str) -> list[str]:
    """The host of a setting: what `host` names, else a quoted address on a line with a port."""
    if named := _HOST_KEY.findall(line):
        return list(named)
    return _ADDRESS.findall(line) if _PORT.search(_ADDRESS.sub(" ", line)) else []


# ---- taken and not given back ---------------------------------------------------------------------------------------


def _not_given_back(source: SourceFacts) -> str:
    lines = list(zip(source.get("numbers", []), source.get("lines", []), strict=False))
    if source.get("missed") or any(_ALWAYS.match(text.strip()) for _, text in lines):
        return ""
    taken = next(((number, name) for number, text in lines if (name := _taken_in(text))), None)
    if taken is None:
        return ""
    first, name = taken
    after = [(number, text.strip()) for number, text in lines if number > first]
    back = next((number for number, text in after if _returns(text, name)), None)
    took = f"{source.get('path')} takes `{name}` in line {first}"
    if back is None:
        is_used = any(f"{name}." in text for _, text in after)
        gives_another = any(_GIVES_BACK.search(text) for _, text in after)
        is_kept_here = is_used and not gives_another and all(_is_only_used(text, name) for _, text in after)
        return f"{took} and does not give it back, so each call keeps one." if is_kept_here else ""
    leaves = next(((number, text) for number, text in after if number < back and _LEAVES.match(text)), None)
    if leaves is None:
        return ""
    return (
        f"{took} and gives it back in line {back}; in line {leaves[0]} it leaves before that with "
        f"`{_code(leaves[1])}`, so each time one is lost."
    )


def _taken_in(text: str) -> str | None:
    found = _TAKES.search(text) or _LOCKS.match(text.strip())
    return found[1] if found else None


def _is_only_used(text: str, name: str) -> bool:
    """Whether a line does nothing with `name` but call what belongs to it: it is not returned, kept or handed on."""
    others = re.sub(rf"(?<![\w$.]){re.escape(name)}\.(?!close|release)", "", text)
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", others) is None


def _returns(text: str, name: str) -> bool:
    is_named = re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text) is not None
    return is_named and _GIVES_BACK.search(text) is not None


# ---- a circle -------------------------------------------------------------------------------------------------------


def _circle(source: SourceFacts) -> str:
    """Pairs of a constant that lead from one to the next and back."""
    pairs = [pair for line in source.get("constants", []) for pair in _PAIR.findall(line)]
    following = dict(pairs)
    for start in following:
        way = [start]
        while (after := following.get(way[-1])) is not None and len(way) <= _MOST_STEPS:
            way.append(after)
            if after == start:
                name, line = _defined(source, start)
                told = " to ".join(way)
                place = f"line {line} of {source.get('path')}"
                return f"{name} in {place} leads in a circle: {told}; so the function never ends."
            if after in way[:-1]:
                break
    return ""


def _defined(source: SourceFacts, text: str) -> tuple[str, int]:
    """The constant with `text` in its lines, and where it begins."""
    begun, at = "A constant", 0
    for number, line in zip(source.get("constant_lines", []), source.get("constants", []), strict=False):
        if named := re.match(r"\s{0,8}(?:[a-z]{1,10} ){0,4}([A-Z][A-Z0-9_]{1,60})\b", line):
            begun, at = f"`{named[1]}`", number
        if text in line:
            break
    return begun, at


# ---- a shared host --------------------------------------------------------------------------------------------------


def _shared_host(source: SourceFacts, found: FoundCodeFacts) -> str:
    host = address_in(source)
    if host is None:
        return ""
    own = next(_settings(source, host), None)
    others = [each for each in found.get("found", []) if _is_other(each, source, host)]
    if own is None or not others:
        return ""
    told = " and ".join(_told(each) for each in others[:_MOST_SHARED])
    return (
        f"Its address is set by `{_code(own[1])}` ({source.get('path')}:{own[0]}); the same host is also named by "
        f"{told}, so see whether the host itself is down."
    )


def _settings(source: SourceFacts, host: str) -> Iterator[tuple[int, str]]:
    for numbers, lines in (
        (source.get("constant_lines", []), source.get("constants", [])),
        (source.get("numbers", []), source.get("lines", [])),
    ):
        yield from ((number, line.strip()) for number, line in zip(numbers, lines, strict=False) if host in line)


def _is_other(each: dict[str, str | int], source: SourceFacts, host: str) -> bool:
    """Whether the line sets the address of another service on the same host."""
    text = str(each.get("text", ""))
    is_here = not each.get("repository") and each.get("path") == source.get("path")
    return not is_here and host in _hosts_in(text)


def _told(each: dict[str, str | int]) -> str:
    where = " ".join(str(each[key]) for key in ("repository", "path") if each.get(key))
    return f"`{_code(str(each.get('text', '')))}` ({where}:{each.get('line')})"


def _code(text: str) -> str:
    return one_line(text.replace("`", "'"), 120)
