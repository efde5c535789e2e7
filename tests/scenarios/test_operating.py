"""What whoever runs LogSense does: organizations, keys, backups, each as a command in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

from bot.demo.local_sentry import LocalSentry
from tests.scenarios.conftest import CommandLine

KEYS = {"LOGSENSE_SECRET_KEYS": "a new key of at least 32 characters, an old key of at least 32 characters"}


async def test_an_organization_lives_and_is_deleted_on_record(logsense: CommandLine, tmp_path: Path) -> None:
    assert (await logsense.run("org", "create", "acme", "--name", "Acme Ltd")).code == 0
    assert "already" in (await logsense.run("org", "create", "acme")).stderr
    assert (await logsense.run("org", "link", "slack:T1", "--organization", "acme")).code == 0
    granted = await logsense.run(
        "org", "members", "--grant", "slack:T1/U1", "--role", "owner", "--organization", "acme", "--json"
    )
    assert granted.document == {"members": [{"person": "slack:T1/U1", "role": "owner", "name": "U1"}]}
    decided = ("max_concurrent=1", "hard_usd=20", "--organization", "acme", "--json")
    limited = await logsense.run("org", "limits", *decided)
    assert (limited.document["max_concurrent"], limited.document["hard_usd"]) == (1, 20.0)
    masking = await logsense.run("org", "masking", "--set", "ip,phone", "--organization", "acme", "--json")
    assert masking.document == {"masked": ["ip", "phone"], "default": False}
    assert (await logsense.run("org", "masking", "--json")).document == {"masked": ["card", "email"], "default": True}
    shown = (await logsense.run("org", "show", "--organization", "acme", "--json")).document
    assert (shown["name"], shown["workspaces"]) == ("Acme Ltd", "slack:T1")

    log = (await logsense.run("audit", "--organization", "acme", "--json")).document["audit"]
    assert [entry["action"] for entry in log] == [
        "masking changed",
        "limits changed",
        "role granted",
        "workspace linked",
        "organization created",
    ]
    file = tmp_path / "acme.jsonl"
    assert (await logsense.run("org", "export", str(file), "--organization", "acme")).code == 0
    assert {json.loads(line)["table"] for line in file.read_text().splitlines()} == {"members", "audit"}

    log = tmp_path / "api.log"
    log.write_text("2026-11-28T10:00:00Z ERROR api disk quota exceeded\n" * 30)
    for organization in ("acme", "default"):
        shell = CommandLine(logsense.home, {"LOGSENSE_ORGANIZATION": organization})
        ran = await shell.run("investigate", "--log", str(log))
        assert ran.code == 0, ran.stderr
    assert len(list((logsense.home / "logs").glob("*/*"))) == 2

    refused = await logsense.run("org", "delete", "acme", stdin=b"no\n")
    assert refused.code == 2 and "Nothing was deleted" in refused.stderr
    deleted = await logsense.run("org", "delete", "acme", "--yes", "--json")
    assert deleted.code == 0 and set(deleted.document["after"].values()) == {0}
    assert deleted.document["before"]["members"] == 1 and deleted.document["before"]["logs"] == 1
    assert len(list((logsense.home / "logs").glob("*/*"))) == 1
    assert "no organization acme" in (await logsense.run("org", "show", "--organization", "acme")).stderr
    # The log of the one who runs LogSense keeps what the organization's own log went with.
    log = (await logsense.run("audit", "--json")).document["audit"]
    kept = [(entry["action"], entry["details"]["organization"]) for entry in log]
    assert kept == [("organization deleted", "acme"), ("organization created", "acme")]


async def test_what_cannot_be_is_refused_with_what_can(logsense: CommandLine) -> None:
    for arguments, said in (
        (("org", "create", "no spaces"), "letters, digits"),
        (("org", "limits", "speed=9"), "max_concurrent"),
        (("org", "limits", "max_concurrent=many"), "a number, or default"),
        (("org", "limits", "max_concurrent=0"), "positive"),
        (("org", "masking", "--set", "surname"), "email, card, iban"),
        (("org", "link", "T1"), "slack:T0123"),
        (("org", "members", "--grant", "slack:T1"), "slack:T0123/U0456"),
        (("org", "delete", "default", "--yes"), "cannot delete itself"),
        (("audit", "--organization", "nobody"), "logsense org list"),
    ):
        outcome = await logsense.run(*arguments)
        assert outcome.code == 2 and said in outcome.stderr, (arguments, outcome)


async def test_keys_change_without_losing_a_token(logsense: CommandLine) -> None:
    both = {**logsense.variables, "LOGSENSE_SECRET_KEY": "x" * 32, **KEYS}
    assert "not both" in (await CommandLine(logsense.home, both).run("check")).stderr
    rotated = await CommandLine(logsense.home, logsense.variables | KEYS).run("secrets", "rotate", "--json")
    assert rotated.code == 0 and rotated.document["resealed"]["installations"] == 0


async def test_a_backup_is_restored_elsewhere_and_work_goes_on(
    logsense: CommandLine, sentry: LocalSentry, tmp_path: Path
) -> None:
    here = logsense.connected_to(sentry)
    (investigated,) = [(await here.run("investigate", "SHOP-1", "--json")).document]
    assert (await here.run("resolve", "--fix", "made the key optional")).code == 0
    file = tmp_path / "logsense.backup"
    assert (await here.run("backup", str(file))).code == 0
    assert file.stat().st_mode & 0o077 == 0
    assert "there already" in (await here.run("backup", str(file))).stderr
    assert "not empty" in (await here.run("restore", str(file))).stderr

    elsewhere = CommandLine(tmp_path / "elsewhere", here.variables)
    restored = await elsewhere.run("restore", str(file))
    assert restored.code == 0, restored.stderr
    listed = (await elsewhere.run("investigations", "--json")).document["investigations"]
    assert [one["id"] for one in listed] == [investigated["id"]]
    assert (await elsewhere.run("knowledge", "reindex", "--json")).document["indexed"] == 1
    again = await elsewhere.run("investigate", "SHOP-1", "--json")
    assert "made the key optional" in again.stdout, "what was learned is found"
    replaced = await elsewhere.run("restore", str(file), "--replace", "--json")
    assert any("before-restore" in path for path in replaced.document["kept"])


async def test_a_damaged_backup_changes_nothing(logsense: CommandLine, tmp_path: Path) -> None:
    assert (await logsense.run("org", "list")).code == 0
    file = tmp_path / "whole"
    assert (await logsense.run("backup", str(file))).code == 0
    content = file.read_bytes()
    before = (logsense.home / "logsense.db").read_bytes()
    for number, damaged in enumerate((content[: len(content) // 2], b"not a backup", content[:-40] + b"x" * 40)):
        bad = tmp_path / f"bad{number}"
        bad.write_bytes(damaged)
        outcome = await logsense.run("restore", str(bad), "--replace")
        assert outcome.code == 2 and "Nothing was changed" in outcome.stderr, outcome
    assert (logsense.home / "logsense.db").read_bytes() == before
