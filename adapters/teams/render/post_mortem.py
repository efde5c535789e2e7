"""A report as a post-mortem, in messages whose text people copy as it stands."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence

from adapters.common.post_mortem import post_mortem
from adapters.common.text_limits import size
from adapters.teams.render.text import pieces
from core.domain.journal import Step
from core.domain.thread_view import ReportView

_LIMIT = 12_000
"""How long a text may be once escaped: under 28 KB in UTF-16 with the message around it."""


def post_mortem_messages(view: ReportView, steps: Sequence[Step] = ()) -> tuple[Mapping[str, str], ...]:
    """The post-mortem in markdown as message activities, in order.

    It stands in `<pre>`: Teams then reads nothing in it as markup, and it is copied with its line ends and indents.
    """
    return tuple(
        {"type": "message", "textFormat": "xml", "text": f"<pre>{piece}</pre>"}
        for piece in _pieces(post_mortem(view, steps))
    )


def _pieces(text: str) -> Iterator[str]:
    """The text escaped, divided between lines; only a line that is too long alone is divided itself."""
    piece = ""
    for line in text.splitlines(keepends=True):
        # An escaped sign is up to five long.
        parts = [line] if size(html.escape(line, quote=False)) <= _LIMIT else pieces(line, _LIMIT // 5)
        for escaped in (html.escape(part, quote=False) for part in parts):
            if size(piece) + size(escaped) > _LIMIT:
                yield piece
                piece = ""
            piece += escaped
    yield piece
