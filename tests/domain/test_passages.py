"""Documents become passages: nothing is lost, order is kept, no passage is too long or mixes headings."""

from __future__ import annotations

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from core.domain.passages import PASSAGE_CHARS, Document, Section, passages

TEXT = st.text(st.sampled_from("abc \n.\t") | st.characters(codec="utf-8"), max_size=60)
LONG = st.builds(lambda text, times: text * times, TEXT, st.integers(1, 200))
HEADINGS = st.lists(st.sampled_from(["Symptoms", "Steps", "Undo"]), max_size=2).map(tuple)
SECTIONS = st.lists(st.builds(Section, HEADINGS, st.lists(LONG, max_size=5).map(tuple)), max_size=5).map(tuple)


def document_of(*blocks: str, path: tuple[str, ...] = ()) -> Document:
    return Document("a.md", "A", (Section(path, blocks),))


def texts_of(*blocks: str) -> list[str]:
    return [passage.text for passage in passages(document_of(*blocks))]


@given(SECTIONS)
def test_nothing_but_space_is_lost_and_order_is_kept(sections: tuple[Section, ...]) -> None:
    made = list(passages(Document("a.md", "A", sections)))
    for path, same in groupby(sections, key=lambda section: section.path):
        there = "".join("".join(block.split()) for section in same for block in section.blocks)
        found = ""
        while len(found) < len(there):
            passage = made.pop(0)
            assert passage.path == path
            found += "".join(passage.text.split())
        assert found == there
    assert made == []


@given(SECTIONS)
def test_passages_have_a_bounded_size_and_each_its_own_place(sections: tuple[Section, ...]) -> None:
    made = list(passages(Document("a.md", "A", sections)))
    assert all(0 < len(passage.text) <= PASSAGE_CHARS and passage.text.strip() for passage in made)
    assert len({(passage.path, passage.number) for passage in made}) == len(made)


def test_what_fits_stays_whole_and_what_is_short_stands_together() -> None:
    code = "for shard in shards:\n    move(shard)\n" * 25
    assert texts_of("First.", "Then:", code, "Last.") == ["First.\n\nThen:\n\n" + code.rstrip() + "\n\nLast."]
    assert texts_of("First. " * 60, code, "Last.") == [("First. " * 60).rstrip(), code.rstrip() + "\n\nLast."]


def test_what_is_too_long_is_cut_where_something_ends() -> None:
    lines = [f"    step({number})" for number in range(200)]
    pieces = texts_of("\n".join(lines))
    assert [line for piece in pieces for line in piece.split("\n")] == lines, "with its indentation"
    sentences = "It was slow, then it stopped. " * 100
    assert all(piece.endswith("stopped.") for piece in texts_of(sentences))
    assert texts_of("x" * 2500) == ["x" * 1200, "x" * 1200, "x" * 100]


def test_equal_headings_go_on_counting() -> None:
    steps = Section(("Steps",), ("one",))
    made = passages(Document("a.md", "A", (steps, Section(("Undo",), ("back",)), steps)))
    assert [(passage.path, passage.number) for passage in made] == [(("Steps",), 1), (("Undo",), 1), (("Steps",), 2)]
