"""Whatever strangers or a model wrote, a terminal draws it and does nothing else."""

from __future__ import annotations

import io
import json
import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from adapters.terminal import rendered
from adapters.terminal_console import TerminalConsole, as_shown, json_text
from core.domain.journal import Step
from core.domain.report import Evidence
from core.domain.thread_view import AnswerView, NoticeView, ProgressView, ReportView

HOSTILE = st.one_of(
    st.text(max_size=40),
    st.text("\x1b\x07\x9b\x9d\u202e\u2066\u200b[]2J;mhttps://", max_size=40),
    st.sampled_from(
        [
            "\x1b[2J\x1b[H",
            "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
            "\x9b31mred",
            "\u202eevil",
            "[bold red]x[/]",
            "[link=https://evil.example]sentry.io[/link]",
            "\rfake prompt $ ",
        ]
    ),
)
OWN_SEQUENCES = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")


FIELDS = st.dictionaries(HOSTILE, HOSTILE, max_size=2)


def everything_hostile(kind: type[object]) -> st.SearchStrategy[object]:
    """A view whose every text is hostile."""
    st.register_type_strategy(str, HOSTILE)
    st.register_type_strategy(Evidence, st.builds(Evidence, arguments=FIELDS, facts=FIELDS))
    st.register_type_strategy(Step, st.builds(Step, arguments=FIELDS))
    return st.from_type(kind)


def is_harmless(printed: str) -> bool:
    """True when no character but line ends would make a terminal act."""
    return all(
        character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
        for character in printed
    )


VIEWS = st.one_of(*(everything_hostile(kind) for kind in (ProgressView, ReportView, AnswerView, NoticeView)))


@given(VIEWS)
def test_no_view_writes_a_control_character_to_a_pipe(
    view: ProgressView | ReportView | AnswerView | NoticeView,
) -> None:
    written = io.StringIO()
    TerminalConsole(file=written, width=80).print(rendered(view))
    assert is_harmless(written.getvalue())


@given(VIEWS)
def test_on_a_color_terminal_only_our_own_colors_are_sent(
    view: ProgressView | ReportView | AnswerView | NoticeView,
) -> None:
    written = io.StringIO()
    TerminalConsole(file=written, width=80, force_terminal=True, color_system="standard").print(rendered(view))
    assert is_harmless(OWN_SEQUENCES.sub(lambda found: "" if found[0].endswith("m") else "\x07", written.getvalue()))


@given(st.lists(HOSTILE, min_size=1, max_size=4))
def test_tables_and_lines_show_markup_and_sequences_as_text(texts: list[str]) -> None:
    written = io.StringIO()
    console = TerminalConsole(file=written, width=200)
    table = Table(box=None)
    table.add_column("title")
    for text in texts:
        table.add_row(Text(text))
        console.print(Text(text))
    console.print(table)
    assert is_harmless(written.getvalue())


def test_markup_is_shown_as_it_was_written() -> None:
    written = io.StringIO()
    TerminalConsole(file=written, width=80).print("[bold]cart[/bold] :smile: \x1b[31m")
    assert written.getvalue().rstrip() == "[bold]cart[/bold] :smile: ␛[31m"


@given(st.text())
def test_what_is_shown_is_as_long_as_what_was_given(text: str) -> None:
    assert len(as_shown(text)) == len(text)
    assert as_shown(as_shown(text)) == as_shown(text)


@given(st.dictionaries(HOSTILE, HOSTILE, max_size=4))
def test_a_json_document_means_the_same_and_holds_no_control_character(document: dict[str, str]) -> None:
    text = json_text(document)
    assert is_harmless(text)
    assert json.loads(text) == document
