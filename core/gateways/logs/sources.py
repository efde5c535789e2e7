"""Opens logs as they lie on disks and come through pipes, and yields them as blocks of whole lines in flat memory."""

from __future__ import annotations

import bz2
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

import zstandard

BLOCK_BYTES = 1_048_576
LONGEST_LINE = 1_048_576
"""Bytes; a longer line is divided."""

_GZIP, _BZIP2, _ZSTD = b"\x1f\x8b", b"BZh", b"\x28\xb5\x2f\xfd"

_LONG_LINE = 1_000_000
_FIELD = re.compile(rb'[\[{][\s\[{]*+"[^"\n]{0,200}"\s*+:')

DAMAGED = (OSError, EOFError, zlib.error, zstandard.ZstdError)
"""What reading a compressed file raises when it is damaged or ends early."""

Progress = Callable[[int], None]
"""Receives how many bytes of the file as it is stored were read since the last call."""


class _Counted(io.RawIOBase):
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self._file = file
        self._progress = progress

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        read = self._file.read(len(buffer))
        buffer[: len(read)] = read
        self._progress(len(read))
        return len(read)


def is_compressed(beginning: bytes) -> bool:
    """Tell whether a file that begins so is one that `open_log` decompresses."""
    return beginning.startswith((_GZIP, _BZIP2, _ZSTD))


def is_json_document(beginning: bytes) -> bool:
    """Tell whether a text that begins so is one JSON document, over several lines or on a very long one.

    Logs are lines: JSON lines end where they began, and what only begins with a bracket is a time or a level.
    """
    first, newline, _ = beginning.lstrip().partition(b"\n")
    first = first.strip()
    if first in (b"{", b"[", b"[{"):
        return True
    if not newline and len(beginning) < _LONG_LINE:
        return False
    return _FIELD.match(first) is not None and (not newline or not first.endswith(b"}"))


def open_log(file: BinaryIO, progress: Progress = lambda _: None) -> BinaryIO:
    """Return the text of `file`, decompressed when its first bytes say gzip, bzip2 or zstd, whatever its name is."""
    stored = io.BufferedReader(_Counted(file, progress), BLOCK_BYTES)
    magic = stored.peek(4)
    if magic.startswith(_GZIP):
        return cast(BinaryIO, gzip.GzipFile(fileobj=stored))
    if magic.startswith(_BZIP2):
        return cast(BinaryIO, bz2.BZ2File(stored))
    if magic.startswith(_ZSTD):
        reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(stored, read_across_frames=True)
        return io.BufferedReader(cast(io.RawIOBase, reader), BLOCK_BYTES)
    return cast(BinaryIO, stored)


def iterate_blocks(file: BinaryIO, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield the bytes of `file` in blocks that end at line ends; every byte is in exactly one block.

    Raises:
        One of `DAMAGED`: compressed data is damaged or ends early; what came before was yielded.
    """
    rest = b""
    while True:
        try:
            chunk = file.read(size)
        except DAMAGED:
            if rest:
                yield rest
            raise
        if not chunk:
            break
        end = chunk.rfind(b"\n") + 1
        if end:
            yield rest + chunk[:end]
            rest = chunk[end:]
        else:
            rest += chunk
            if len(rest) >= LONGEST_LINE:
                yield rest
                rest = b""
    if rest:
        yield rest
