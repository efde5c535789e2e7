from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.tenancy import OrganizationId, SentryConnection
from core.gateways.mcp.envelope import (
    TTL_S,
    Envelope,
    EnvelopeRefused,
    digest_of_arguments,
    new_key,
    open_envelope,
    seal,
)

KEY = new_key()
NOW = 1_800_000_000.0
ENVELOPE = Envelope(
    OrganizationId("acme"),
    "inv-1",
    "get_stacktrace",
    digest_of_arguments({"issue_id": "A-1"}),
    "model",
    SentryConnection("https://sentry.example", "acme", "a token", writes_allowed=True),
    None,
)


def test_what_was_sealed_comes_out_again() -> None:
    assert open_envelope(seal(ENVELOPE, KEY, at=NOW), KEY, at=NOW + TTL_S) == ENVELOPE
    bare = replace(ENVELOPE, connection=None, event_digest="d")
    assert open_envelope(seal(bare, KEY), KEY) == bare


def test_the_token_inside_cannot_be_read_from_outside() -> None:
    assert "a token" not in seal(ENVELOPE, KEY)
    assert "a token" not in repr(ENVELOPE)


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (None, "no envelope"),
        (7, "no envelope"),
        ("", "forged"),
        ("junk", "forged"),
        (seal(ENVELOPE, new_key(), at=NOW), "forged"),
        (seal(ENVELOPE, KEY, at=NOW - TTL_S - 1), "expired"),
        (seal(ENVELOPE, KEY, at=NOW + 2), "future"),
        (seal(ENVELOPE, KEY, at=NOW + 3600), "forged"),
    ],
)
def test_anything_else_is_refused(token: object, why: str) -> None:
    with pytest.raises(EnvelopeRefused, match=why):
        open_envelope(token, KEY, at=NOW)


@given(st.data())
def test_one_changed_character_is_refused(data: st.DataObject) -> None:
    token = seal(ENVELOPE, KEY, at=NOW)
    index = data.draw(st.integers(0, len(token.rstrip("=")) - 2))
    other = data.draw(st.sampled_from("ABCxyz019-_").filter(lambda character: character != token[index]))
    with pytest.raises(EnvelopeRefused):
        open_envelope(token[:index] + other + token[index + 1 :], KEY, at=NOW)


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.booleans())))
def test_the_order_of_arguments_does_not_matter(arguments: dict[str, object]) -> None:
    backwards = dict(reversed(arguments.items()))
    assert digest_of_arguments(arguments) == digest_of_arguments(backwards)
    assert digest_of_arguments(arguments) != digest_of_arguments({**arguments, "one more": 1})
