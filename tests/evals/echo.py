"""Whether a sentence only echoes its input: takes type, message and place away, and counts the words that are left."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_NEEDED = 2
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be because been but by can could did do does for from had has have here how if in into "
        "is it its itself no not of off on or own same since so than that the their them then there these they "
        "this those to until was were what when where which while who why with would release commit app "
        "application code error errors event exception failed failing failure fails function happened itself "
        "message occurred place problem program raised raises report reported reports said says something thing "
        "things went wrong ",
    )
)


def adds_nothing(sentence: str, known: Sequence[str]) -> bool:
    """Whether fewer than two words of `sentence` say something that `known` (type, message, place) does not.

    Words without content ("failed", "reported an error") do not count; nor do other forms of a known word.
    """
    told = {_stem(word) for text in known for word in _words(text)}
    return len({_stem(word) for word in _words(sentence)} - told - {_stem(word) for word in _EMPTY}) < _NEEDED


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _stem(word: str) -> str:
    return re.sub(r"(?:ing|ed|es|s|ly)$", "", word) if len(word) > 4 else word
