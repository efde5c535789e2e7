"""Addresses that tenants give are checked where they are resolved, and private ones are refused."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import Refusal
from core.gateways.guarded_http import check_url, open_guarded_session

NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1",
        "https://127.1",
        "https://2130706433",
        "https://0x7f000001",
        "https://10.0.0.8",
        "https://172.16.4.4",
        "https://192.168.1.1",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1",
        "https://0.0.0.0",
        "https://224.0.0.1",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://[fd00::1]",
        "https://[fe80::1]",
        "https://[2002:7f00:1::]",
        "http://sentry.example",
        "ftp://sentry.example",
        "sentry.example",
        "https://",
    ],
)
def test_private_addresses_and_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(Refusal):
        check_url(url, NONE)


@pytest.mark.parametrize(
    "url", ["https://sentry.io", "https://8.8.8.8", "https://[2606:4700::1111]", "https://s.io:9000"]
)
def test_public_addresses_over_https_pass(url: str) -> None:
    check_url(url, NONE)


@pytest.mark.parametrize("allowed", ["sentry.corp", "sentry.corp:9000"])
def test_the_operators_allow_list_lets_a_named_host_through_and_no_other(allowed: str) -> None:
    check_url("http://sentry.corp:9000", frozenset({allowed}))
    with pytest.raises(Refusal):
        check_url("http://other.corp:9000", frozenset({allowed}))


@given(st.ip_addresses(v=4))
def test_a_literal_address_passes_only_when_it_is_public(address: IPv4Address) -> None:
    for host in (str(address), f"[::ffff:{address}]"):
        try:
            check_url(f"https://{host}", NONE)
        except Refusal:
            continue
        assert address.is_global and not address.is_multicast


@given(st.ip_addresses(v=6))
def test_a_literal_address_of_the_new_kind_passes_only_when_it_is_public(address: IPv6Address) -> None:
    try:
        check_url(f"https://[{address}]", NONE)
    except Refusal:
        return
    assert (address.ipv4_mapped or address).is_global


async def test_a_name_that_resolves_to_loopback_is_refused_at_the_connection() -> None:
    async with open_guarded_session(NONE) as session:
        with pytest.raises(Refusal, match="private or local address"):
            await session.get("https://localhost:8443/")


async def test_an_allowed_loopback_host_is_reached() -> None:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        async with (
            open_guarded_session(frozenset({f"localhost:{port}"})) as session,
            session.get(f"http://localhost:{port}/") as response,
        ):
            assert await response.text() == "hello"
    finally:
        await runner.cleanup()
