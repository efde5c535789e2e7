"""`logsense audit` and `logsense secrets rotate`: what is on record, and keys that change."""

from __future__ import annotations

from typing import Any

import click

from bot.cli.exit_codes import ExitCode
from bot.cli.options import json_option
from bot.cli.organizations import administer, organization_option
from bot.cli.session import Cli, Session
from core.domain.tenancy import AuditEntry, OrganizationId
from core.requests.administer import Administration


@click.command("audit")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@organization_option
@json_option
@click.pass_obj
def audit(cli: Cli, limit: int, organization: str | None) -> None:
    """Show who changed what, newest first."""

    async def act(session: Session, administration: Administration, organization_id: OrganizationId) -> ExitCode:
        entries = await session.app.stores.for_organization(organization_id).audit_log(limit)
        if cli.as_json:
            documents: list[dict[str, Any]] = [
                {
                    "at": entry.at.isoformat(),
                    "actor": {"id": entry.actor.id, "name": entry.actor.name},
                    "origin": entry.origin,
                    "action": entry.action,
                    "details": dict(entry.details),
                }
                for entry in entries
            ]
            cli.print_json({"audit": documents})
        elif not entries:
            cli.say("Nothing is on record yet.")
        else:
            cli.print_table(
                ("at", "who", "from", "what", "details"),
                [
                    (
                        f"{it.at:%Y-%m-%d %H:%M} UTC",
                        _who(it),
                        it.origin,
                        it.action,
                        ", ".join(f"{key}: {value}" for key, value in it.details.items()),
                    )
                    for it in entries
                ],
            )
        return ExitCode.OK

    administer(cli, organization, act)


def _who(entry: AuditEntry) -> str:
    """The name, and at the terminal the account behind a name that was chosen."""
    actor = entry.actor
    is_chosen = entry.origin == "terminal" and actor.name != actor.id
    return f"{actor.name} ({actor.id})" if is_chosen else actor.name


@click.group("secrets")
def secrets_group() -> None:
    """The keys that encrypt tokens in the database."""


@secrets_group.command("rotate")
@json_option
@click.pass_obj
def rotate(cli: Cli) -> None:
    """Encrypt every stored token with the newest key; replicas may run meanwhile.

    Put the new key first in LOGSENSE_SECRET_KEYS, restart the replicas, run this, then take the old key out.
    """

    async def act(session: Session, administration: Administration, operators: OrganizationId) -> ExitCode:
        stores = session.app.stores
        changed = {"installations": await stores.installations.reseal()}
        for organization in await stores.directory.organizations():
            resealed = await stores.for_organization(organization.id).reseal()
            if resealed and organization.id != operators:
                await administration.rotated(organization.id, resealed)
            changed[f"connections of {organization.id}"] = resealed
        # Also when there was nothing to encrypt: that it was tried is what the record is asked for.
        await administration.rotated(operators, sum(changed.values()))
        if cli.as_json:
            cli.print_json({"resealed": changed})
        else:
            cli.print_table(("what", "encrypted anew"), [*changed.items()])
        return ExitCode.OK

    administer(cli, None, act)
