"""Finding documents and reading them: nothing hidden, nothing from outside, and no file that spoils the others."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.domain.errors import InvalidInput
from core.gateways.documents import files as document_files
from core.gateways.documents import reading_process
from core.gateways.documents.files import Found, Reading, find, read_all

HANGING = "<a b" * 60_000
"""The parser reads such a tag again from each of its marks."""


def written(root: Path, **files: str | bytes) -> Path:
    """The directory with those files; `__` in a name is a step down, `_` before the suffix its dot."""
    for name, content in files.items():
        stem, _, suffix = name.replace("__", "/").rpartition("_")
        path = root / f"{stem}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def all_read(found: Found, done: Callable[[], None] = lambda: None, **limits: float) -> Reading:
    return read_all(found, done=done, **limits)


def test_a_directory_gives_its_documents_under_its_name_in_order(tmp_path: Path) -> None:
    root = written(tmp_path / "ops", b_md="b", db__a_html="a", db__c_TXT="c", logo_png=b"x", old_jsonl="{}")
    found = find([root])
    assert list(found.files) == ["ops/b.md", "ops/db/a.html", "ops/db/c.TXT"]
    assert (found.shelves, found.other_kinds, found.problems) == (["ops"], 2, [])
    assert "team/runbooks/db/a.html" in find([root], "team/runbooks").files
    assert find([root], "team/runbooks").shelves == ["team/runbooks"]


def test_a_directory_named_by_a_dot_has_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(written(tmp_path / "ops", b_md="b"))
    assert list(find([Path(".")]).files) == ["ops/b.md"]
    with pytest.raises(InvalidInput, match="--as NAME"):
        find([Path("/")])


def test_a_file_is_kept_under_its_name_and_vouches_for_no_directory(tmp_path: Path) -> None:
    root = written(tmp_path, b_md="b")
    assert (list(find([root / "b.md"]).files), find([root / "b.md"]).shelves) == (["b.md"], [])
    assert list(find([root / "b.md"], "ops").files) == ["ops/b.md"]


def test_hidden_files_and_ways_out_are_left_alone(tmp_path: Path) -> None:
    outside = written(tmp_path / "outside", secret_md="secret", deep__too_md="secret")
    root = written(tmp_path / "ops", real_md="x", sub__y_md="y")
    written(root / ".git", x_md="x")
    (root / ".hidden.md").write_text("x")
    (root / "out.md").symlink_to(outside / "secret.md")
    (root / "up").symlink_to(outside)
    (root / "sub" / "within.md").symlink_to("../real.md")
    assert list(find([root]).files) == ["ops/real.md", "ops/sub/within.md", "ops/sub/y.md"]
    (root / "loop.md").symlink_to("loop.md")
    assert "ops/loop.md" in find([root]).files, "to be reported when it cannot be read"


def test_a_link_that_is_named_and_leads_elsewhere_is_refused_in_words(tmp_path: Path) -> None:
    outside = written(tmp_path / "outside", secret_md="secret")
    root = written(tmp_path / "ops", real_md="x")
    (root / "out.md").symlink_to(outside / "secret.md")
    (root / "up.md").symlink_to("../outside/secret.md")
    (root / "all").symlink_to(outside)
    (root / "chain.md").symlink_to("out.md")
    (root / "within.md").symlink_to("real.md")
    for name in ("out.md", "up.md", "all", "chain.md"):
        found = find([root / name])
        assert found.files == {}, name
        assert f"is a link to {outside}" in found.problems[0] and "Name that place itself" in found.problems[0]
    assert list(find([root / "within.md"]).files) == ["within.md"]


def test_two_files_under_one_name_are_told_apart(tmp_path: Path) -> None:
    one, two = written(tmp_path / "1", a_md="1"), written(tmp_path / "2", a_md="2")
    found = find([one / "a.md", two / "a.md", one / "a.md"])
    assert list(found.files) == ["a.md"] and found.files["a.md"] == one / "a.md"
    assert len(found.problems) == 1 and "--as NAME" in found.problems[0]


def test_names_that_cannot_be_shown_and_other_kinds_are_refused(tmp_path: Path) -> None:
    root = written(tmp_path / "ops", a_md="a", b_png="b")
    (root / "red\x1b[31m.md").write_text("x")
    (root / "two\nlines.md").write_text("x")
    found = find([root, root / "b.png"])
    assert list(found.files) == ["ops/a.md"]
    assert len(found.problems) == 3 and all(problem.isprintable() for problem in found.problems)
    assert found.shelves == [], "it was not seen as a whole"


def test_a_directory_without_documents_retires_nothing(tmp_path: Path) -> None:
    found = find([written(tmp_path / "ops", b_png="b")])
    assert found.shelves == [] and "has no documents" in found.problems[0]


def test_a_closed_directory_is_a_problem_and_not_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = written(tmp_path / "ops", a_md="a", closed__b_md="b")
    scandir = os.scandir

    def guarded(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    found = find([root])
    assert (list(found.files), found.shelves) == (["ops/a.md"], [])
    assert "closed cannot be read: Permission denied" in found.problems[0]


def test_a_bad_file_does_not_lose_the_others(tmp_path: Path) -> None:
    root = written(
        tmp_path / "ops",
        a_md="a",
        bad_md="---\nx: [\n---",
        big_txt=b"x" * (document_files.MAX_BYTES + 1),
        binary_pdf=os.urandom(2_000),
        hangs_html=HANGING,
        z_md="z",
    )
    os.mkfifo(root / "pipe.md")
    seen: list[int] = []
    reading = all_read(find([root]), lambda: seen.append(1), max_seconds=3)
    assert [document.source for document in reading.documents] == ["ops/a.md", "ops/z.md"]
    assert len(seen) == 7
    for name, why in (
        ("ops/bad.md", "no valid YAML"),
        ("ops/big.txt", "larger than 5 MiB"),
        ("ops/binary.pdf", "is damaged"),
        ("ops/hangs.html", "took too long"),
        ("ops/pipe.md", "no regular file"),
    ):
        assert any(name in problem and why in problem for problem in reading.problems), (name, reading.problems)
    assert len(reading.problems) == 5


def test_a_reader_that_dies_costs_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = reading_process._started
    lives = []

    def dying() -> object:
        child = started()
        lives.append(child)
        if len(lives) == 1:
            child.kill()
            child.wait()
        return child

    monkeypatch.setattr(reading_process, "_started", dying)
    reading = all_read(find([written(tmp_path / "ops", a_md="a", b_md="b")]))
    assert [document.source for document in reading.documents] == ["ops/b.md"]
    assert "ops/a.md cannot be read" in reading.problems[0]
    assert all(child.poll() is not None for child in lives), "none is left behind"


def test_too_much_for_one_import_is_said_and_the_rest_is_left_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_files, "MAX_PASSAGES", 5)
    many = "\n".join(f"# {number}\n\ntext" for number in range(3))
    reading = all_read(find([written(tmp_path / "ops", a_md=many, b_md=many, c_md=many)]))
    assert [document.source for document in reading.documents] == ["ops/a.md"]
    (problem,) = reading.problems
    assert "ops/b.md" in problem and "1 files after it" in problem and "5 passages" in problem
