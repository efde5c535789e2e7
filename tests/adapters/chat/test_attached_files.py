"""Which files are read, from where, and how much of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat import attached_files
from adapters.chat.attached_files import AttachedFile, Source, is_https_at, read_files, readable
from adapters.slack.files import files_in as slack_files_in
from adapters.teams.files import files_in as teams_files_in
from core.domain.conversation import PastedEvent
from core.domain.errors import AccessDenied, InvalidInput, ServiceUnavailable

_NAMES = st.sampled_from(
    [
        "files",
        "attachments",
        "name",
        "title",
        "mode",
        "size",
        "url_private",
        "contentType",
        "contentUrl",
        "content",
        "id",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=6),
    max_leaves=30,
)
EVENT = '{"event_id": "17", "exception": {"values": [{"type": "KeyError", "value": "price"}]}}'


@given(ANYTHING)
def test_whatever_a_platform_says_of_files_is_read_without_failing(thing: object) -> None:
    for message in ({"files": thing}, {"attachments": thing}, {"files": [thing]}, {"attachments": [thing]}):
        for file in (*slack_files_in(message), *teams_files_in(message)):
            assert file.called and (file.refusal() is None or "ttach" in str(file.refusal()))


@pytest.mark.parametrize("name", ["api.log", "API.LOG", "trace.txt", "event.json", "api.log.1", "a.b.txt"])
def test_text_by_its_suffix_is_read(name: str) -> None:
    assert readable([AttachedFile(name, "https://x")])


@pytest.mark.parametrize("name", ["a.png", "a.pdf", "a.exe", "a.log.gz", "a.zip", "a", "txt", "a.txt.exe", "log.docx"])
def test_other_kinds_are_not_opened(name: str) -> None:
    assert not readable([AttachedFile(name, "https://x")])


@pytest.mark.parametrize(
    "url",
    [
        "http://files.slack.com/x",
        "https://files.slack.com:8443/x",
        "https://files.slack.com.evil.example/x",
        "https://evil.example/files.slack.com",
        "https://files.slack.com@evil.example/x",
        "https://evilfiles.slack.com/x",
        "https://[::1/x",
        "file:///etc/passwd",
        "",
    ],
)
def test_only_the_platforms_own_host_is_asked(url: str) -> None:
    assert not is_https_at(url, frozenset({"files.slack.com"}), suffixes=(".sharepoint.com",))
    assert is_https_at("https://files.slack.com/x?a=b", frozenset({"files.slack.com"}))
    assert is_https_at("https://acme-my.sharepoint.com/x", frozenset(), suffixes=(".sharepoint.com",))


Serve = Callable[..., Awaitable[PastedEvent]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Reads files whose bytes (or answers) a server on loopback gives, in the order of their names."""
    answers: dict[str, web.Response] = {}

    async def answer(request: web.Request) -> web.Response:
        return answers[request.match_info["name"]]

    app = web.Application()
    app.router.add_get("/{name}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"

    async with aiohttp.ClientSession() as session:
        source = Source("Slack", lambda: session, lambda file: file.url.startswith(url), "Ask an admin.")

        async def read(**given: bytes | web.Response) -> PastedEvent:
            for name, content in given.items():
                answers[name] = web.Response(body=content) if isinstance(content, bytes) else content
            files = [AttachedFile(f"{name}.log", f"{url}/{name}") for name in given]
            return await read_files(files, source, {}, "a Slack message")

        yield read
    await runner.cleanup()


async def test_several_files_are_one_text_named_after_them(serve: Serve) -> None:
    read = await serve(a=b"first line\n", b="naïve".encode("utf-16"))
    assert read.text == "first line\n\nnaïve"
    assert read.origin == "a.log, b.log in a Slack message"


async def test_an_event_among_the_files_is_taken_alone(serve: Serve) -> None:
    assert (await serve(a=b"a log line", b=EVENT.encode())).text == EVENT


async def test_of_a_long_log_the_end_is_read_from_the_begin_of_a_line_and_it_is_said(serve: Serve) -> None:
    read = await serve(a=b"".join(b"line %d\n" % number for number in range(200_000)))
    assert read.text.endswith("line 199999\n") and read.text.startswith("line ")
    assert len(read.text.encode()) < 1024 * 1024
    assert read.origin == "the last 1 MiB of a.log in a Slack message"


async def test_a_file_is_read_no_further_than_the_limit_whatever_size_is_claimed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attached_files, "MAX_FILE_BYTES", 100_000)
    with pytest.raises(InvalidInput, match="too large"):
        await serve(a=b"x" * 100_001)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (web.Response(status=302, headers={"Location": "https://evil.example"}), AccessDenied, "Ask an admin"),
        (web.Response(status=403), AccessDenied, "Ask an admin"),
        (web.Response(text="<html>log in</html>", content_type="text/html"), AccessDenied, "Ask an admin"),
        (web.Response(status=404), InvalidInput, "was deleted"),
        (web.Response(status=503), ServiceUnavailable, "just now"),
        (web.Response(body=b'{"a": "' + b"x" * 1_100_000 + b'"}'), InvalidInput, "larger than 1 MiB"),
        (web.Response(body=b"\x7fELF\0\0"), InvalidInput, "is not text"),
    ],
)
async def test_what_cannot_be_read_is_said_in_words(
    serve: Serve, answer: web.Response, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        await serve(a=answer)
