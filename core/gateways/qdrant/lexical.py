"""Errors as weighted terms: identifiers by their parts, exception classes, frames, ids and versions.

Terms carry their kind (`x:` exception class, `f:` frame, `w:` word), so that a word never passes for a frame. How rare
a term is among the entries is the index's business, not ours.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping

from core.domain.fingerprint import MAX_TEXT, exceptions_in, frames_in
from core.domain.tenancy import OrganizationId

_IDENTIFIER = re.compile(r"[^\W\d][\w$]*(?:\.[^\W\d][\w$]*)*")
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")
_LEADING_V = re.compile(r"^v(?=\d)")
_VERSION = re.compile(r"(?<![\w.])v?(\d+\.\d+)(?:\.\d[\w.-]*)?\b", re.IGNORECASE)
_NUMBERED = re.compile(r"\b[A-Z][A-Z0-9]+-\d+\b|(?<![\w.])v?\d[\w.-]*\b")

_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a an the and or of to in is it its this that for on with as by be are was were at from if i we you not no can
        could would should has have had do does did so but when then than there here which what how why will just also
        any some my our your he she they error exception line file py js jsx ts tsx java kt rb php cs cpp""",
    )
)
_SUFFIXES = ("ing", "edly", "ed", "ies", "es", "s")


def terms(text: str) -> Counter[str]:
    """How often each term stands in `text`; frames count once, and only the newest ones count at all.

    A version counts as itself and as its series: 3.3.1 and 3.3.6 have `3.3.` in common.
    """
    text = text[:MAX_TEXT]
    found: Counter[str] = Counter()
    for identifier, count in Counter(_IDENTIFIER.findall(text)).items():
        for term in _terms_of(identifier):
            found[term] += count
    for number in _NUMBERED.findall(text):
        found[f"w:{_LEADING_V.sub('', number.lower()).strip('.-')}"] += 1
    for series in _VERSION.findall(text):
        found[f"w:{series}."] += 1
    for exception in exceptions_in(text):
        found[f"x:{exception.lower()}"] += 1
    for frame in frames_in(text):
        found[f"f:{frame}"] += 1
    return found


def query_weights(text: str) -> dict[str, float]:
    """What each term of a query weighs: the first line twice, repeats at most three times, the newest frames more than
    their callers.
    """
    headline, _, rest = text.lstrip().partition("\n")
    counts = terms(text) + terms(headline) if rest.strip() else terms(text)
    weights = {term: float(min(count, 3)) for term, count in counts.items()}
    for term in weights:
        if term.startswith("x:"):
            weights[term] = 3.0
    for position, frame in enumerate(frames_in(text)):
        weights[f"f:{frame}"] = 3.0 / (1 + 0.5 * position)
    return weights


def stored_weights(counts: Mapping[str, float], *, k: float = 1.2, b: float = 0.75) -> dict[str, float]:
    """BM25's weight of each term of a stored text; rareness is left to the index."""
    average = 80.0
    norm = k * (1 - b + b * sum(counts.values()) / average)
    return {term: count * (k + 1) / (count + norm) for term, count in counts.items()}


def term_id(term: str, organization_id: OrganizationId) -> int:
    """The sparse dimension of `term` in an organization: the same in every process, without a vocabulary to share.

    Organizations have dimensions of their own, so that a search walks no foreign entries. Two may still meet in one, as
    two terms may: that costs a little time, for the filter on the organization holds.
    """
    return zlib.crc32(term.encode("utf-8", "surrogatepass"), zlib.crc32(organization_id.encode()))


def _terms_of(identifier: str) -> Iterator[str]:
    """Its words, and where it has several also the whole: `OrderTotal` is found as itself, as order and as total."""
    names = identifier.split(".")
    if len(names) > 1:
        yield f"w:{'.'.join(names[-2:]).lower()}"
    for name in names:
        words = [word.lower() for word in _PARTS.findall(name)]
        if len(words) > 1:
            yield f"w:{name.lower()}"
        for word in words:
            if word not in _STOP_WORDS and (len(word) > 1 or not word.isascii()):
                yield f"w:{_stem(word)}"


def _stem(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4 and not word.endswith("ss"):
            return word[: -len(suffix)]
    return word
