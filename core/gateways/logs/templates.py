"""Finds the templates of log messages: a parse tree of fixed depth, after Drain (He et al., ICWS 2017).

Messages meet only messages of the same source with as many words and the same first word; within such a leaf the most
similar template takes them, and words that differ become `<*>`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_TEMPLATES = 5_000
ANY = "<*>"
OTHERS = "(other messages)"

_SIMILAR = 0.6
_LEAF = 30
_WORDS = 40
_CHARS = 400
_VARIABLE = re.compile(
    r"\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'"
    r"|(?<![\w.:/@+-])[A-Za-z_.:/@+-]*+\d[\w.:/@+%-]*+"
    r"|(?<![\w-])(?=[a-f]*\d)[0-9a-f]{8,}+"
)


@dataclass(slots=True)
class Template:
    """One kind of message of one source: its words, with `<*>` for those that vary."""

    id: int
    source: tuple[str, ...]
    words: list[str]

    @property
    def text(self) -> str:
        """The template as people read it."""
        return " ".join(self.words)


@dataclass(slots=True)
class TemplateTree:
    """The templates seen so far; memory is bounded by `MAX_TEMPLATES`."""

    templates: list[Template] = field(default_factory=list)
    _leaves: dict[tuple[object, ...], list[Template]] = field(default_factory=dict)
    _others: dict[tuple[str, ...], Template] = field(default_factory=dict)

    def add(self, source: tuple[str, ...], message: str) -> Template:
        """Return the template of `message`, made or widened for it."""
        words = _VARIABLE.sub(ANY, message[:_CHARS]).split()[:_WORDS] or [ANY]
        key = (source, len(words), words[0])
        leaf = self._leaves.get(key, [])
        best, alike = _most_similar(leaf, words)
        if best is not None and (alike >= _SIMILAR * len(words) or len(leaf) >= _LEAF):
            if alike < len(words):
                best.words = [mine if mine == other else ANY for mine, other in zip(best.words, words, strict=True)]
            return best
        if len(self.templates) >= MAX_TEMPLATES:
            return self._other(source)
        self._leaves[key] = [*leaf, self._made(source, words)]
        return self._leaves[key][-1]

    def _other(self, source: tuple[str, ...]) -> Template:
        """Return what takes the messages of a source once there are too many templates."""
        if source not in self._others:
            source = source if len(self._others) < _LEAF else ("",) * len(source)
            if source not in self._others:
                self._others[source] = self._made(source, [OTHERS])
        return self._others[source]

    def _made(self, source: tuple[str, ...], words: list[str]) -> Template:
        made = Template(len(self.templates), source, words)
        self.templates.append(made)
        return made


def _most_similar(leaf: list[Template], words: list[str]) -> tuple[Template | None, int]:
    best, most = None, -1
    for template in leaf:
        alike = sum(mine == other for mine, other in zip(template.words, words, strict=True))
        if alike > most:
            best, most = template, alike
            if alike == len(words):
                break
    return best, most
