"""Frames find their files, releases their tags, and functions their ends, whatever a stranger names them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.code import Tag
from core.domain.incident import Frame
from core.mcp_server.code.functions import constants_of, function_around, function_named, functions_in
from core.mcp_server.code.paths import PathIndex, PathMatch
from core.mcp_server.code.releases import family_of, matching_tag

FILES = (
    "shop/cart.py",
    "shop/views/cart.py",
    "web/src/cart.ts",
    "src/main/java/com/acme/Cart.java",
    "app.py",
    "lib/app.py",
)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("/srv/app/shop/cart.py", "shop/cart.py"),
        ("shop/views/cart.py", "shop/views/cart.py"),
        ("C:\\\\build\\\\shop\\\\cart.py", "shop/cart.py"),
        ("webpack:///./web/src/cart.ts?a1b2", "web/src/cart.ts"),
        ("app:///src/cart.ts", "web/src/cart.ts"),
        ("../../web/src/cart.ts", "web/src/cart.ts"),
        ("/srv/app.py", "app.py"),
        ("other/cart.py", None),
        ("/etc/passwd", None),
        ("", None),
    ],
)
def test_the_longest_common_end_finds_the_file(name: str, path: str | None) -> None:
    assert PathIndex(FILES).find(name).path == path


def test_two_files_that_fit_equally_are_both_told() -> None:
    index = PathIndex(("a/shop/cart.py", "b/shop/cart.py"))
    assert index.find("/app/shop/cart.py") == PathMatch(None, ("a/shop/cart.py", "b/shop/cart.py"))
    assert index.find("/app/b/shop/cart.py").path == "b/shop/cart.py"


def test_a_class_of_java_is_found_by_its_package() -> None:
    frame = Frame(file="Cart.java", module="com.acme.Cart$Line")
    assert PathIndex(FILES).of_frame(frame).path == "src/main/java/com/acme/Cart.java"


@given(st.lists(st.sampled_from("ab/c.py"), min_size=1, max_size=12), st.text(max_size=40))
def test_a_match_is_always_a_file_of_the_commit_with_the_same_name(parts: list[str], name: str) -> None:
    path = "".join(parts).strip("/") or "x"
    for asked in (name, f"/srv/{path}", path):
        found = PathIndex([path, *FILES]).find(asked)
        assert found.path is None or found.path in (path, *FILES)
        assert found.path is None or asked.replace("\\", "/").split("?")[0].split("#")[0].endswith(
            found.path.rsplit("/", 1)[-1]
        )


TAGS = [
    Tag(name, f"{number:040x}", number)
    for number, name in enumerate(("v1.2.0", "shop@1.2.0", "web-v1.2.0", "1.3.0", "release-2.0"))
]


@pytest.mark.parametrize(
    ("version", "tag"),
    [
        ("shop@1.2.0", "shop@1.2.0"),
        ("web@1.2.0", "web-v1.2.0"),
        ("other@1.2.0", "v1.2.0"),
        ("1.2.0", "v1.2.0"),
        ("v1.3.0", "1.3.0"),
        ("api@1.3.0+build5", "1.3.0"),
        ("2.0", "release-2.0"),
        ("9.9", None),
        ("--help", None),
        ("", None),
    ],
)
def test_a_release_finds_its_tag(version: str, tag: str | None) -> None:
    found = matching_tag(version, TAGS)
    assert (found.name if found else None) == tag


def test_a_number_alone_is_a_tag_of_a_package_only_if_there_is_one() -> None:
    assert matching_tag("1.5", [Tag("shop@1.5", "a" * 40, 1)]) is not None
    assert matching_tag("1.5", [Tag("shop@1.5", "a" * 40, 1), Tag("web@1.5", "b" * 40, 1)]) is None


@pytest.mark.parametrize(
    ("tag", "family"), [("shop@4.2.0", "shop@[0-9]*"), ("v1.0", "v[0-9]*"), ("a*b-1", "a\\*b-[0-9]*"), ("", "*")]
)
def test_tags_of_one_kind_share_a_glob(tag: str, family: str) -> None:
    assert family_of(tag) == family


PYTHON = """\
LIMIT = {
    "a": 1,
}


class Cart:
    @property
    def total(self):
        if self.x:
            return LIMIT

        return 1

    async def load(
        self,
    ):
        return 2


def main():
    pass
""".splitlines()

SCRIPT = """\
const HOST = "a.b";
export function one(a) {
  if (a) { return `}` + HOST; } // }
  return "{";
}
class Two {
  async three(x) {
    /* } */
    for (const y of x) {
      y();
    }
  }
}
""".splitlines()


@pytest.mark.parametrize(
    ("line", "span"), [(9, (8, 12)), (12, (8, 12)), (17, (14, 17)), (21, (20, 21)), (3, None), (99, None)]
)
def test_a_function_ends_where_its_indentation_does(line: int, span: tuple[int, int] | None) -> None:
    assert function_around(PYTHON, line, "a.py") == span


@pytest.mark.parametrize(("line", "span"), [(3, (2, 5)), (4, (2, 5)), (10, (7, 12)), (1, None)])
def test_a_function_ends_where_its_brace_does(line: int, span: tuple[int, int] | None) -> None:
    assert function_around(SCRIPT, line, "a.mjs") == span


def test_functions_are_found_by_the_last_part_of_their_names() -> None:
    assert function_named(PYTHON, "Cart.load", "a.py") == (14, 17)
    assert function_named(SCRIPT, "Two#three", "a.js") == (7, 12)
    assert function_named(SCRIPT, "none", "a.js") is None


def test_constants_that_a_function_uses_are_found_whole() -> None:
    assert constants_of(PYTHON, (8, 12)) == [("LIMIT", (1, 3))]
    assert constants_of(SCRIPT, (2, 5)) == [("HOST", (1, 1))]


@given(
    st.lists(st.text(st.sampled_from("{}()'\"`/*; \tdeffunction=:x\\"), max_size=30), max_size=30),
    st.sampled_from(["a.py", "a.js", "a.rb"]),
)
def test_every_function_lies_within_the_file(lines: list[str], path: str) -> None:
    for (first, last), _ in functions_in(lines, path):
        assert 1 <= first <= last <= len(lines)
