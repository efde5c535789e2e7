"""Finds the documents below what a person named, and reads them one by one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from core.domain.errors import InvalidInput
from core.domain.passages import Document, passages
from core.gateways.documents.reading_process import MAX_SECONDS, ReadingProcess

MAX_BYTES = 5 * 1024 * 1024
MAX_PASSAGES = 2_000
SUFFIXES = (".md", ".markdown", ".txt", ".text", ".html", ".htm", ".pdf")


@dataclass(slots=True)
class Found:
    """`files` by the name each is kept under. Of `shelves`, names of directories, all that is there was found.

    `other_kinds` counts files that are no documents; `problems` are sentences about what could not be looked at.
    """

    files: dict[str, Path] = field(default_factory=dict)
    shelves: list[str] = field(default_factory=list)
    other_kinds: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Reading:
    """Documents that could be read, and a sentence about each that could not."""

    documents: list[Document] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def find(paths: Sequence[Path], kept_as: str = "") -> Found:
    """The documents below `paths`. Hidden files are left out, and links that lead out of the directory.

    A file is kept under its name, one in a directory under that directory's name and its way from there; `kept_as`
    stands for the directory's name, or before the file's.
    """
    found = Found()
    for path in paths:
        if leads_to := leads_elsewhere(path):
            found.problems.append(leads_to)
        elif path.is_dir():
            _find_in(path, kept_as or Path(os.path.abspath(path)).name, found)
        elif path.suffix.lower() not in SUFFIXES:
            found.problems.append(f"{path} is no document that can be read: {_readable_kinds()}.")
        else:
            _add(path, str(PurePosixPath(kept_as, path.name)), found)
    return found


def leads_elsewhere(path: Path) -> str | None:
    """A sentence when `path` is a link out of the directory that it stands in; links within it are followed."""
    if not path.is_symlink():
        return None
    target = os.path.realpath(path)
    if Path(target).is_relative_to(os.path.realpath(path.parent)):
        return None
    return f"{path} is a link to {target}, and links out of their directory are not followed. Name that place itself."


def _find_in(root: Path, shelf: str, found: Found) -> None:
    problems, files = len(found.problems), len(found.files)
    real_root = os.path.realpath(root)
    if not shelf:
        raise InvalidInput(f"{root} has no name to keep its documents under. Give it one: --as NAME")
    for folder, folders, names in os.walk(root, onerror=lambda error: found.problems.append(_why(error))):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(folder, name) for name in sorted(names) if not name.startswith(".")):
            if not Path(os.path.realpath(path)).is_relative_to(real_root):
                continue
            if path.suffix.lower() in SUFFIXES:
                _add(path, str(PurePosixPath(shelf, path.relative_to(root).as_posix())), found)
            else:
                found.other_kinds += 1
    if len(found.files) > files and len(found.problems) == problems:
        found.shelves.append(shelf)
    elif len(found.files) == files:
        found.problems.append(f"{root} has no documents: {_readable_kinds()}.")


def _add(path: Path, name: str, found: Found) -> None:
    if not name.isprintable():
        found.problems.append(f"{name!r} cannot be cited: rename it, without invisible characters.")
    elif name in found.files and os.path.realpath(path) != os.path.realpath(found.files[name]):
        found.problems.append(f"{path} would replace {found.files[name]}: import one of them with --as NAME.")
    else:
        found.files[name] = path


def _readable_kinds() -> str:
    return f"it must be one of {', '.join(SUFFIXES)}, or an export (.jsonl) named by itself"


def read_all(found: Found, *, done: Callable[[], None], max_seconds: float = MAX_SECONDS) -> Reading:
    """Each file, with `done` called after it; past `MAX_PASSAGES` in all the rest is left unread, with a sentence."""
    reading = Reading()
    room = MAX_PASSAGES
    with ReadingProcess(max_seconds) as process:
        for number, (name, path) in enumerate(found.files.items()):
            try:
                document = process.read(name, _content(name, path))
            except InvalidInput as error:
                reading.problems.append(str(error))
            else:
                room -= sum(1 for _ in passages(document))
                if room < 0:
                    others = len(found.files) - number - 1
                    more = f", and {others} files after it were not read" if others else ""
                    limit = f"{MAX_PASSAGES:,} passages are the most for one import"
                    reading.problems.append(f"{name} is too much{more}: {limit}. Import fewer files at a time.")
                    break
                reading.documents.append(document)
            done()
    return reading


def _content(name: str, path: Path) -> bytes:
    try:
        if not path.is_file():
            raise InvalidInput(f"{name} is no regular file.")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput(_why(error)) from None
    if len(content) > MAX_BYTES:
        raise InvalidInput(f"{name} is larger than {MAX_BYTES // 1024**2} MiB. Split it.")
    return content


def _why(error: OSError) -> str:
    return f"{error.filename} cannot be read: {error.strerror}."
