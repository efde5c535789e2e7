"""Names the shape of a series of counts: steady, begun, stepped, growing, in bursts, nightly or ended; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.incident import EventSeries
from core.mcp_server.segments import Segment, direction, fits_line_better, segments_of

TOO_THIN_BELOW = 8
_QUIET_SHARE = 0.15
_SHORT_SHARE = 0.15
_BURSTY_SHARE = 0.7
_FEWEST = 3
_UNEVEN_RATIO = 2.0
_MOSTLY = 0.7
_DAILY_SHARE = 0.7
_DAILY_HOURS = 6
_DAILY_DAYS = 3
_MOST_DAYS = 0.6
_NIGHT = (20, 8)
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Daily:
    """The part of the day that holds `share` of the events, on `days` of `of_days` days.

    `begins` and `ends` bound it in UTC; both are None where the intervals are too wide to tell.
    """

    share: float
    days: int
    of_days: int
    begins: datetime | None = None
    ends: datetime | None = None

    @property
    def is_at_night(self) -> bool:
        """Whether all of it lies in the night of UTC."""
        if self.begins is None or self.ends is None:
            return False
        evening, morning = _NIGHT
        late = self.begins.hour >= evening or self.begins.hour < morning
        return late and (self.ends.hour < morning or self.ends.hour >= evening)


@dataclass(frozen=True, slots=True)
class Course:
    """The shape of a series; `basis` says in words what it rests on.

    `kind` is too_thin, steady, steady since, just begun, step up, step down, growing, falling, burst, bursts, nightly,
    daily, ended or uneven. `active` are the spells of events, as intervals from the first to behind the last.
    `began` is the first interval of the present state, None where it began before the series; `before` are the events
    in all intervals before it.
    """

    kind: str
    basis: str
    active: tuple[tuple[int, int], ...] = ()
    began: int | None = None
    before: int = 0
    daily: Daily | None = None


def course_of(series: EventSeries, until: datetime | None = None) -> Course:
    """The shape of `series`; an interval that goes on after `until` is not held against its rate."""
    counts = complete_counts(series, until)
    total = sum(counts)
    if total < TOO_THIN_BELOW or len(counts) < 4:
        return Course("too_thin", f"{total} events in {len(counts)} intervals are too few for a shape")
    spells = _spells(counts)
    if daily := _daily(series):
        kind = "nightly" if daily.is_at_night else "daily"
        began = spells[0].start or None
        basis = f"{daily.share:.0%} of the events at the same time of day, on {daily.days} of {daily.of_days} days"
        return Course(kind, basis, tuple((one.start, one.end) for one in spells), began, 0, daily)
    return _shape(counts, spells)


def complete_counts(series: EventSeries, until: datetime | None) -> list[int]:
    """The counts without an unfinished last one, unless only that has events or breaks a silence."""
    counts = [count for _, count in series.points]
    if not series.points or until is None:
        return counts
    is_unfinished = series.points[-1][0] + timedelta(seconds=series.interval_s) > until
    whole = counts[:-1]
    if not is_unfinished or sum(whole) < TOO_THIN_BELOW or (counts[-1] and not sum(whole[-2:])):
        return counts
    return whole


# ---- spells of events -----------------------------------------------------------------------------------------------


def _spells(counts: Sequence[int]) -> list[Segment]:
    """The stretches that are not quiet beside the busiest one."""
    segments = segments_of(counts)
    busy = [each.rate >= _QUIET_SHARE * max(one.rate for one in segments) for each in segments]
    _join_ramps(segments, busy)
    spells: list[Segment] = []
    for segment, is_busy in zip(segments, busy, strict=True):
        if is_busy and spells and spells[-1].end == segment.start:
            last = spells.pop()
            spells.append(Segment(last.start, segment.end, last.events + segment.events))
        elif is_busy:
            spells.append(segment)
    return spells


def _join_ramps(segments: Sequence[Segment], busy: list[bool]) -> None:
    """Count what rises from silence to a busy stretch, or falls back to it, as a part of that stretch."""
    for order in (range(len(segments) - 1, 0, -1), range(len(segments) - 1)):
        step = -1 if order.step < 0 else 1
        for at in order:
            beside = at + step
            if busy[at] and not busy[beside] and 0 < segments[beside].rate < segments[at].rate:
                busy[beside] = _leads_to_silence(segments, beside, step)


def _leads_to_silence(segments: Sequence[Segment], at: int, step: int) -> bool:
    while 0 <= at + step < len(segments) and segments[at + step].rate < segments[at].rate:
        at += step
        if not segments[at].events:
            return True
    return False


# ---- their shape ----------------------------------------------------------------------------------------------------


def _shape(counts: Sequence[int], spells: Sequence[Segment]) -> Course:
    active = tuple((one.start, one.end) for one in spells)
    if len(spells) > 1:
        return _several(counts, spells, active)
    spell = spells[0]
    if spell.end - spell.start >= _MOSTLY * len(counts) and _is_slope(counts):
        return _throughout(counts, active)
    before, after = sum(counts[: spell.start]), sum(counts[spell.end :])
    if spell.end < len(counts):
        return _over(counts, spell, active, before, after)
    if not spell.start:
        return _throughout(counts, active)
    kind, why = _inside(counts[spell.start : spell.end])
    if kind == "steady":
        kind = "step up" if before else "steady since"
    elif kind == "short":
        kind = "step up" if before else "just begun"
    elif kind == "falling" and before:
        kind = "uneven"
    return Course(kind, why, active, spell.start, before)


def _several(counts: Sequence[int], spells: Sequence[Segment], active: tuple[tuple[int, int], ...]) -> Course:
    width = sum(end - start for start, end in active)
    if width <= _BURSTY_SHARE * (spells[-1].end - spells[0].start):
        inside = sum(one.events for one in spells)
        basis = f"{inside / sum(counts):.0%} of the events in {width} of {len(counts)} intervals"
        return Course("bursts", basis, active, spells[0].start, sum(counts[: spells[0].start]))
    return Course("uneven", f"{len(spells)} spells with quiet between them", active)


def _over(
    counts: Sequence[int], spell: Segment, active: tuple[tuple[int, int], ...], before: int, after: int
) -> Course:
    width = spell.end - spell.start
    basis = f"{spell.events / sum(counts):.0%} of the events in {width} of {len(counts)} intervals"
    began = spell.start or None
    if spell.start and (width <= max(2, _SHORT_SHARE * len(counts)) or after):
        return Course("burst", basis, active, began, before)
    if not after:
        return Course("ended", basis, active, began, before)
    return Course("step down", basis, active, spell.end, spell.events)


def _throughout(counts: Sequence[int], active: tuple[tuple[int, int], ...]) -> Course:
    """Events from the first interval to the last: level, up, down, or both."""
    segments = segments_of(counts)
    tilt, z = direction(counts)
    rates = [each.rate for each in segments]
    if len(segments) == 1 or (max(rates) < _UNEVEN_RATIO * min(rates) and not tilt):
        kind = {1: "growing", -1: "falling", 0: "steady"}[tilt]
        return Course(kind, f"test of Cochran and Armitage, z {z:.1f}", active)
    is_up, is_down = rates == sorted(rates), rates == sorted(rates, reverse=True)
    split = max(segments[1:], key=lambda one: abs(one.rate - segments[segments.index(one) - 1].rate)).start
    if tilt and (is_up or is_down) and (fits_line_better(counts, split) or len(segments) > _FEWEST):
        return Course("growing" if is_up else "falling", f"test of Cochran and Armitage, z {z:.1f}", active)
    if is_up or is_down:
        basis = f"one change of the rate explains it best, {len(segments)} rates in all"
        return Course("step up" if is_up else "step down", basis, active, split, sum(counts[:split]))
    return Course("uneven", f"{len(segments)} rates, up and down", active)


def _is_slope(counts: Sequence[int]) -> bool:
    """Whether the rate goes one way in several steps, down to the quiet end of the slope."""
    rates = [each.rate for each in segments_of(counts)]
    return len(rates) > _FEWEST and _is_monotone(rates)


def _inside(counts: Sequence[int]) -> tuple[str, str]:
    """The shape since the begin: its first interval began before the events did, so it is left out."""
    whole = counts[1:]
    if len(whole) < _FEWEST:
        return "short", f"{len(counts)} intervals with events are too few for more"
    tilt, z = direction(whole)
    rates = [each.rate for each in segments_of(whole)]
    if tilt and _is_monotone(rates):
        return ("growing" if tilt > 0 else "falling"), f"test of Cochran and Armitage, z {z:.1f}"
    if len(rates) > 1 and max(rates) >= _UNEVEN_RATIO * max(min(rates), 0.01):
        return "uneven", f"{len(rates)} rates since it began"
    return "steady", f"{len(whole)} whole intervals since it began, no direction (z {z:.1f})"


def _is_monotone(rates: Sequence[float]) -> bool:
    return list(rates) in (sorted(rates), sorted(rates, reverse=True))


# ---- days -----------------------------------------------------------------------------------------------------------


def _daily(series: EventSeries) -> Daily | None:
    """The few hours of the day that hold most events on most days, as a nightly job has them."""
    slots = _DAY_S // series.interval_s
    if series.interval_s * slots != _DAY_S or slots < 4:
        return None
    by_slot: Counter[int] = Counter()
    for at, count in series.points:
        by_slot[_slot(at, series.interval_s)] += count
    width, first, inside = _narrowest(by_slot, slots)
    if not width or width * series.interval_s > _DAILY_HOURS * 3600:
        return None
    chosen = {(first + i) % slots for i in range(width)}
    days_hit = {
        _day_of(at, first, series.interval_s)
        for at, count in series.points
        if count and _slot(at, series.interval_s) in chosen
    }
    with_events = [_day_of(at, first, series.interval_s) for at, count in series.points if count]
    last = _day_of(series.points[-1][0], first, series.interval_s)
    of_days = max(max(with_events), last - 1) - min(with_events) + 1
    if len(days_hit) < _DAILY_DAYS or len(days_hit) < _MOST_DAYS * of_days:
        return None
    share = inside / sum(by_slot.values())
    if series.interval_s > 3600:
        return Daily(share, len(days_hit), of_days)
    begins = next(at for at, _ in series.points if _slot(at, series.interval_s) == first)
    return Daily(share, len(days_hit), of_days, begins, begins + timedelta(seconds=width * series.interval_s))


def _narrowest(by_slot: Counter[int], slots: int) -> tuple[int, int, int]:
    """Width, first slot and events of the narrowest part of the day that holds most events; (0, 0, 0) for none."""
    total = sum(by_slot.values())
    for width in range(1, slots // 4 + 1):
        inside, first = max((sum(by_slot[(start + i) % slots] for i in range(width)), -start) for start in range(slots))
        if inside and inside >= _DAILY_SHARE * total:
            # One more slot on either side often belongs to the same run of the job.
            return _widened(by_slot, slots, width, -first, inside)
    return 0, 0, 0


def _widened(by_slot: Counter[int], slots: int, width: int, first: int, inside: int) -> tuple[int, int, int]:
    while width < slots // 4:
        left, right = by_slot[(first - 1) % slots], by_slot[(first + width) % slots]
        if not max(left, right):
            break
        inside += max(left, right)
        width += 1
        first = (first - 1) % slots if left > right else first
    return width, first, inside


def _slot(at: datetime, interval_s: int) -> int:
    return int(at.timestamp()) % _DAY_S // interval_s


def _day_of(at: datetime, first: int, interval_s: int) -> int:
    """The number of the day, which begins with slot `first`."""
    return (int(at.timestamp()) - first * interval_s) // _DAY_S
