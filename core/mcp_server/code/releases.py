"""Which commit a release is, and which release came before it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.domain.code import Tag
from core.ports import CodeRepository

_SHA = re.compile(r"(?<![0-9a-z])[0-9a-f]{7,64}(?![0-9a-z])")
_NUMBER = re.compile(r"\d[\w.+-]{0,100}")
_MOST_GUESSES = 6


@dataclass(frozen=True, slots=True)
class ReleaseCommit:
    """The commit of a release, in words how that is known, and the tag that said so, if one did."""

    commit: str
    how: str
    tag: str | None = None


async def commit_of(
    repository: CodeRepository, version: str, *, told: Iterable[str] = (), texts: Iterable[str] = ()
) -> ReleaseCommit | None:
    """Find the commit of a release in `repository`; None when nothing says which it is.

    `told` are ids that the tracker has for it, newest first; `texts` may hold ids, as tags of an event do.
    """
    for guess in list(told)[:_MOST_GUESSES]:
        if commit := await repository.resolve(guess.lower()):
            return ReleaseCommit(commit, "as the tracker has it", await _tag_at(repository, commit, version))
    for text in (version, *texts):
        for guess in _SHA.findall(text[:500])[:_MOST_GUESSES]:
            if not guess.isdecimal() and (commit := await repository.resolve(guess)):
                return ReleaseCommit(commit, f"from {guess[:12]} in the name or a tag of the event")
    tag = matching_tag(version, await repository.tags())
    return None if tag is None else ReleaseCommit(tag.commit, f"by the tag {tag.name}", tag.name)


async def _tag_at(repository: CodeRepository, commit: str, version: str) -> str | None:
    tag = matching_tag(version, await repository.tags())
    return tag.name if tag and tag.commit == commit else None


def matching_tag(version: str, tags: Sequence[Tag]) -> Tag | None:
    """The tag of a release: with or without `v`, with or without what stands before `@`; the fullest name first."""
    by_name: dict[str, Tag] = {}
    for tag in tags:
        by_name.setdefault(tag.name.casefold(), tag)
    named = next((by_name[name] for name in _names_of(version) if name in by_name), None)
    return named or _only_of_number(version, by_name)


def _only_of_number(version: str, by_name: Mapping[str, Tag]) -> Tag | None:
    """The one tag of this number whose package the version does not name."""
    number = version.strip().casefold().removeprefix("v")
    if "@" in number or not _NUMBER.fullmatch(number):
        return None
    same = [tag for name, tag in by_name.items() if re.split(r"[@/_-]v?(?=\d)", name, maxsplit=1)[-1] == number]
    return same[0] if len({tag.commit for tag in same}) == 1 else None


def _names_of(version: str) -> list[str]:
    whole = version.strip().casefold()
    package, _, number = whole.rpartition("@")
    bare = number.removeprefix("v").split("+")[0]
    package = package.rsplit("/", 1)[-1]
    names = [whole, whole.split("+")[0]]
    if package:
        names += [f"{package}{joint}{letter}{bare}" for joint in ("@", "-", "/", "_") for letter in ("", "v")]
    names += [number, f"v{bare}", bare]
    names += [
        f"{word}{joint}{letter}{bare}"
        for word in ("release", "rel")
        for joint in ("-", "/", "_")
        for letter in ("", "v")
    ]
    return names


def family_of(tag: str) -> str:
    """The glob that matches the tags of the same kind: `shop@4.2.0` is one of `shop@[0-9]*`."""
    number = _NUMBER.search(tag)
    prefix = tag[: number.start()] if number else ""
    return re.sub(r"([*?\[\]\\])", r"\\\1", prefix) + "[0-9]*" if number else "*"
