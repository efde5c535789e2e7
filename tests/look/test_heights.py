"""On a phone a report needs no scrolling to know what broke, how sure that is, where, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.look.pictures import CHROMIUM, PHONE_HEIGHT, PHONE_WIDTH, heights_of, html_of, views_of

MODULES = Path(__file__).parents[2] / ".cache" / "look"
RENDERER = MODULES / "node_modules" / "adaptivecards"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium, which measures, is not installed")


@pytest.mark.parametrize("name", ["report", "doubtful", "seen-before", "resolved"])
@pytest.mark.parametrize("platform", ["slack", "teams"])
def test_the_first_lines_and_their_buttons_fit_on_a_phone(platform: str, name: str) -> None:
    if platform == "teams" and not RENDERER.is_dir():
        pytest.skip("Microsoft's renderer is not installed: make look-teams")
    page = html_of(platform, [views_of(platform)[name]], PHONE_WIDTH, MODULES)
    assert 0 < heights_of(page, PHONE_WIDTH).primary <= PHONE_HEIGHT
