"""The commands about organizations: who shares investigations, knowledge and connections, and what they may use."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from adapters.slack.install.oauth import INSTALL_PATH
from bot.app.bootstrap import now
from bot.cli.exit_codes import ExitCode
from bot.cli.limit_values import LIMITS, parse_limit
from bot.cli.options import json_option, typed
from bot.cli.session import Cli, Session
from core.domain.errors import InvalidInput, Refusal
from core.domain.tenancy import Member, OrganizationId, PersonalData, Platform, Role, WorkspaceRef, parse_personal_data
from core.gateways.logs.folders import remove_logs
from core.requests.administer import Administration
from core.work.background_tasks import FORGET_KNOWLEDGE

Act = Callable[[Session, Administration, OrganizationId], Awaitable[ExitCode]]

organization_option = click.option(
    "--organization", metavar="ID", help="Which one; that of LOGSENSE_ORGANIZATION if not given."
)


@click.group()
def org() -> None:
    """Organizations: who shares investigations, knowledge and connections."""


def administer(cli: Cli, organization: str | None, act: Act, *, works: bool = False) -> None:
    """Run `act` about the organization named, or the terminal's own, as who sits here."""

    async def command(session: Session) -> ExitCode:
        administration = Administration(session.app.stores, session.actor, "terminal", now)
        organization_id = OrganizationId(organization or session.app.organization.id)
        if organization is not None:
            await session.app.stores.directory.organization(organization_id)
        return await act(session, administration, organization_id)

    cli.run(command, works=works)


@org.command("create")
@click.argument("organization_id", metavar="ID")
@click.option("--name", default="", help="How people call it; its id if not given.")
@json_option
@click.pass_obj
def create(cli: Cli, organization_id: str, name: str) -> None:
    """Make an organization without anybody in it; `org invite` lets workspaces in."""

    async def act(session: Session, administration: Administration, _: OrganizationId) -> ExitCode:
        made = await administration.create(organization_id, name, session.app.organization.id)
        if cli.as_json:
            cli.print_json({"id": made.id, "name": made.name})
        cli.say(f"{made.name} is there. Let a workspace in: logsense org invite --organization {made.id}")
        return ExitCode.OK

    administer(cli, None, act)


@org.command("list")
@json_option
@click.pass_obj
def listed(cli: Cli) -> None:
    """List all organizations, with the workspaces that lead to them."""

    async def act(session: Session, administration: Administration, _: OrganizationId) -> ExitCode:
        directory = session.app.stores.directory
        known = [(one, await directory.workspaces(one.id)) for one in await directory.organizations()]
        if cli.as_json:
            documents = [
                {"id": one.id, "name": one.name, "workspaces": list(map(_named, doors))} for one, doors in known
            ]
            cli.print_json({"organizations": documents})
        else:
            cli.print_table(
                ("id", "name", "workspaces"),
                [(one.id, one.name, ", ".join(map(_named, doors)) or None) for one, doors in known],
            )
        return ExitCode.OK

    administer(cli, None, act)


@org.command("show")
@organization_option
@json_option
@click.pass_obj
def show(cli: Cli, organization: str | None) -> None:
    """Show an organization: its workspaces, people with a role, connections and limits; no secret, no incident."""

    async def act(session: Session, administration: Administration, organization_id: OrganizationId) -> ExitCode:
        seen = await administration.overview(organization_id)
        limits = await session.app.stores.for_organization(organization_id).limits()
        rows: list[tuple[str, object]] = [
            ("id", seen.organization.id),
            ("name", seen.organization.name),
            ("workspaces", ", ".join(map(_named, seen.workspaces)) or None),
            ("people with a role", ", ".join(f"{it.name} ({it.role.value})" for it in seen.members) or None),
            ("Sentry", f"{seen.sentry.organization_slug} at {seen.sentry.base_url}" if seen.sentry else None),
            ("model", f"{seen.model.model} at {seen.model.base_url or 'OpenAI'}" if seen.model else None),
            *((name.replace("_", " "), getattr(limits, name)) for name in LIMITS),
        ]
        if cli.as_json:
            cli.print_json({name.replace(" ", "_"): value for name, value in rows})
        else:
            cli.print_table(("what", "value"), [*rows])
        return ExitCode.OK

    administer(cli, organization, act)


@org.command("invite")
@organization_option
@json_option
@click.pass_obj
def invite(cli: Cli, organization: str | None) -> None:
    """Make a code by which one more workspace joins an organization.

    Without a code a workspace that installs LogSense becomes an organization of its own. The code works once, within
    seven days; whoever installs with it becomes an owner.
    """

    async def act(session: Session, administration: Administration, organization_id: OrganizationId) -> ExitCode:
        code = secrets.token_urlsafe(18)
        expires_at = await administration.invite(organization_id, code)
        url = f"{(cli.settings.public_url or 'LOGSENSE_PUBLIC_URL').rstrip('/')}{INSTALL_PATH}?invite={code}"
        if cli.as_json:
            cli.print_json({"invite": code, "url": url, "expires_at": expires_at.isoformat()})
        cli.say(f"Invitation to {organization_id}, good until {expires_at:%Y-%m-%d %H:%M} UTC, once:")
        cli.say(f"  in Slack, open  {url}")
        cli.say(f"  in Teams, tell LogSense in a one-to-one chat  join {code}")
        return ExitCode.OK

    administer(cli, organization, act)


@org.command("link")
@click.argument("workspace", metavar="PLATFORM:KEY")
@click.option("--remove", is_flag=True, help="Unlink it: it leads nowhere any more; what is known stays.")
@organization_option
@click.pass_obj
def link(cli: Cli, workspace: str, remove: bool, organization: str | None) -> None:
    """Let a workspace lead to an organization, for example slack:T0123 or teams:TENANT-ID."""

    async def act(session: Session, administration: Administration, organization_id: OrganizationId) -> ExitCode:
        door = _workspace(workspace)
        await (administration.unlink if remove else administration.link)(organization_id, door)
        cli.say(f"{workspace} {'leads nowhere any more' if remove else f'leads to {organization_id}'}.")
        return ExitCode.OK

    administer(cli, organization, act)


@org.command("limits")
@click.argument("decided", nargs=-1, metavar="[NAME=VALUE]…")
@organization_option
@json_option
@click.pass_obj
def limits(cli: Cli, decided: tuple[str, ...], organization: str | None) -> None:
    """Show what an organization may do, spend and keep; or change it: max_concurrent=5 hard_usd=200.

    \b
    max_concurrent          investigations at once
    starts_per_minute       investigations begun in a minute
    max_queued              investigations that may wait
    soft_usd, hard_usd      model cost in a month: people are told; rules investigate
    keep_transcripts_days, keep_evidence_days, keep_audit_days

    `default` as a value takes a decision back.
    """  # noqa: D301  click reads the backspace as "keep these lines"

    async def act(session: Session, administration: Administration, organization_id: OrganizationId) -> ExitCode:
        if decided:
            await administration.limit(organization_id, dict(map(parse_limit, decided)))
        known = await session.app.stores.for_organization(organization_id).limits()
        if cli.as_json:
            cli.print_json({name: getattr(known, name) for name in LIMITS})
        else:
            cli.print_table(("limit", "value"), [(name, getattr(known, name)) for name in LIMITS])
        return ExitCode.OK

    administer(cli, organization, act)


@org.command("masking")
@click.option("--set", "chosen", metavar="KINDS", help="Kinds to mask, with commas; `none`, or `default`.")
@organization_option
@json_option
@click.pass_obj
def masking(cli: Cli, chosen: str | None, organization: str | None) -> None:
    """Show which personal data is masked, or choose it: --set email,card,ip. Secrets are always masked.

    Kinds are email, card, iban, phone, ip and national_id. What was read before stays as it was masked then.
    """

    async def act(session: Session, administration: Administration, organization_id: OrganizationId) -> ExitCode:
        if chosen is not None:
            await administration.mask(organization_id, None if chosen == "default" else parse_personal_data(chosen))
        decided = await session.app.stores.for_organization(organization_id).masked_personal_data()
        kinds = session.app.settings.mask_personal_data if decided is None else decided
        if cli.as_json:
            cli.print_json({"masked": sorted(kinds), "default": decided is None})
        else:
            cli.print_table(
                ("personal data", "masked"), [(kind, "yes" if kind in kinds else "no") for kind in PersonalData]
            )
        return ExitCode.OK

    administer(cli, organization, act)


@org.command("members")
@click.option("--grant", metavar="PLATFORM:KEY/USER", help="Give that person the role in --role.")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.ADMIN.value, show_default=True)
@click.option("--revoke", metavar="PLATFORM:KEY/USER", help="Take that person's own role away.")
@organization_option
@json_option
@click.pass_obj
def members(cli: Cli, grant: str | None, role: str, revoke: str | None, organization: str | None) -> None:
    """Show who has a role, grant one, or take one away.

    Slack's own admins need none. Owners and admins change connections and settings; everybody in a linked workspace may
    ask and resolve.
    """

    async def act(session: Session, administration: Administration, organization_id: OrganizationId) -> ExitCode:
        if grant is not None:
            workspace, user_id = _person(grant)
            await administration.grant(organization_id, Member(workspace, user_id, user_id, Role(role)))
        if revoke is not None:
            await administration.revoke(organization_id, *_person(revoke))
        known = await session.app.stores.for_organization(organization_id).members()
        rows = [(f"{_named(it.workspace)}/{it.user_id}", it.role.value, it.name) for it in known]
        if cli.as_json:
            cli.print_json({"members": [dict(zip(("person", "role", "name"), row, strict=True)) for row in rows]})
        else:
            cli.print_table(("person", "role", "name"), [*rows])
        return ExitCode.OK

    administer(cli, organization, act)


@org.command("connections")
@click.option("--forget", type=click.Choice(["sentry", "model"]), help="Take it away, its secret too.")
@organization_option
@click.pass_obj
def connections(cli: Cli, forget: str | None, organization: str | None) -> None:
    """Show what an organization connected, without secrets, or forget one of them."""

    async def act(session: Session, administration: Administration, organization_id: OrganizationId) -> ExitCode:
        if forget is not None:
            await administration.forget(organization_id, forget)
        seen = await administration.overview(organization_id)
        cli.say(f"Sentry: {seen.sentry.organization_slug} at {seen.sentry.base_url}" if seen.sentry else "Sentry: none")
        cli.say(f"model: {seen.model.model} at {seen.model.base_url or 'OpenAI'}" if seen.model else "model: none")
        return ExitCode.OK

    administer(cli, organization, act)


@org.command("export")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), default=Path("-"))
@organization_option
@click.pass_obj
def export(cli: Cli, file: Path, organization: str | None) -> None:
    """Write everything an organization keeps as JSON lines, without secrets; - is standard output."""

    async def act(session: Session, administration: Administration, organization_id: OrganizationId) -> ExitCode:
        rows = 0
        out = sys.stdout if str(file) == "-" else file.open("w", encoding="utf-8")
        try:
            async for row in session.app.stores.for_organization(organization_id).export():
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                rows += 1
        finally:
            if out is not sys.stdout:
                out.close()
        await administration.exported(organization_id, rows)
        if out is not sys.stdout:
            cli.say(f"{rows} rows are in {file}.")
        return ExitCode.OK

    administer(cli, organization, act)


@org.command("delete")
@click.argument("organization_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def delete(cli: Cli, organization_id: str, yes: bool) -> None:
    """Delete an organization and everything it keeps, for good; prints what was there and that nothing is left."""

    async def act(session: Session, administration: Administration, _: OrganizationId) -> ExitCode:
        gone = OrganizationId(organization_id)
        name = (await session.app.stores.directory.organization(gone)).name
        if not yes and typed(f"Type {organization_id} to delete {name} for good") != organization_id:
            raise Refusal("Nothing was deleted.")
        indexed = await session.background_task(FORGET_KNOWLEDGE, {"organization": organization_id})
        rows = dict(await administration.delete(gone, session.app.organization.id))
        rows["search index"] = (int(indexed["before"]), int(indexed["after"]))
        rows["logs"] = remove_logs(session.app.directory.logs, gone)
        left = sum(after for _, after in rows.values())
        if cli.as_json:
            cli.print_json({"before": {k: v[0] for k, v in rows.items()}, "after": {k: v[1] for k, v in rows.items()}})
        else:
            cli.print_table(("where", "before", "after"), [(table, *counts) for table, counts in rows.items()])
        return ExitCode.OK if left == 0 else ExitCode.PROBLEM

    administer(cli, None, act, works=True)


def _named(workspace: WorkspaceRef) -> str:
    return f"{workspace.platform.value}:{workspace.key}"


def _workspace(text: str) -> WorkspaceRef:
    platform, _, key = text.partition(":")
    if platform not in list(Platform) or not key:
        raise InvalidInput(f"{text!r} names no workspace. Write it as slack:T0123 or teams:TENANT-ID.")
    return WorkspaceRef(Platform(platform), key)


def _person(text: str) -> tuple[WorkspaceRef, str]:
    workspace, _, user_id = text.partition("/")
    if not user_id:
        raise InvalidInput(f"{text!r} names nobody. Write it as slack:T0123/U0456.")
    return _workspace(workspace), user_id
