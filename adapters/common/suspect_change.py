"""The suspect change of a report in words, the same on every channel: which commit, whose, why, and its diff."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.common.first_lines import is_safe
from adapters.common.text_limits import cut, one_line, visible
from adapters.common.wording import minute_words
from core.domain.report import COMMIT_CHARS, DIFF_LINES
from core.domain.thread_view import ReportView

_NAME, _SUBJECT, _WHY, _LINE = 60, 150, 160, 160
_PEOPLE = 3


@dataclass(frozen=True, slots=True)
class ChangeWords:
    """Outside text, to be escaped; lines of `diff` begin with `+`, `-`, a blank, or `@@` and a place.

    `known_by` is empty for nobody.
    """

    commit: str
    subject: str
    by: str
    why: str
    url: str | None
    diff: tuple[str, ...]
    known_by: str


def change_words(view: ReportView) -> ChangeWords | None:
    """The suspect change; None without one. Only an address that can be shown as it is becomes a link."""
    change = view.report.change
    if change is None:
        return None
    by = [f"by {cut(one_line(change.author), _NAME)}" if change.author else "", minute_words(one_line(change.at))]
    shipped = f"in {cut(one_line(change.release), _NAME)}" if change.release else ""
    people = [cut(one_line(name), _NAME) for name in change.known_by[:_PEOPLE]]
    return ChangeWords(
        commit=one_line(change.commit)[:COMMIT_CHARS],
        subject=cut(one_line(change.subject), _SUBJECT) or "a commit without a subject",
        by=", ".join(filter(None, (*by, shipped))),
        why=cut(one_line(" and ".join(change.why[:2])), _WHY),
        url=change.url if change.url and is_safe(change.url) else None,
        diff=tuple(cut(visible(line).replace("\n", " "), _LINE) for line in change.diff[:DIFF_LINES]),
        known_by=", ".join(filter(None, people)),
    )
