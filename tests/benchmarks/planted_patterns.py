"""Superlinear patterns in every form in which modules of the product hold patterns: what the collection must find.

`LINEAR` and `BOUNDED` are what it must not complain about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

_NAME = r"[\w.]+"

RUNS = re.compile(r"\s*\n\s*")
TOKEN = re.compile(r"\bsk-(?=[\w-]*\d)[\w-]{16,}")
NESTED = re.compile(r"(?:a+)+b")
BRANCHES = re.compile(r"(?:x|xx|x\d?)*y")
ADDRESS = re.compile(r"[\w.]+@[\w.]+\.com")
TAGS = re.compile(r"<a[^>]*>.*?</a>", re.DOTALL)
TRAILING = re.compile(r"[ \t]+$")
WIDE = re.compile(r"key=[^;]{0,50000};")
IN_BYTES = re.compile(rb"\d+x")
IN_TUPLE = (re.compile("ok"), re.compile(r"\w+ \w+:"))
IN_MAPPING = {"trace": (re.compile(r"at .*\(.*\)$"),)}


@dataclass(frozen=True)
class Rule:
    pattern: re.Pattern[str]


IN_RULE = Rule(re.compile(r"\([^;]*;"))


class Holder:
    IN_CLASS: ClassVar = re.compile(r"(?:\w+\.)+\(")


@cache
def table() -> tuple[re.Pattern[str], ...]:
    """Return patterns as tables that are read from a file do."""
    return (re.compile(r"a.*b.*c"),)


def literal(text: str) -> str:
    """Use a pattern that has no name."""
    return re.sub(r"-+>", "", text)


def with_parts(text: str, name: str) -> bool:
    """Use a pattern that is made of parts."""
    return any(re.search(rf"{_NAME}={re.escape(name)}", line) for line in text.splitlines())


def assigned(text: str) -> bool:
    """Use a pattern that has a local name."""
    pattern = r"[a-f0-9]+g"
    return re.search(pattern, text) is not None


in_lambda = lambda text: re.findall(r"[A-Z]+_", text)  # noqa: E731

LINEAR = re.compile(r"(?<![\w.])[\w.]++@(?!\w)")
BOUNDED = re.compile(r"key=[^;]{0,300};")
