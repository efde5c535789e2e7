"""Text files that people attach are investigated as pasted text is; others are refused in words."""

from __future__ import annotations

import pytest

from adapters.slack.ids import Callback
from tests.fakes.slack import Workspace
from tests.slack.conftest import Town, text_of, until

TRACE = b"""2026-11-28T09:00:01Z INFO api request 17 began
2026-11-28T09:00:02Z ERROR api request 17 failed, password=hunter2hunter2
Traceback (most recent call last):
  File "shop/cart.py", line 41, in total
    price = item["price"]
KeyError: 'price'
"""


def mention(acme: Workspace) -> str:
    assert acme.grant is not None
    return f"<@{acme.grant.bot_user_id}>"


async def test_an_attached_log_is_investigated_and_its_secrets_stay_masked(town: Town) -> None:
    acme, ada, incidents = await town.settle_in("Acme")
    file = town.peer.attached(acme, "api.log", TRACE)
    await town.peer.say(ada, incidents, f"{mention(acme)} what is this?", files=[file], subtype="file_share")
    shown = text_of(await town.report_in(incidents))
    assert "KeyError" in shown and "cart.py" in shown and "api.log" in shown
    assert not any("hunter2hunter2" in text_of(message) for message in incidents.posts_of_bot())


async def test_a_snippet_in_a_direct_message_needs_no_words(town: Town) -> None:
    acme, ada, _ = await town.settle_in("Acme")
    direct = acme.direct_messages(ada)
    file = town.peer.attached(acme, "Untitled", TRACE, mode="snippet")
    await town.peer.say(ada, direct, "", files=[file], subtype="file_share")
    assert "KeyError" in text_of(await town.report_in(direct))


async def test_the_message_menu_reads_the_files_of_a_message(town: Town) -> None:
    acme, ada, incidents = await town.settle_in("Acme")
    file = town.peer.attached(acme, "worker.txt", TRACE)
    said = await town.peer.say(ada, incidents, "from the night shift", files=[file], subtype="file_share")
    assert said.message is not None
    await town.peer.shortcut(ada, said.message, Callback.INVESTIGATE_MESSAGE)
    assert "KeyError" in text_of(await town.report_in(incidents))


async def test_investigate_in_a_thread_reads_the_files_of_its_first_message(town: Town) -> None:
    acme, ada, incidents = await town.settle_in("Acme")
    file = town.peer.attached(acme, "worker.txt", TRACE)
    root = (await town.peer.say(ada, incidents, "", files=[file], subtype="file_share")).message
    assert root is not None
    await town.peer.say(ada, incidents, f"{mention(acme)} investigate", thread_ts=root.ts)
    assert "KeyError" in text_of(await town.report_in(incidents))


@pytest.mark.parametrize(
    ("name", "content", "more", "words"),
    [
        (
            "shot.png",
            b"\x89PNG",
            {"mimetype": "image/png"},
            "shot.png is of a kind that is not read here. Attach a .txt",
        ),
        ("api.log.gz", b"\x1f\x8b", {"mimetype": "application/gzip"}, "Unpack it and attach"),
        ("huge.log", b"x", {"size": 52_000_000}, "huge.log is too large: files of up to 10 MB"),
        ("liar.log", b"x" * (11 * 1024 * 1024), {"size": 100}, "liar.log is too large"),
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
    town: Town, name: str, content: bytes, more: dict[str, object], words: str
) -> None:
    acme, ada, incidents = await town.settle_in("Acme")
    file = town.peer.attached(acme, name, content, **more)
    await town.peer.say(ada, incidents, f"{mention(acme)} have a look", files=[file], subtype="file_share")
    told = await until(lambda: [it for it in town.peer.state.ephemerals if words in it.text])
    assert [it.user for it in told] == [ada.id]
    assert incidents.posts_of_bot() == []


async def test_without_the_scope_an_admin_is_asked_for_it(town: Town) -> None:
    acme, ada, incidents = await town.settle_in("Acme")
    assert acme.grant is not None
    acme.grant.scopes -= {"files:read"}
    file = town.peer.attached(acme, "api.log", TRACE)
    await town.peer.say(ada, incidents, f"{mention(acme)} this", files=[file], subtype="file_share")
    await until(lambda: [it for it in town.peer.state.ephemerals if "scope files:read" in it.text])


async def test_a_question_in_our_thread_is_answered_though_a_picture_is_attached(town: Town) -> None:
    acme, ada, incidents = await town.settle_in("Acme")
    await town.peer.say(ada, incidents, f"{mention(acme)} investigate SHOP-1")
    report = await town.report_in(incidents)
    file = town.peer.attached(acme, "shot.png", b"\x89PNG", mimetype="image/png")
    words = f"{mention(acme)} who is affected?"
    await town.peer.say(ada, incidents, words, thread_ts=report.thread_ts, files=[file], subtype="file_share")
    await until(lambda: [it for it in incidents.posts_of_bot() if "who is affected?" in text_of(it)])
