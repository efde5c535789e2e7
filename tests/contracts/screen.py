"""The screen of a terminal: what stands on it after everything that was written, redrawing included."""

from __future__ import annotations

import re
import threading

_WRITTEN = re.compile(r"\x1b\[(?P<count>[\d;?]*)(?P<what>[A-Za-z])|(?P<end>[\r\n])|(?P<text>[^\x1b\r\n]+)")


class Screen:
    """A file to write to. It knows what `rich` needs to update lines, and refuses everything else."""

    def __init__(self) -> None:
        self._rows: list[str] = [""]
        self._row = self._column = 0
        self._drawing = threading.Lock()

    def write(self, written: str) -> int:
        """Drawn at the cursor."""
        with self._drawing:
            for part in _WRITTEN.finditer(written):
                self._draw(part)
        return len(written)

    def flush(self) -> None:
        """Everything is drawn already."""

    def text(self) -> str:
        """All that stands there, what was scrolled away too."""
        with self._drawing:
            return "\n".join(self._rows)

    def _draw(self, part: re.Match[str]) -> None:
        match part["end"], part["what"], part["count"]:
            case "\n", _, _:
                self._row, self._column = self._row + 1, 0
                if self._row == len(self._rows):
                    self._rows.append("")
            case "\r", _, _:
                self._column = 0
            case _, "A", count:
                self._row = max(0, self._row - int(count or 1))
            case _, "K", "2":
                self._rows[self._row] = ""
            case _, "m" | "h" | "l", _:
                pass
            case _, None, _:
                row = self._rows[self._row].ljust(self._column)
                end = self._column + len(part["text"])
                self._rows[self._row] = row[: self._column] + part["text"] + row[end:]
                self._column = end
            case _:
                raise ValueError(f"not drawn here: {part[0]!r}")
