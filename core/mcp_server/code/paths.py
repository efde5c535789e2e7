"""Which file of a repository a frame is about: the longest common end of both paths, if only one file has it. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from core.domain.incident import Frame

_SCHEME = re.compile(r"^[a-z][a-z+.-]{0,30}:/{0,3}", re.IGNORECASE)
_QUERY = re.compile(r"[?#].{0,2000}$", re.DOTALL)
_MOST_SHOWN = 4


@dataclass(frozen=True, slots=True)
class PathMatch:
    """The file, or the files between which the path does not decide; neither when nothing matches."""

    path: str | None = None
    candidates: tuple[str, ...] = ()

    @property
    def alternatives(self) -> str:
        """What a sentence that says that the file is not found ends with: the files that may be meant."""
        return f"; it may be {' or '.join(self.candidates)}" if self.candidates else ""


class PathIndex:
    """The files of one commit by their names."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_name: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for path in paths:
            parts = tuple(path.split("/"))
            self._by_name[parts[-1]].append(parts)

    def of_frame(self, frame: Frame) -> PathMatch:
        """Find the file of a frame by its path, then its absolute path, then its module."""
        matches = [self.find(name) for name in _names_of(frame)]
        return next(
            (each for each in matches if each.path), next((each for each in matches if each.candidates), PathMatch())
        )

    def find(self, name: str) -> PathMatch:
        """Find the file that a path of any machine, bundler or build names."""
        wanted = parts_of(name)
        if not wanted:
            return PathMatch()
        ranked = [(_common(wanted, parts), parts) for parts in self._by_name.get(wanted[-1], ())]
        fitting = [(common, parts) for common, parts in ranked if common > 1 or common in (len(wanted), len(parts))]
        if not fitting:
            return PathMatch()
        most = max(common for common, _ in fitting)
        best = [parts for common, parts in fitting if common == most]
        if len(best) > 1:
            # A file whose whole path is named is meant rather than one that goes on above it.
            best = [parts for parts in best if len(parts) == most] or best
        if len(best) == 1:
            return PathMatch("/".join(best[0]))
        return PathMatch(candidates=tuple(sorted("/".join(parts) for parts in best))[:_MOST_SHOWN])


def parts_of(name: str) -> tuple[str, ...]:
    """Split a path of a frame; schemes, drives, queries and what leads upwards are left out."""
    bare = _QUERY.sub("", _SCHEME.sub("", name[:1_000].replace("\\", "/")))
    return tuple(part for part in bare.split("/") if part not in ("", ".", "..", "~") and not part.endswith(":"))


def _names_of(frame: Frame) -> Iterator[str]:
    file = frame.file or ""
    if frame.module and file and "/" not in file and "\\" not in file:
        # `com.acme.shop.Cart` in `Cart.java`, `shop.pricing` in `pricing.py`.
        yield "/".join([*frame.module.split("$")[0].split(".")[:-1], file])
    yield from filter(None, (file, frame.absolute_path))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count
