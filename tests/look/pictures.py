"""Takes pictures of reports, progress and follow-ups, as wide as a desktop and as a phone, and measures them.

`python -m tests.look.pictures slack|teams FOLDER` writes `FOLDER/<platform>-<view>-<width>.png` and prints the heights:
of the whole, and down to the end of the first row of buttons. Chromium draws; `make look-teams` gets Teams' renderer.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from core.domain.report import NO_USAGE
from core.domain.tenancy import Actor
from core.domain.thread_view import AnswerView, ProgressView, ReportView, ThreadView
from tests.adapters.slack import samples
from tests.agent.test_answers import answer
from tests.look import slack, teams

WIDTHS = (720, 360)
PHONE_WIDTH, PHONE_HEIGHT = 360, 640
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_NARROWEST_WINDOW = 500
_MEASURED = re.compile(r'data-whole="([\d.]+)" data-primary="([\d.]+)"')
_MEASURE = """<script>
const bottom = (element) => element ? element.getBoundingClientRect().bottom + window.scrollY : 0;
document.body.dataset.whole = bottom(document.querySelector("main").lastElementChild);
document.body.dataset.primary = bottom(document.querySelector(".actions, .ac-actionSet"));
</script>"""


@dataclass(frozen=True, slots=True)
class Heights:
    """In CSS pixels; `primary` is 0 where nothing can be pressed."""

    whole: float
    primary: float


def views_of(platform: str) -> Mapping[str, ThreadView]:
    """What is drawn, by name; the doubtful report is the longest of what stands before the buttons."""
    ada = teams.ADA if platform == "teams" else samples.ADA
    return {
        "report": replace(samples.REPORT, asked_by=ada),
        "doubtful": doubtful(ada),
        "seen-before": replace(samples.KNOWN, asked_by=ada),
        "progress": samples.RUNNING,
        "done": samples.FINISHED,
        "follow-up": replace(samples.ANSWER, asked_by=ada),
        "follow-up-rollback": by_rules("is it safe to roll back?", ada),
        "follow-up-same": by_rules("same as INC-118, and how do I reproduce it?", ada),
        "follow-up-not-understood": by_rules("purple monkey dishwasher", ada),
        "resolved": replace(samples.RESOLVED, asked_by=ada),
    }


def by_rules(question: str, asked_by: Actor) -> AnswerView:
    """What rules answer to a question on the incident of their tests."""
    given = answer(question)
    return replace(
        samples.ANSWER, question=question, text=given.text, evidence=given.evidence, usage=NO_USAGE, asked_by=asked_by
    )


def doubtful(asked_by: Actor) -> ReportView:
    """A report with warnings and long lines."""
    report = replace(
        samples.REPORT.report,
        root_cause="rows_for() most likely takes from the pool and does not give back on every path "
        "(shop/reports.py:18): “no sales on 2026-11-14, left out” and its like came 5 times just before none was left.",
        confidence=46,
        confidence_reasons=("-12 the stack shows where it came to light; why it came so far lies elsewhere",),
        partial=True,
        fixes=samples.REPORT.report.fixes[:1],
    )
    return replace(samples.REPORT, report=report, asked_by=asked_by)


def html_of(platform: str, views: Sequence[ThreadView], width: int, modules: Path) -> str:
    """The page with those views alone, which measures itself."""
    draw = slack.narrow_page if platform == "slack" else partial(teams.narrow_page, modules)
    return draw(views, width) + _MEASURE


def heights_of(page: str, width: int) -> Heights:
    """How high Chromium draws the page."""
    found = _MEASURED.search(_chromium(page, width, "--dump-dom"))
    assert found is not None, "the page did not measure itself"
    return Heights(float(found[1]), float(found[2]))


def take_picture(page: str, width: int, height: int, to: Path) -> None:
    """The page as a picture."""
    _chromium(page, width, f"--screenshot={to.absolute()}", height=height)


def _chromium(page: str, width: int, *arguments: str, height: int = 900) -> str:
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        size = f"--window-size={max(width, _NARROWEST_WINDOW)},{height}"
        profile = f"--user-data-dir={folder}/profile"
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", profile, size)
        done = subprocess.run([CHROMIUM, *flags, *arguments, str(file)], capture_output=True, timeout=120, check=True)
    return done.stdout.decode("utf-8", "replace")


def main(platform: str, folder: Path) -> None:
    """Every picture, and a line for each."""
    print(f"{'view':26}{'width':>7}{'whole':>8}{'to the buttons':>16}")
    for name, view in views_of(platform).items():
        for width in WIDTHS:
            page = html_of(platform, [view], width, folder)
            heights = heights_of(page, width)
            take_picture(page, width, round(heights.whole) + 12, folder / f"{platform}-{name}-{width}.png")
            print(f"{name:26}{width:7}{heights.whole:8.0f}{heights.primary:16.0f}")
    thread = [view for name, view in views_of(platform).items() if name in ("done", "report", "follow-up")]
    page = html_of(platform, sorted(thread, key=_in_thread), WIDTHS[0], folder)
    take_picture(page, WIDTHS[0], round(heights_of(page, WIDTHS[0]).whole) + 12, folder / f"{platform}-thread.png")


def _in_thread(view: ThreadView) -> int:
    return (ProgressView, ReportView).index(type(view)) if isinstance(view, ProgressView | ReportView) else 2


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("Pictures need Chromium, which is not installed; the page can be opened in any browser.")
    main(sys.argv[1], Path(sys.argv[2]))
