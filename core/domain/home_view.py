"""A platform-free picture of a person's home page: what is connected, what goes on, what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.domain.investigation import Investigation
from core.domain.report import Usage


@dataclass(frozen=True, slots=True)
class Incidents:
    """The tracker's newest issues as `list_incidents` gives them (facts: short_id, title, …), or why there are none."""

    rows: tuple[Mapping[str, Any], ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class HomeView:
    """`sentry` and `model` say in words what is connected; None when nothing is. Investigations are newest first."""

    organization: str
    sentry: str | None
    model: str | None
    may_administer: bool
    incidents: Incidents
    running: tuple[Investigation, ...]
    finished: tuple[Investigation, ...]
    month: str
    usage: Usage
