"""Recognizes what a question is about by the words in `question_words.toml`, in five languages."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

MOST_TOPICS = 3
_MOST_STRANGE = 4
"""How many unknown words a question about the error may have."""

_LONGEST = 1_000
_LATIN = re.compile(r"[^\W_\u3040-\u30ff\u3400-\u9fff]+")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+")
_CONTENT = re.compile(r"[\u30a1-\u30fa]{2,}|[\u3400-\u9fff]+")
_VERSION = re.compile(r"(?<![\w.])v?\d{1,4}(?:\.\d{1,4}){1,3}(?![\w.]*\w)")
_IS_IT = re.compile(r"\best[- ]ce qu(?:i\b|e\b|['\u2019])")
"""French asks with it, and its `qui` is nobody."""
_UMLAUT = re.compile("([aou])e")
_ACCENTS = re.compile(r"[\u0300-\u036f]")
_INCIDENT = re.compile(
    r"(?<![A-Za-z0-9_-])(?:[A-Za-z][A-Za-z0-9_]{1,30}-(?=[A-Z]*\d)[A-Z0-9]{1,10}|[A-Z][A-Z0-9_]{1,30}-[A-Z0-9]{1,10})"
    r"(?![A-Za-z0-9_-])"
)
_INVESTIGATION = re.compile(r"(?<![A-Za-z0-9_-])(?=[0-9a-f]*\d)[0-9a-f]{10}(?![A-Za-z0-9_-])")


class Topic(StrEnum):
    """What a question can be about."""

    WHO = "who"
    WHEN = "when"
    STILL = "still"
    RELEASE = "release"
    CHANGED = "changed"
    REPRODUCE = "reproduce"
    SAME = "same"
    PRIOR = "prior"
    LINE = "line"
    OWNER = "owner"
    ROLLBACK = "rollback"
    CONFIDENCE = "confidence"
    FIX = "fix"
    CAUSE = "cause"


@dataclass(frozen=True, slots=True)
class _Stems:
    """One class: whole words, beginnings of words, words with accents, and parts of Japanese text."""

    words: frozenset[str]
    beginnings: tuple[str, ...]
    accented: frozenset[str]
    parts: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> _Stems:
        stems = text.split()
        parts = tuple(stem for stem in stems if _JAPANESE.search(stem))
        latin = [stem for stem in stems if stem not in parts]
        accented = frozenset(stem for stem in latin if not stem.isascii())
        plain = [stem for stem in latin if stem.isascii()]
        return cls(
            frozenset(stem for stem in plain if not stem.endswith("*")),
            tuple(stem[:-1] for stem in plain if stem.endswith("*")),
            accented,
            parts,
        )

    @classmethod
    def of(cls, classes: Iterable[_Stems]) -> _Stems:
        """Return what all of them know."""
        read = tuple(classes)
        return cls(
            frozenset().union(*(stems.words for stems in read)),
            tuple({beginning for stems in read for beginning in stems.beginnings}),
            frozenset().union(*(stems.accented for stems in read)),
            tuple({part for stems in read for part in stems.parts}),
        )

    def has(self, word: _Word) -> bool:
        """Whether the class knows the word."""
        return word.plain in self.words or word.plain.startswith(self.beginnings) or word.written in self.accented


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of the question: as written, in lower case, and without accents."""

    written: str
    plain: str


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Classes that must occur together; `bears` says how many unknown words it may have beside it.

    One of several classes bears one more where the question points at something: this, it. A `last_resort` counts only
    where no other topic is found.
    """

    terms: tuple[_Stems, ...]
    bears: int
    is_strict: bool
    last_resort: bool
    is_alone: bool
    """Whether the question must have no other words."""

    @classmethod
    def read(cls, text: str, classes: Mapping[str, _Stems]) -> _Phrase:
        """Read the marks, then the words; a {class} or a stem."""
        words = text.lstrip("=+-~!")
        marks = text[: len(text) - len(words)]
        terms = tuple(classes[word[1:-1]] if word.startswith("{") else _Stems.read(word) for word in words.split())
        return cls(terms, marks.count("+") - marks.count("-"), "=" in marks, "~" in marks, "!" in marks)

    def may_bear(self, around: _Around) -> bool:
        """Whether it holds beside that many unknown words."""
        if self.is_strict or around.strange == 0:
            return around.strange == 0
        points = around.points and len(self.terms) > 1
        return around.strange <= (_MOST_STRANGE if around.is_about_it else self.bears + points)


@dataclass(frozen=True, slots=True)
class _Around:
    """What else a question holds: unknown words, words of the error or the issue, and words that point: this, it."""

    strange: int
    is_about_it: bool
    points: bool


@dataclass(frozen=True, slots=True)
class _TopicWords:
    phrases: tuple[_Phrase, ...]
    never: _Stems
    unless: _Stems
    covers: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    topics: dict[Topic, _TopicWords]
    error: _Stems
    pointing: _Stems
    known: _Stems
    """All of its words in one."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as words and as Japanese text."""

    words: tuple[_Word, ...]
    japanese: str
    _hits: dict[int, frozenset[str]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def read(cls, question: str) -> _Asked:
        text = unicodedata.normalize("NFKC", question[:_LONGEST]).casefold()
        text = _VERSION.sub(" version ", _IS_IT.sub(" ", text))
        words = tuple(_Word(word, _bare(word)) for word in dict.fromkeys(_LATIN.findall(text)))
        return cls(words, " ".join(_JAPANESE.findall(text)))

    def hits(self, stems: _Stems) -> frozenset[str]:
        """What of the question the class knows."""
        # A class stands in many phrases; the vocabulary lives as long as the process, so its ids are unique.
        if id(stems) not in self._hits:
            found = {word.plain for word in self.words if stems.has(word)}
            self._hits[id(stems)] = frozenset(found | {part for part in stems.parts if part in self.japanese})
        return self._hits[id(stems)]

    def is_only(self, hits: frozenset[str]) -> bool:
        """Whether the question says nothing else."""
        return hits.issuperset(word.plain for word in self.words) and (not self.japanese or self.japanese in hits)


def topics_of(question: str, about: str = "") -> tuple[Topic, ...]:
    """The topics of a question, those first whose words come first; words of `about`, the issue, are known ones."""
    vocabulary = _vocabulary()
    asked = _with_umlauts(_Asked.read(_without_names(question)), vocabulary)
    context = {word.plain for word in _Asked.read(about).words if len(word.plain) > 2}
    is_about_it = bool(asked.hits(vocabulary.error)) or any(
        word.plain in context and not _is_known(word, vocabulary) for word in asked.words
    )
    around = _Around(_strange(asked, vocabulary, context), is_about_it, bool(asked.hits(vocabulary.pointing)))
    found: dict[Topic, frozenset[str]] = {}
    for last_resort in (False, True):
        if not found:
            recognized = {
                topic: _recognized(words, asked, around, last_resort=last_resort)
                for topic, words in vocabulary.topics.items()
            }
            found = {topic: hits for topic, hits in recognized.items() if hits}
    covered = frozenset().union(*(vocabulary.topics[topic].covers for topic in found))
    kept = [topic for topic in found if topic not in covered and not _is_part_of_another(topic, found)]
    return tuple(sorted(kept, key=lambda topic: _first(found[topic], asked)))[:MOST_TOPICS]


def incidents_named_in(question: str) -> tuple[str, ...]:
    """The incidents, issues and investigations that a question names, in its order: `INC-118`, `SHOP-2`."""
    named = [match.group() for match in _INCIDENT.finditer(question[:_LONGEST])]
    return tuple(dict.fromkeys([*named, *_INVESTIGATION.findall(question[:_LONGEST])]))[:3]


def _without_names(question: str) -> str:
    return _INVESTIGATION.sub(" ", _INCIDENT.sub(" ", question[:_LONGEST]))


def _recognized(words: _TopicWords, asked: _Asked, around: _Around, *, last_resort: bool) -> frozenset[str]:
    """The words of the phrases that the question has; nothing where it has too many that nobody knows."""
    if asked.hits(words.never) and not asked.hits(words.unless):
        return frozenset()
    found: frozenset[str] = frozenset()
    for phrase in words.phrases:
        if phrase.last_resort is last_resort and phrase.may_bear(around):
            hits = [asked.hits(term) for term in phrase.terms]
            words_hit = frozenset().union(*hits)
            if all(hits) and _are_different(hits) and (not phrase.is_alone or asked.is_only(words_hit)):
                found |= words_hit
    return found


def _are_different(hits: Sequence[frozenset[str]]) -> bool:
    """Whether no word alone stands for all terms of a phrase."""
    return len(hits) == 1 or len(frozenset().union(*hits)) > 1


def _is_part_of_another(topic: Topic, found: dict[Topic, frozenset[str]]) -> bool:
    """Whether another topic explains the same words and more; of two that explain the same the first is meant."""
    mine, order = found[topic], list(found)
    return any(
        mine < theirs or (mine == theirs and order.index(other) < order.index(topic))
        for other, theirs in found.items()
        if other is not topic
    )


def _first(hits: Iterable[str], asked: _Asked) -> int:
    """Where the topic's first word stands."""
    plain = [word.plain for word in asked.words]
    return min(plain.index(hit) if hit in plain else len(plain) + asked.japanese.find(hit) for hit in hits)


def _strange(asked: _Asked, vocabulary: _Vocabulary, context: set[str]) -> int:
    """How many words the vocabulary and the issue do not know."""
    unknown = sum(
        not (word.plain in context or _is_count(word.plain) or _is_known(word, vocabulary)) for word in asked.words
    )
    rest = list(asked.japanese)
    for part in vocabulary.known.parts:
        # Known parts may overlap, so all of them are looked for in the whole text.
        for found in re.finditer(re.escape(part), asked.japanese):
            rest[found.start() : found.end()] = " " * len(part)
    return unknown + len(_CONTENT.findall("".join(rest)))


def _with_umlauts(asked: _Asked, vocabulary: _Vocabulary) -> _Asked:
    """The words as known where a keyboard had no umlauts: `aendern`."""
    shorter = ((word, _Word(word.written, _UMLAUT.sub(r"\1", word.plain))) for word in asked.words)
    words = (
        short if not _is_known(word, vocabulary) and _is_known(short, vocabulary) else word for word, short in shorter
    )
    return _Asked(tuple(words), asked.japanese)


def _is_count(word: str) -> bool:
    """Whether it is a number that may be a line or an amount; a longer one is a year or an id."""
    return word.isdigit() and len(word) < 4


def _is_known(word: _Word, vocabulary: _Vocabulary) -> bool:
    return vocabulary.known.has(word)


def _bare(word: str) -> str:
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", word)))


@cache
def _vocabulary() -> _Vocabulary:
    tables = tomllib.loads(files("core.agent.rules").joinpath("question_words.toml").read_text(encoding="utf-8"))
    classes = {name: _Stems.read(text) for name, text in tables["classes"].items()}
    general = tables["vocabulary"]
    error = _Stems.read(general["error"])
    classes["error"] = error
    known = (*classes.values(), _Stems.read(general["filler"]), _Stems.read(general["filler_ja"]))
    topics = {Topic(name): _topic(table, classes) for name, table in tables["topics"].items()}
    literal = (term for words in topics.values() for phrase in words.phrases for term in phrase.terms)
    return _Vocabulary(topics, error, _Stems.read(general["pointing"]), _Stems.of((*known, *literal)))


def _topic(table: Mapping[str, Any], classes: Mapping[str, _Stems]) -> _TopicWords:
    phrases = tuple(_Phrase.read(phrase, classes) for phrase in table["phrases"])
    return _TopicWords(
        phrases,
        _Stems.read(table.get("not", "")),
        _Stems.read(table.get("unless", "")),
        frozenset(table.get("covers", "").split()),
    )
