"""Refuse secrets that can be guessed: keys that encrypt tokens, and the token that guards the metrics."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

from core.domain.errors import InvalidInput

MIN_KEY_CHARS = 32
MIN_TOKEN_CHARS = 16
_MIN_BITS_PER_CHAR = 2.0
_LONGEST_REPEAT = 3
"""Characters that may follow each other as they did before; random text of this length repeats fewer."""
_MAKE_ONE = "Make one with: openssl rand -hex 32"


def check_secret(name: str, value: str, min_chars: int = MIN_KEY_CHARS) -> None:
    """Check that `value`, set in the variable `name`, is long enough and not a pattern.

    Raises:
        InvalidInput: names the variable and never its value.
    """
    if len(value) < min_chars:
        raise InvalidInput(f"{name} has {len(value)} characters, and must have at least {min_chars}. {_MAKE_ONE}")
    if estimated_bits(value) < _MIN_BITS_PER_CHAR * min_chars:
        raise InvalidInput(f"{name} can be guessed: it repeats itself or follows a pattern. {_MAKE_ONE}")


def estimated_bits(value: str) -> float:
    """Estimate how hard `value` is to guess, from above: by its characters, once what repeats itself is left out.

    Differences of neighboring characters are looked at too, so that abcd… and 1234… count as repetitions.
    """
    codes = tuple(map(ord, value))
    steps = tuple(after - before for before, after in pairwise(codes))
    return min(_bits(codes), _bits(steps))


def _bits(symbols: tuple[int, ...]) -> float:
    if not symbols:
        return 0.0
    shares = [count / len(symbols) for count in Counter(symbols).values()]
    return -sum(share * math.log2(share) for share in shares) * _new_symbols(symbols)


def _new_symbols(symbols: tuple[int, ...]) -> int:
    """How many symbols are left when each stretch that stood there before counts as one."""
    position = new = 0
    while position < len(symbols):
        length = _repeated(symbols, position)
        position += length if length > _LONGEST_REPEAT else 1
        new += 1
    return new


def _repeated(symbols: tuple[int, ...], position: int) -> int:
    """The longest stretch from `position` on that began earlier; keys are short, so trying all is cheap."""
    longest = 0
    for start in range(position):
        length = 0
        while position + length < len(symbols) and symbols[start + length] == symbols[position + length]:
            length += 1
        longest = max(longest, length)
    return longest
