"""One repository, read through git: `core.ports.code.CodeRepository`."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from core.domain.code import BlamedLine, CodeCommit, CodePolicy, FoundLine, Hunk, Tag
from core.domain.errors import ServiceUnavailable
from core.gateways.code.git_output import (
    LOG_FORMAT,
    TAG_FORMAT,
    is_commit_id,
    read_blame,
    read_changed_files,
    read_commits,
    read_found,
    read_patches,
    read_tags,
    read_tree,
)
from core.gateways.code.git_process import SERVICE, GitProcess
from core.ports.code import CodeRepository

_PREFIX = re.compile(r"[0-9a-f]{7,64}")
_FILE_BYTES = 1_000_000
_TREE_BYTES = 30_000_000
_SEARCH_BYTES = 1_000_000
_KEPT_TREES = 3
_KEPT_NAMES = 200
_MOST_LINES = 400


class GitRepository(CodeRepository):
    """Reads one repository; what `policy` keeps back is never read into a result."""

    def __init__(self, name: str, git: GitProcess, policy: CodePolicy, web_address: str | None) -> None:
        self._name = name
        self._git = git
        self._policy = policy
        self._web_address = web_address
        self._trees: OrderedDict[str, Mapping[str, str]] = OrderedDict()
        self._resolved: OrderedDict[str, str] = OrderedDict()

    @property
    def name(self) -> str:
        """See the port."""
        return self._name

    @property
    def policy(self) -> CodePolicy:
        """See the port."""
        return self._policy

    def commit_url(self, commit: str) -> str | None:
        """See the port."""
        return None if self._web_address is None else f"{self._web_address}{_checked(commit)}"

    def may_show(self, path: str) -> bool:
        """Whether the operator lets a file's content out; patterns match the whole path, its name, or a folder."""
        folders = path.split("/")
        parts = {path, *folders, *("/".join(folders[:end]) for end in range(1, len(folders)))}
        return not any(fnmatchcase(part, pattern) for pattern in self._policy.never for part in parts)

    async def head(self) -> str | None:
        """See the port."""
        found = await self._git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        commit = found.data.decode().strip()
        return commit if is_commit_id(commit) else None

    async def tags(self) -> Sequence[Tag]:
        """See the port."""
        return read_tags((await self._git.run("for-each-ref", f"--format={TAG_FORMAT}", "refs/tags")).data)

    async def resolve(self, prefix: str) -> str | None:
        """See the port."""
        if not _PREFIX.fullmatch(prefix):
            return None
        if prefix in self._resolved:
            return self._resolved[prefix]
        # What is not there may come with the next update, so only what was found is kept.
        if (commit := await self._look_up(prefix)) is not None:
            self._resolved[prefix] = commit
            if len(self._resolved) > _KEPT_NAMES:
                self._resolved.popitem(last=False)
        return commit

    async def _look_up(self, prefix: str) -> str | None:
        asked = f"{prefix}^{{commit}}\n".encode()
        answer = (await self._git.run("cat-file", "--batch-check", stdin=asked)).data.decode("utf-8", "replace")
        commit, _, rest = answer.partition(" ")
        if not is_commit_id(commit) or not rest.startswith("commit "):
            return None
        # Objects may be shared with other repositories: only what a branch or tag leads to is of this one.
        outside = await self._git.run("rev-list", "--max-count=1", commit, "--not", "--all", "--")
        return commit if outside.ok and not outside.data.strip() else None

    async def tag_before(self, commit: str, pattern: str) -> str | None:
        """See the port."""
        found = await self._git.run("describe", "--tags", "--abbrev=0", f"--match={pattern}", f"{_checked(commit)}^")
        return found.data.decode("utf-8", "replace").rstrip("\n") or None if found.ok else None

    async def commits(self, since: str | None, until: str, most: int) -> Sequence[CodeCommit]:
        """See the port."""
        bounds = [_checked(until), *([f"^{_checked(since)}"] if since else [])]
        log = await self._git.run(
            "log", "-z", "--no-merges", f"--max-count={most}", f"--format={LOG_FORMAT}", *bounds, "--"
        )
        if not log.ok:
            raise ServiceUnavailable(SERVICE, "The commits cannot be read.")
        cut_off = self._git.cut_off()
        found = [commit for commit in read_commits(log.data) if commit.id not in cut_off]
        names = [commit.id for commit in found]
        listed = await self._git.run(
            *("diff-tree", "--stdin", "-r", "-z", "--root", "--name-only", "--no-renames"),
            stdin="".join(f"{name}\n" for name in names).encode(),
        )
        files = await asyncio.to_thread(read_changed_files, listed.data, names)
        return [CodeCommit(one.id, one.author, one.at, one.subject, files.get(one.id, ())) for one in found]

    async def hunks(self, commits: Sequence[str], paths: Sequence[str] = ()) -> Mapping[str, Sequence[Hunk]]:
        """See the port."""
        if not self._policy.shares_source or not commits:
            return {}
        written = await self._git.run(
            *("diff-tree", "--stdin", "-r", "-p", "-U3", "--root", "--find-renames", "--no-color"),
            *("--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", "--", *paths),
            stdin="".join(f"{_checked(commit)}\n" for commit in commits).encode(),
        )
        found = await asyncio.to_thread(read_patches, written.data, commits, is_whole=written.is_whole)
        return {commit: [hunk for hunk in hunks if self.may_show(hunk.path)] for commit, hunks in found.items()}

    async def files(self, commit: str) -> Mapping[str, str]:
        """See the port."""
        if commit not in self._trees:
            listed = await self._git.run("ls-tree", "-r", "-z", _checked(commit), most_bytes=_TREE_BYTES)
            self._trees[commit] = await asyncio.to_thread(self._shown, listed.data)
            if len(self._trees) > _KEPT_TREES:
                self._trees.popitem(last=False)
        return self._trees[commit]

    def _shown(self, tree: bytes) -> Mapping[str, str]:
        return {path: content for path, content in read_tree(tree).items() if self.may_show(path)}

    async def text(self, content: str) -> str | None:
        """See the port."""
        if not self._policy.shares_source:
            return None
        found = await self._git.run("cat-file", "blob", _checked(content), most_bytes=_FILE_BYTES)
        if not found.ok or not found.is_whole or b"\0" in found.data[:8_000]:
            return None
        return found.data.decode("utf-8", "replace")

    async def blame(self, since: str | None, until: str, path: str, first: int, last: int) -> Sequence[BlamedLine]:
        """See the port."""
        if path not in await self.files(until):
            return ()
        lines = f"-L{max(1, first)},{min(max(first, last), first + _MOST_LINES)}"
        bounds = f"{_checked(since)}..{_checked(until)}" if since else _checked(until)
        found = await self._git.run("blame", "--porcelain", "-w", lines, bounds, "--", path)
        cut_off = self._git.cut_off()
        return [self._told(line, is_known=line.commit.id not in cut_off) for line in read_blame(found.data)]

    def _told(self, line: BlamedLine, *, is_known: bool) -> BlamedLine:
        """The line as it may be shown; who wrote what is older than a shallow clone is not known."""
        if not is_known:
            line = replace(line, commit=replace(line.commit, author="", subject=""), is_boundary=True)
        return line if self._policy.shares_source else replace(line, text="")

    async def search(self, commit: str, text: str, most: int) -> Sequence[FoundLine]:
        """See the port."""
        if not self._policy.shares_source or not text.strip() or "\n" in text or "\0" in text:
            return ()
        found = await self._git.run(
            *("grep", "--no-color", "--threads=1", "-F", "-n", "-z", "-I", "-e", text),
            *(_checked(commit), "--"),
            most_bytes=_SEARCH_BYTES,
        )
        shown, lines = await self.files(commit), await asyncio.to_thread(read_found, found.data, commit)
        return [line for line in lines if line.path in shown][:most]


def _checked(commit: str) -> str:
    """The id, which stands among git's arguments: nothing else may.

    Raises:
        ValueError: it is no id of an object.
    """
    if not is_commit_id(commit):
        raise ValueError("a commit is named by its whole id")
    return commit
