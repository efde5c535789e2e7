"""The judgement of a run. Pure: what was seen goes in, what was lost, doubled, paid again or late comes out."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.chaos.facts import Entry, Facts, Hold, Kept, Outage, Posted, Read
from tests.chaos.schedule import Ask

PICKUP_GOAL_S = 5.0
_AFTER_RESTART_S = 10.0
_GOES_ON_WITHIN_S = 1.0
PROGRESS, REPORT = "progress/1", "report/1"


@dataclass(frozen=True, slots=True)
class Pickup:
    """A run that lost its worker, how long after that another claimed it, and how long until its next step stood."""

    run: str
    kind: str
    claimed_s: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Each finding is a line for people."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    rerun: tuple[str, ...]
    pickups: tuple[Pickup, ...]

    @property
    def pickup_p95_s(self) -> float | None:
        """95 of 100 runs were taken up within this time; None when none had to be."""
        waits = sorted(pickup.seconds for pickup in self.pickups)
        return waits[math.ceil(0.95 * len(waits)) - 1] if waits else None

    @property
    def is_correct(self) -> bool:
        """Whether nothing was lost, posted twice or run again; says nothing of time, which the machine decides, too."""
        return not (self.lost or self.doubled or self.rerun)

    @property
    def is_good(self) -> bool:
        """Whether every goal is met."""
        return self.is_correct and (self.pickup_p95_s is None or self.pickup_p95_s <= PICKUP_GOAL_S)


def verdict_on(facts: Facts) -> Verdict:
    """What is to be said about a run that has come to rest."""
    return Verdict(tuple(_lost(facts)), tuple(_doubled(facts)), tuple(_rerun(facts)), tuple(_pickups(facts)))


# ---- lost -----------------------------------------------------------------------------------------------------------


def _lost(facts: Facts) -> Iterator[str]:
    kept = {investigation.issue: investigation for investigation in facts.kept}
    threads: defaultdict[tuple[str, str], dict[str, Posted]] = defaultdict(dict)
    for message in facts.posted:
        threads[message.channel, message.thread][message.role] = message
    for ask in facts.asked:
        investigation = kept.get(ask.issue)
        if investigation is None:
            answers = ", ".join(facts.answers.get(ask.issue, ()))
            yield f"{ask.issue}: it was never accepted; Slack was answered {answers or 'nothing'}"
        elif why := _not_ended(ask, investigation, threads[investigation.channel, investigation.thread]):
            yield f"{ask.issue} ({investigation.id}): {why}"


def _not_ended(ask: Ask, investigation: Kept, thread: dict[str, Posted]) -> str | None:
    """What is missing for the person who asked: an end that they wanted, and that the thread shows."""
    may_be_cancelled = ask.cancel_after_s is not None
    match investigation.status:
        case "reported" if REPORT not in thread:
            return "it has a report that its thread does not show"
        case "reported":
            pass
        case "cancelled" if may_be_cancelled:
            pass
        case "failed":
            return f"it failed: {investigation.failure}"
        case status:
            return f"it is {status}"
    if PROGRESS not in thread:
        return None if may_be_cancelled else "its thread has no progress message"
    return "its thread looks as if it ran" if thread[PROGRESS].is_spinning else None


# ---- doubled --------------------------------------------------------------------------------------------------------


def _doubled(facts: Facts) -> Iterator[str]:
    """One line for each message too many; who asked once has one thread, so this finds an event served twice, too."""
    counts = Counter((message.channel, message.thread, message.role) for message in facts.posted)
    for (channel, thread, role), count in counts.items():
        yield from [f"{role} stands {count} times in {channel} {thread}"] * (count - 1)


# ---- paid again -----------------------------------------------------------------------------------------------------


def _rerun(facts: Facts) -> Iterator[str]:
    """Requests for what was committed before they were made; one that was under way at a kill came before."""
    journals: defaultdict[str, list[Entry]] = defaultdict(list)
    issues = {investigation.id: investigation.issue for investigation in facts.kept}
    for entry in facts.entries:
        journals[issues.get(entry.investigation, "")].append(entry)
    for call in facts.calls:
        committed = min((entry.at for entry in journals[call.issue] if entry.turn == call.turn), default=math.inf)
        if call.at > committed:
            late_ms = 1_000 * (call.at - committed)
            yield f"{call.issue}: turn {call.turn} was asked for {late_ms:.0f} ms after it was committed"
    for read in facts.reads:
        if _is_read_again(read, journals[read.issue]) and not _was_about_to(read, journals[read.issue], facts):
            yield f"{read.issue}: {' and '.join(sorted(read.tools))} read again what was committed"


def _is_read_again(read: Read, journal: list[Entry]) -> bool:
    """Whether every call that could have wanted it had its outcome by then."""
    called, unanswered = _wanting(read, journal, read.at)
    return bool(called) and not unanswered


def _wanting(read: Read, journal: list[Entry], at: float) -> tuple[set[str], set[str]]:
    """The calls until then that could have wanted it, and those of them that had no outcome yet."""
    before = [entry for entry in journal if entry.at < at]
    called = {call for entry in before for call, tool in entry.calls if tool in read.tools}
    return called, called - {entry.outcome_of for entry in before}


def _was_about_to(read: Read, journal: list[Entry], facts: Facts) -> bool:
    """Whether a paused replica was making that call, and made it when it went on: it could not know, and may not write.

    Nothing can exclude this but a fence at Sentry itself.
    """
    for pause, went_on in facts.paused:
        _, unanswered = _wanting(read, journal, pause.at)
        holds = [hold for hold in facts.holds if hold.run == journal[0].run and hold.at <= pause.at]
        was_its_own = bool(holds) and (holds[-1].state, holds[-1].owner) == ("running", pause.owner)
        if was_its_own and unanswered and went_on <= read.at <= went_on + _GOES_ON_WITHIN_S:
            return True
    return False


# ---- picked up ------------------------------------------------------------------------------------------------------


def _pickups(facts: Facts) -> Iterator[Pickup]:
    held: defaultdict[str, list[Hold]] = defaultdict(list)
    written: defaultdict[str, list[Entry]] = defaultdict(list)
    for hold in sorted(facts.holds, key=lambda it: it.at):
        held[hold.run].append(hold)
    for entry in sorted(facts.entries, key=lambda it: it.at):
        written[entry.run].append(entry)
    for outage in facts.outages:
        for run, holds in held.items():
            taken_up = _taken_up(outage, holds, written[run], facts.outages)
            if taken_up is not None and not _in_shadow(outage.at, taken_up[1], facts.down):
                yield Pickup(run, outage.kind, *(at - outage.at for at in taken_up))


def _taken_up(
    outage: Outage, holds: list[Hold], entries: list[Entry], outages: Iterable[Outage]
) -> tuple[float, float] | None:
    """When the run was claimed and went on elsewhere; None when that replica did not have it, or nobody had to.

    It goes on with the commit of its next step or, where no step was left to make, with the claim. Where who took it
    up was itself cut off before that step, this is a wait of that later outage.
    """
    before = [hold for hold in holds if hold.at <= outage.at]
    if not before or before[-1].state != "running" or before[-1].owner != outage.owner:
        return None
    attempt = before[-1].attempt
    claim = next((hold for hold in holds if hold.state == "running" and hold.attempt > attempt), None)
    if claim is None:
        return None
    at = next((entry.at for entry in entries if entry.attempt > attempt), claim.at)
    cut_off = any(other.owner == claim.owner and claim.at <= other.at < at for other in outages)
    return None if cut_off else (claim.at, at)


def _in_shadow(since: float, until: float, down: Iterable[tuple[float, float]]) -> bool:
    """Whether the database was restarted meanwhile, or shortly before."""
    return any(begin <= until and since <= end + _AFTER_RESTART_S for begin, end in down)
