"""Rules recognize questions in five languages, and say nothing to those that they do not understand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.agent.questions import MOST_TOPICS, Topic, incidents_named_in, topics_of

HERE = Path(__file__).parent
ABOUT = "KeyError: 'unit_price' POST /checkout shop"


def _table() -> Iterator[tuple[str, str]]:
    topic = ""
    for line in (HERE / "questions.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            topic = line[2:]
        elif line:
            yield topic, line


QUESTIONS = list(_table())
OFF_TOPIC = [line for line in (HERE / "off_topic.txt").read_text(encoding="utf-8").splitlines() if line]


@pytest.mark.parametrize(("topic", "question"), QUESTIONS, ids=[question for _, question in QUESTIONS])
def test_a_question_is_recognized_by_its_words(topic: str, question: str) -> None:
    assert Topic(topic) in topics_of(question, ABOUT)


def test_every_topic_is_asked_about_in_many_words() -> None:
    for topic in Topic:
        assert sum(asked == topic for asked, _ in QUESTIONS) >= 30


@pytest.mark.parametrize("question", OFF_TOPIC)
def test_what_is_about_something_else_has_no_topic(question: str) -> None:
    assert topics_of(question, ABOUT) == ()


def test_at_least_a_hundred_sentences_are_about_something_else() -> None:
    assert len(OFF_TOPIC) >= 100


@given(st.text(max_size=3_000))
def test_any_text_has_a_bounded_number_of_topics(question: str) -> None:
    assert len(topics_of(question, question)) <= MOST_TOPICS
    assert len(incidents_named_in(question)) <= 3


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("is this the same as INC-118?", ("INC-118",)),
        ("compare SHOP-2 and SHOP-1A", ("SHOP-2", "SHOP-1A")),
        ("like 7b54125a91?", ("7b54125a91",)),
        ("is it well-known? the long-running job, since 2026-11-28, UTF-8", ("UTF-8",)),
        ("ist das wie INC-118", ("INC-118",)),
    ],
)
def test_incidents_are_named_by_their_ids(question: str, named: tuple[str, ...]) -> None:
    assert incidents_named_in(question) == named
