"""Repositories are read as data: nothing in them runs, nothing of another organization is reached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.code import CodePolicy
from core.domain.errors import InvalidInput, ServiceUnavailable
from core.domain.tenancy import OrganizationId
from core.gateways.code.git_output import (
    read_blame,
    read_changed_files,
    read_commits,
    read_found,
    read_patches,
    read_tags,
)
from core.gateways.code.git_repository import GitRepository
from core.gateways.code.repositories import CodeRepositories, CodeSettings, parse_repositories, written
from core.gateways.code.web_address import commit_pages
from tests.fakes.repositories import Made, git, make_repository, needs_git

pytestmark = needs_git
ACME, OTHER = OrganizationId("acme"), OrganizationId("other")
CART = "def total(items):\n    return sum(item['price'] for item in items)\n"


@pytest.fixture
def opened() -> Iterator[list[CodeRepositories]]:
    made: list[CodeRepositories] = []
    yield made
    for each in made:
        each.close()


def reader(opened: list[CodeRepositories], path: Path, policy: CodePolicy | None = None) -> GitRepository:
    settings = CodeSettings(parse_repositories(f"shop={path}", ACME), policy or CodePolicy())
    opened.append(CodeRepositories(settings))
    (repository,) = opened[-1].of(ACME)
    return repository


async def test_commits_files_hunks_and_blame_of_a_range(tmp_path: Path, opened: list[CodeRepositories]) -> None:
    first, second = make_repository(
        tmp_path / "shop.git",
        [
            Made("begin", {"shop/cart.py": CART}, tags=["v1.0"]),
            Made("bundles", {"shop/cart.py": CART.replace("price", "unit_price")}, "Mina Park", tags=["v1.1"]),
        ],
    )
    repository = reader(opened, tmp_path / "shop.git")
    assert await repository.head() == second
    assert [tag.name for tag in await repository.tags()] == ["v1.0", "v1.1"]
    assert await repository.resolve(second[:8]) == second
    assert await repository.tag_before(second, "v*") == "v1.0"
    (commit,) = await repository.commits(first, second, 10)
    assert (commit.id, commit.author, commit.subject, commit.files) == (
        second,
        "Mina Park",
        "bundles",
        ("shop/cart.py",),
    )
    ((hunk,),) = (await repository.hunks([second])).values()
    assert (hunk.path, [number for number, _ in hunk.body.source]) == ("shop/cart.py", [0, -2, 2])
    assert hunk.changed[1] == "    return sum(item['unit_price'] for item in items)"
    old, new = await repository.blame(first, second, "shop/cart.py", 1, 2)
    assert (old.is_boundary, new.is_boundary, new.commit.id) == (True, False, second)
    (found,) = await repository.search(second, "unit_price", 5)
    assert (found.path, found.line) == ("shop/cart.py", 2)


async def test_a_checkout_a_linked_worktree_and_a_folder_of_repositories_are_all_read(
    tmp_path: Path, opened: list[CodeRepositories]
) -> None:
    make_repository(tmp_path / "all" / "shop.git", [Made("begin", {"a.py": "1\n"})])
    git(tmp_path, "clone", "--quiet", str(tmp_path / "all" / "shop.git"), str(tmp_path / "all" / "checkout"))
    git(tmp_path / "all" / "checkout", "worktree", "add", "--quiet", str(tmp_path / "all" / "linked"))
    (tmp_path / "all" / "no repository").mkdir()
    opened.append(CodeRepositories(CodeSettings(parse_repositories(str(tmp_path / "all"), ACME))))
    found = {repository.name: repository for repository in opened[-1].of(ACME)}
    assert sorted(found) == ["checkout", "linked", "shop"]
    heads = {await repository.head() for repository in found.values()}
    assert len(heads) == 1 and None not in heads


async def test_a_file_that_only_moved_has_no_changed_lines(tmp_path: Path, opened: list[CodeRepositories]) -> None:
    text = "".join(f"line {number}\n" for number in range(20))
    changed = text.replace("line 7", "line seven")
    made = [Made("a", {"a.py": text}), Made("b", {"a.py": None, "src/a.py": text})]
    moved, edited = make_repository(tmp_path / "shop.git", [*made, Made("c", {"src/a.py": None, "lib/a.py": changed})])[
        1:
    ]
    hunks = await reader(opened, tmp_path / "shop.git").hunks([moved, edited])
    assert hunks[moved] == []
    assert [(hunk.path, hunk.changed) for hunk in hunks[edited]] == [("lib/a.py", ("line 7", "line seven"))]


async def test_a_shallow_clone_blames_nobody_for_what_is_older(tmp_path: Path, opened: list[CodeRepositories]) -> None:
    text = "".join(f"line {number}\n" for number in range(5))
    made = [Made("a", {"a.py": text}), Made("b", {"b.py": "b\n"}, "Bo"), Made("c", {"a.py": f"{text}new\n"}, "Cy")]
    ids = make_repository(tmp_path / "whole.git", made)
    git(tmp_path, "clone", "--quiet", "--bare", "--depth=2", f"file://{tmp_path}/whole.git", str(tmp_path / "shop.git"))
    repository = reader(opened, tmp_path / "shop.git")
    assert [commit.id for commit in await repository.commits(None, ids[2], 9)] == [ids[2]]
    old, *_, new = await repository.blame(None, ids[2], "a.py", 1, 6)
    assert (old.commit.author, old.is_boundary) == ("", True)
    assert (new.commit.author, new.commit.id) == ("Cy", ids[2])


async def test_commits_of_a_repository_that_shares_its_objects_are_not_found(
    tmp_path: Path, opened: list[CodeRepositories]
) -> None:
    (theirs,) = make_repository(tmp_path / "theirs.git", [Made("secret", {"s.py": "secret\n"})])
    (ours,) = make_repository(tmp_path / "shop.git", [Made("begin", {"a.py": "1\n"})])
    alternates = tmp_path / "shop.git" / "objects" / "info" / "alternates"
    alternates.parent.mkdir(exist_ok=True)
    alternates.write_text(f"{tmp_path}/theirs.git/objects\n")
    repository = reader(opened, tmp_path / "shop.git")
    assert git(tmp_path / "shop.git", "cat-file", "-t", theirs).strip() == "commit", "git itself would find it"
    assert await repository.resolve(theirs) is None
    assert await repository.resolve(ours[:12]) == ours


async def test_what_is_pushed_later_is_read_without_a_restart(tmp_path: Path, opened: list[CodeRepositories]) -> None:
    (first,) = make_repository(tmp_path / "shop.git", [Made("begin", {"a.py": "1\n"})])
    repository = reader(opened, tmp_path / "shop.git")
    assert await repository.head() == first
    git(tmp_path, "clone", "--quiet", str(tmp_path / "shop.git"), str(tmp_path / "work"))
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@person.example")
    git(tmp_path / "work", *who, "commit", "--quiet", "--allow-empty", "-m", "later")
    later = git(tmp_path / "work", "rev-parse", "HEAD").strip()
    assert await repository.resolve(later) is None
    git(tmp_path / "work", "push", "--quiet", "origin", "HEAD:main", "HEAD:refs/tags/v2")
    git(tmp_path / "shop.git", "pack-refs", "--all")
    assert await repository.head() == later
    assert await repository.resolve(later) == later
    assert [tag.name for tag in await repository.tags()] == ["v2"]


async def test_an_organization_reads_its_own_repositories_alone(tmp_path: Path, opened: list[CodeRepositories]) -> None:
    make_repository(tmp_path / "one.git", [Made("begin", {"a.py": "1\n"})])
    make_repository(tmp_path / "two.git", [Made("begin", {"b.py": "2\n"})])
    text = f"shop={tmp_path}/one.git, other:shop={tmp_path}/two.git"
    opened.append(CodeRepositories(CodeSettings(parse_repositories(text, ACME))))
    (ours,), (theirs,) = opened[-1].of(ACME), opened[-1].of(OTHER)
    assert opened[-1].of(OrganizationId("third")) == ()
    (ours_head, theirs_head) = (await ours.head(), await theirs.head())
    assert ours_head and theirs_head
    assert await ours.resolve(theirs_head) is None
    assert list(await ours.files(ours_head)) == ["a.py"]
    assert list(await theirs.files(theirs_head)) == ["b.py"]


HOSTILE_CONFIG = """
[core]
\tfsmonitor = {run}
\tpager = {run}
\tsshCommand = {run}
\talternateRefsCommand = {run}
\thooksPath = {hooks}
[diff]
\texternal = {run}
[diff "python"]
\tcommand = {run}
\ttextconv = {run}
[diff "evil"]
\tcommand = {run}
\ttextconv = {run}
[filter "evil"]
\tclean = {run}
\tsmudge = {run}
[log]
\tshowSignature = true
[gpg]
\tprogram = {run}
[pager]
\tlog = {run}
[alias]
\tlog = !{run}
[blame]
\tignoreRevsFile = /etc/passwd
[include]
\tpath = /etc/passwd
[extensions]
\tpartialClone = evil
[remote "evil"]
\tpromisor = true
\turl = ext::{run}
"""


async def test_no_program_that_a_repository_names_is_run(tmp_path: Path, opened: list[CodeRepositories]) -> None:
    mark = tmp_path / "ran"
    run = tmp_path / "run.sh"
    run.write_text(f"#!/bin/sh\necho ran > {mark}\n")
    run.chmod(0o755)
    first, second = make_repository(
        tmp_path / "shop.git",
        [
            Made("begin", {"a.py": "one\n", ".gitattributes": "* diff=evil filter=evil\n"}),
            Made("more", {"a.py": "two\n"}),
        ],
    )
    with (tmp_path / "shop.git" / "config").open("a") as config:
        config.write(HOSTILE_CONFIG.format(run=run, hooks=tmp_path))
    (tmp_path / "shop.git" / "info").mkdir(exist_ok=True)
    (tmp_path / "shop.git" / "info" / "attributes").write_text("* diff=evil filter=evil\n")
    repository = reader(opened, tmp_path / "shop.git")
    assert await repository.head() == second
    assert await repository.commits(first, second, 9)
    assert await repository.hunks([second])
    assert await repository.blame(None, second, "a.py", 1, 1)
    assert await repository.search(second, "two", 9)
    assert await repository.text((await repository.files(second))["a.py"]) == "two\n"
    assert await repository.resolve("f" * 40) is None
    assert not mark.exists()


async def test_names_that_look_like_options_are_names(tmp_path: Path, opened: list[CodeRepositories]) -> None:
    made = [
        Made("begin", {"--output=x.py": "old\n", ":(top)y.py": "old\n"}, tags=["v1"]),
        Made("--exec=x\x1fsecond line", {"--output=x.py": "new\n", ":(top)y.py": "new\n"}, "--author", tags=["v2"]),
    ]
    first, second = make_repository(tmp_path / "shop.git", made)
    repository = reader(opened, tmp_path / "shop.git")
    (commit,) = await repository.commits(first, second, 9)
    assert (commit.author, sorted(commit.files)) == ("--author", ["--output=x.py", ":(top)y.py"])
    for path in commit.files:
        assert [hunk.path for hunk in (await repository.hunks([second], [path]))[second]] == [path]
        assert (await repository.blame(None, second, path, 1, 1))[0].commit.id == second
    assert await repository.search(second, "--open-files-in-pager=sh", 9) == []
    for word in ("--all", "-h", "HEAD", "main", "v1", "../../x", f"{second}^", "abcdef", ""):
        assert await repository.resolve(word) is None
    with pytest.raises(ValueError):
        await repository.commits(None, "--output=/tmp/x", 9)
    assert await repository.blame(None, second, "/etc/passwd", 1, 1) == ()
    assert await repository.blame(None, second, "../../../../etc/passwd", 1, 1) == ()


async def test_links_and_other_repositories_in_a_tree_are_no_files(
    tmp_path: Path, opened: list[CodeRepositories]
) -> None:
    made = Made(
        "begin", {"a.py": "1\n", "link": ("120000", "/etc/passwd"), "b.bin": b"\0" * 10, "big": b"x" * 1_200_000}
    )
    (only,) = make_repository(tmp_path / "shop.git", [made])
    repository = reader(opened, tmp_path / "shop.git")
    files = await repository.files(only)
    assert sorted(files) == ["a.py", "b.bin", "big"]
    assert await repository.text(files["b.bin"]) is None
    assert await repository.text(files["big"]) is None


async def test_paths_that_are_kept_back_show_no_content_anywhere(
    tmp_path: Path, opened: list[CodeRepositories]
) -> None:
    files = {"src/a.py": "needle\n", "secret/b.py": "needle\n", "conf/.env": "needle\n", "key.pem": "needle\n"}
    (only,) = make_repository(tmp_path / "shop.git", [Made("begin", files)])
    repository = reader(opened, tmp_path / "shop.git", CodePolicy(never=("secret/*",)))
    assert list(await repository.files(only)) == ["src/a.py"]
    assert [found.path for found in await repository.search(only, "needle", 9)] == ["src/a.py"]
    assert [hunk.path for hunk in (await repository.hunks([only]))[only]] == ["src/a.py"]
    assert await repository.blame(None, only, "secret/b.py", 1, 1) == ()


async def test_without_source_commits_are_told_and_no_line_is(tmp_path: Path, opened: list[CodeRepositories]) -> None:
    (only,) = make_repository(tmp_path / "shop.git", [Made("begin", {"a.py": "needle\n"})])
    repository = reader(opened, tmp_path / "shop.git", CodePolicy(shares_source=False))
    assert [commit.subject for commit in await repository.commits(None, only, 9)] == ["begin"]
    assert await repository.hunks([only]) == {}
    assert await repository.search(only, "needle", 9) == ()
    assert await repository.text((await repository.files(only))["a.py"]) is None
    assert [line.text for line in await repository.blame(None, only, "a.py", 1, 1)] == [""]


async def test_the_process_environment_decides_nothing(
    tmp_path: Path, opened: list[CodeRepositories], monkeypatch: pytest.MonkeyPatch
) -> None:
    (only,) = make_repository(tmp_path / "shop.git", [Made("begin", {"a.py": "1\n"})])
    (other,) = make_repository(tmp_path / "other.git", [Made("else", {"b.py": "2\n"})])
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other.git"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "other.git" / "objects"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "/bin/false")
    repository = reader(opened, tmp_path / "shop.git")
    assert await repository.head() == only != other
    assert await repository.resolve(other) is None


async def test_an_answer_that_is_too_long_is_cut_and_its_last_commit_left_out(
    tmp_path: Path, opened: list[CodeRepositories], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"line {number}\n" for number in range(200))
    ids = make_repository(tmp_path / "shop.git", [Made(f"c{n}", {f"{n}.py": text}) for n in range(5)])
    repository = reader(opened, tmp_path / "shop.git")
    whole = await repository.hunks(ids)
    assert sorted(whole) == sorted(ids)
    monkeypatch.setattr("core.gateways.code.git_process.MOST_BYTES", 5_000)
    git_process = repository._git
    run = git_process.run
    monkeypatch.setattr(git_process, "run", lambda *words, **more: run(*words, **{**more, "most_bytes": 5_000}))
    cut = await repository.hunks(ids)
    assert 0 < len(cut) < 5
    assert all(cut[commit] == whole[commit] for commit in cut)


async def test_a_git_that_hangs_is_ended(tmp_path: Path, opened: list[CodeRepositories]) -> None:
    make_repository(tmp_path / "shop.git", [Made("begin", {"a.py": "1\n"})])
    repository = reader(opened, tmp_path / "shop.git")
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o755)
    repository._git._program = str(slow)
    with pytest.raises(ServiceUnavailable, match="did not answer within"):
        await repository._git.run("log", timeout_s=0.2)


def test_a_path_that_is_no_repository_is_told_by_its_project_without_the_path(tmp_path: Path) -> None:
    repositories = CodeRepositories(CodeSettings(parse_repositories(f"shop={tmp_path}", ACME)))
    with pytest.raises(ServiceUnavailable) as failure:
        repositories.of(ACME)
    assert "shop" in str(failure.value) and str(tmp_path) not in str(failure.value)


def test_the_setting_names_projects_and_organizations() -> None:
    entries = parse_repositories("/srv/git, shop=/srv/a b.git , other:api=~/api, other:*=/srv/theirs,", "acme")
    assert [(one.organization_id, one.project, one.path) for one in entries] == [
        ("acme", "*", "/srv/git"),
        ("acme", "shop", "/srv/a b.git"),
        ("other", "api", "~/api"),
        ("other", "*", "/srv/theirs"),
    ]
    assert parse_repositories(written(entries), "nobody") == entries
    assert parse_repositories("", "acme") == ()
    with pytest.raises(InvalidInput, match="absolute path"):
        parse_repositories("shop=relative", "acme")


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("git@github.com:acme/shop.git", "https://github.com/acme/shop/commit/"),
        ("https://user:secret@github.com/acme/shop", "https://github.com/acme/shop/commit/"),
        ("ssh://git@gitlab.acme.example:2222/web/shop.git", "https://gitlab.acme.example/web/shop/-/commit/"),
        ("https://bitbucket.org/acme/shop.git", "https://bitbucket.org/acme/shop/commits/"),
        ("/srv/git/shop.git", None),
        ("ext::sh -c evil", None),
        ("https://unknown.example/acme/shop", None),
    ],
)
def test_a_commit_has_a_page_where_the_origin_is_a_known_host(url: str, page: str | None) -> None:
    config = f'[remote "other"]\n\turl = https://github.com/no/no\n[remote "origin"]\n\turl = {url}\n'
    assert commit_pages(config.encode()) == page


@given(st.binary(max_size=400))
def test_whatever_git_writes_is_read_without_an_error(data: bytes) -> None:
    commit = "a" * 40
    read_commits(data)
    read_changed_files(data, [commit])
    read_patches(f"{commit}\n--- a/x\n+++ b/x\n@@ -1,3 +1,2 @@\n".encode() + data, [commit], is_whole=True)
    read_blame(f"{commit} 1 1 1\n".encode() + data)
    read_blame(f"{commit} ".encode() + data)
    read_tags(data)
    read_found(data, commit)


@given(
    st.lists(
        st.tuples(st.sampled_from(" +-"), st.text(st.characters(exclude_characters="\n\r"), max_size=60)),
        min_size=1,
        max_size=30,
    )
)
def test_a_hunk_keeps_its_lines_whatever_stands_in_them(lines: list[tuple[str, str]]) -> None:
    commit = "b" * 40
    old, new = (sum(sign in (kept, " ") for sign, _ in lines) for kept in "-+")
    body = "".join(f"{sign}{text}\n" for sign, text in lines)
    patch = f"{commit}\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,{old} +1,{new} @@ f\n{body}diff --git a/y b/y\n"
    ((hunk,),) = read_patches(patch.encode("utf-8", "replace"), [commit], is_whole=True).values()
    assert [(number > 0) - (number < 0) for number, _ in hunk.body.source] == [
        {"+": 1, "-": -1, " ": 0}[sign] for sign, _ in lines
    ]
    assert [text for _, text in hunk.body.source] == [text.encode("utf-8", "replace").decode() for _, text in lines]
