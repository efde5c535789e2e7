"""`make bench-code`: is the change that introduced a bug first among those of its release?

For real fixes in public repositories: the lines that a fix removed are blamed; the commit that wrote most of them is
the introducing change. The range is that of the first release with it. The ranking of `get_changes` then gets one
synthetic frame, the file and the name of the function that was fixed (no line, no message, no value), as it would
from a stack, and orders the commits of the range.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from core.domain.errors import ServiceFailed
from core.domain.tenancy import OrganizationId
from core.gateways.code.git_process import git_program
from core.gateways.code.git_repository import GitRepository
from core.gateways.code.repositories import CodeRepositories, CodeSettings, parse_repositories
from core.mcp_server.code.changes import histories_of, rank_changes
from core.mcp_server.code.clues import Clues, Place
from tests.benchmarks.code_fixes import Fix, History

_OWNER = OrganizationId("bench")
_EVERY_COMMIT = 20_000
_MOST_IN_RANGE = 400
_LEAST_IN_RANGE = 3


@dataclass(slots=True)
class Result:
    """For each fix: the rank of its introducing change by us, and whether the baselines named it."""

    repository: str
    ranks: list[int | None] = field(default_factory=list)
    in_file: list[bool] = field(default_factory=list)
    newest: list[bool] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def at(self, most: int) -> int:
        """How many introducing changes are among the first `most`."""
        return sum(rank is not None and rank <= most for rank in self.ranks)


async def measured(name: str, path: Path, most: int) -> Result:
    """Rank the changes of every fix of one repository."""
    result = Result(name)
    opened = CodeRepositories(CodeSettings(parse_repositories(f"{name}={path}", _OWNER)))
    try:
        (repository,) = opened.of(_OWNER)
        history = History(path, result.left_out)
        commits = await repository.commits(None, await repository.head() or "", _EVERY_COMMIT)
        for fix in history.fixes(list(commits), most):
            await _rank(repository, fix, result)
    finally:
        opened.close()
    return result


async def _rank(repository: GitRepository, fix: Fix, result: Result) -> None:
    commits = await repository.commits(fix.before_commit, fix.release_commit, _MOST_IN_RANGE)
    ids = [commit.id for commit in commits]
    if fix.introduced_by not in ids or len(ids) < _LEAST_IN_RANGE:
        result.left_out["its range has under 3 commits, or over 400, or only merges"] += 1
        return
    if fix.path not in await repository.files(fix.release_commit):
        result.left_out["the file has another name in the release"] += 1
        return
    began = time.monotonic()
    clues = Clues((Place(fix.path, None, fix.function),))
    try:
        histories = await histories_of(repository, fix.release_commit, fix.before_commit, commits, clues.places)
        changes = await rank_changes(repository, commits, clues, histories)
    except ServiceFailed as failure:
        result.left_out[f"git: {failure}"] += 1
        return
    result.seconds.append(time.monotonic() - began)
    ranked = [change.commit.id for change in changes]
    touching = [commit.id for commit in commits if fix.path in commit.files]
    result.ranks.append(ranked.index(fix.introduced_by) + 1)
    result.in_file.append(bool(touching) and touching[0] == fix.introduced_by)
    result.newest.append(ids[0] == fix.introduced_by)
    result.sizes.append(len(ids))


# ---- figures --------------------------------------------------------------------------------------------------------


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    if of == 0:
        return 0.0, 1.0
    z, share = 1.959964, hits / of
    middle, spread = share + z * z / (2 * of), z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return (middle - spread) / scale, (middle + spread) / scale


def mcnemar(ours: Sequence[bool], theirs: Sequence[bool]) -> float:
    """The exact two-sided p-value of paired outcomes (McNemar 1947, binomial)."""
    only_ours = sum(one and not other for one, other in zip(ours, theirs, strict=True))
    only_theirs = sum(other and not one for one, other in zip(ours, theirs, strict=True))
    of, least = only_ours + only_theirs, min(only_ours, only_theirs)
    return min(1.0, 2 * sum(math.comb(of, k) for k in range(least + 1)) / 2**of) if of else 1.0


def _row(name: str, hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    return f"{name:<44} {hits:>4} of {of:<4} {hits / max(1, of):>6.1%}  [{low:.1%}, {high:.1%}]"


def report(results: Sequence[Result]) -> None:
    """Print the table, what was left out, and the figures as JSON."""
    total = Result("all")
    for result in results:
        total.ranks += result.ranks
        total.in_file += result.in_file
        total.newest += result.newest
        total.sizes += result.sizes
        total.seconds += result.seconds
        total.left_out += result.left_out
        sizes = f"median range {median(result.sizes):.0f} commits" if result.sizes else "no fix"
        shares = f"first {result.at(1)}, newest in file {sum(result.in_file)}"
        print(f"{result.repository:<24} {len(result.ranks):>4} fixes, {shares}, {sizes}")
    fixes = len(total.ranks)
    if not fixes:
        print("No fix could be used.")
        return
    print(f"\n{'n = ' + str(fixes):<44} {'hits':>9}       share  95 % interval (Wilson)")
    print(_row("introducing change first", total.at(1), fixes))
    print(_row("introducing change in the first three", total.at(3), fixes))
    print(_row("newest commit touching the frame's file", sum(total.in_file), fixes))
    print(_row("newest commit of the range", sum(total.newest), fixes))
    first = [rank == 1 for rank in total.ranks]
    p_file, p_newest = mcnemar(first, total.in_file), mcnemar(first, total.newest)
    print(f"\nMcNemar exact, first against newest in file: p = {p_file:.3g}; against newest of all: p = {p_newest:.3g}")
    hard = [index for index, size in enumerate(total.sizes) if size >= 10]
    hits = sum(first[index] for index in hard)
    print(_row("first, in ranges of 10 commits and more", hits, len(hard)))
    print(_row("  newest in file there", sum(total.in_file[index] for index in hard), len(hard)))
    print(f"Commits of a range: median {median(total.sizes):.0f}, most {max(total.sizes)}.")
    print(f"Ranking one range: median {median(total.seconds):.2f} s, most {max(total.seconds):.2f} s.")
    for reason, count in total.left_out.most_common():
        print(f"left out: {count:>5}  {reason}")
    figures = {
        "fixes": fixes,
        "change_at_1": round(total.at(1) / fixes, 4),
        "change_at_3": round(total.at(3) / fixes, 4),
        "newest_in_file_at_1": round(sum(total.in_file) / fixes, 4),
        "newest_at_1": round(sum(total.newest) / fixes, 4),
        "p_value": float(f"{p_file:.3g}"),
    }
    print(json.dumps(figures))


async def _main(paths: Sequence[str], most: int) -> None:
    results = []
    for path in map(Path, paths):
        if not (path / "objects").is_dir() and not (path / ".git").exists():
            print(f"Skipped: there is no repository at {path}.")
            continue
        directory = path if (path / "objects").is_dir() else path / ".git"
        named = path.parent.name if path.name in ("repo", ".git") else path.name
        name = named.rsplit("+", 1)[-1].removesuffix(".git")
        results.append(await measured(name, directory, most))
    report(results)


def main() -> None:
    """Measure the repositories that were named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="*", help="checkouts or mirrors with their whole history")
    parser.add_argument("--most", type=int, default=40, help="fixes of one repository")
    chosen = parser.parse_args()
    if git_program() is None or not chosen.repositories:
        print("Skipped: name repositories with their whole history (REPOSITORIES=…), and have git.")
        return
    asyncio.run(_main(chosen.repositories, chosen.most))


if __name__ == "__main__":
    main()
