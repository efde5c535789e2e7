"""Which files are read, from where, and how much of them."""

from __future__ import annotations

import asyncio
import bz2
import contextlib
import gzip
import json
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import cast

import aiohttp
import pytest
import zstandard
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from adapters.common import attached_files
from adapters.common.attached_files import AttachedFile, FileReader, Source, is_https_at, readable
from adapters.common.background import Tasks
from adapters.slack.inbound.files import files_in as slack_files_in
from adapters.teams.inbound.files import files_in as teams_files_in
from bot.server import attached_logs
from bot.server.attached_logs import LogFolder
from core.domain.conversation import PastedEvent
from core.domain.errors import AccessDenied, InvalidInput, ServiceUnavailable
from core.domain.tenancy import Organization, OrganizationId, Platform, WorkspaceRef
from core.gateways.logs.folders import folder_of
from core.gateways.logs.reading import LogIndex
from core.ports import Directory

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


@pytest.mark.parametrize(
    "name",
    [
        "api.log",
        "API.LOG",
        "trace.txt",
        "event.json",
        "api.log.1",
        "a.b.txt",
        "api.log.2.gz",
        "a.log-20261120.zst",
        "api.bz2",
    ],
)
def test_text_by_its_suffix_is_read(name: str) -> None:
    assert readable([AttachedFile(name, "https://x")])


@pytest.mark.parametrize(
    "name",
    ["a.png", "a.pdf", "a.exe", "a.log.xz", "a.tar.gz", "a.png.gz", "a.zip", "a", "txt", "a.txt.exe", "log.docx"],
)
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


_FLIPPED = gzip.compress(b"2026-11-20T10:00:00Z ERROR disk full\n")[:10] + b"\xff" * 40


class OneOrganization:
    """Leads every workspace to one organization."""

    async def organization_of(self, workspace: WorkspaceRef) -> Organization:
        return Organization(OrganizationId("acme"), "Acme")


Serve = Callable[..., Awaitable[PastedEvent]]


@pytest.fixture
def said() -> list[str]:
    """What whoever asked was told while their files were read."""
    return []


@pytest.fixture
async def serve(tmp_path: Path, said: list[str]) -> AsyncIterator[Serve]:
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
        reader = FileReader(source, LogFolder(tmp_path, cast(Directory, OneOrganization()), 10**9))

        async def read(**given: bytes | web.Response) -> PastedEvent:
            for name, content in given.items():
                answers[name] = web.Response(body=content) if isinstance(content, bytes) else content
            files = [AttachedFile(f"{name}.log", f"{url}/{name}") for name in given]
            where = WorkspaceRef(Platform.SLACK, "T1")
            return await reader.read(files, {}, workspace=where, origin="a Slack message", say=said.append)

        yield read
        assert not list((tmp_path / "incoming").glob("*"))
    await runner.cleanup()


async def test_several_files_are_one_text_named_after_them(serve: Serve) -> None:
    read = await serve(a=b"first line\n", b="naïve".encode("utf-16"))
    assert read.text == "first line\n\nnaïve"
    assert read.origin == "a.log, b.log in a Slack message"


async def test_an_event_among_the_files_is_taken_alone(serve: Serve) -> None:
    assert (await serve(a=b"a log line", b=EVENT.encode())).text == EVENT


async def test_of_a_long_log_the_first_error_is_found_wherever_it_is(serve: Serve, said: list[str]) -> None:
    lines = b"".join(b"2026-11-20T10:00:01Z INFO line %d\n" % number for number in range(40_000))
    read = await serve(a=b"2026-11-20T10:00:00Z ERROR disk full\n" + lines)
    assert "disk full" in read.text and read.log is not None
    assert read.origin == "a.log in a Slack message"
    assert said == ["Reading a.log, 1 MB. The investigation begins when it is read."]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, zstandard.compress])
async def test_a_compressed_log_is_a_log_however_short_and_whatever_it_is_called(
    serve: Serve, pack: Callable[[bytes], bytes]
) -> None:
    read = await serve(a=pack(b"2026-11-20T10:00:00Z ERROR disk full\n"))
    assert "disk full" in read.text and read.log is not None


async def test_a_long_log_of_powershell_is_read(serve: Serve) -> None:
    read = await serve(a=("2026-11-20T10:00:00Z ERROR naïve disk full\r\n" * 20_000).encode("utf-16"))
    assert "naïve disk full" in read.text and read.log is not None


async def test_a_log_whose_lines_begin_with_a_bracket_is_no_document(serve: Serve) -> None:
    read = await serve(a=b"[2026-11-20 10:00:00] ERROR disk full\n" * 40_000)
    assert "disk full" in read.text and read.log is not None


async def test_who_asked_hears_when_the_reading_is_stopped(serve: Serve, said: list[str]) -> None:
    async def read() -> None:
        await serve(a=b"2026-11-20T10:00:00Z ERROR disk full\n" * 400_000)

    reading = asyncio.create_task(read())
    while not said:
        await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert said[1:] == ["LogSense was stopped before it had read a.log. Attach it again in a minute."]


async def test_what_is_cancelled_at_the_end_may_still_say_so(said: list[str]) -> None:
    tasks = Tasks()

    async def say() -> None:
        await asyncio.sleep(0)
        said.append("stopped")

    async def wait_forever() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            tasks.start(say(), "say")
            raise

    tasks.start(wait_forever(), "wait")
    await tasks.drain(within_s=0.01)
    assert said == ["stopped"]


async def test_spans_are_read_as_a_trace(serve: Serve) -> None:
    times = {"startTimeUnixNano": "1763632000000000000", "endTimeUnixNano": "1763632001000000000"}
    spans = [{"name": "reserve", "status": {"code": 2, "message": "no stock"}, **times}]
    read = await serve(a=json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode())
    assert "no stock" in read.text and read.log is not None


async def test_what_a_file_decompresses_to_is_limited(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attached_logs, "MAX_BYTES", 2_000_000)
    lines = b"2026-11-20T10:00:00Z ERROR disk full\n" * 200_000
    read = await serve(a=gzip.compress(lines))
    with contextlib.closing(LogIndex(folder_of(tmp_path, "acme", str(read.log)))) as index:
        assert index.facts["bytes"] < 4_000_000
        assert index.notes[0].startswith("a.log: Only the first")


async def test_a_binary_file_among_others_is_refused(serve: Serve) -> None:
    with pytest.raises(InvalidInput, match="b\\.log is not text"):
        await serve(a=gzip.compress(b"2026-11-20T10:00:00Z ERROR x\n"), b=gzip.compress(b"\x7fELF\0\0"))


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
        (web.Response(body=b'{"a": "' + b"x" * 1_100_000 + b'"}'), InvalidInput, "is one JSON document"),
        (web.Response(body=_FLIPPED), InvalidInput, "a.log is damaged"),
        (web.Response(body=b"\x7fELF\0\0"), InvalidInput, "is not text"),
    ],
)
async def test_what_cannot_be_read_is_said_in_words(
    serve: Serve, answer: web.Response, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        await serve(a=answer)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The folder that logs are kept in, on a disk of 1,500 KiB."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a file system of its own cannot be mounted here")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


@pytest.mark.parametrize("size", [2_000_000, 1_200_000], ids=["while it is downloaded", "while it is indexed"])
async def test_a_full_disk_is_told_apart_from_a_service_that_is_away_and_names_no_path(
    small_disk: Path, serve: Serve, size: int
) -> None:
    with pytest.raises(ServiceUnavailable, match=r"could not keep the attached file .*disk full") as refused:
        await serve(a=b"2026-11-20T10:00:00Z ERROR " + os.urandom(size).hex().encode()[:size])
    assert str(small_disk) not in str(refused.value) and refused.value.service == "LogSense"


async def test_downloads_of_one_workspace_leave_room_for_anothers(tmp_path: Path) -> None:
    logs = LogFolder(tmp_path, cast(Directory, OneOrganization()), 10**9)
    busy, other = WorkspaceRef(Platform.SLACK, "T1"), WorkspaceRef(Platform.TEAMS, "T1")
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(logs.folder(busy))
        await stack.enter_async_context(logs.folder(busy))
        third = asyncio.create_task(stack.enter_async_context(logs.folder(busy)))
        await stack.enter_async_context(logs.folder(other))
        assert not third.done()
        third.cancel()
    assert not list((tmp_path / "incoming").glob("*"))
