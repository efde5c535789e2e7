"""From the command line to the report, and every way in which it may not get there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bot.demo.local_sentry import LocalSentry
from bot.demo.planted import PLANTED
from tests.scenarios.conftest import CommandLine, everything_kept

REPORT_KEYS = {
    "id",
    "issue",
    "status",
    "reasoner",
    "root_cause",
    "cause",
    "culprit",
    "confidence",
    "confidence_reasons",
    "findings",
    "evidence",
    "fixes",
    "similar",
    "steps",
    "usage",
}


async def test_the_demo_shows_each_step_and_the_report_and_what_to_try_next(logsense: CommandLine) -> None:
    shown = await logsense.run("demo", "--full")
    assert shown.code == 0, shown.stderr
    assert shown.stderr == ""
    for expected in (
        "get_stacktrace",
        "`item` had no `unit_price`",
        "shop/pricing.py:9",
        "High confidence",
        "Do now: ",
        "[E2]",
        "How to fix it",
        "INC-118",
        "Worked out by rules, without a language model.",
        "--demo ask",
    ):
        assert expected in shown.stdout


async def test_the_commands_that_the_demo_prints_work_as_printed(logsense: CommandLine) -> None:
    shown = await logsense.run("demo")
    printed = re.findall(r"^  python -m bot (.+)$", shown.stdout, re.MULTILINE)
    assert len(printed) == 5
    ask, resolve, listing, showing = (line for line in printed if "ISSUE" not in line)
    for line in (ask, resolve, listing, showing):
        arguments = [part.strip('"') for part in re.findall(r'"[^"]*"|\S+', line)]
        outcome = await logsense.run(*arguments)
        assert outcome.code == 0, (line, outcome.stderr)


async def test_json_is_one_document_with_the_promised_keys(logsense: CommandLine, sentry: LocalSentry) -> None:
    outcome = await logsense.connected_to(sentry).run("investigate", "shop-1", "--json")
    document = outcome.document
    assert outcome.code == 0 and outcome.stderr == ""
    assert document.keys() >= REPORT_KEYS
    assert document["status"] == "reported"
    assert document["cause"] == "missing_key"
    assert document["culprit"] == {
        "file": "shop/pricing.py",
        "function": "line_total",
        "line": 9,
        "module": "shop.pricing",
    }
    assert all(finding["evidence"] for finding in document["findings"])
    assert {cited for finding in document["findings"] for cited in finding["evidence"]} <= document["evidence"].keys()
    assert document["usage"] == {"model_calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "usd": 0.0}
    assert (await logsense.run("show", "--json")).document == document, "the latest, if none is named"


async def test_what_somebody_resolved_is_remembered_at_the_next_incident(
    logsense: CommandLine, sentry: LocalSentry
) -> None:
    shell = logsense.connected_to(sentry, LOGSENSE_SENTRY_WRITES="true", LOGSENSE_USER="ada")
    first = (await shell.run("investigate", "SHOP-2", "--json")).document
    assert first["similar"] == []
    resolved = await shell.run("resolve", "--fix", "release the connection in a finally block")
    assert resolved.code == 0, resolved.stderr
    assert "resolved by ada" in resolved.stdout
    assert ("SHOP-2", "Marked resolved by ada") in [(issue, text[:22]) for issue, text in sentry.notes]
    listed = (await shell.run("incidents", "--json")).document["incidents"]
    assert "SHOP-2" not in [item["short_id"] for item in listed]

    second = (await shell.run("investigate", "SHOP-2", "--json")).document
    assert second["similar"][0]["status"] == "seen before"
    assert "finally block" in second["fixes"][0]["steps"][1]

    reopened = await shell.run("reopen", first["id"][:6])
    assert reopened.code == 0, reopened.stderr
    third = (await shell.run("investigate", "SHOP-2", "--json")).document
    assert not any("finally block" in step for fix in third["fixes"] for step in fix["steps"])


async def test_an_event_from_a_file_or_a_pipe_is_investigated_without_any_sentry(
    logsense: CommandLine, tmp_path: Path
) -> None:
    event = {
        "exception": {"values": [{"type": "ZeroDivisionError", "value": "division by zero"}]},
        "platform": "python",
    }
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event))
    from_file = (await logsense.run("investigate", "--event", str(file), "--json")).document
    from_pipe = (await logsense.run("investigate", "--event", "-", "--json", stdin=file.read_bytes())).document
    assert from_file["cause"] == from_pipe["cause"] == "arithmetic"
    assert "event.json" in from_file["issue"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe", "not text"),
        (b'{"padding": "' + b"x" * 5_000_000 + b'"}', "larger than 1 MiB"),
        (b"hello", "neither JSON nor a Sentry envelope"),
        (b'{"cart": 1}', "not a Sentry event"),
    ],
    ids=["empty", "binary", "5 MB", "prose", "other JSON"],
)
async def test_a_file_that_is_no_event_gets_one_clear_sentence(
    logsense: CommandLine, tmp_path: Path, content: bytes, sentence: str
) -> None:
    file = tmp_path / "thing"
    file.write_bytes(content)
    outcome = await logsense.run("investigate", "--event", str(file))
    assert outcome.code == 2
    assert sentence in outcome.stderr
    assert outcome.stderr.count("\n") == 1 and outcome.stdout == ""


async def test_an_unknown_issue_is_a_clear_refusal(logsense: CommandLine, sentry: LocalSentry) -> None:
    outcome = await logsense.connected_to(sentry).run("investigate", "SHOP-999", "--json")
    assert outcome.code == 2
    assert "Sentry has no issue SHOP-999 in organization acme" in outcome.stderr
    assert outcome.document["status"] == "failed"


async def test_a_wrong_token_names_the_setting(logsense: CommandLine, sentry: LocalSentry) -> None:
    outcome = await logsense.connected_to(sentry, SENTRY_TOKEN="wrong").run("investigate", "SHOP-1")
    assert outcome.code == 3
    assert "SENTRY_TOKEN" in outcome.stderr and "wrong" not in outcome.stdout + outcome.stderr


async def test_a_dead_sentry_is_named(logsense: CommandLine, sentry: LocalSentry) -> None:
    shell = logsense.connected_to(sentry, SENTRY_URL="http://127.0.0.1:9", LOGSENSE_ALLOWED_HOSTS="127.0.0.1:9")
    outcome = await shell.run("investigate", "SHOP-1")
    assert outcome.code == 3
    assert "127.0.0.1:9" in outcome.stderr and outcome.stderr.count("\n") == 1


async def test_a_private_address_is_refused_unless_the_operator_allows_it(
    logsense: CommandLine, sentry: LocalSentry
) -> None:
    shell = logsense.connected_to(sentry, SENTRY_URL="https://169.254.169.254", LOGSENSE_ALLOWED_HOSTS="")
    outcome = await shell.run("investigate", "SHOP-1")
    assert outcome.code == 2
    assert "private or local address" in outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["investigate"], "Name one thing to investigate"),
        (["investigate", "SHOP-1"], "Sentry is not connected"),
        (["ask", "why?"], "investigation"),
        (["show", "abcdef"], "no investigation abcdef"),
        (["show"], "Nothing was investigated yet"),
        (["cancel"], "Nothing is running"),
        (["resolve"], "investigation"),
    ],
)
async def test_what_cannot_be_done_yet_says_what_to_do_first(
    logsense: CommandLine, arguments: list[str], sentence: str
) -> None:
    outcome = await logsense.run(*arguments)
    assert outcome.code == 2
    assert sentence in outcome.stderr
    as_json = await logsense.run(*arguments, "--json")
    assert sentence in as_json.document["error"]


async def test_planted_secrets_are_nowhere(logsense: CommandLine, sentry: LocalSentry) -> None:
    shell = logsense.connected_to(sentry, LOGSENSE_LOG_LEVEL="DEBUG")
    outcome = await shell.run("investigate", "SHOP-6", "--json")
    assert outcome.code == 0, outcome.stderr
    assert outcome.document["cause"] == "parse_error"
    kept = [outcome.stdout.encode(), outcome.stderr.encode(), *everything_kept(logsense.home)]
    for secret in (*PLANTED, sentry.token):
        assert not any(secret.encode() in content for content in kept), secret


async def test_a_hostile_payload_gives_no_orders_and_no_markup(logsense: CommandLine, sentry: LocalSentry) -> None:
    outcome = await logsense.connected_to(sentry, LOGSENSE_SENTRY_WRITES="true").run("investigate", "SHOP-6")
    assert "\x1b" not in outcome.stdout and "\u202e" not in outcome.stdout
    assert [method for method, _ in sentry.requests if method != "GET"] == []
