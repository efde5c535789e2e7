"""Requests to Slack's address: signed by Slack over the raw bytes, and of a shape that the listeners can read. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from adapters.common.request_bodies import BadRequest, object_in
from adapters.slack.inbound.bolt_types import check_shape

TIMESTAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)
_FRESH_S = 300
_MOST_FIELDS = 100


def check_headers(headers: Mapping[str, str], now: float) -> None:
    """Return when the headers could be Slack's, so that the body is worth reading.

    Raises:
        BadRequest: they are missing, malformed or too old.
    """
    timestamp, signature = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
    if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
        raise BadRequest(401, "The request is not signed by Slack.")
    if abs(now - int(timestamp)) > _FRESH_S:
        raise BadRequest(401, "The request's timestamp is more than five minutes away from this server's clock.")


def check_signature(raw: bytes, headers: Mapping[str, str], secret: str) -> None:
    """Return when Slack signed exactly these bytes. Raises BadRequest when not."""
    signed = b"v0:" + headers[TIMESTAMP].encode() + b":" + raw
    expected = "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, headers[SIGNATURE]):
        raise BadRequest(401, "The signature does not match.")


def check_payload(raw: bytes, content_type: str) -> str:
    """The body's text, once it is known that what it holds can be read.

    Raises:
        BadRequest: it is neither a JSON object nor a form, or has fields of another type than Slack sends.
    """
    if content_type == "application/json" or raw.startswith(b"{"):
        check_shape(object_in(raw))
    else:
        check_shape(_form_in(raw))
    return raw.decode()


def _form_in(raw: bytes) -> dict[str, Any]:
    try:
        fields = dict(parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise BadRequest(400, "The body is neither JSON nor a form in UTF-8.") from None
    if not fields:
        raise BadRequest(400, "The body is empty.")
    return object_in(fields["payload"].encode()) if "payload" in fields else fields
