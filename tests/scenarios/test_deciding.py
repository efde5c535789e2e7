"""What people read when their decision stands here, and Sentry does not agree."""

from __future__ import annotations

from bot.demo.local_sentry import Fault, LocalSentry
from tests.scenarios.conftest import CommandLine


async def test_that_sentry_was_not_changed_stands_in_the_first_line_and_the_fix_has_not_held_yet(
    logsense: CommandLine, sentry: LocalSentry
) -> None:
    shell = logsense.connected_to(sentry, LOGSENSE_SENTRY_WRITES="true", LOGSENSE_USER="ada")
    assert (await shell.run("investigate", "SHOP-2")).code == 0
    sentry.faults.append(Fault("/issues/", 403, times=99))
    resolved = await shell.run("resolve", "--fix", "release the connection in a finally block")
    first = resolved.stdout.partition("\n")[0]
    assert "is resolved here; Sentry was not changed: " in first
    assert "may not do this" in first
    assert "resolved by ada" in resolved.stdout
    listed = await shell.run("knowledge", "list")
    assert listed.code == 0 and "confirmed by ada" in listed.stdout and "held" not in listed.stdout
    shown = (await shell.run("knowledge", "list", "--json")).document
    assert [entry["record"] for entry in shown["knowledge"]] == [""]
