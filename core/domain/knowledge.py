"""What an organization knows: entries that people vouched for, and how trust in them is won and lost.

The model's confidence plays no part here. Nothing is lost on the way: a fix that gave way to a better one is kept with
the time it held.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from core.domain.tenancy import Actor

SETBACKS_THAT_DISPUTE = 2
HALF_LIFE_DAYS = 180.0
HELD_AFTER = timedelta(days=1)
"""How long the tracker has to see no event before a fix is said to have held."""

_TRUST_FLOOR = 0.7
_MOST_OCCURRENCES = 50
_MOST_PAST_FIXES = 20


class Standing(StrEnum):
    """How far an entry may be relied on. Drafts and retired entries are never shown by a search."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    RETIRED = "retired"


class Kind(StrEnum):
    """What an entry is: something that happened, or a passage of a document that people imported."""

    INCIDENT = "incident"
    PASSAGE = "passage"


@dataclass(frozen=True, slots=True)
class PastFix:
    """A fix that gave way to another, and from when to when it held."""

    fix: str
    confirmed_by: str | None
    valid_from: datetime | None
    valid_to: datetime


@dataclass(frozen=True, slots=True)
class KnowledgeEntry:
    """A past incident, or a passage of a document; `frames` are `file:function` symptoms, newest call first.

    `fingerprint` is equal for the same error; `occurrences` are the investigations that met it, `held_in` those that
    people ended with its fix, both newest last. `worked` and `failed` count how often the fix held or the error came
    back, `setbacks` how often since it last held. A confirmed entry without a `fix`: nobody said what it was.

    A passage has its text as `root_cause`, its document as `title` and `source`, and the `heading` above it.
    """

    id: str
    title: str
    root_cause: str
    fix: str
    error_type: str = ""
    message: str = ""
    frames: tuple[str, ...] = ()
    service: str = ""
    fingerprint: str = ""
    status: str = Standing.CONFIRMED
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    source: str = ""
    kind: str = Kind.INCIDENT
    heading: str = ""
    confirmed_by_id: str = ""
    occurrences: tuple[str, ...] = ()
    held_in: tuple[str, ...] = ()
    worked: int = 0
    failed: int = 0
    setbacks: int = 0
    last_worked_at: datetime | None = None
    past_fixes: tuple[PastFix, ...] = ()
    retired_at: datetime | None = None

    def confirm(self, actor: Actor, at: datetime, fix: str, investigation_id: str) -> KnowledgeEntry:
        """People vouch for it: `fix` ended the incident. Saying so again for the same incident corrects, not counts."""
        is_new = investigation_id not in self.held_in
        return replace(
            self._with_fix(fix, at)._met(investigation_id),
            held_in=_with(self.held_in, investigation_id),
            status=Standing.CONFIRMED,
            confirmed_by=actor.name,
            confirmed_by_id=actor.id,
            confirmed_at=at,
            worked=self.worked + is_new,
            setbacks=0,
            last_worked_at=at,
            retired_at=None,
        )

    def take_back(self, investigation_id: str) -> KnowledgeEntry:
        """That incident did not end so: what people say of others stays, a fix that it replaced holds again."""
        if investigation_id not in self.held_in:
            return self
        others = tuple(known for known in self.held_in if known != investigation_id)
        left = replace(self, held_in=others, worked=max(self.worked - 1, 0))
        if self.past_fixes and self.past_fixes[-1].valid_to == self.confirmed_at:
            before = self.past_fixes[-1]
            return replace(
                left,
                fix=before.fix,
                confirmed_by=before.confirmed_by,
                confirmed_at=before.valid_from,
                past_fixes=self.past_fixes[:-1],
            )
        return left if others else replace(left, status=Standing.DISPUTED, confirmed_by=None, confirmed_at=None)

    def record_recurrence(self, investigation_id: str) -> KnowledgeEntry:
        """The same error again after its fix: once for each investigation; the second time in a row disputes it."""
        if self.status not in (Standing.CONFIRMED, Standing.DISPUTED) or investigation_id in self.occurrences:
            return self
        setbacks = self.setbacks + 1
        status = Standing.DISPUTED if setbacks >= SETBACKS_THAT_DISPUTE else self.status
        return replace(self._met(investigation_id), status=status, failed=self.failed + 1, setbacks=setbacks)

    def dispute(self) -> KnowledgeEntry:
        """Somebody says it is wrong: it is shown as disputed, or if nobody ever saw it, never."""
        shown = self.status in (Standing.PROPOSED, Standing.CONFIRMED)
        return replace(self, status=Standing.DISPUTED) if shown else self

    def propose(self) -> KnowledgeEntry:
        """Somebody found the report helpful, which is less than that its fix worked."""
        return replace(self, status=Standing.PROPOSED) if self.status == Standing.DRAFT else self

    def reconsider(self) -> KnowledgeEntry:
        """Nobody says any more that it is wrong."""
        if self.status != Standing.DISPUTED or self.setbacks >= SETBACKS_THAT_DISPUTE:
            return self
        return replace(self, status=Standing.CONFIRMED if self.confirmed_by else Standing.PROPOSED)

    def retire(self, at: datetime) -> KnowledgeEntry:
        """It is kept and no longer found."""
        return self if self.status == Standing.RETIRED else replace(self, status=Standing.RETIRED, retired_at=at)

    @property
    def track_record(self) -> str:
        """How its fix did, in words; empty without a fix, and while only its confirmation speaks for it.

        That it held takes a tracker that saw no event since: whoever shows it asks `record_at`.
        """
        tries = self.worked + self.failed
        if tries == 0 or not self.fix:
            return ""
        return f"its fix held {self.worked} of {tries} times" if tries > 1 else "its fix held" if self.worked else ""

    def record_at(self, now: datetime) -> str:
        """The track record, once `HELD_AFTER` has passed since the fix was last confirmed; before, nothing is known."""
        since = self.last_worked_at or self.confirmed_at
        return self.track_record if since is None or now - since >= HELD_AFTER else ""

    def trust(self, now: datetime) -> float:
        """0..1, for ranking: sinks to a floor by half-lives since its fix last worked; less while it is in doubt."""
        if self.kind == Kind.PASSAGE:
            return 1.0
        since = self.last_worked_at or self.confirmed_at
        age_days = max((now - since).total_seconds() / 86_400, 0.0) if since else HALF_LIFE_DAYS
        fresh = float(0.5 ** (age_days / HALF_LIFE_DAYS))
        standing = {Standing.CONFIRMED: 1.0, Standing.PROPOSED: 0.85}.get(Standing(self.status), 0.6)
        return standing * (_TRUST_FLOOR + (1 - _TRUST_FLOOR) * fresh)

    def absorb(self, other: KnowledgeEntry, at: datetime) -> KnowledgeEntry:
        """With what is known of `other`, which is the same incident told twice; its fix is kept as past."""
        joined = self
        for investigation_id in other.occurrences:
            joined = joined._met(investigation_id)
        past = PastFix(other.fix, other.confirmed_by, other.confirmed_at, at)
        return replace(
            joined,
            held_in=tuple(dict.fromkeys((*other.held_in, *self.held_in)))[-_MOST_OCCURRENCES:],
            worked=self.worked + other.worked,
            failed=self.failed + other.failed,
            past_fixes=(*other.past_fixes, *([past] if other.fix else []), *self.past_fixes)[-_MOST_PAST_FIXES:],
        )

    def _with_fix(self, fix: str, at: datetime) -> KnowledgeEntry:
        """`fix` is the one that holds; another that people had confirmed before it is kept as past.

        Saying nothing keeps a fix that was confirmed; of a draft nobody said anything yet, so it has none.
        """
        is_known = self.status == Standing.CONFIRMED and bool(self.fix)
        if not fix and is_known:
            return self
        if not is_known or " ".join(fix.split()) == " ".join(self.fix.split()):
            return replace(self, fix=fix)
        past = PastFix(self.fix, self.confirmed_by, self.confirmed_at, at)
        return replace(self, fix=fix, past_fixes=(*self.past_fixes, past)[-_MOST_PAST_FIXES:])

    def _met(self, investigation_id: str) -> KnowledgeEntry:
        return replace(self, occurrences=_with(self.occurrences, investigation_id))


def _with(known: tuple[str, ...], newest: str) -> tuple[str, ...]:
    return (*(each for each in known if each != newest), newest)[-_MOST_OCCURRENCES:]


@dataclass(frozen=True, slots=True)
class KnowledgeMatch:
    """A knowledge entry found for a query; `score` 0..1 orders, `reasons` say why it matched."""

    entry: KnowledgeEntry
    score: float
    seen_before: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnowledgeFindings:
    """What a search found, best first; `note` says what it had to do without, if anything."""

    matches: tuple[KnowledgeMatch, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class IndexState:
    """How many entries the organization's index has; `note` says what they lack, so that they are put in again."""

    total: int
    note: str = ""
