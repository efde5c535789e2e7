"""A page's text while its tags open and close: headings, and under them paragraphs, lists, tables and code."""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.domain.passages import Section

_LEVELS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = {
    *("p", "div", "section", "article", "main", "aside", "header", "footer", "blockquote", "table", "caption", "dl"),
    *("figure", "figcaption", "form", "fieldset", "details", "summary", "hr", "address", "body"),
}
_LINES = {"br", "tr", "dt", "dd", "li"}
_LISTS = {"ul", "ol"}
_CELLS = {"td", "th"}
_NEXT_CELL = " | "
_SPACE = re.compile(r"\s+")


class PageText:
    """Told of every tag and string in order, it has the page's sections at the end."""

    def __init__(self) -> None:
        # The text of the first heading, if it is of the first level.
        self.first_title = ""
        self._sections: list[Section] = []
        self._path: list[tuple[int, str]] = []
        self._blocks: list[str] = []
        self._lines: list[str] = []
        self._line: list[str] = []
        self._marker = ""
        self._counters: list[int | None] = []
        self._links: list[tuple[str, int]] = []
        self._code_depth = 0

    def text(self, text: str) -> None:
        """A string; outside of code, space is only space."""
        self._line.append(text if self._code_depth else _SPACE.sub(" ", text))

    def opens(self, tag: str, attributes: Mapping[str, str]) -> None:
        """A tag opens."""
        self._breaks(tag)
        if tag in _LISTS:
            self._counters.append(_first_number(attributes) if tag == "ol" else None)
        elif tag == "li":
            self._marker = self._next_marker()
        elif tag == "pre":
            self._end_block()
            self._code_depth += 1
        elif tag in _CELLS and any(map(str.strip, self._line)):
            self._line.append(_NEXT_CELL)
        elif tag == "a":
            self._links.append((attributes.get("href", ""), len(self._line)))

    def closes(self, tag: str) -> None:
        """A tag closes."""
        if tag == "pre":
            self._end_code()
        elif tag in _LEVELS:
            self._heading(_LEVELS[tag])
        elif tag == "a" and self._links:
            self._end_link(*self._links.pop())
        else:
            if tag in _LISTS and self._counters:
                self._end_line()
                self._counters.pop()
            self._breaks(tag)

    def finish(self) -> tuple[Section, ...]:
        """The sections, in order; a heading without anything below it is its own text."""
        self._end_section(next_level=0)
        return tuple(self._sections)

    def _breaks(self, tag: str) -> None:
        if self._code_depth:
            return
        if tag in _LEVELS or (tag in _BLOCKS | _LISTS and not self._counters):
            self._end_block()
        elif tag in _LINES | _BLOCKS | _LISTS:
            self._end_line()

    def _next_marker(self) -> str:
        if not self._counters:
            return "- "
        number = self._counters[-1]
        indent = "  " * (len(self._counters) - 1)
        if number is None:
            return f"{indent}- "
        self._counters[-1] = number + 1
        return f"{indent}{number}. "

    def _end_line(self) -> None:
        line = _SPACE.sub(" ", "".join(self._line)).strip()
        self._line.clear()
        if line:
            self._lines.append((self._marker or "  " * len(self._counters)) + line)
            self._marker = ""

    def _end_block(self) -> None:
        self._end_line()
        if self._lines:
            self._blocks.append("\n".join(self._lines))
            self._lines.clear()

    def _end_code(self) -> None:
        self._code_depth = max(self._code_depth - 1, 0)
        if self._code_depth:
            return
        code = "".join(self._line).strip("\n")
        self._line.clear()
        if code.strip():
            self._blocks.append(code)

    def _end_link(self, address: str, start: int) -> None:
        """What is not to be seen in the text is where it leads."""
        if address.startswith(("http://", "https://")) and address not in "".join(self._line[start:]):
            self._line.append(f" ({address})")

    def _heading(self, level: int) -> None:
        heading = _SPACE.sub(" ", "".join(self._line)).strip()
        self._line.clear()
        if not heading:
            return
        self._end_section(next_level=level)
        if level == 1 and not self._sections and not self._path:
            self.first_title = heading
        self._path = [(above, text) for above, text in self._path if above < level] + [(level, heading)]

    def _end_section(self, next_level: int) -> None:
        self._end_block()
        path = tuple(text for _, text in self._path)
        if not self._blocks and len(path) > 1 and next_level <= self._path[-1][0]:
            self._blocks.append(path[-1])
        if self._blocks:
            self._sections.append(Section(path, tuple(self._blocks)))
            self._blocks.clear()


def _first_number(attributes: Mapping[str, str]) -> int:
    start = attributes.get("start", "1")
    return int(start) if re.fullmatch(r"\d{1,6}", start) else 1
