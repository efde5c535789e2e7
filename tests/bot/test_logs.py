"""No secret is written, wherever in a log record it stands, in lines or in JSON."""

from __future__ import annotations

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app.log_output import HIDDEN, LINE, JsonLines, Redacting, log_to_stderr
from bot.demo.local_sentry import TOKEN
from tests.leaks import Leaks

SECRETS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=10, max_size=60)


def written(formatter: logging.Formatter, secret: str, where: str) -> str:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Redacting(formatter, [secret]))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    match where:
        case "message":
            logger.error(f"before {secret} after")
        case "argument":
            logger.error("before %s after", {"token": secret})
        case "exception":
            try:
                try:
                    raise ValueError(secret)
                except ValueError as error:
                    raise KeyError(f"because of {secret}") from error
            except KeyError:
                logger.exception("it failed")
    return out.getvalue()


@pytest.mark.parametrize("where", ["message", "argument", "exception"])
@pytest.mark.parametrize("formatter", [logging.Formatter(LINE), JsonLines()], ids=["lines", "json"])
@given(secret=SECRETS)
def test_a_known_secret_never_comes_out(formatter: logging.Formatter, where: str, secret: str) -> None:
    line = written(formatter, secret, where)
    assert secret not in line and HIDDEN in line
    if isinstance(formatter, JsonLines):
        assert json.loads(line)["level"] == "ERROR"


@pytest.mark.parametrize(
    "text",
    [
        "xoxb-12345-abcdef",
        "xapp-1-A1-222-abcdef",
        "sk-proj-abcdefghijkl1234",
        "sntrys_eyJpYXQiOjE3",
        "gAAAAABmabcdefghijklmnopqrstuvwx==",
        "postgresql+asyncpg://app:hunter22@db/logsense",
        "Authorization: Bearer abcdefgh1234",
    ],
)
def test_what_looks_like_a_secret_is_hidden_though_nobody_named_it(text: str) -> None:
    line = written(logging.Formatter("%(message)s"), "another secret", "message")
    record = logging.LogRecord("x", logging.INFO, "f", 1, text, None, None)
    line = Redacting(logging.Formatter("%(message)s"), []).format(record)
    assert HIDDEN in line
    assert not {"12345-abcdef", "222-abcdef", "abcdefghijkl1234", "eyJpYXQiOjE3", "hunter22", "abcdefgh1234"} & set(
        line.replace("/", " ").replace(":", " ").split()
    )


def test_other_words_are_left_as_they_are() -> None:
    text = "12:00 https://sentry.io/organizations/acme/issues/1?x=y the risk-based task sk-8 and xoxo"
    record = logging.LogRecord("x", logging.INFO, "f", 1, text, None, None)
    assert Redacting(logging.Formatter("%(message)s"), ["short"]).format(record) == text


def test_the_look_through_what_the_run_logs_sees_a_leak_when_there_is_one(leaks: Leaks) -> None:
    seen = leaks.looked_at
    own = Leaks()
    own.handle(logging.LogRecord("x", logging.INFO, "f", 1, "asked with %s", (f"Bearer {TOKEN}",), None))
    assert len(own.found) == 1 and TOKEN not in own.found[0]
    logging.getLogger("logsense.test").debug("a harmless line")
    assert leaks.looked_at > seen


def test_at_debug_only_our_own_loggers_say_more(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("", "logsense")
    before = {name: logging.getLogger(name).level for name in names}
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []
    try:
        log_to_stderr("DEBUG", as_json=False, secrets=())
        logging.getLogger("sqlalchemy.engine").debug("INSERT INTO evidence: what people wrote")
        logging.getLogger("logsense.bot").debug("a step was taken")
    finally:
        root.handlers = handlers
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
    written = capsys.readouterr().err
    assert "a step was taken" in written and "people wrote" not in written
