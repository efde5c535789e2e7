"""A picture of how often an incident happened, with the releases marked, when there is something to see."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from adapters.common.text_limits import cut, visible
from adapters.common.wording import counted
from core.domain.report import Evidence

WIDTH, HEIGHT = 1200, 460
_LEFT, _RIGHT, _TOP, _BOTTOM = 90, 30, 84, 64
_BACKGROUND, _GRID, _TEXT, _BAR, _MARK = "#ffffff", "#e3e3e8", "#3d3c40", "#3f6ad8", "#c2364f"
_MOST_BARS = 200
_FEWEST_POINTS = 6
_FEWEST_EVENTS = 10
_VERSION = 40
_ALT_TEXT = 1_000


@dataclass(frozen=True, slots=True)
class Chart:
    """A PNG, and the same in words."""

    png: bytes
    alt_text: str


@dataclass(frozen=True, slots=True)
class _Series:
    """Counts per interval from `starts_at` on, and the releases shipped meanwhile."""

    starts_at: datetime
    interval_s: int
    counts: tuple[int, ...]
    trend: str
    releases: tuple[tuple[datetime, str], ...]

    def at(self, index: float) -> datetime:
        """When interval `index` begins."""
        return self.starts_at + timedelta(seconds=index * self.interval_s)

    @property
    def unit(self) -> str:
        """The interval in words."""
        for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
            if self.interval_s % size == 0:
                number = self.interval_s // size
                return name if number == 1 else f"{number} {name}s"
        return f"{self.interval_s} s"


def frequency_chart(evidence: Sequence[Evidence]) -> Chart | None:
    """The newest series drawn; None when there is none, or so few events that a sentence says as much."""
    all_series = (_series_of(item.facts) for item in evidence if item.tool == "analyze_error_frequency" and item.ok)
    newest = next(reversed([series for series in all_series if series is not None]), None)
    if newest is None or len(newest.counts) < _FEWEST_POINTS or sum(newest.counts) < _FEWEST_EVENTS:
        return None
    if newest.trend == "too_thin":
        return None
    return Chart(_drawn(newest), cut(_alt_text(newest), _ALT_TEXT))


def _series_of(facts: Mapping[str, Any]) -> _Series | None:
    counts, interval_s, starts_at = facts.get("counts"), facts.get("interval_s"), _moment(facts.get("starts_at"))
    if not counts or not isinstance(interval_s, int) or interval_s <= 0 or starts_at is None:
        return None
    end = starts_at + timedelta(seconds=interval_s * len(counts))
    shipped = [(_moment(one.get("at")), str(one.get("version", ""))) for one in facts.get("releases", ())]
    size = -(-len(counts) // _MOST_BARS)
    return _Series(
        starts_at,
        interval_s * size,
        tuple(sum(map(int, counts[start : start + size])) for start in range(0, len(counts), size)),
        str(facts.get("trend", "")),
        tuple((at, cut(visible(name), _VERSION)) for at, name in shipped if at is not None and starts_at <= at <= end),
    )


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _alt_text(series: _Series) -> str:
    peak = max(range(len(series.counts)), key=series.counts.__getitem__)
    parts = [
        f"Bar chart of events per {series.unit}",
        f"{_spoken(series.at(0))} to {_spoken(series.at(len(series.counts)))} UTC",
        f"{counted(sum(series.counts), 'event')}, {series.trend}" if series.trend else "",
        f"most at {_spoken(series.at(peak))}: {series.counts[peak]:,}",
        *(f"release {name} at {_spoken(at)}" for at, name in series.releases),
    ]
    return "; ".join(part for part in parts if part) + "."


# ---- drawing --------------------------------------------------------------------------------------------------------


def _drawn(series: _Series) -> bytes:
    image = Image.new("RGB", (WIDTH, HEIGHT), _BACKGROUND)
    draw = ImageDraw.Draw(image)
    _draw_title(draw, series)
    top = _scale_top(max(series.counts))
    _draw_scale(draw, top)
    _draw_bars(draw, series, top)
    _draw_times(draw, series)
    _draw_releases(draw, series)
    png = io.BytesIO()
    image.save(png, "PNG", optimize=True)
    return png.getvalue()


def _font(points: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(points)


def _draw_title(draw: ImageDraw.ImageDraw, series: _Series) -> None:
    draw.text((_LEFT, 14), f"Events per {series.unit}", _TEXT, _font(24))
    draw.text((WIDTH - _RIGHT, 18), f"{sum(series.counts):,} in all, times in UTC", _TEXT, _font(18), anchor="ra")


def _draw_scale(draw: ImageDraw.ImageDraw, top: int) -> None:
    for share in (0, 0.5, 1):
        y = _y(top * share, top)
        draw.line((_LEFT, y, WIDTH - _RIGHT, y), _GRID, 2)
        if float(top * share).is_integer():
            draw.text((_LEFT - 12, y), f"{int(top * share):,}", _TEXT, _font(18), anchor="rm")


def _draw_bars(draw: ImageDraw.ImageDraw, series: _Series, top: int) -> None:
    gap = 2 if _x(1, series) - _x(0, series) > 6 else 0
    for index, count in enumerate(series.counts):
        if count:
            left, right = _x(index, series) + gap, _x(index + 1, series) - gap - 1
            draw.rectangle((left, min(_y(count, top), _y(0, top) - 2), max(left, right), _y(0, top)), _BAR)


def _draw_times(draw: ImageDraw.ImageDraw, series: _Series) -> None:
    """Whole hours or days, about six of them, the date where it changes."""
    shown_day = None
    for index in _ticks(series):
        moment, x = series.at(index), _x(index, series)
        draw.line((x, HEIGHT - _BOTTOM, x, HEIGHT - _BOTTOM + 7), _TEXT, 2)
        draw.text((x, HEIGHT - _BOTTOM + 11), f"{moment:%H:%M}", _TEXT, _font(18), anchor="ma")
        if moment.date() != shown_day:
            shown_day = moment.date()
            draw.text((x, HEIGHT - _BOTTOM + 33), f"{moment.day} {moment:%b}", _TEXT, _font(18), anchor="ma")


def _ticks(series: _Series) -> Iterator[float]:
    span_s = series.interval_s * len(series.counts)
    steps_h = (0.25, 0.5, 1, 2, 3, 4, 6, 12, 24, 48, 72, 120, 168, 336)
    step_s = 3600 * next((hours for hours in steps_h if span_s / (hours * 3600) <= 8), steps_h[-1])
    begins = series.starts_at.timestamp()
    moment = -(-begins // step_s) * step_s
    while moment <= begins + span_s:
        yield (moment - begins) / series.interval_s
        moment += step_s


def _draw_releases(draw: ImageDraw.ImageDraw, series: _Series) -> None:
    for number, (at, name) in enumerate(series.releases):
        x = _x((at - series.starts_at).total_seconds() / series.interval_s, series)
        draw.line((x, _TOP - 32, x, HEIGHT - _BOTTOM), _MARK, 3)
        near_end = x > WIDTH * 0.6
        place = (x - 8 if near_end else x + 8, _TOP - 36 + 24 * (number % 2))
        draw.text(place, f"released {name}", _MARK, _font(18), anchor="ra" if near_end else "la")


def _scale_top(most: int) -> int:
    """The next even round number."""
    size = int("1" + "0" * (len(str(most)) - 1))
    return next(size * step for step in (1, 2, 4, 6, 8, 10) if size * step >= most)


def _x(index: float, series: _Series) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * index / len(series.counts)


def _y(count: float, top: int) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * count / top


def _spoken(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %H:%M}"
