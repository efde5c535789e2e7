"""Errors as weighted terms, and the fingerprint of one."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.fingerprint import exceptions_in, fingerprint, fingerprint_of_text, frames_in
from core.domain.tenancy import OrganizationId
from core.gateways.qdrant.lexical import query_weights, stored_weights, term_id, terms

ACME = OrganizationId("acme")
CART = ("shop/cart.py:total", "shop/views.py:checkout", "flask/app.py:dispatch_request")


def words(text: str) -> set[str]:
    return {term.removeprefix("w:") for term in terms(text) if term.startswith("w:")}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("OrderTotal", {"ordertotal", "order", "total"}),
        ("order_total", {"order_total", "order", "total"}),
        ("HTTPServerError", {"httpservererror", "http", "server"}),
        ("cart.total", {"cart.total", "cart", "total"}),
        ("k1", {"k1"}),
        ("orders failing", {"order", "fail"}),
        ("the file was not there", set()),
        ("PAY-4711 in v1.8.2", {"pay-4711", "pay", "1.8.2", "1.8."}),
        ("VFS-12 in 3.1", {"vfs-12", "3.1", "3.1."}),
        ("Größe überschritten", {"größe", "überschritten"}),
    ],
)
def test_words_are_found_by_their_parts_and_as_a_whole(text: str, found: set[str]) -> None:
    assert found <= words(text)


def test_stop_words_say_nothing() -> None:
    assert not words("an error in the file, but why?") - {"why"}


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("shop/cart.py:total\nC:\\app\\views.py:checkout", ("cart.py:total", "views.py:checkout")),
        (
            'File "/app/views.py", line 3, in checkout\n  total(o)\nFile "/app/cart.py", line 9, in total',
            ("cart.py:total", "views.py:checkout"),
        ),
        ("at async Cart.total (/app/cart.js:4:11)\nat App (src/App.jsx:1:2)", ("cart.js:total", "app.jsx:app")),
        ("at com.acme.Cart.total(Cart.java:30)", ("cart.java:total",)),
        ("app:///index.js:boot", ("index.js:boot",)),
        ("listening on example.com:8080, cart.py:41", ()),
    ],
)
def test_frames_are_read_from_every_dialect_newest_first(text: str, frames: tuple[str, ...]) -> None:
    assert frames_in(text) == frames


def test_exception_classes_are_read_without_their_packages() -> None:
    assert exceptions_in("java.net.SocketTimeoutException: x, caused by redis.ConnectionError") == (
        "SocketTimeoutException",
        "ConnectionError",
    )


def test_a_query_weighs_the_newest_frame_most_and_repeats_at_most_three_times() -> None:
    weights = query_weights("pool pool pool pool pool\n" + "\n".join(CART))
    assert weights["w:pool"] == 3.0
    assert weights["f:cart.py:total"] > weights["f:views.py:checkout"] > weights["f:app.py:dispatch_request"]


def test_the_first_line_of_a_query_says_most() -> None:
    weights = query_weights("pool exhausted\nwhile the cart was saved")
    assert weights["w:pool"] == 2 * weights["w:cart"]
    assert query_weights("pool exhausted")["w:pool"] == 1


def test_a_stored_term_weighs_less_in_a_longer_text() -> None:
    short, long = stored_weights({"w:a": 1}), stored_weights({"w:a": 1} | {f"w:{n}": 1 for n in range(300)})
    assert short["w:a"] > long["w:a"] > 0


def test_term_ids_do_not_depend_on_the_process() -> None:
    assert term_id("w:cart", ACME) == 4_252_018_308


def test_a_term_has_another_id_in_another_organization() -> None:
    assert term_id("w:cart", ACME) != term_id("w:cart", OrganizationId("rival"))


# ---- fingerprint ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("user 4711 not found", "user 12 not found"),
        ("order 7b1c6f0e-9d1e-4a55-8a73-0f1f8f3f0a11", "order 0f0f6f0e-9d1e-4a55-8a73-0f1f8f3f0a11"),
        ("at 2026-01-01T10:00:00Z", "at 2025-12-31 09:30:01,123"),
        ("connect to 10.0.0.1:6379", "connect to 10.0.0.22:6379"),
        ("<Order object at 0x7f3a>", "<Order object at 0x99ff01>"),
        ("GET https://api.example.com/a?b=1", "GET https://api.example.com/c"),
        ("commit deadbeef1 broke", "commit 0123456789abcdef broke"),
        ("Took   1.5 s", "took 22 s"),
    ],
)
def test_volatile_parts_do_not_change_a_fingerprint(one: str, other: str) -> None:
    assert fingerprint("E", one, CART) == fingerprint("E", other, CART)


@pytest.mark.parametrize(
    "other",
    [
        ("KeyError", "'amount'", CART),
        ("KeyError", "'currency2'", CART),
        ("LookupError", "'currency'", CART),
        ("KeyError", "'currency'", ("shop/refund.py:pay", *CART[1:])),
        ("KeyError", "'currency'", ()),
    ],
)
def test_another_error_has_another_fingerprint(other: tuple[str, str, tuple[str, ...]]) -> None:
    assert fingerprint(*other) != fingerprint("KeyError", "'currency'", CART)


def test_callers_far_from_the_failure_do_not_change_a_fingerprint() -> None:
    assert fingerprint("E", "m", [*CART, "wsgi.py:call"]) == fingerprint("E", "m", [*CART, "asgi.py:run"])


def test_a_type_alone_has_no_fingerprint() -> None:
    assert fingerprint("TimeoutError", " ", ()) == ""
    assert fingerprint_of_text("TimeoutError") == fingerprint_of_text("") == ""


@pytest.mark.parametrize(("error_type", "message"), [("KeyError", "'currency'"), ("KeyError", ""), ("", "no: money")])
def test_an_error_told_as_text_has_the_fingerprint_of_its_fields(error_type: str, message: str) -> None:
    headline = ": ".join(part for part in (error_type, message) if part)
    assert fingerprint_of_text("\n".join([headline, *CART])) == fingerprint(error_type, message, CART)


# ---- hostile text ---------------------------------------------------------------------------------------------------


@given(st.text(max_size=300))
def test_any_text_has_terms_and_a_fingerprint(text: str) -> None:
    assert all(weight > 0 for weight in query_weights(text).values())
    assert len({term_id(term, ACME) for term in terms(text)}) <= len(terms(text))
    fingerprint_of_text(text)
    fingerprint(text, text, [text])


@pytest.mark.parametrize(
    "piece", ["a.", "a/", "A", "x:", 'File "', "at a.", "a-1", "0x", "::", "1.", "a+b://", "\ud800"]
)
def test_no_text_takes_long(piece: str) -> None:
    text = piece * 20_000
    started = time.process_time()
    query_weights(text)
    fingerprint_of_text(text)
    assert time.process_time() - started < 1.0
