"""The address of an issue leads to the connection's own server, or nowhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gateways.sentry.links import agreed_origin, issue_link, origin_of

OWN = "https://sentry.acme.example"


@pytest.mark.parametrize(
    ("permalink", "base_url", "link"),
    [
        (f"{OWN}/organizations/acme/issues/42/", OWN, f"{OWN}/organizations/acme/issues/42/"),
        (f"{OWN}/acme/shop/issues/42/?referrer=x#event", OWN, f"{OWN}/acme/shop/issues/42/"),
        ("http://127.0.0.1:4711/organizations/acme/issues/1/", "http://127.0.0.1:4711", None),
        ("https://acme.sentry.io/issues/6123456789/", "https://sentry.io", "https://acme.sentry.io/issues/6123456789/"),
        ("https://sentry.io/organizations/acme/issues/1/", "https://de.sentry.io", None),
    ],
)
def test_the_servers_own_address_is_kept(permalink: str, base_url: str, link: str | None) -> None:
    assert issue_link(permalink, base_url) == (link or permalink)


@pytest.mark.parametrize(
    "permalink",
    [
        None,
        "",
        "javascript:alert(1)",
        "ftp://sentry.acme.example/issues/1/",
        "https://evil.example/issues/1/",
        "https://sentry.acme.example.evil.example/issues/1/",
        "https://evil.example@sentry.acme.example/issues/1/",
        "https://sentry.acme.example@evil.example/issues/1/",
        "https://sentry.acme.example:8443/issues/1/",
        "https://sentry.acme.example:port/issues/1/",
        "https://sentry.acme.example/issues/1/|click>",
        "https://sentry.acme.example/issues/<!channel>",
        "https://sentry.acme.example\\.evil.example/issues/1/",
        "//sentry.acme.example/issues/1/",
        f"{OWN}/{'a' * 600}",
        "https://acme.sentry.io/issues/1/",
        "https://[::1/issues/1/",
    ],
)
def test_an_address_that_leads_elsewhere_or_hides_something_is_none(permalink: str | None) -> None:
    assert issue_link(permalink, OWN) is None


def test_only_sentry_io_lends_its_name_to_hosts_below_it() -> None:
    assert issue_link("https://notsentry.io/issues/1/", "https://sentry.io") is None
    assert issue_link("https://acme.sentry.io.evil.example/issues/1/", "https://sentry.io") is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_given_a_link_can_be_shown_as_it_is(before: str, after: str) -> None:
    for permalink in (before + after, f"https://{before}sentry.acme.example/{after}", f"{OWN}/{before}/{after}"):
        link = issue_link(permalink, OWN)
        assert link is None or link.startswith(f"{OWN}/")
        assert link is None or not set(link) & set(" <>|\"'`\\^{}\n[]()")


PUBLIC = "https://errors.acme.example"


@pytest.mark.parametrize(
    ("permalink", "link"),
    [
        (f"{PUBLIC}/organizations/acme/issues/42/?x#y", f"{PUBLIC}/organizations/acme/issues/42/"),
        (f"{OWN}/organizations/acme/issues/42/", f"{OWN}/organizations/acme/issues/42/"),
        ("http://errors.acme.example/issues/1/", None),
        ("https://errors.acme.example:8443/issues/1/", None),
        ("https://x.errors.acme.example/issues/1/", None),
        ("https://errors.acme.example@evil.example/issues/1/", None),
        ("https://evil.example@errors.acme.example/issues/1/", None),
        (f"{PUBLIC}/issues/1/|click>", None),
    ],
)
def test_the_public_address_of_a_server_is_its_own_too_and_exactly_that(permalink: str, link: str | None) -> None:
    assert issue_link(permalink, OWN, PUBLIC) == link


def test_addresses_agree_on_an_origin_only_when_each_is_a_web_address_of_it() -> None:
    assert agreed_origin([f"{PUBLIC}/1", f"{PUBLIC}/2?x"]) == PUBLIC
    assert agreed_origin([f"{PUBLIC}:8443/1"]) == f"{PUBLIC}:8443"
    for other in (None, "", "javascript:alert(1)", f"{OWN}/1", "https://a@errors.acme.example/1", "https://[::1]/1"):
        assert agreed_origin([f"{PUBLIC}/1", other]) is None, other
    assert agreed_origin([]) is None


@given(st.text(max_size=60))
def test_an_origin_has_nothing_in_it_but_scheme_host_and_port(text: str) -> None:
    for address in (text, f"https://{text}", f"https://{text}/x"):
        origin = origin_of(address)
        assert origin is None or re.fullmatch(r"https?://[a-z0-9.-]+(:\d+)?", origin)
