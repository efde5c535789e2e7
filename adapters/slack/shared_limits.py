"""One budget for each workspace and method, and for posts one for each channel."""

from __future__ import annotations

from collections.abc import Callable

from adapters.common import shared_limits as budgets
from adapters.common.rate_limits import Budget
from adapters.slack.rate_limits import budget_of
from core.ports import Turns


class Budgets(budgets.Budgets):
    """Slack's; `make` gives the budget of a method, by default from the published tiers."""

    def __init__(self, make: Callable[[str], Budget] | None = None, *, turns: Turns | None = None) -> None:
        super().__init__("slack", make or budget_of, turns=turns)
