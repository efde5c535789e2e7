"""The post-mortem holds everything and nothing in it is a link, a mention or markup of strangers."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given

from adapters.common.post_mortem import post_mortem
from core.domain.thread_view import ReportView
from tests.adapters.slack.samples import FINISHED, HOSTILE, REPORT, RESOLVED, report_views
from tests.adapters.slack.test_blocks import SLOW_TO_MAKE

FENCED = re.compile(r"^(`{3,})\n.*?^\1$", re.DOTALL | re.MULTILINE)


def test_it_has_a_heading_for_each_thing() -> None:
    text = post_mortem(RESOLVED, FINISHED.steps)
    headings = [line for line in text.splitlines() if re.match(r"##? ", line)]
    assert headings == [
        "# Post-mortem: SHOP-1",
        "## Timeline",
        "## Root cause",
        "## What shows it",
        "## Action items",
        "## Similar incidents",
        "## How it was found",
        "## Evidence",
    ]


def test_the_timeline_is_in_order_and_ends_with_who_vouches_for_it() -> None:
    text = post_mortem(RESOLVED)
    timeline = text.split("## Timeline\n\n")[1].split("\n\n")[0].splitlines()
    assert timeline == sorted(timeline)
    assert timeline[1] == "- 2026-11-23 07:14 UTC Release shop@4.2.0 shipped"
    assert timeline[-1] == "- 2026-11-24 03:12 UTC Marked as resolved"
    assert "- Resolved by Grace" in text


def test_fixes_are_a_checklist() -> None:
    text = post_mortem(REPORT)
    assert "- [ ] **Roll back release shop@4.2.0** (risk medium, effort low)" in text
    assert "    - [ ] Deploy, and watch the event rate fall." in text


def test_outside_text_is_markup_nowhere() -> None:
    for hostile in HOSTILE:
        report = replace(REPORT.report, root_cause=hostile.replace("`", "'"))
        text = FENCED.sub("", post_mortem(replace(REPORT, title=hostile, report=report)))
        assert not re.search(r"(?<!\\)<[@!#h]|(?<!\\)\]\(|https://|!\[", text)
        assert not re.search(r"@(?:here|channel|everyone)\b", text)


@SLOW_TO_MAKE
@given(report_views)
def test_no_output_closes_its_own_block(view: ReportView) -> None:
    outside = FENCED.sub("", post_mortem(view))
    assert not re.search(r"^`{3,}", outside, re.MULTILINE)
    assert len(re.findall(r"^### ", outside, re.MULTILINE)) == len(view.evidence)
