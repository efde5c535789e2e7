"""The history of the demo's programs: each commit of a release is the change that makes its incident happen.

`python -m bot.demo.history` writes `incidents/*.fastimport`, which git turns into the same repositories everywhere:
authors, times and so the ids are fixed. Going backwards from the recorded programs, every edit is undone; so the files
of a release are, line by line, those on its recorded stacks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.demo.commits import PROGRAMS, SHOP, Edit, History
from bot.demo.storefront_commits import STOREFRONT

HISTORIES = (SHOP, STOREFRONT)

_BEGAN = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
_APART = timedelta(hours=29)


def trees(history: History) -> Sequence[Mapping[str, str]]:
    """The files after each commit, oldest first; the last are the recorded programs and what stands beside them."""
    tree = {**_programs(history), **_beside(history)}
    found = [tree]
    for change in reversed(history.changes[1:]):
        tree = dict(tree)
        for edit in reversed(change.edits):
            _undo(tree, edit)
        found.append(tree)
    return found[::-1]


def _programs(history: History) -> dict[str, str]:
    folder = PROGRAMS / history.folder
    paths = [path for name in history.files for path in (sorted((folder / name).rglob("*")) or [folder / name])]
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in paths if path.suffix in _KEPT}


_KEPT = (".py", ".mjs", ".json")


def _beside(history: History) -> dict[str, str]:
    """Files that no program needs, as the last commit leaves them."""
    folder = PROGRAMS / history.folder
    edits = [edit for change in history.changes for edit in change.edits]
    return {edit.path: edit.after for edit in edits if not (folder / edit.path).exists()}


def _undo(tree: dict[str, str], edit: Edit) -> None:
    if edit.before is None:
        del tree[edit.path]
        return
    if tree[edit.path].count(edit.after) != 1:
        raise SystemExit(f"{edit.path} does not have once: {edit.after[:80]}")
    tree[edit.path] = tree[edit.path].replace(edit.after, edit.before)


def stream(history: History) -> bytes:
    """The repository as git's fast-import reads it."""
    parts: list[bytes] = []
    before: Mapping[str, str] = {}
    for number, (change, tree) in enumerate(zip(history.changes, trees(history), strict=True), 1):
        who = f"{change.author} <{change.author.split()[0].lower()}@shop.example>"
        at = int((_BEGAN + number * _APART).timestamp())
        parts.append(f"commit refs/heads/main\nmark :{number}\n".encode())
        parts.append(f"author {who} {at} +0000\ncommitter {who} {at} +0000\n".encode())
        parts.append(_data(change.subject))
        for path, text in sorted(tree.items()):
            if before.get(path) != text:
                parts += [f"M 100644 inline {path}\n".encode(), _data(text)]
        parts += [f"reset refs/tags/{tag}\nfrom :{number}\n\n".encode() for tag in change.tags]
        before = tree
    return b"".join(parts)


def _data(text: str) -> bytes:
    raw = text.encode()
    return b"data %d\n%s\n" % (len(raw), raw)


def written() -> Iterator[Path]:
    """Write every history to its file."""
    for history in HISTORIES:
        history.file.write_bytes(stream(history))
        yield history.file


if __name__ == "__main__":
    for file in written():
        print(f"{file.name}: {file.stat().st_size:,} bytes")  # noqa: T201  a script
