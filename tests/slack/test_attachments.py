"""Text files that people attach are investigated as pasted text is; others are refused in words."""

from __future__ import annotations

import gzip
import io

import pytest

from adapters.slack.inbound.ids import Callback
from core.domain.conversation import ConversationRef, InvestigationRequest, PastedEvent
from core.domain.tenancy import Actor, Platform, WorkspaceRef
from tests.benchmarks.log_writer import write_log
from tests.fakes.slack import Workspace
from tests.slack.conftest import SlackHarness, text_of, until

TRACE = b"""2026-11-28T09:00:01Z INFO api request 17 began
2026-11-28T09:00:02Z ERROR api request 17 failed, password=hunter2hunter2
Traceback (most recent call last):
  File "shop/cart.py", line 41, in total
    price = item["price"]
KeyError: 'price'
"""


def long_log(size: int = 3 * 1024**2) -> bytes:
    """A log with an outage early in it, far before its last mebibyte."""
    text = io.StringIO()
    write_log(text, size)
    quiet = (b"2026-11-22T%02d:%02d:00Z INFO api request served\n" % divmod(n // 30, 60) for n in range(43_000))
    return text.getvalue().encode() + b"".join(quiet)


def mention(acme: Workspace) -> str:
    assert acme.grant is not None
    return f"<@{acme.grant.bot_user_id}>"


async def test_an_attached_log_is_investigated_and_its_secrets_stay_masked(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    file = harness.fake_slack.attached(acme, "api.log", TRACE)
    await harness.fake_slack.say(ada, incidents, f"{mention(acme)} what is this?", files=[file], subtype="file_share")
    shown = text_of(await harness.report_in(incidents))
    assert "KeyError" in shown and "cart.py" in shown and "api.log" in shown
    assert not any("hunter2hunter2" in text_of(message) for message in incidents.posts_of_bot())


async def test_a_snippet_in_a_direct_message_needs_no_words(harness: SlackHarness) -> None:
    acme, ada, _ = await harness.install("Acme")
    direct = acme.direct_messages(ada)
    file = harness.fake_slack.attached(acme, "Untitled", TRACE, mode="snippet")
    await harness.fake_slack.say(ada, direct, "", files=[file], subtype="file_share")
    assert "KeyError" in text_of(await harness.report_in(direct))


async def test_the_message_menu_reads_the_files_of_a_message(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    file = harness.fake_slack.attached(acme, "worker.txt", TRACE)
    said = await harness.fake_slack.say(ada, incidents, "from the night shift", files=[file], subtype="file_share")
    assert said.message is not None
    await harness.fake_slack.shortcut(ada, said.message, Callback.INVESTIGATE_MESSAGE)
    assert "KeyError" in text_of(await harness.report_in(incidents))


async def test_investigate_in_a_thread_reads_the_files_of_its_first_message(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    file = harness.fake_slack.attached(acme, "worker.txt", TRACE)
    root = (await harness.fake_slack.say(ada, incidents, "", files=[file], subtype="file_share")).message
    assert root is not None
    await harness.fake_slack.say(ada, incidents, f"{mention(acme)} investigate", thread_ts=root.ts)
    assert "KeyError" in text_of(await harness.report_in(incidents))


@pytest.mark.parametrize(
    ("name", "content", "more", "words"),
    [
        (
            "shot.png",
            b"\x89PNG",
            {"mimetype": "image/png"},
            "shot.png is of a kind that is not read here. Attach a .txt",
        ),
        ("logs.tar.gz", b"\x1f\x8b", {"mimetype": "application/gzip"}, "logs.tar.gz is an archive. Unpack it"),
        ("huge.log", b"x", {"size": 520_000_000}, "huge.log is too large: files of up to 100 MB"),
        ("api.log.gz", b"\x1f\x8b\x08 no more", {}, "api.log.gz is damaged"),
        ("core.log.gz", gzip.compress(b"\x7fELF\0\0"), {}, "core.log.gz is not text"),
        ("void.log.gz", gzip.compress(b""), {}, "There is nothing in void.log.gz"),
        ("core.txt", b"a\0b", {}, "core.txt is not text"),
        ("empty.log", b"  \n", {}, "empty.log is empty"),
        ("calm.txt", b"all is well here today", {}, "rror"),
        (
            "away.log",
            TRACE,
            {"url_private": "https://files.slack.com.evil.example/x", "url_private_download": ""},
            "does not belong to Slack",
        ),
        ("gone.log", TRACE, {"mode": "tombstone"}, "Name an issue"),
    ],
)
async def test_what_is_not_read_gets_a_plain_sentence(
    harness: SlackHarness, name: str, content: bytes, more: dict[str, object], words: str
) -> None:
    acme, ada, incidents = await harness.install("Acme")
    file = harness.fake_slack.attached(acme, name, content, **more)
    await harness.fake_slack.say(ada, incidents, f"{mention(acme)} have a look", files=[file], subtype="file_share")
    told = await until(lambda: [it for it in harness.fake_slack.state.ephemerals if words in it.text])
    assert [it.user for it in told] == [ada.id]
    assert incidents.posts_of_bot() == []


async def test_a_long_log_is_read_as_a_whole_and_who_asked_hears_so_at_once(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    file = harness.fake_slack.attached(acme, "shop.log", long_log())
    await harness.fake_slack.say(ada, incidents, f"{mention(acme)} what is this?", files=[file], subtype="file_share")
    told = await until(
        lambda: [it for it in harness.fake_slack.state.ephemerals if "Reading shop.log, 5 MB" in it.text]
    )
    assert [it.user for it in told] == [ada.id]
    shown = text_of(await harness.report_in(incidents))
    assert "Payments failed first" in shown and "shop.log:" in shown
    assert not list((harness.settings.home / "logs" / "incoming").iterdir())


async def test_compressed_logs_become_one_log(harness: SlackHarness) -> None:
    acme, ada, _ = await harness.install("Acme")
    direct, text = acme.direct_messages(ada), long_log(300_000)
    half = text.rfind(b"\n", 0, 150_000) + 1
    files = [
        harness.fake_slack.attached(acme, "shop.log.1.gz", gzip.compress(text[:half]), mimetype="application/gzip"),
        harness.fake_slack.attached(acme, "shop.log", text[half:]),
    ]
    await harness.fake_slack.say(ada, direct, "", files=files, subtype="file_share")
    assert "Payments failed first" in text_of(await harness.report_in(direct))


async def test_the_message_menu_reads_a_long_log(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    file = harness.fake_slack.attached(acme, "shop.log", long_log(1_500_000))
    said = await harness.fake_slack.say(ada, incidents, "from the night shift", files=[file], subtype="file_share")
    assert said.message is not None
    await harness.fake_slack.shortcut(ada, said.message, Callback.INVESTIGATE_MESSAGE)
    assert "Payments failed first" in text_of(await harness.report_in(incidents))


async def test_the_log_of_one_organization_is_closed_to_another(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    globex, _, others = await harness.install("Globex")
    file = harness.fake_slack.attached(acme, "shop.log", long_log(300_000) + b"\n" * 1_000_000)
    await harness.fake_slack.say(ada, incidents, f"{mention(acme)} what is this?", files=[file], subtype="file_share")
    await harness.report_in(incidents)
    handle = (await (await harness.store_of(acme)).latest_investigation(with_report=True)).subject.log
    assert handle is not None
    place = ConversationRef(WorkspaceRef(Platform.SLACK, globex.id), others.id)
    stolen = PastedEvent("ERROR something failed", "a guess", handle)
    await harness.app.inbox.receive(InvestigationRequest("d1", place, Actor("U1", "Eve"), stolen))
    shown = text_of(await harness.report_in(others))
    assert "payments" not in shown and "shop.log" not in shown


async def test_without_the_scope_an_admin_is_asked_for_it(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    assert acme.grant is not None
    acme.grant.scopes -= {"files:read"}
    file = harness.fake_slack.attached(acme, "api.log", TRACE)
    await harness.fake_slack.say(ada, incidents, f"{mention(acme)} this", files=[file], subtype="file_share")
    await until(lambda: [it for it in harness.fake_slack.state.ephemerals if "scope files:read" in it.text])


async def test_a_question_in_our_thread_is_answered_though_a_picture_is_attached(harness: SlackHarness) -> None:
    acme, ada, incidents = await harness.install("Acme")
    await harness.fake_slack.say(ada, incidents, f"{mention(acme)} investigate SHOP-1")
    report = await harness.report_in(incidents)
    file = harness.fake_slack.attached(acme, "shot.png", b"\x89PNG", mimetype="image/png")
    words = f"{mention(acme)} who is affected?"
    await harness.fake_slack.say(ada, incidents, words, thread_ts=report.thread_ts, files=[file], subtype="file_share")
    await until(lambda: [it for it in incidents.posts_of_bot() if "who is affected?" in text_of(it)])
