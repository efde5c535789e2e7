"""`read_log_window`: the lines of the logs around a place, a time, or the first message of a template."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing

from core.domain.errors import InvalidInput
from core.gateways.logs.reading import LogIndex
from core.mcp_server.arguments import LineCount, LogPlace, PageNumber
from core.mcp_server.log_lines import minute_of
from core.mcp_server.masking import Masker
from core.mcp_server.output import ToolOutput, cut, on_one_line
from core.mcp_server.tool_context import ToolContext

_LINE_CHARS = 500


def tool(context: ToolContext, masker: Masker) -> Callable[..., Awaitable[ToolOutput]]:
    """The tool over `context`."""

    async def read_log_window(around: LogPlace, lines: LineCount = 20, page: PageNumber = 1) -> ToolOutput:
        """Log lines around file:line, a time, or a template's first message."""
        return await asyncio.to_thread(_output, context.logs(), around, lines, masker)

    return read_log_window


def _output(index: LogIndex, around: str, count: int, masker: Masker) -> ToolOutput:
    with closing(index):
        file, line = _place(index, around)
        name = index.files[file]
        found = index.lines(file, max(1, line - count // 3), count)
        if not found:
            raise InvalidInput(f"{name} has no line {line}.")
        # A secret may go over several lines, so they are masked as one text where that keeps the lines apart.
        texts = [text for _, text in found]
        masked = masker.text("\n".join(texts)).split("\n")
        if len(masked) != len(texts):
            masked = [masker.text(text) for text in texts]
        output = ToolOutput(f"lines {found[0][0]} to {found[-1][0]} of {name}", {"place": f"{name}:{line}"})
        for (number, _), text in zip(found, masked, strict=True):
            output.add(f"{name}:{number} | {cut(on_one_line(text), _LINE_CHARS)}")
        return output


def _place(index: LogIndex, around: str) -> tuple[int, int]:
    """Return file and line that `around` names.

    Raises:
        InvalidInput: it names nothing in these logs.
    """
    name, _, line = around.rpartition(":")
    if name and (file := index.file_named(name)) is not None:
        return file, int(line)
    if around.startswith("T") and around[1:].isdecimal():
        kind = index.kind_numbered(int(around[1:]))
        if kind is None:
            raise InvalidInput(f"There is no template {around}.")
        return kind.file, kind.line
    if around[:4].isdecimal() and "T" in around and (place := index.place_of(minute_of(around))) is not None:
        return place
    raise InvalidInput(f"These logs have no such place. The files are {', '.join(index.files.values())}.")
