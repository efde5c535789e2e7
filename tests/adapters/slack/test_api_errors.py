"""Every error code that Slack's reference has for the methods in use is answered with something that one can do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.api_errors import explained
from core.domain.errors import MessageGone, RateLimited

_REFERENCE = json.loads((Path(__file__).parent / "data" / "slack_error_codes.json").read_text())
CODES = sorted({code for codes in _REFERENCE["errors"].values() for code in codes} | {"is_inactive", "is_archived"})
_CAN_BE_DONE = (
    "ask ",
    "ask again",
    "invite it",
    "unarchive",
    "an admin",
    "workspace admin",
    "tell whoever runs",
    "press it once more",
    "open it again",
    "join it",
    "mention logsense",
)


def failed(code: str, **more: Any) -> SlackApiError:
    """What the SDK raises for that code."""
    data = {"ok": False, "error": code, **more}
    response = AsyncSlackResponse(
        client=None, http_verb="POST", api_url="", req_args={}, data=data, headers={}, status_code=200
    )
    return SlackApiError("failed", response)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("code", CODES)
def test_each_code_says_what_can_be_done(code: str) -> None:
    failure = explained(failed(code))
    if isinstance(failure, RateLimited | MessageGone):
        return
    assert any(words in str(failure).lower() for words in _CAN_BE_DONE), failure


def test_nobody_is_told_to_invite_into_what_takes_no_guests() -> None:
    for code in CODES:
        if code not in ("channel_not_found", "not_in_channel"):
            assert "/invite" not in str(explained(failed(code)))


def test_a_missing_permission_is_named() -> None:
    assert "mpim:read" in str(explained(failed("missing_scope", needed="mpim:read")))


def test_the_reference_covers_every_method_in_use() -> None:
    assert all(_REFERENCE["errors"].values()) and len(CODES) > 60
