"""Secrets in events, as they enter and as they are cut and shown."""

from __future__ import annotations

import json
from typing import Any

from bot.app.bootstrap import _describe_event
from core.domain.tenancy import OrganizationId
from core.gateways.process_pool import ProcessPool
from core.gateways.sentry.payloads import read_event
from core.mcp_server.masking import Masker
from core.mcp_server.output import cleaned

MASKER = Masker("a key for these tests")


def test_a_password_of_several_words_goes_whole_although_objects_become_lines() -> None:
    body = {"user": {"password": "correct horse battery"}, "pairs": [["Api-Key", "two words"]]}
    event = read_event(json.dumps({"message": "failed", "request": {"data": body}}), MASKER.structure)
    shown = repr(cleaned(event, MASKER))
    assert "horse" not in shown
    assert "two words" not in shown


async def test_the_title_of_a_pasted_event_is_masked() -> None:
    text = json.dumps({"title": "login with password=Tr0ub4dor9 failed", "message": "broke", "platform": "python"})
    assert "Tr0ub4dor9" not in await _describe_event(ProcessPool(), OrganizationId("acme"), text, MASKER)


def test_a_key_in_the_source_of_a_frame_goes_with_all_its_lines() -> None:
    lines = ["KEY = '''-----BEGIN RSA PRIVATE KEY-----", "MIIEpAIBAAKCAQEA" * 4, "q83vEjRWeJCrze8S" * 4]
    frame = {"filename": "a.py", "lineno": 5, "pre_context": lines, "context_line": "-----END RSA PRIVATE KEY-----"}
    stack = {"frames": [frame]}
    event = read_event(json.dumps({"exception": {"values": [{"type": "E", "value": "v", "stacktrace": stack}]}}))
    shown = repr(cleaned(event, MASKER))
    assert not any(line in shown for line in lines[1:])


def test_of_a_value_longer_than_the_cut_no_beginning_of_a_secret_is_left() -> None:
    text = "x " * 1_990 + "password=" + "Sup3rSecretValue" * 10
    event = read_event(json.dumps({"message": "m", "extra": {"note": text}}))
    assert "Sup3rSecret" not in repr(cleaned(event, MASKER))


def test_texts_that_are_json_hide_no_secret_behind_escapes() -> None:
    assert "hunter22" not in MASKER.text(json.dumps({"deep": json.dumps({"contrase\u00f1a": "hunter22"})}))
    complaint = '{"password": ["This field is required."]}'
    assert MASKER.text(complaint) == complaint


def test_an_object_of_any_depth_is_masked_without_exhausting_the_stack() -> None:
    deep: Any = {"password": "hunter2"}
    for _ in range(900):
        deep = {"inner": [deep]}
    assert "hunter2" not in repr(Masker("k").structure({"top": deep, "password": "hunter2"}))
