"""Whose address a request is counted for, and how often each may ask."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from adapters.common.client_addresses import AddressLimit, client_address


def address(remote: str | None, *forwarded: str) -> str:
    headers = {"X-Forwarded-For": ", ".join(forwarded)} if forwarded else {}
    return client_address(make_mocked_request("GET", "/", headers=headers).clone(remote=remote or ""))


@pytest.mark.parametrize(
    ("remote", "forwarded", "counted"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("8.8.8.8", ("1.1.1.1",), "8.8.8.8"),
        ("127.0.0.1", ("1.1.1.1", "8.8.8.8"), "8.8.8.8"),
        ("10.0.0.3", ("nonsense",), "10.0.0.3"),
        ("::1", ("2606:4700::1",), "2606:4700::/64"),
        ("::1", ("2606:4700::ffff:2",), "2606:4700::/64"),
        ("::ffff:8.8.8.8", (), "8.8.8.8"),
        ("", ("8.8.8.8",), "8.8.8.8"),
    ],
)
def test_only_a_private_neighbor_may_say_whom_it_asks_for(
    remote: str, forwarded: tuple[str, ...], counted: str
) -> None:
    assert address(remote, *forwarded) == counted


@given(st.ip_addresses(), st.lists(st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=30)))
def test_whatever_stands_in_the_header_an_address_is_counted(remote: object, forwarded: list[str]) -> None:
    counted = address(str(remote), *forwarded)
    assert ip_address(counted.removesuffix("/64"))


def test_an_address_that_waits_may_ask_again_and_others_never_wait_for_it() -> None:
    now_s = [0.0]
    limit = AddressLimit(per_minute=6, burst=2, clock_s=lambda: now_s[0])
    assert [limit.wait_s("a") for _ in range(3)] == [0, 0, 10]
    assert limit.wait_s("b") == 0
    now_s[0] = 10.0
    assert [limit.wait_s("a") for _ in range(2)] == [0, 10]


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    limit = AddressLimit(per_minute=1, burst=1)
    for number in range(20_001):
        limit.wait_s(str(number))
    assert len(limit._known) == 10_000
