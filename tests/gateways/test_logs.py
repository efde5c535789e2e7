"""What the reader of large logs keeps, finds again and counts."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.errors import InvalidInput
from core.gateways.logs.heads import NO_MINUTE, HeadReader, gauge, trace_id
from core.gateways.logs.index import LogIndexer, Source
from core.gateways.logs.reading import LogIndex
from core.gateways.logs.sources import is_json_document, iterate_blocks, open_log
from core.gateways.logs.templates import MAX_TEMPLATES, TemplateTree
from core.gateways.text.records import read_line
from tests.benchmarks.log_writer import write_log

NOW = datetime(2026, 11, 28, tzinfo=UTC)
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "zstd": lambda raw: zstandard.ZstdCompressor().compress(raw),
    "two gzip members": lambda raw: gzip.compress(raw[:9]) + gzip.compress(raw[9:]),
    "two zstd frames": lambda raw: (
        zstandard.ZstdCompressor().compress(raw[:9]) + zstandard.ZstdCompressor().compress(raw[9:])
    ),
}


def indexed(directory: Path, *texts: bytes, component: str = "") -> LogIndex:
    sources = [Source(f"log{n}", io.BytesIO(text), component, NOW) for n, text in enumerate(texts)]
    LogIndexer(directory / "index").index(sources, {})
    return LogIndex(directory / "index")


def head_reader() -> HeadReader:
    return HeadReader(TemplateTree(), "", NOW)


# ---- bytes to lines ----


@pytest.mark.parametrize(
    ("beginning", "is_document"),
    [
        (b'{\n  "event_id": 1', True),
        (b'[\n  {"message": "a"},\n', True),
        (b'[{\n"message"', True),
        (b'{"event_id": "1",\n "message": "a"', True),
        (b'\xef\xbb\xbf{"a": {\n'.removeprefix(codecs.BOM_UTF8), True),
        (b'{"message": "' + b"x" * 1_000_000, True),
        (b'[{"message": "' + b"x" * 1_000_000, True),
        (b'{"message": "a"}\n{"message": "b"}\n', False),
        (b'{"message": "a"}\r\n{"message": "b"}\r\n', False),
        (b"[2026-11-28 10:00:00] shop.ERROR: x\n[2026", False),
        (b"[ERROR] x\n", False),
        (b'["GET /" 200] took 3 ms\n', False),
        (b"{'python': 'dict'}\n", False),
        (b"2026-11-28T10:00:00Z ERROR x\n", False),
        (b"", False),
    ],
)
def test_a_json_document_is_told_from_lines_that_begin_with_a_bracket(beginning: bytes, is_document: bool) -> None:
    assert is_json_document(beginning) is is_document


@given(st.binary(max_size=2_000), st.integers(min_value=1, max_value=64))
def test_blocks_hold_every_byte_once_and_end_at_line_ends(raw: bytes, size: int) -> None:
    blocks = list(iterate_blocks(io.BytesIO(raw), size))
    assert b"".join(blocks) == raw
    assert all(block.endswith(b"\n") for block in blocks[:-1])


@pytest.mark.parametrize("packed", PACKERS)
def test_a_log_is_read_whatever_compresses_it_and_whatever_its_name_is(packed: str) -> None:
    raw = b"".join(b"line %d\n" % n for n in range(1_000))
    assert b"".join(iterate_blocks(open_log(io.BytesIO(PACKERS[packed](raw))))) == raw


@settings(max_examples=15, deadline=None)
@given(lines=st.lists(st.text(st.characters(exclude_characters="\n\r\0", codec="utf-8"), max_size=60), max_size=60))
def test_every_line_is_read_again_by_its_number(lines: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    raw = "".join(f"{line}\n" for line in lines).encode()
    index = indexed(tmp_path_factory.mktemp("logs"), b"first\n" + raw)
    again = index.lines(0, 1, 200)
    assert again == list(enumerate(["first", *lines], 1))
    index.close()


def test_a_file_that_ends_early_is_read_as_far_as_it_goes_and_says_so(tmp_path: Path) -> None:
    raw = b"".join(b"2026-11-20T10:00:00Z ERROR line %d\n" % n for n in range(50_000))
    index = indexed(tmp_path, gzip.compress(raw)[:-2_000])
    assert index.facts["lines"] > 100
    assert index.notes == ["log0: The compressed file is damaged or ends early; what came before was read."]


def test_what_is_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not text"):
        indexed(tmp_path, b"\x7fELF\0\0\0\0")


# ---- lines to heads ----

MESSAGE = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=80)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(["INFO", "ERROR", "WARN", "DEBUG"]), MESSAGE), min_size=1, max_size=20))
def test_a_line_read_fast_has_the_level_that_the_text_reader_gives_it(lines: list[tuple[str, str]]) -> None:
    reader = head_reader()
    for level, message in lines:
        text = f"2026-11-20 10:00:00,123 {level} [main] com.acme.Shop - said {message}"
        head = reader.head(text.encode())
        record = read_line(text).record
        assert head.template is not None
        assert record is not None
        assert head.template.source[1] == record.level


@given(st.binary(max_size=300))
def test_no_line_stops_the_reading(line: bytes) -> None:
    reader = head_reader()
    reader.head(line)
    reader.minute(line)
    reader.time(line)
    trace_id(line)
    gauge(line)


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("2026-11-20T10:00:07.5+01:00 ERROR x", "2026-11-20T09:00:07.500000+00:00"),
        ("[2026-11-20 10:00:07,500: ERROR/Main] x", "2026-11-20T10:00:07.500000+00:00"),
        ("2026/11/20 10:00:07 [error] 7#7: x", "2026-11-20T10:00:07+00:00"),
        ('1.2.3.4 - - [20/Nov/2026:10:00:07 +0100] "GET / HTTP/1.1" 502 7', "2026-11-20T09:00:07+00:00"),
        ("Nov 20 10:00:07 host app[7]: x", "2026-11-20T10:00:07+00:00"),
        ("Dec 20 10:00:07 host app[7]: x", "2025-12-20T10:00:07+00:00"),
        ('{"level":50,"time":1795168807123,"msg":"x"}', "2026-11-20T10:00:07+00:00"),
        ("10:00:07.1 ERROR x", "2026-11-28T10:00:07+00:00"),
    ],
)
def test_the_time_of_a_line_is_found_in_the_usual_layouts(line: str, at: str) -> None:
    reader = head_reader()
    found = reader.time(line.encode())
    assert found is not None
    assert found.isoformat() == at
    assert reader.minute(line.encode()) == int(found.timestamp() // 60)


@pytest.mark.parametrize(
    ("line", "component", "level"),
    [
        ("api-1  | 2026-11-20 10:00:00 ERROR [main] a.B - gone", "api", "error"),
        ('{"level":"warn","service":"pay","msg":"slow"}', "pay", "warning"),
        ('{"level":50,"time":1795168807123,"msg":"x","name":"svc"}', "svc", "error"),
        ('{"level":30,"time":1795168807123,"msg":"x","name":"svc"}', "svc", "info"),
        ("Nov 20 10:00:07 host cron[7]: (root) CMD", "cron", "info"),
        ('1.2.3.4 - - [20/Nov/2026:10:00:07 +0100] "GET /a HTTP/1.1" 502 7', "log", "error"),
        ('1.2.3.4 - - [20/Nov/2026:10:00:07 +0100] "GET /a HTTP/1.1" 200 7', "log", "info"),
        ("payments-7d9f8b6c4-x2x4z 2026-11-20T10:00:00Z ERROR Lost it", "payments", "error"),
        ("ts=2026-11-20T10:00:00Z level=error msg=bad service=foo", "foo", "error"),
        ("java.lang.IllegalStateException: closed", "log", "error"),
    ],
)
def test_a_line_says_who_wrote_it_and_how_bad_it_is(line: str, component: str, level: str) -> None:
    reader = head_reader()
    for _ in range(2):
        template = reader.head(line.encode()).template
        assert template is not None
        assert template.source[:2] == (component, level)


def test_numbers_that_are_levels_and_statuses_tell_lines_apart() -> None:
    reader = head_reader()
    lines = ['{"level":30,"msg":"x"}', '{"level":50,"msg":"x"}']
    levels = [template.source[1] for line in lines if (template := reader.head(line.encode()).template)]
    assert levels == ["info", "error"]


def test_a_stack_belongs_to_the_record_above_it() -> None:
    reader = head_reader()
    reader.head(b"2026-11-20 10:00:00 ERROR lost")
    for line in (b"java.lang.IllegalStateException: closed", b"\tat a.B.c(B.java:7)", b"Caused by: x.Y: z"):
        assert reader.head(line).template is None


def test_a_line_without_time_has_no_minute() -> None:
    assert head_reader().minute(b"hello") == NO_MINUTE


# ---- templates ----


def test_messages_that_differ_in_one_word_share_a_template() -> None:
    tree = TemplateTree()
    found = {tree.add(("a",), f"user {name} signed in from 10.0.0.{n}").id for n, name in enumerate(["bo", "al", "cy"])}
    assert len(found) == 1
    assert tree.templates[0].text == "user <*> signed in from <*>"


def test_the_number_of_templates_is_bounded() -> None:
    tree = TemplateTree()
    for n in range(MAX_TEMPLATES + 500):
        word = "".join(chr(97 + int(digit)) for digit in str(n))
        tree.add((word,), f"{word} {word} {word}")
    assert len(tree.templates) <= MAX_TEMPLATES + 100


@given(st.lists(MESSAGE, max_size=30))
def test_a_template_matches_every_message_that_it_took(messages: list[str]) -> None:
    tree = TemplateTree()
    taken = [(message, tree.add(("a",), message)) for message in messages]
    for _, template in taken:
        assert template.words


# ---- counts ----


def test_counts_by_minute_add_up_and_name_the_first_line(tmp_path: Path) -> None:
    text = b"".join(b"2026-11-20T10:%02d:00Z ERROR api - lost %d\n" % (n // 10, n) for n in range(100))
    index = indexed(tmp_path, text)
    span = index.span()
    assert span is not None
    assert span[1] - span[0] == 10
    (kind,) = index.kinds(*span)
    assert (kind.count, kind.place, kind.is_error) == (100, "log0:1", True)
    assert index.by_minute(("error",), *span) == {span[0] + n: 10 for n in range(10)}
    (later,) = index.kinds(span[0] + 5, span[1])
    assert (later.count, later.place) == (50, "log0:51")


def test_memory_stays_flat_when_the_log_grows(tmp_path: Path) -> None:
    def peak(size: int) -> int:
        path = tmp_path / f"{size}.log"
        with path.open("w") as file:
            write_log(file, size, hours=1)
        tracemalloc.start()
        with path.open("rb") as raw:
            LogIndexer(tmp_path / f"index{size}").index([Source("log", raw)], {})
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(3_600_000) < 1.3 * peak(1_800_000)
