"""The order of changes: who wrote the line is first, who touches the stack far up is no suspect."""

from __future__ import annotations

from datetime import UTC, datetime

from core.domain.code import BlamedLine, CodeCommit, Excerpt, Hunk
from core.mcp_server.code.clues import Clues, Place
from core.mcp_server.code.ranking import Change, PlaceHistory, ranked

AT = datetime(2026, 11, 20, tzinfo=UTC)
CART, VIEW = Place("shop/cart.py", 9, "total"), Place("shop/view.py", 3, "show")


def commit(number: int, *files: str) -> CodeCommit:
    return CodeCommit(f"{number:040x}", "Ada", AT, f"change {number}", files)


def line(number: int, by: CodeCommit, *, old: bool = False) -> BlamedLine:
    return BlamedLine(number, "x", by, old)


def hunk(path: str, *changed: str, section: str = "", around: str = "pass") -> Hunk:
    return Hunk(
        path, 1, 1, section, Excerpt(((0, around), *((number, text) for number, text in enumerate(changed, 1))))
    )


def order(commits: list[CodeCommit], histories: list[PlaceHistory], names: str = "", **hunks: Hunk) -> list[Change]:
    known = {one.id: [hunks[key] for key in hunks if key == f"c{int(one.id, 16)}"] for one in commits}
    clues = Clues(tuple(history.place for history in histories), frozenset(names.split()))
    return ranked(commits, known, clues, histories)


NEWEST, LINE, FUNCTION = (commit(number, "shop/cart.py") for number in (1, 2, 3))


def test_the_line_comes_before_the_function_and_that_before_the_file() -> None:
    history = PlaceHistory(CART, (line(8, FUNCTION), line(9, LINE), line(10, FUNCTION)), 9)
    found = order([NEWEST, LINE, FUNCTION], [history])
    assert [change.commit for change in found] == [LINE, FUNCTION, NEWEST]
    assert [change.touches for change in found] == [("line",), ("function",), ("file",)]
    assert [change.is_suspect for change in found] == [True, True, False]
    assert found[0].why == ("wrote the line shop/cart.py:9",)


def test_lines_that_are_older_than_the_range_accuse_nobody() -> None:
    found = order([LINE], [PlaceHistory(CART, (line(9, LINE, old=True),), 9)])
    assert not found[0].is_suspect


def test_what_was_removed_from_the_function_counts_though_blame_cannot_see_it() -> None:
    gone = hunk("shop/cart.py", "    if not items:", "        return 0", section="def total(items):")
    found = order([NEWEST, LINE], [PlaceHistory(CART, (), 9)], c2=gone)
    assert (found[0].commit, found[0].touches) == (LINE, ("function",))


def test_a_hunk_that_begins_another_function_does_not_change_the_one_above() -> None:
    other = hunk("shop/cart.py", "    return 1", section="def total(items):", around="def other():")
    assert order([LINE], [PlaceHistory(CART, (), 9)], c2=other)[0].touches == ("file",)


def test_a_change_far_up_the_stack_is_listed_and_not_suspected() -> None:
    far = [PlaceHistory(Place(f"lib/{n}.py", 1, f"f{n}")) for n in range(3)]
    by = commit(4, "shop/view.py")
    found = order([by], [*far, PlaceHistory(VIEW, (line(3, by),), 3)])
    assert not found[0].is_suspect
    assert found[0].why == ("wrote the line shop/view.py:3, further up the stack",)


def test_a_constant_that_the_function_uses_counts_as_part_of_it() -> None:
    by = commit(5, "shop/cart.py")
    found = order([by], [PlaceHistory(CART, (), 9, (("LIMIT", line(1, by)),))])
    assert found[0].why == ("changed LIMIT, which total() uses, in shop/cart.py",)


def test_a_rare_name_of_the_error_makes_a_suspect_and_one_that_is_everywhere_does_not() -> None:
    commits = [commit(number, "a.py") for number in range(1, 13)]
    hunks = {f"c{number}": hunk("a.py", "item of all") for number in range(1, 13)}
    hunks["c7"] = hunk("a.py", "item['bundle_price']")
    found = order(commits, [], "item bundle_price", **hunks)
    assert found[0].commit.id == commits[6].id
    assert found[0].why == ("changed lines with bundle_price",)
    assert not any(change.is_suspect for change in found[1:])


def test_commits_of_tests_and_of_very_many_files_count_little() -> None:
    text = "bundle_price"
    quiet, wide, plain = commit(1, "tests/test_cart.py"), commit(2, *(f"{n}.py" for n in range(400))), commit(3, "a.py")
    hunks = {f"c{number}": hunk("a.py", text) for number in (1, 2, 3)}
    assert order([quiet, wide, plain], [], text, **hunks)[0].commit == plain


def test_equal_commits_stay_in_their_order_and_uncompared_ones_are_known() -> None:
    commits = [commit(number, "z.py") for number in (3, 1, 2)]
    found = ranked(commits, {commits[0].id: []}, Clues(), [])
    assert [change.commit for change in found] == commits
    assert [change.was_compared for change in found] == [True, False, False]
