"""Reports of a tracker and which of them are the same: what retrieval is scored on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.domain.fingerprint import fingerprint_of_text, frames_in
from core.domain.knowledge import KnowledgeEntry


@dataclass(frozen=True, slots=True)
class Report:
    """A bug report as its author wrote it."""

    id: str
    title: str
    text: str
    created_at: datetime

    def told(self, *, in_full: bool) -> str:
        """The report as a query: its title, and below it if `in_full` the rest."""
        return f"{self.title}\n{self.text}" if in_full and self.text else self.title

    def as_entry(self, *, in_full: bool) -> KnowledgeEntry:
        """The report as an incident that is known, of which nobody said how it ended."""
        text = self.text if in_full else ""
        mark = fingerprint_of_text(self.told(in_full=in_full))
        return KnowledgeEntry(self.id, self.title, "", "", message=text, frames=frames_in(text), fingerprint=mark)


@dataclass(frozen=True, slots=True)
class DuplicateSet:
    """`reports` oldest first, `groups` of ids that mean the same, and how many pairs named unknown reports."""

    reports: tuple[Report, ...]
    groups: tuple[frozenset[str], ...]
    unknown_pairs: int = 0

    def answers(self) -> Mapping[str, frozenset[str]]:
        """For each report that had been reported before, the earlier ones that mean the same."""
        at = {report.id: place for place, report in enumerate(self.reports)}
        found = {}
        for group in self.groups:
            ordered = sorted(group, key=at.__getitem__)
            found.update({later: frozenset(ordered[:place]) for place, later in enumerate(ordered) if place})
        return found
