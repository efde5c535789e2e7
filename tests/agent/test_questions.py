"""Rules recognize questions in five languages, and say nothing to those that they do not understand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.agent.rules.questions import MOST_TOPICS, Topic, incidents_named_in, topics_of

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


@pytest.mark.parametrize("topic", Topic)
def test_a_question_is_recognized_by_its_words(topic: Topic) -> None:
    asked = [question for about, question in QUESTIONS if about == topic]
    assert [question for question in asked if topic not in topics_of(question, ABOUT)] == []


def test_every_topic_is_asked_about_in_many_words() -> None:
    for topic in Topic:
        assert sum(asked == topic for asked, _ in QUESTIONS) >= 50


def test_what_is_about_something_else_has_no_topic() -> None:
    assert [question for question in OFF_TOPIC if topics_of(question, ABOUT)] == []


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Was hat sich geaendert?", Topic.CHANGED),
        ("Koennen wir zurueckrollen?", Topic.ROLLBACK),
        ("is 4.1.9 affected", Topic.RELEASE),
        ("who?", Topic.WHO),
    ],
)
def test_umlauts_may_be_missing_and_a_number_may_be_a_version(question: str, topic: Topic) -> None:
    assert topic in topics_of(question, ABOUT)


def test_at_least_two_hundred_sentences_are_about_something_else() -> None:
    assert len(OFF_TOPIC) >= 200


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
