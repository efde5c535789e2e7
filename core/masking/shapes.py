"""What a rule for a shape of secrets is, and the tests of randomness that rules put to what they found."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import re2

LONG_RUN = "<a long run>"
"""The trace of tokens: a run as long as they are, with digits among other characters."""
_RUN = re.compile(r"[A-Za-z0-9_~+/.-]{20,}")
_HASH_OR_WORDS = re.compile(r"\D*|[0-9a-f]+|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[\d./_-]+")


class Sign(str):
    """A trace that is a short pattern rather than a literal text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern; in every match is one of `traces` (texts, signs, `LONG_RUN`); without any it is always tried."""

    name: str
    pattern: Any
    traces: tuple[str, ...]
    kind: str = "secret"
    accept: Callable[[str], bool] | None = None
    group: int = 0
    """The numbered group that is the secret where no group is named."""
    needs: re.Pattern[str] | None = None
    """A short, bounded pattern that is in every match; it is looked for first where traces are in most texts."""
    groups: tuple[int, ...] = field(init=False)
    """The groups of which the first that took part is the secret; 0 is the whole match."""

    def __post_init__(self) -> None:
        named = tuple(self.pattern.groupindex.values())
        numbered = (self.group,) if self.pattern.groups >= self.group else (0,)
        object.__setattr__(self, "groups", named or numbered)

    def otherwise(self, match: Any) -> tuple[int, int]:
        """Return where the secret is in a match that no group took part in: nowhere where groups are named."""
        span: tuple[int, int] = (0, 0) if self.pattern.groupindex else match.span()
        return span


def make_rule(
    name: str,
    pattern: str,
    *traces: str,
    kind: str = "secret",
    accept: Callable[[str], bool] | None = None,
    needs: str | None = None,
) -> Rule:
    """Return the rule for a pattern, which RE2 runs: its time is linear in the text, whoever wrote it."""
    return Rule(name, re2.compile(pattern), traces, kind, accept, needs=re.compile(needs, re.A) if needs else None)


def has_long_run(text: str) -> bool:
    """Tell whether `text` has a run that may be a token: long, and neither a hash nor words nor a number."""
    runs = _RUN.findall(text)
    return bool(runs) and not all(map(_HASH_OR_WORDS.fullmatch, runs))


def encoded(text: str) -> str | bytes:
    """Return what RE2 reads fastest with the same places in it: the bytes of ASCII, any other text as it is."""
    return text.encode() if text.isascii() else text
