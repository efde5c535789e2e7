"""Logs and traces of any size, investigated by the command line."""

from __future__ import annotations

import gzip
import io
import json
import signal
from pathlib import Path

import pytest

from tests.benchmarks.log_writer import BEGIN, write_log
from tests.scenarios.conftest import CommandLine, until


def text_of_log(size: int) -> bytes:
    text = io.StringIO()
    write_log(text, size)
    return text.getvalue().encode()


async def test_several_logs_and_a_pipe_tell_the_same_first_failure(logsense: CommandLine, tmp_path: Path) -> None:
    text = text_of_log(300_000)
    half = text.rfind(b"\n", 0, len(text) // 2) + 1
    first, second = tmp_path / "shop.log", tmp_path / "shop.log.2.gz"
    first.write_bytes(text[:half])
    second.write_bytes(gzip.compress(text[half:]))
    from_files = (await logsense.run("investigate", "--log", str(first), "--log", str(second), "--json")).document
    from_pipe = (await logsense.run("investigate", "-", "--json", stdin=gzip.compress(text))).document
    for document, place in ((from_files, "shop.log.2.gz:"), (from_pipe, "stdin:")):
        cause = document["root_cause"]
        assert cause.startswith("payments failed first")
        assert place in cause
        assert "db-payments:5432" in cause


async def test_a_long_log_whose_lines_begin_with_brackets_comes_through_a_pipe(logsense: CommandLine) -> None:
    lines = [f"[2026-11-28 10:{second // 60:02}:{second % 60:02}] shop.INFO: order {second}" for second in range(3_000)]
    lines[700] = "[2026-11-28 10:11:40] shop.ERROR: payment refused by db-payments:5432"
    text = "\n".join(line + " " + "x" * 400 for line in lines).encode()
    assert len(text) > 1024**2
    outcome = await logsense.run("investigate", "-", "--json", stdin=text)
    assert outcome.code == 0, outcome.stderr
    assert "db-payments" in outcome.document["root_cause"]


async def test_a_window_before_the_failure_has_no_failure(logsense: CommandLine, tmp_path: Path) -> None:
    log = tmp_path / "shop.log"
    log.write_bytes(text_of_log(300_000))
    until_ten = BEGIN.replace(hour=10).isoformat()
    outcome = await logsense.run("investigate", "--log", str(log), "--until", until_ten, "--json")
    assert "db-payments" not in outcome.document["root_cause"]


async def test_a_trace_names_the_operation_that_failed_first(logsense: CommandLine, tmp_path: Path) -> None:
    times = {"startTimeUnixNano": "1763632000000000000", "endTimeUnixNano": "1763632001000000000"}
    status = {"code": 2, "message": "no stock"}
    spans = [{"traceId": "t", "spanId": "s", "name": "reserve", "status": status, **times}]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "stock"}}]}
    trace = tmp_path / "trace.json"
    trace.write_text(json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}))
    outcome = await logsense.run("investigate", "--trace", str(trace), "--json")
    assert outcome.document["root_cause"].startswith("reserve of stock failed first")


@pytest.mark.parametrize(
    ("name", "raw", "arguments", "said"),
    [
        ("api.log", None, (), "api.log cannot be read: No such file"),
        ("api.log", b"", (), "There is nothing in api.log"),
        ("api.log", b"\x7fELF\0\0\0", (), "api.log is not text"),
        ("api.log", b"ERROR: disk full\n", ("--since", "2h"), "No line of these logs has a time"),
        ("api.log", b"2026-11-20T10:00:00Z ERROR x\n", ("--since", "2031-01-01"), "from 2026-11-20T10:00Z to"),
        ("api.log", b"2026-11-20T10:00:00Z ERROR x\n", ("--until", "noon"), "--until takes a time such as"),
    ],
)
async def test_a_log_that_cannot_be_read_gets_one_clear_sentence(
    logsense: CommandLine, tmp_path: Path, name: str, raw: bytes | None, arguments: tuple[str, ...], said: str
) -> None:
    log = tmp_path / name
    if raw is not None:
        log.write_bytes(raw)
    outcome = await logsense.run("investigate", "--log", str(log), *arguments)
    assert outcome.code == 2
    assert said in outcome.stderr
    assert not list((logsense.home / "logs").glob("*/*"))


async def test_ctrl_c_ends_the_reading_of_a_pipe_that_stays_open(logsense: CommandLine) -> None:
    process = await logsense.start("investigate", "--log", "-", stdin=b"2026-11-20T10:00:00Z INFO x\n", keeps_open=True)
    await until(lambda: bool(list((logsense.home / "logs").glob("*/*"))))
    process.send_signal(signal.SIGINT)
    outcome = await logsense.finish(process)
    assert outcome.code == 4, outcome.stderr
    assert not list((logsense.home / "logs").glob("*/*"))
