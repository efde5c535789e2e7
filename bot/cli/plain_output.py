"""Output for terminals and pipes that cannot show every character."""

from __future__ import annotations

import codecs
import sys

_HANDLER = "logsense.plain"
_PLAIN = str.maketrans(
    {
        "\N{EM DASH}": "-",
        "\N{EN DASH}": "-",
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{MIDDLE DOT}": "-",
        "\N{BULLET}": "*",
        "\N{RIGHTWARDS ARROW}": "->",
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{CHECK MARK}": "v",
        "\N{BALLOT X}": "x",
        "\N{WHITE HEAVY CHECK MARK}": "v",
        "\N{BOX DRAWINGS LIGHT HORIZONTAL}": "-",
        "\N{BOX DRAWINGS LIGHT VERTICAL}": "|",
        "\N{NO-BREAK SPACE}": " ",
    }
)


def write_what_the_terminal_can_show() -> None:
    """Write characters that the encoding of stdout and stderr lacks as their nearest plain ones, or as `?`."""
    codecs.register_error(_HANDLER, _plain)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and not shows_everything(stream):
            reconfigure(errors=_HANDLER)


def shows_everything(stream: object) -> bool:
    """Tell whether the stream's encoding has every character."""
    return str(getattr(stream, "encoding", None) or "").lower().replace("-", "").startswith("utf")


def _plain(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].translate(_PLAIN)
    return "".join(each if each.isascii() else "?" for each in text), error.end
