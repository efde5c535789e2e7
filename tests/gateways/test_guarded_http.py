"""Addresses that tenants give are checked where they are resolved, and private ones are refused."""
# ruff: noqa: RUF001 - look-alike digits and dots are what is tested

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from core.domain.errors import Refusal
from core.gateways.http.guarded import check_url, open_guarded_session
from core.gateways.http.public_hosts import is_public, normal_host

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
        "https://[2001:0:7f00:1::]",
        "https://[64:ff9b::7f00:1]",
        "https://[64:ff9b:1::a00:1]",
        "https://[::127.0.0.1]",
        "https://[::ffff:0:127.0.0.1]",
        "https://[fec0::1]",
        "https://[ff02::1]",
        "https://[::]",
        "https://198.18.0.1",
        "https://127.0.0.1.",
        "https://①②⑦.⓪.⓪.①",
        "https://１２７.０.０.１",
        "https://127。0．0｡1",
        "https://10.0.0.8。",
        "https://127%2e0.0.1",
        "https://[fe80::1%25eth0]",
        "https://[2606:4700::1111%25eth0]",
        "https://sentry.io@127.0.0.1",
        "https://key@sentry.io",
        "https://127.0.0.1\\@sentry.io",
        "https://sentry.io\n",
        "https://a..b",
        "https://sentry.io:99999",
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


PRIVATE = ["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"]
PRIVATE += ["192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"]
private_addresses = st.sampled_from(PRIVATE).flatmap(lambda network: st.ip_addresses(v=4, network=network))
DIGITS = ["0123456789", "０１２３４５６７８９", "⓪①②③④⑤⑥⑦⑧⑨", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "₀₁₂₃₄₅₆₇₈₉"]


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A private IPv4 address in look-alike digits and dots, which clients turn back into ASCII."""
    address = str(draw(private_addresses))
    digits = st.integers(0, len(DIGITS) - 1)
    spelled = "".join(
        draw(st.sampled_from(".。．｡")) if char == "." else DIGITS[draw(digits)][int(char)] for char in address
    )
    return spelled + draw(st.sampled_from(["", ".", "。", ".．"]))


@given(spellings())
def test_no_spelling_of_a_private_address_passes(host: str) -> None:
    with pytest.raises(Refusal):
        check_url(f"https://{host}/api", NONE)


@given(private_addresses, st.sampled_from(["64:ff9b::", "64:ff9b:1::", "::", "::ffff:", "::ffff:0:"]))
def test_no_address_that_carries_a_private_one_passes(address: IPv4Address, prefix: str) -> None:
    with pytest.raises(Refusal):
        check_url(f"https://[{prefix}{address}]", NONE)


@given(private_addresses, st.integers(0, 2**64))
def test_no_tunnel_to_a_private_address_passes(address: IPv4Address, rest: int) -> None:
    for tunnel in (0x2002 << 112 | int(address) << 80 | rest, 0x20010000 << 96 | int(address) << 64 | rest):
        assert not is_public(str(IPv6Address(tunnel)))


@given(st.text(max_size=40))
def test_what_passes_is_the_host_that_clients_read(host: str) -> None:
    try:
        passed = check_url(f"https://{host}", NONE)
    except Refusal:
        return
    read = URL(passed).raw_host or ""
    assert read == normal_host(read)


@pytest.mark.parametrize(
    ("given_url", "normal"),
    [
        ("https://SENTRY.io.", "https://sentry.io"),
        ("https://bücher。example:9000/a?b=c", "https://xn--bcher-kva.example:9000/a?b=c"),
        ("https://[2606:4700:0:0::1111]:8443/v1", "https://[2606:4700::1111]:8443/v1"),
    ],
)
def test_requests_are_built_from_the_normal_host(given_url: str, normal: str) -> None:
    assert check_url(given_url, NONE) == normal


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


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "127。0。0。1"])
async def test_an_address_that_was_not_checked_before_is_refused_at_the_connection(host: str) -> None:
    async with open_guarded_session(NONE) as session:
        with pytest.raises(Refusal, match="private or local address"):
            await session.get(f"https://{host}:8443/")


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
