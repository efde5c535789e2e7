"""Scores retrieval on a tracker's own duplicates: each later report is asked for as it came in, before it is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.domain.duplicates import DuplicateSet
from core.domain.errors import ServiceUnavailable
from core.domain.knowledge import KnowledgeEntry, KnowledgeMatch
from core.domain.retrieval_scores import Share, hits, reciprocals, share
from core.ports import KnowledgeBase

SHOWN = 10
MOST_NEW = 300
"""How many reports that nobody had reported before are asked for too, spread over the whole time."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One report as a query, the earlier reports that mean the same (none: it was new), and what was shown."""

    report_id: str
    answers: frozenset[str]
    shown: tuple[KnowledgeMatch, ...]

    @property
    def rank(self) -> int | None:
        """The place of the first right answer, from 1."""
        return next((at for at, match in enumerate(self.shown, 1) if match.entry.id in self.answers), None)


@dataclass(frozen=True, slots=True)
class Scores:
    """`queries` had been reported before. Of `new` ones that had not, for how many nothing was shown, rightly.

    `seen_before` are the first matches that were called the same error, `similar` the others; each (right, all).
    """

    queries: int
    r1: Share
    r3: Share
    mrr: Share
    seen_before: tuple[int, int]
    similar: tuple[int, int]
    silent: int
    new: int


async def ask_in_order(
    base: KnowledgeBase,
    duplicates: DuplicateSet,
    *,
    in_full: bool,
    most: int = SHOWN,
    done: Callable[[], None] = lambda: None,
) -> list[Asked]:
    """What `base`, empty at first, shows for each report that has an answer, and for some that have none.

    At most `most` matches each; `done` is called after each report.

    Raises:
        ServiceUnavailable: the embedder failed on the way, and the scores would be those of words alone.
    """
    answers = duplicates.answers()
    new = _spread(duplicates, MOST_NEW)
    asked, waiting = [], list[KnowledgeEntry]()
    for report in duplicates.reports:
        if report.id in answers or report.id in new:
            if waiting:
                await base.index(waiting)
                waiting = []
            findings = await base.search(report.told(in_full=in_full), most)
            if findings.note:
                raise ServiceUnavailable("The embedder", findings.note)
            asked.append(Asked(report.id, answers.get(report.id, frozenset()), tuple(findings.matches)))
        waiting.append(report.as_entry(in_full=in_full))
        done()
    return asked


def scores_of(asked: Sequence[Asked]) -> Scores:
    """The figures of one walk."""
    known = [one for one in asked if one.answers]
    new = [one for one in asked if not one.answers]
    ranks = [one.rank for one in known]
    first = [(one.shown[0], one.rank == 1) for one in asked if one.shown]
    same = [is_right for match, is_right in first if match.seen_before]
    similar = [is_right for match, is_right in first if not match.seen_before]
    return Scores(
        len(known),
        share(hits(ranks, 1)),
        share(hits(ranks, 3)),
        share(reciprocals(ranks)),
        (sum(same), len(same)),
        (sum(similar), len(similar)),
        sum(not one.shown for one in new),
        len(new),
    )


def _spread(duplicates: DuplicateSet, most: int) -> frozenset[str]:
    """Reports that are nobody's duplicate, evenly over the time."""
    grouped = frozenset().union(*duplicates.groups)
    alone = [report.id for report in duplicates.reports if report.id not in grouped]
    return frozenset(alone[:: max(1, -(-len(alone) // most))])
