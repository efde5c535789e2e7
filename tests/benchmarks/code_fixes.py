"""Finds real fixes in a repository's history, the changes that introduced what they fixed, and the releases between."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.domain.code import CodeCommit, Hunk
from core.gateways.code.git_output import TAG_FORMAT, read_patches, read_tags
from core.mcp_server.code.functions import functions_in

_FIX = re.compile(r"(?i)\b(?:fix(?:e[sd])?|bug|regression|crash(?:es)?)\b")
_NO_FIX = re.compile(
    r"(?i)\b(?:typo|doc(?:s|umentation)?|lint|flake8|mypy|typing|readme|changelog|test(?:s|ing)?|ci|build|release|merge|revert|pre-commit|warnings?|spelling|javadoc|checkstyle)\b"
)
_SOURCE = re.compile(r"\.(?:py|js|mjs|ts|java)$")
_TEST = re.compile(r"(?i)(?:^|/)(?:tests?|spec|__tests__)/|(?:^|/)test_|[._-](?:test|spec)\.|Test\.java$")
_ASIDE = re.compile(r"(?i)(?:^|/)(?:docs?|examples?|dist|benchmarks?|node_modules|build)/")
_VERSION = re.compile(r"(?i)^(?:[a-z][a-z._/-]{0,60}[-_/@])?v?\d+(?:[._]\d+){1,3}$")
_COMMENT = re.compile(r"^\s*(?:#|//|/?\*|\"\"\"|'''|@|import\b|from\b|[\])};,]*$)")
_MOST_CHANGED = 40
_MOST_SOURCES = 3


@dataclass(frozen=True, slots=True)
class Fix:
    """A fix, the change that introduced what it fixed, and the first release with it and the one before."""

    commit: str
    introduced_by: str
    path: str
    function: str | None
    release: str
    release_commit: str
    before_commit: str


@dataclass(slots=True)
class History:
    """One repository's history, read with git; `left_out` counts why fixes were not used."""

    path: Path
    left_out: Counter[str]

    def git(self, *words: str) -> str:
        """What git says; empty when it fails."""
        done = subprocess.run(["git", "--git-dir", str(self.path), *words], capture_output=True, check=False)
        return done.stdout.decode("utf-8", "replace")

    def fixes(self, commits: list[CodeCommit], most: int) -> Iterator[Fix]:
        """At most `most` fixes, spread over the whole history."""
        releases = [
            tag
            for tag in read_tags(self.git("for-each-ref", f"--format={TAG_FORMAT}", "refs/tags").encode())
            if _VERSION.match(tag.name)
        ]
        releases.sort(key=lambda tag: tag.at)
        wanted = [commit for commit in commits if self._is_fix(commit)]
        step = max(1, len(wanted) // (most * 4))
        found = 0
        for offset in range(step):
            for commit in wanted[offset::step]:
                if found >= most:
                    return
                if (
                    fix := self._fix(commit, [tag.name for tag in releases], {tag.name: tag.commit for tag in releases})
                ) is not None:
                    found += 1
                    yield fix

    def _is_fix(self, commit: CodeCommit) -> bool:
        sources = [
            path for path in commit.files if _SOURCE.search(path) and not _TEST.search(path) and not _ASIDE.search(path)
        ]
        if not _FIX.search(commit.subject) or _NO_FIX.search(commit.subject):
            return False
        return 1 <= len(sources) <= _MOST_SOURCES and any(_TEST.search(path) for path in commit.files)

    def _fix(self, commit: CodeCommit, releases: list[str], commits_of: dict[str, str]) -> Fix | None:
        removed = self._removed(commit.id)
        if not removed:
            return self._without("it removes no line of code, or too many")
        place = max({path for path, _ in removed}, key=lambda path: sum(each == path for each, _ in removed))
        numbers = [number for path, number in removed if path == place]
        authors = Counter(self._blame(f"{commit.id}^", place, number) for number in numbers)
        authors.pop("", None)
        if not authors:
            return self._without("blame does not tell")
        introduced_by = authors.most_common(1)[0][0]
        containing = set(self.git("tag", "--contains", introduced_by).split())
        release = next((name for name in releases if name in containing), None)
        if release is None or release in set(self.git("tag", "--contains", commit.id).split()):
            return self._without("no release had the bug")
        before = self._release_before(commits_of[release], release, releases, commits_of)
        if before is None:
            return self._without("it came with the first release")
        function = self._function(f"{commit.id}^", place, numbers[0])
        return Fix(commit.id, introduced_by, place, function, release, commits_of[release], before)

    def _without(self, reason: str) -> Fix | None:
        self.left_out[reason] += 1
        return None

    def _removed(self, commit: str) -> list[tuple[str, int]]:
        raw = self.git("diff-tree", "-r", "-p", "-U0", "--no-renames", "--root", commit).encode()
        hunks: list[Hunk] = read_patches(raw, [commit], is_whole=True).get(commit, [])
        own = [
            hunk
            for hunk in hunks
            if _SOURCE.search(hunk.path) and not _TEST.search(hunk.path) and not _ASIDE.search(hunk.path)
        ]
        changed = sum(len(hunk.changed) for hunk in own)
        lines = [
            (hunk.path, -number)
            for hunk in own
            for number, text in hunk.body.source
            if number < 0 and not _COMMENT.match(text)
        ]
        return lines if changed <= _MOST_CHANGED else []

    def _blame(self, revision: str, path: str, number: int) -> str:
        written = self.git("blame", "-w", "--porcelain", f"-L{number},{number}", revision, "--", path)
        return written.split(" ", 1)[0]

    def _release_before(self, commit: str, name: str, releases: list[str], commits_of: dict[str, str]) -> str | None:
        merged = set(self.git("tag", "--merged", f"{commit}^").split())
        before = [each for each in releases if each in merged and each != name and commits_of[each] != commit]
        return commits_of[before[-1]] if before else None

    def _function(self, revision: str, path: str, number: int) -> str | None:
        lines = self.git("show", f"{revision}:{path}").split("\n")
        around = [(span, name) for span, name in functions_in(lines, path) if span[0] <= number <= span[1]]
        return max(around)[1] or None if around else None
