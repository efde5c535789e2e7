"""Where a function begins and ends, by indentation or by braces, and which constants it uses. Pure and linear."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_INDENTED = (".py", ".pyi", ".rb", ".ex", ".exs", ".coffee", ".nim", ".cr", ".lua")
_HEAD = re.compile(
    r"[ \t]{0,200}(?:(?:@\w+|export|default|async|public|private|protected|internal|static|final|abstract|override"
    r"|synchronized|pub|unsafe|virtual|inline|suspend|open|local)\s{1,20}){0,8}"
    r"(?:def|defp|function|fn|func|fun|sub|class|struct|impl|interface|module|proc|method)\b\*?[ \t]{0,20}"
    r"([\w$.!?]{0,100})"
)
_CALL_LIKE = re.compile(r"([\w$]{1,100})[ \t]{0,20}(?:<[^<>{}]{0,100}>)?[ \t]{0,5}(?:=[^=(]{0,60})?\(")
_NOT_FUNCTIONS = frozenset(
    {"if", "for", "while", "switch", "catch", "with", "return", "match", "foreach", "using", "lock"}
)
_CONSTANT = re.compile(
    r"\s{0,8}(?:export |const |let |var |final |static |public |private |[A-Z]\w{0,40} ){0,5}"
    r"([A-Z][A-Z0-9_]{1,60})\b\s{0,20}(?::[^=]{1,60})?="
)
_TOKEN = re.compile(
    r"\"(?>(?:\\.|[^\"\\]){0,300})\"|'(?>(?:\\.|[^'\\]){0,300})'|`(?>(?:\\.|[^`\\]){0,300})`|//|/\*|\*/|[{};]"
)
_WORD = re.compile(r"[A-Z][A-Z0-9_]{1,60}\b")
_LONGEST_LINE = 500
_MOST_CONSTANTS = 4
_CONSTANT_LINES = 12

Span = tuple[int, int]


def function_around(lines: Sequence[str], line: int, path: str) -> Span | None:
    """Return the first and last line, from 1, of the innermost function around `line`."""
    if not 1 <= line <= len(lines):
        return None
    spans = [span for span, _ in functions_in(lines, path) if span[0] <= line <= span[1]]
    return max(spans, default=None)


def function_named(lines: Sequence[str], name: str, path: str) -> Span | None:
    """Return where the function `name` is; of a qualified name the last part counts."""
    wanted = re.split(r"[.:#>]", name.removesuffix("()"))[-1]
    return next((span for span, found in functions_in(lines, path) if found == wanted and wanted), None)


def functions_in(lines: Sequence[str], path: str) -> Iterator[tuple[Span, str]]:
    """Every function or class with its lines and its name, in the order of their beginnings."""
    if path.lower().endswith(_INDENTED):
        yield from _by_indentation(lines)
    else:
        yield from sorted(_by_braces(lines))


def name_of_head(line: str) -> str | None:
    """The name of the function or class that begins on a line, where a keyword says so."""
    head = _HEAD.match(line[:_LONGEST_LINE])
    return head[1].rsplit(".", 1)[-1] or None if head else None


def constants_of(lines: Sequence[str], span: Span) -> list[tuple[str, Span]]:
    """Return the constants in capitals that a function uses, with the lines outside of it that define them."""
    used = {word for line in lines[span[0] - 1 : span[1]] for word in _WORD.findall(line[:_LONGEST_LINE])}
    found: list[tuple[str, Span]] = []
    for number, line in enumerate(lines, 1):
        defined = _CONSTANT.match(line[:_LONGEST_LINE])
        if defined and defined[1] in used and not span[0] <= number <= span[1] and len(found) < _MOST_CONSTANTS:
            found.append((defined[1], (number, _end_of_value(lines, number))))
    return found


def _end_of_value(lines: Sequence[str], first: int) -> int:
    depth = 0
    for number in range(first, min(len(lines), first + _CONSTANT_LINES) + 1):
        depth += sum((sign in "([{") - (sign in ")]}") for sign in lines[number - 1][:_LONGEST_LINE])
        if depth <= 0:
            return number
    return min(len(lines), first + _CONSTANT_LINES)


def _by_indentation(lines: Sequence[str]) -> Iterator[tuple[Span, str]]:
    open_heads: list[tuple[int, int, str]] = []
    closed: list[tuple[Span, str]] = []
    last = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        while open_heads and depth <= open_heads[-1][0] and not _still_head(line):
            _, first, name = open_heads.pop()
            closed.append(((first, number if line.strip() in ("end", "end,", "end)") else last), name))
        if head := _HEAD.match(line[:_LONGEST_LINE]):
            open_heads.append((depth, number, head[1].rsplit(".", 1)[-1]))
        last = number
    closed += [((first, last), name) for _, first, name in open_heads]
    yield from sorted(closed)


def _still_head(line: str) -> bool:
    """Whether the line closes a list of parameters, which stands no deeper than its function."""
    return line.lstrip().startswith(")")


def _by_braces(lines: Sequence[str]) -> Iterator[tuple[Span, str]]:
    """Blocks in braces whose head looks like a function's; quotes and comments are skipped as well as a scan can."""
    opened: list[tuple[int, str]] = []
    head_from = 1
    for number, position, sign in _signs(lines):
        if sign == "{":
            opened.append(_head_of(lines, min(head_from, number), number, position))
        elif sign == "}" and opened:
            first, name = opened.pop()
            if name:
                yield (first, number), name
        head_from = number + 1


def _signs(lines: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Every brace and semicolon outside of quotes and comments, with its line and its place there."""
    in_comment = False
    for number, line in enumerate(lines, 1):
        for token in _TOKEN.finditer(line[:_LONGEST_LINE]):
            sign = token[0]
            if in_comment or sign == "/*":
                in_comment = sign != "*/"
            elif sign == "//":
                break
            elif sign in ("{", "}", ";"):
                yield number, token.start(), sign


def _head_of(lines: Sequence[str], first: int, number: int, position: int) -> tuple[int, str]:
    """The line a block's head begins on, and the name of its function; empty for any other block."""
    first = max(first, number - 4)
    parts = [lines[index - 1][:_LONGEST_LINE] for index in range(first, number)]
    parts.append(lines[number - 1][:position])
    for index, part in enumerate(parts):
        if head := _HEAD.match(part):
            return first + index, head[1].rsplit(".", 1)[-1]
    for index, part in enumerate(parts):
        called = _CALL_LIKE.search(part)
        if (
            called
            and called[1] not in _NOT_FUNCTIONS
            and not part.lstrip().startswith(("}", "*", "else", "return", "."))
        ):
            return first + index, called[1]
    return number, ""
