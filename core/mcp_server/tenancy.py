"""Whose call this is: opened from the envelope before any tool runs, and refused when anything about it is wrong."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.shared.exceptions import MCPError

from core.domain.tenancy import OrganizationId, SentryConnection
from core.gateways.mcp.envelope import (
    ENVELOPE_META,
    EVENT_META,
    MAX_EVENT_BYTES,
    REFUSED_CODE,
    Envelope,
    EnvelopeRefused,
    digest_of_arguments,
    digest_of_event,
    open_envelope,
)

log = logging.getLogger("logsense.tools.tenancy")


@dataclass(frozen=True, slots=True)
class Tenant:
    """The organization a call is made for, and what it may reach; a pasted event replaces the tracker."""

    organization_id: OrganizationId
    connection: SentryConnection | None = None
    event_text: str | None = None
    investigation_id: str = ""
    masks: frozenset[str] | None = None
    """The kinds of personal data to mask; None stands for the default."""
    log: str | None = None


_tenant: ContextVar[Tenant] = ContextVar("tenant")

Middleware = ServerMiddleware[Any]


def tenant() -> Tenant:
    """The tenant of the call that is being served; without one nothing may be read."""
    try:
        return _tenant.get()
    except LookupError:
        raise MCPError(REFUSED_CODE, "This call belongs to no organization.") from None


def sealed_tenancy(key: str, host_only: frozenset[str]) -> Middleware:
    """Every tool call needs an envelope sealed with `key` for exactly this call; `host_only` needs a person's."""

    async def open_and_call(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method != "tools/call":
            return await call_next(ctx)
        try:
            found = _admitted(ctx.meta or {}, ctx.params or {}, key, host_only)
        except EnvelopeRefused as refusal:
            log.warning("refused a call: %s", refusal)
            raise MCPError(REFUSED_CODE, str(refusal)) from None
        return await _within(found, ctx, call_next)

    return open_and_call


def fixed_tenancy(only: Tenant) -> Middleware:
    """Every tool call is made for `only`: the server was started by hand, for one organization."""

    async def call(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        return await _within(only, ctx, call_next)

    return call


async def _within(found: Tenant, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    token = _tenant.set(found)
    try:
        return await call_next(ctx)
    finally:
        _tenant.reset(token)


def _admitted(meta: Mapping[str, Any], params: Mapping[str, Any], key: str, host_only: frozenset[str]) -> Tenant:
    envelope = open_envelope(meta.get(ENVELOPE_META), key)
    name = params.get("name")
    if envelope.tool != name:
        raise EnvelopeRefused("The envelope was made for another tool.")
    if envelope.arguments_digest != digest_of_arguments(params.get("arguments") or {}):
        raise EnvelopeRefused("The envelope was made for other arguments.")
    if name in host_only and envelope.caller != "person":
        raise EnvelopeRefused("This tool is for people's actions only.")
    if not envelope.organization_id:
        raise EnvelopeRefused("The envelope names no organization.")
    event_text = _event_text(envelope, meta.get(EVENT_META))
    masks = None if envelope.masks is None else frozenset(envelope.masks)
    return Tenant(
        envelope.organization_id, envelope.connection, event_text, envelope.investigation_id, masks, envelope.log
    )


def _event_text(envelope: Envelope, text: object) -> str | None:
    if envelope.event_digest is None:
        if text is not None:
            raise EnvelopeRefused("An event came along that the envelope does not know.")
        return None
    if not isinstance(text, str) or digest_of_event(text) != envelope.event_digest:
        raise EnvelopeRefused("The event is not the one the envelope was made for.")
    if len(text.encode("utf-8", "surrogatepass")) > MAX_EVENT_BYTES:
        raise EnvelopeRefused("The event is larger than 1 MiB.")
    return text
