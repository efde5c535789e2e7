"""Text files that people attach in a one-to-one chat are investigated as pasted text is; others get a sentence."""

from __future__ import annotations

import gzip
import io

import pytest

from adapters.common import attached_files
from tests.benchmarks.log_writer import write_log
from tests.teams.conftest import TeamsHarness

TRACE = b"""2026-11-28T09:00:02Z ERROR api request 17 failed, password=hunter2hunter2
Traceback (most recent call last):
  File "shop/cart.py", line 41, in total
    price = item["price"]
KeyError: 'price'
"""


@pytest.mark.parametrize("words", ["", "investigate", "what is this?"])
async def test_an_attached_log_is_investigated_and_its_secrets_stay_masked(harness: TeamsHarness, words: str) -> None:
    _, ada, _ = await harness.install()
    chat = harness.fake_teams.chat(ada)
    await harness.fake_teams.say(ada, chat, words, files=[harness.fake_teams.shared("api.log", TRACE)])
    report = await harness.report_in(chat)
    assert "KeyError" in report.text and "cart.py" in report.text
    assert any("api.log" in message.text for message in chat.posts())
    assert not any("hunter2hunter2" in message.text for message in chat.posts())


async def test_a_file_that_the_connector_keeps_is_read_with_the_bots_token(harness: TeamsHarness) -> None:
    _, ada, _ = await harness.install()
    chat = harness.fake_teams.chat(ada)
    await harness.fake_teams.say(ada, chat, "", files=[harness.fake_teams.attached("trace.txt", TRACE, "text/plain")])
    assert "KeyError" in (await harness.report_in(chat)).text


@pytest.mark.parametrize(
    ("name", "content", "url", "words"),
    [
        ("shot.png", b"\x89PNG", None, "shot.png is of a kind that is not read here. Attach a .txt"),
        ("logs.tgz", b"\x1f\x8b", None, "logs.tgz is an archive. Unpack it and attach"),
        ("api.log.gz", b"\x1f\x8b", None, "api.log.gz is damaged"),
        ("empty.log.gz", gzip.compress(b""), None, "There is nothing in empty.log.gz"),
        ("core.txt", b"a\0b", None, "core.txt is not text"),
        ("away.log", TRACE, "https://sharepoint.com.evil.example/away.log", "does not belong to Microsoft Teams"),
        ("plain.log", TRACE, "http://acme.sharepoint.com/plain.log", "does not belong to Microsoft Teams"),
        ("inside.log", TRACE, "https://169.254.169.254/inside.log", "does not belong to Microsoft Teams"),
        ("old.log", TRACE, "expired", "may not read old.log"),
    ],
)
async def test_what_is_not_read_gets_a_plain_sentence(
    harness: TeamsHarness, name: str, content: bytes, url: str | None, words: str
) -> None:
    _, ada, _ = await harness.install()
    chat = harness.fake_teams.chat(ada)
    address = f"{harness.fake_teams.url}/sharepoint/{name}" if url == "expired" else url
    await harness.fake_teams.say(
        ada, chat, "have a look", files=[harness.fake_teams.shared(name, content, url=address)]
    )
    await harness.said_in(chat, words)


@pytest.mark.parametrize("is_compressed", [False, True])
async def test_a_long_or_compressed_log_is_read_as_a_whole(harness: TeamsHarness, is_compressed: bool) -> None:
    _, ada, _ = await harness.install()
    chat, text = harness.fake_teams.chat(ada), io.StringIO()
    write_log(text, 3 * 1024**2)
    raw = text.getvalue().encode()
    name = "shop.log.gz" if is_compressed else "shop.log"
    await harness.fake_teams.say(
        ada, chat, "", files=[harness.fake_teams.shared(name, gzip.compress(raw) if is_compressed else raw)]
    )
    report = await harness.report_in(chat)
    assert "Payments failed first" in report.text and f"{name}:" in report.text
    assert any(f"Reading {name}, " in message.text for message in chat.posts())


async def test_a_file_that_says_it_is_too_large_is_not_read(
    harness: TeamsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attached_files, "MAX_FILE_BYTES", 2 * 1024**2)
    _, ada, _ = await harness.install()
    chat = harness.fake_teams.chat(ada)
    await harness.fake_teams.say(
        ada, chat, "have a look", files=[harness.fake_teams.shared("big.log", b"x" * (3 * 1024**2))]
    )
    await harness.said_in(chat, "big.log is too large: files of up to 2 MB")
    assert not any("Reading" in message.text for message in chat.posts())


async def test_in_a_channel_people_learn_where_files_are_read(harness: TeamsHarness) -> None:
    _, ada, incidents = await harness.install()
    await harness.fake_teams.say(ada, incidents, "have a look at the log")
    await harness.said_in(incidents, "in a one-to-one chat only")
