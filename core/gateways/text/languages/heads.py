"""Finds the line that names an error above its calls, and what it says."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.gateways.text.model import Line

_TYPE = r"(?:[A-Za-z_$][\w$]{0,80}(?:\.|\\|::|/)){0,14}[A-Za-z_$][\w$`]{0,120}"
_HEAD = re.compile(
    r"(?:(?:Exception in thread \"[^\"\n]{0,200}\"|Unhandled [Ee]xception[.:]|Uncaught(?: \(in promise\))?|Caused by:|E/AndroidRuntime:"
    r"|FATAL EXCEPTION:|Unhandled rejection|Error:(?= \w+Error)|-->|\[cause\]:)[ \t]*)*"
    rf"(?P<type>{_TYPE})(?: \[(?P<code>\w{{1,80}})\])?(?::[ \t]*(?P<value>.*)|[ \t]*$)"
)
_WITHIN = re.compile(
    r"(?:^|[\s:>(\[\]])(?P<type>(?:[A-Za-z_$][\w$]{0,80}[.\\]){0,14}[A-Z]\w{0,100}(?:Error|Exception|Failure|Fault|Throwable|Timeout|Interrupt)|Error|Exception)(?: \[\w{1,80}\])?: (?P<value>.*)$"
)
_NAME = re.compile(
    r"(?:Error|Exception|Failure|Fault|Throwable|Interrupt|Timeout|Panic|Exit|Warning|Group|Death|Invalid\w{0,80}|NotFound|DoesNotExist|Denied)$"
)
_ABOVE = 12


def head_of(text: str) -> tuple[str, str] | None:
    """Return type and value when `text` names an error; words before a colon are no type."""
    if (found := _HEAD.match(text)) and _is_type(found["type"]):
        return found["type"], (found["value"] or "").strip()
    if found := _WITHIN.search(text):
        return found["type"], found["value"].strip()
    return None


def head_above(lines: Sequence[Line], position: int, floor: int = 0) -> tuple[int, str, str] | None:
    """Return the line, type and value of the head above `position`; a value may have several lines."""
    below: list[str] = []
    for index in range(position - 1, max(floor, position - _ABOVE) - 1, -1):
        text = lines[index].bare[:4_000]
        found = head_of(text)
        if found:
            value = "\n".join([found[1], *reversed(below)]).strip()
            return index, found[0], value
        if lines[index].record is not None and text:
            break
        below.append(text)
    return None


def _is_type(name: str) -> bool:
    last = re.split(r"[.\\/]|::", name)[-1]
    return bool(_NAME.search(last)) or ("." in name and last[:1].isupper() and name.count(".") > 1)
