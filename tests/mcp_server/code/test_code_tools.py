"""The tools on code: what changed up to a release, source as the release has it, and where a text stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.code import CodePolicy
from core.domain.incident import ErrorEvent
from tests.fakes.repositories import Made, make_repository, needs_git
from tests.mcp_server.code.shop import CART, EVENT, HISTORY, OLD_CART, Shop, shop
from tests.mcp_server.tool_calls import call, failure

pytestmark = needs_git
__all__ = ["shop"]


# ---- get_changes ----------------------------------------------------------------------------------------------------


async def test_the_commit_that_wrote_the_failing_line_comes_first_with_its_diff(shop: Shop) -> None:
    text, facts = await call(shop.context(), "get_changes", issue_id="SHOP-1A2")
    commit = shop.ids[1][:12]
    assert text.splitlines()[0] == (
        "shop@1.4.2 since shop@1.4.1: 3 commits, “cart: a missing price is an error” wrote the line shop/cart.py:9"
    )
    suspect = facts["suspect"]
    assert (suspect["id"], suspect["author"], suspect["subject"]) == (commit, "Mina Park", HISTORY[1].subject)
    assert suspect["touches"] == {"line": True, "names": True}
    assert suspect["url"] == f"https://github.com/acme/shop/commit/{shop.ids[1]}"
    assert suspect["paths"] == ["shop/cart.py"]
    assert '-         amount += item.get("unit_price", 0) * item["quantity"]' in suspect["diff"]
    assert '+         amount += item["unit_price"] * item["quantity"]' in suspect["diff"]
    assert len(suspect["diff"]) <= 12
    assert facts["commits"][0]["subject"] == HISTORY[1].subject
    assert facts["known_by"] == ["Jo Kern", "Mina Park"]
    assert facts["release_commit"] == shop.ids[3][:12]


async def test_addresses_of_people_are_nowhere(shop: Shop) -> None:
    text, _ = await call(shop.context(), "get_changes", issue_id="SHOP-1A2", blame="shop/cart.py:9")
    assert "@person.example" not in text and "[email" not in text


async def test_a_line_that_is_asked_about_is_told_with_who_wrote_it(shop: Shop) -> None:
    text, facts = await call(shop.context(), "get_changes", issue_id="SHOP-1A2", blame="cart.py:10")
    assert facts["blamed"]["author"] == "Jo Kern"
    assert "Line shop/cart.py:10 was written by Jo Kern" in text
    assert "has no file" in await failure(shop.context(), "get_changes", {"issue_id": "S-1", "blame": "/etc/passwd:1"})


async def test_a_failing_line_that_is_older_than_the_release_is_told_so(shop: Shop) -> None:
    event = replace(EVENT, exceptions=(replace(EVENT.exceptions[0], frames=EVENT.exceptions[0].frames[:1]),))
    text, facts = await call(shop.context(event), "get_changes", issue_id="SHOP-1A2")
    assert "The failing line is older, shop/views.py:5 was written by Jo Kern" in text
    assert facts["older"]["subject"] == "begin"


async def test_nothing_is_suspected_where_no_commit_touches_the_evidence(shop: Shop) -> None:
    frames = EVENT.exceptions[0].frames[:1]
    event = replace(EVENT, exceptions=(replace(EVENT.exceptions[0], value="x", frames=frames),))
    text, facts = await call(shop.context(event), "get_changes", issue_id="SHOP-1A2")
    assert "suspect" not in facts
    assert "none touches this error" in text.splitlines()[0]


@pytest.mark.parametrize("release", ["shop@1.4.2", "1.4.2", "v1.4.2", "SHOP@1.4.2"])
async def test_a_release_may_be_named_in_many_ways(shop: Shop, release: str) -> None:
    _, facts = await call(shop.context(), "get_changes", issue_id="SHOP-1A2", release=release, since="shop@1.4.1")
    assert facts["release_commit"] == shop.ids[3][:12]


async def test_a_commit_in_the_name_of_a_release_or_a_tag_of_the_event_is_the_release(shop: Shop) -> None:
    text, facts = await call(shop.context(), "get_changes", issue_id="SHOP-1A2", release=f"web-{shop.ids[1][:10]}")
    assert facts["release_commit"] == shop.ids[1][:12]
    event = replace(EVENT, release="nightly", tags={"git.commit": shop.ids[1]})
    text, facts = await call(shop.context(event), "get_changes", issue_id="SHOP-1A2", release="nightly")
    assert facts["release_commit"] == shop.ids[1][:12]
    assert "in the name or a tag of the event" in text


async def test_a_release_that_nothing_names_is_told_so_and_the_newest_commit_is_read(shop: Shop) -> None:
    text, facts = await call(shop.context(), "get_changes", issue_id="SHOP-1A2", release="unheard-of")
    assert "Nothing says which commit release unheard-of is; the newest commit is read instead." in text
    assert facts["release_commit"] == shop.ids[3][:12]


@pytest.mark.parametrize("word", ["--output=/tmp/x", "-h", "HEAD", "main", "../..", "$(id)", "a" * 200])
async def test_revisions_of_a_stranger_are_looked_up_and_never_followed(shop: Shop, word: str) -> None:
    said = await failure(shop.context(), "get_changes", {"issue_id": "SHOP-1A2", "since": word})
    assert "has no commit or tag" in said or "since" in said


async def test_without_source_commits_are_named_and_no_line_is(shop: Shop) -> None:
    context = shop.context(policy=CodePolicy(shares_source=False))
    text, facts = await call(context, "get_changes", issue_id="SHOP-1A2")
    assert "unit_price" not in text
    assert facts["suspect"]["subject"] == HISTORY[1].subject and "diff" not in facts["suspect"]
    assert "The operator keeps source from leaving" in text
    assert "keeps source from leaving" in await failure(context, "get_source", {"issue_id": "SHOP-1A2"})
    assert "keeps source from leaving" in await failure(
        context, "search_code", {"issue_id": "SHOP-1A2", "text": "item"}
    )


# ---- get_source -----------------------------------------------------------------------------------------------------


async def test_the_whole_function_of_the_failing_frame_is_shown_with_its_constants(shop: Shop) -> None:
    text, facts = await call(shop.context(), "get_source", issue_id="SHOP-1A2")
    assert text.splitlines()[0].startswith("shop/cart.py lines 6 to 10, the whole function, at ")
    assert facts["lines"] == CART.splitlines()[5:10]
    assert facts["constants"] == ['CURRENCY = "EUR"']
    assert "9  ->         amount" in text


async def test_a_function_may_be_asked_for_by_name_and_release(shop: Shop) -> None:
    asked = {"file": "cart.py", "function": "Cart.total", "release": "shop@1.4.1"}
    _, facts = await call(shop.context(), "get_source", issue_id="SHOP-1A2", **asked)
    assert 'item.get("unit_price", 0)' in "\n".join(facts["lines"])


async def test_a_range_of_lines_is_shown_as_asked_and_within_the_file(shop: Shop) -> None:
    _, facts = await call(shop.context(), "get_source", issue_id="SHOP-1A2", file="cart.py", lines="1-3")
    assert facts["numbers"] == [1, 2, 3]
    text, facts = await call(shop.context(), "get_source", issue_id="SHOP-1A2", file="cart.py", lines="9-99999")
    assert facts["numbers"] == [9, 10, 11] and "as asked" in text


@pytest.mark.parametrize("file", ["/etc/passwd", "../../../etc/passwd", "--help", ".git/config", "shop", "no.py"])
async def test_no_path_leads_out_of_the_repository(shop: Shop, file: str) -> None:
    assert "has no file" in await failure(shop.context(), "get_source", {"issue_id": "SHOP-1A2", "file": file})


async def test_a_key_on_many_lines_is_masked_in_source_and_in_diffs(tmp_path: Path) -> None:
    lines = ["MIIEow" + "Qa7z" * 14] * 6
    key = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----"])
    sold = 'return items["unit_price"], KEY, "sk_live_4eC39HqLyjWDarjtT1zdp7dc"'
    code = f'KEY = """{key}"""\n\n\ndef total(items):\n    {sold}\n'
    made = Shop(tmp_path / "a")
    make_repository(
        tmp_path / "b.git",
        [Made("begin", {"cart.py": "\n"}, tags=["v1"]), Made("key", {"cart.py": code}, tags=["v1.4.2"])],
    )
    context = made.context(text=f"shop={tmp_path}/b.git")
    for tool, more in (("get_source", {"file": "cart.py", "function": "total"}), ("get_changes", {})):
        text, _ = await call(context, tool, issue_id="SHOP-1A2", **more)
        assert "MIIEow" not in text and "4eC39Hq" not in text
    made.close()


# ---- search_code ----------------------------------------------------------------------------------------------------


async def test_a_text_is_found_here_and_in_the_organizations_other_repositories(shop: Shop, tmp_path: Path) -> None:
    make_repository(tmp_path / "web.git", [Made("begin", {"src/a.js": "read(item.unit_price)\n"})])
    context = shop.context(text=f"shop={tmp_path}/shop.git,web={tmp_path}/web.git")
    text, facts = await call(context, "search_code", issue_id="SHOP-1A2", text="unit_price")
    assert text.splitlines()[0] == "“unit_price”: 2 lines in 2 repositories"
    assert [(each["path"], each["line"]) for each in facts["found"]] == [("shop/cart.py", 9), ("src/a.js", 1)]
    assert facts["found"][1]["repository"] == "web"


async def test_more_lines_than_are_shown_are_told(shop: Shop, tmp_path: Path) -> None:
    make_repository(tmp_path / "many.git", [Made("a", {"shop/cart.py": CART + "unit_price\n" * 60}, tags=["v1.4.2"])])
    context = shop.context(text=f"shop={tmp_path}/many.git")
    text, facts = await call(context, "search_code", issue_id="SHOP-1A2", text="unit_price")
    assert len(facts["found"]) == 40
    assert "… more lines of shop have it" in text


async def test_commits_whose_diffs_were_not_compared_are_told(shop: Shop, tmp_path: Path) -> None:
    commits = [Made(f"c{number}", {f"f{number}.py": "x\n"}) for number in range(160)]
    last = Made("cart: an error", {"shop/cart.py": CART}, tags=["v1.4.2"])
    make_repository(tmp_path / "many.git", [Made("a", {"shop/cart.py": OLD_CART}, tags=["v1.4.1"]), *commits, last])
    text, facts = await call(shop.context(text=f"shop={tmp_path}/many.git"), "get_changes", issue_id="SHOP-1A2")
    assert facts["suspect"]["subject"] == "cart: an error"
    assert "The diffs of 11 of these commits were not compared" in text
    assert "… 149 more commits, none of which touches more of the evidence" in text


# ---- which repository -----------------------------------------------------------------------------------------------


async def test_the_repository_with_the_files_of_the_frames_is_read_whatever_the_project(
    shop: Shop, tmp_path: Path
) -> None:
    make_repository(tmp_path / "front.git", [Made("begin", {"src/a.js": "1\n"})])
    text = f"front={tmp_path}/front.git,store={tmp_path}/shop.git"
    for project in ("front", "unknown"):
        _, facts = await call(shop.context(text=text, project=project), "get_changes", issue_id="SHOP-1A2")
        assert facts["repository"] == "store"


async def test_without_a_repository_that_fits_there_is_nothing_to_read(shop: Shop, tmp_path: Path) -> None:
    make_repository(tmp_path / "front.git", [Made("begin", {"src/a.js": "1\n"})])
    context = shop.context(text=f"front={tmp_path}/front.git", project="shop")
    assert "No repository is known" in await failure(context, "get_changes", {"issue_id": "SHOP-1A2"})
    _, facts = await call(context, "find_repository", issue_id="SHOP-1A2")
    assert facts == {}
    _, facts = await call(shop.context(), "find_repository", issue_id="SHOP-1A2")
    assert facts == {"repository": "shop", "shares_source": True}
    _, facts = await call(shop.context(ErrorEvent()), "find_repository", issue_id="SHOP-1A2")
    assert facts["repository"] == "shop"


async def test_without_frames_the_tag_of_a_release_with_its_package_decides(shop: Shop, tmp_path: Path) -> None:
    make_repository(tmp_path / "widget.git", [Made("a", {"w.js": "1\n"}, tags=["widget@2.0.1", "v3.0.0"])])
    text = f"shop={tmp_path}/shop.git,other={tmp_path}/widget.git"
    for release, repository in (("widget@2.0.1", "other"), ("3.0.0", "shop")):
        context = shop.context(ErrorEvent(message="it broke", release=release), text=text)
        _, facts = await call(context, "find_repository", issue_id="SHOP-1A2")
        assert facts["repository"] == repository


async def test_a_path_that_fits_two_files_is_told_and_neither_is_assumed(shop: Shop, tmp_path: Path) -> None:
    files = {"a/shop/cart.py": CART, "b/shop/cart.py": CART}
    make_repository(tmp_path / "two.git", [Made("begin", files, tags=["v1.4.2"])])
    text, _ = await call(shop.context(text=f"shop={tmp_path}/two.git"), "get_changes", issue_id="SHOP-1A2")
    assert "A frame's path fits several files (a/shop/cart.py, b/shop/cart.py); none of them is assumed." in text
