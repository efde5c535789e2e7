"""Reads what git writes: lists that end in NUL, patches, and who wrote lines. Pure, and linear in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from core.domain.code import BlamedLine, CodeCommit, Excerpt, FoundLine, Hunk, Tag

LOG_FORMAT = "%H%x00%an%x00%at%x00%s"
TAG_FORMAT = "%(refname:strip=2)%00%(objectname)%00%(*objectname)%00%(objecttype)%00%(creatordate:unix)"
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@ ?(.{0,200})")
_LONGEST_TIME = 12
_LINE_CHARS = 2_000


def is_commit_id(text: str) -> bool:
    """Whether `text` is the whole id of an object."""
    return _ID.fullmatch(text) is not None


def read_commits(data: bytes) -> list[CodeCommit]:
    """Read `log -z` in LOG_FORMAT, newest first."""
    fields = _text(data).split("\0")
    whole = zip(*[iter(fields)] * 4, strict=False)
    return [
        CodeCommit(commit, author, _moment(at), subject)
        for commit, author, at, subject in whole
        if is_commit_id(commit)
    ]


def read_changed_files(data: bytes, commits: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Read `diff-tree --stdin -z --name-only` of `commits`, in their order."""
    found: dict[str, list[str]] = {}
    expected = iter(commits)
    following = next(expected, None)
    current: list[str] = []
    for part in _text(data).split("\0"):
        # Only the commit whose turn it is begins a list: a file may be called like any id.
        head, _, rest = part.partition("\n")
        if following is not None and head == following:
            current = found.setdefault(following, [])
            following = next(expected, None)
            part = rest
        if part:
            current.append(part)
    return {commit: tuple(files) for commit, files in found.items()}


def read_patches(data: bytes, commits: Sequence[str], *, is_whole: bool) -> dict[str, list[Hunk]]:
    """Read `diff-tree --stdin -p` of `commits`; where there was more than was read, the last one is left out."""
    found: dict[str, list[Hunk]] = {}
    lines = iter(_text(data).split("\n"))
    wanted = set(commits)
    current: list[Hunk] = []
    last, path = None, None
    for line in lines:
        if line in wanted:
            last = line
            current = found.setdefault(line, [])
        elif line.startswith("diff --git "):
            path = None
        elif line.startswith("--- a/"):
            path = line.removeprefix("--- a/").removesuffix("\t")
        elif line.startswith("+++ b/"):
            path = line.removeprefix("+++ b/").removesuffix("\t")
        elif path and (head := _HUNK.fullmatch(line[:400])):
            current.append(_hunk(path, head, lines))
    if not is_whole and last is not None:
        del found[last]
    return found


def _hunk(path: str, head: re.Match[str], lines: Iterator[str]) -> Hunk:
    """Read as many lines as the head of the hunk says, whatever stands in them."""
    old, new = int(head[2] or 1), int(head[4] or 1)
    at_old, at_new = int(head[1]), int(head[3])
    texts: list[tuple[int, str]] = []
    while old > 0 or new > 0:
        line = next(lines, None)
        if line is None:
            break
        sign = line[:1] or " "
        if sign == "\\":
            continue
        number = {"+": at_new, "-": -at_old}.get(sign, 0)
        texts.append((number, line[1 : _LINE_CHARS + 1]))
        if sign != "+":
            old, at_old = old - 1, at_old + 1
        if sign != "-":
            new, at_new = new - 1, at_new + 1
    return Hunk(path, int(head[1]), int(head[3]), head[5].strip(), Excerpt(tuple(texts)))


def read_blame(data: bytes) -> list[BlamedLine]:
    """Read `blame --porcelain`, which tells of each commit once."""
    known: dict[str, dict[str, str]] = {}
    found: list[BlamedLine] = []
    commit, number = "", 0
    for line in _text(data).split("\n"):
        if line.startswith("\t"):
            about = known.get(commit, {})
            written = CodeCommit(
                commit, about.get("author", ""), _moment(about.get("author-time", "")), about.get("summary", "")
            )
            found.append(BlamedLine(number, line[1 : _LINE_CHARS + 1], written, "boundary" in about))
            continue
        first, _, rest = line.partition(" ")
        places = rest.split(" ")
        if is_commit_id(first) and len(places) > 1 and places[1].isdecimal() and len(places[1]) <= _LONGEST_TIME:
            commit = first
            number = int(places[1])
            known.setdefault(commit, {})
        elif commit:
            known[commit].setdefault(first, rest)
    return found


def read_tree(data: bytes) -> dict[str, str]:
    """Read `ls-tree -r -z`: regular files alone, neither links nor other repositories."""
    found = {}
    for entry in _text(data).split("\0"):
        about, tab, path = entry.partition("\t")
        if tab and about.startswith(("100644 blob ", "100755 blob ", "100664 blob ")):
            found[path] = about.rpartition(" ")[2]
    return found


def read_tags(data: bytes) -> list[Tag]:
    """Read `for-each-ref` in TAG_FORMAT; of an annotated tag, what it stands for."""
    found = []
    for line in _text(data).split("\n"):
        fields = line.split("\0")
        if len(fields) == 5:
            name, tag, commit, kind, at = fields
            target = commit if kind == "tag" else tag
            if is_commit_id(target):
                found.append(Tag(name, target, int(at) if at.isdecimal() and len(at) <= _LONGEST_TIME else 0))
    return found


def read_found(data: bytes, commit: str) -> list[FoundLine]:
    """Read `grep -n -z` of a commit."""
    found = []
    # The text of a line ends with a line end, path and number with NUL.
    for record in _text(data).split("\n"):
        place, _, rest = record.partition("\0")
        number, separator, text = rest.partition("\0")
        if separator and number.isdecimal() and len(number) <= _LONGEST_TIME:
            found.append(FoundLine(place.removeprefix(f"{commit}:"), int(number), text[:_LINE_CHARS]))
    return found


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _moment(text: str) -> datetime:
    seconds = int(text) if text.isdecimal() and len(text) <= _LONGEST_TIME else 0
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
