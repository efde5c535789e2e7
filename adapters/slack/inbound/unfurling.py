"""Links to issues that people post, unfurled with a button; only where whoever runs LogSense opted in."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.slack.context import Caller, EventContext
from adapters.slack.inbound.ids import Action
from adapters.slack.render.elements import button, section
from adapters.slack.render.mrkdwn import escaped
from core.domain.errors import InvalidInput, LogSenseError
from core.domain.issue_reference import parse_issue_reference
from core.domain.tenancy import SentryConnection

logger = logging.getLogger("logsense.slack")

LINK_SCOPES = ("links:read", "links:write")
"""What the bot needs beside the manifest's scopes: chat.unfurl writes, link_shared reads."""
_MOST = 5


class Unfurling:
    """Answers `link_shared`: for members, never where outsiders read along, and else by silence."""

    def __init__(self, context: EventContext) -> None:
        self._context = context

    async def shared(self, event: Mapping[str, Any], caller: Caller) -> None:
        """The links to issues of the connected organization show a button below them."""
        try:
            unfurls = await self._unfurls(event, caller)
            if unfurls:
                await self._context.channel.unfurl(caller.client, event, unfurls)
        except LogSenseError as error:
            logger.info("links were not unfurled: %s", error)

    async def _unfurls(self, event: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        person = await self._context.person(caller, str(event.get("user")))
        channel = str(event.get("channel"))
        if await self._context.people.is_shared(
            caller.client, caller.workspace, channel, patience_s=caller.patience_s, age_s=0.0
        ):
            return {}
        sentry, _ = await self._context.services.connections(caller.workspace, person.actor, platform_admin=True)
        return {} if sentry is None else dict(_known(event, sentry))


def _known(event: Mapping[str, Any], sentry: SentryConnection) -> Iterator[tuple[str, Any]]:
    links = event.get("links")
    for link in links[:_MOST] if isinstance(links, list) else ():
        url = str(link.get("url") or "") if isinstance(link, Mapping) else ""
        try:
            issue = parse_issue_reference(
                url if "://" in url else "", base_url=sentry.base_url, organization_slug=sentry.organization_slug
            ).id
        except InvalidInput:
            continue
        words = f"Sentry issue *{escaped(issue)}* of {escaped(sentry.organization_slug)}"
        yield url, {"blocks": [section(words, button("Investigate", Action.INVESTIGATE, issue))]}
