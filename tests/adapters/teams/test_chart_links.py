"""Addresses of charts: nobody can guess, change or keep one for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.teams.render.chart_links import LASTS_S, ChartLinks
from core.domain.tenancy import Platform, WorkspaceRef

ACME = WorkspaceRef(Platform.TEAMS, "acme")
URL = "https://logsense.acme.dev/"


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def name_in(url: str) -> str:
    return url.removeprefix("https://logsense.acme.dev/teams/charts/")


def test_an_address_names_its_tenant_and_investigation_for_a_month() -> None:
    clock = Clock()
    links = ChartLinks(URL, [b"key"], clock)
    name = name_in(links.url_of(ACME, "i1"))
    assert links.read(name) == (ACME, "i1")
    clock.now += LASTS_S + 1
    assert links.read(name) is None


def test_a_key_that_was_replaced_is_still_good_and_a_strangers_is_not() -> None:
    name = name_in(ChartLinks(URL, [b"old"]).url_of(ACME, "i1"))
    assert ChartLinks(URL, [b"new", b"old"]).read(name) == (ACME, "i1")
    assert ChartLinks(URL, [b"new"]).read(name) is None


def test_no_character_of_an_address_can_be_changed() -> None:
    links = ChartLinks(URL, [b"key"])
    name = name_in(links.url_of(ACME, "i1")).removesuffix(".png")
    said, _, signature = name.partition(".")
    # The last character of each part carries bits that mean nothing.
    places = [*range(len(said) - 1), *range(len(said) + 1, len(name) - 1)]
    changed = (name[:at] + ("A" if name[at] != "A" else "B") + name[at + 1 :] for at in places)
    assert [one for one in changed if links.read(one) is not None] == []
    assert links.read(signature) is links.read(f"{said}.") is None


@given(st.text())
def test_whatever_is_asked_for_is_answered(name: str) -> None:
    assert ChartLinks(URL, [b"key"]).read(name) is None
