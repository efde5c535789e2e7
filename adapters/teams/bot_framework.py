"""Sending by the Bot Connector's client: the only file that imports the Bot Framework, so that it can be replaced.

The client brings the calls and their shapes. The way there is ours: its own sends requests in threads, without any
timeout, and fetches tokens in the event loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

import aiohttp
from botframework.connector.aio import ConnectorClient  # type: ignore[import-untyped]
from botframework.connector.aiohttp_bf_pipeline import AsyncBfPipeline  # type: ignore[import-untyped]
from msrest.exceptions import ClientException
from msrest.pipeline import Request, Response
from msrest.pipeline.async_abc import AsyncHTTPSender
from msrest.universal_http import ClientRequest
from msrest.universal_http.async_abc import AsyncClientResponse

from adapters.teams.api_errors import SERVICE, TokenNotTaken, refused
from adapters.teams.install.config import origin_of
from adapters.teams.install.credentials import BotCredentials
from core.domain.errors import AccessDenied, ServiceFailed, ServiceUnavailable
from core.telemetry import CHANNEL_CALLS, count

_TIMEOUT = aiohttp.ClientTimeout(total=20)
_CLIENTS = 256


class Connector:
    """Messages to any conversation that its service answers for. Methods raise ServiceFailed."""

    def __init__(
        self,
        session: Callable[[], aiohttp.ClientSession],
        credentials: BotCredentials | None,
        *,
        services: frozenset[str],
        bot_id: str,
    ) -> None:
        """`services` are the origins that may be sent our token; without `credentials` none is sent."""
        self._services = services
        self._bot_id = bot_id
        sender = _Sender(session, credentials)

        @lru_cache(_CLIENTS)
        def client(service_url: str) -> Any:
            # Its own credentials, which must not be None, would be those of a second pipeline, over `requests`.
            return ConnectorClient((), service_url, pipeline_type=AsyncBfPipeline, sender=sender)

        self._client = client

    def trusts(self, service_url: object) -> bool:
        """Whether the address is one of Teams' own services."""
        return isinstance(service_url, str) and origin_of(service_url) in self._services

    async def send(self, service_url: str, conversation_id: str, activity: Mapping[str, Any]) -> str:
        """The activity stands in the conversation; its id."""
        at = self._at(service_url)
        sent = await _counted("post", at.send_to_conversation(conversation_id, dict(activity)))
        return str(sent.id)

    async def update(
        self, service_url: str, conversation_id: str, message_id: str, activity: Mapping[str, Any]
    ) -> None:
        """The activity stands in the place of that message. Raises MessageGone when there is none."""
        at = self._at(service_url)
        changed = dict(activity) | {"id": message_id}
        await _counted("update", at.update_activity(conversation_id, message_id, changed))

    async def delete(self, service_url: str, conversation_id: str, message_id: str) -> None:
        """The message is gone. Raises MessageGone when it was before."""
        await _counted("delete", self._at(service_url).delete_activity(conversation_id, message_id))

    async def chat_with(self, service_url: str, tenant_id: str, person_id: str) -> str:
        """The id of the one-to-one chat with that person, made if there was none."""
        asked = {
            "isGroup": False,
            "bot": {"id": self._bot_id},
            "members": [{"id": person_id}],
            "tenantId": tenant_id,
            "channelData": {"tenant": {"id": tenant_id}},
        }
        made = await _counted("create", self._at(service_url).create_conversation(asked))
        return str(made.id)

    async def member(self, service_url: str, conversation_id: str, person_id: str) -> Mapping[str, Any]:
        """What the conversation's roster says of a person: `name`, `tenantId`, `userRole`."""
        found = await _counted("member", self._at(service_url).get_conversation_member(conversation_id, person_id))
        return {"name": found.name, **found.additional_properties} if found is not None else {}

    def _at(self, service_url: str) -> Any:
        if not self.trusts(service_url):
            raise AccessDenied(SERVICE, "That address is none of Teams' own.")
        return self._client(service_url).conversations


async def _counted(method: str, call: Awaitable[Any]) -> Any:
    outcome = "failed"
    try:
        answer = await call
        outcome = "ok"
        return answer
    except ServiceFailed as failure:
        outcome = type(failure).__name__
        raise
    except (ClientException, AttributeError, ValueError):
        # The client trips over answers that are not what it expects.
        raise ServiceFailed(SERVICE, "Teams gave an answer that cannot be read.") from None
    finally:
        count(CHANNEL_CALLS, platform="teams", method=method, outcome=outcome)


class _Sender(AsyncHTTPSender[ClientRequest, AsyncClientResponse]):
    """Sends over our session with our token, if there is one; what is no success is raised as ours."""

    def __init__(self, session: Callable[[], aiohttp.ClientSession], credentials: BotCredentials | None) -> None:
        self._session = session
        self._credentials = credentials

    async def send(self, request: Request[ClientRequest], **options: Any) -> Response[ClientRequest, Any]:
        """A token that is refused is replaced once."""
        asked = request.http_request
        if self._credentials is None:
            return Response(request, await self._sent(asked, {}))
        try:
            return Response(request, await self._sent(asked, await _signature(self._credentials)))
        except TokenNotTaken:
            self._credentials.forget()
            return Response(request, await self._sent(asked, await _signature(self._credentials)))

    async def _sent(self, asked: ClientRequest, signature: Mapping[str, str]) -> _Answer:
        try:
            async with self._session().request(
                asked.method,
                asked.url,
                data=asked.data,
                headers={**asked.headers, **signature},
                timeout=_TIMEOUT,
                allow_redirects=False,
            ) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise ServiceUnavailable(SERVICE, "Teams cannot be reached just now.") from None
        if answer.status >= 300:
            raise refused(answer.status, answer.headers, body)
        return _Answer(asked, answer, body)

    async def __aexit__(self, *_: object) -> None:
        """The session is not ours to close."""


async def _signature(credentials: BotCredentials) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {await credentials.token()}"}


class _Answer(AsyncClientResponse):
    """An answer that was read."""

    def __init__(self, request: ClientRequest, answer: aiohttp.ClientResponse, body: bytes) -> None:
        super().__init__(request, answer)
        self.status_code = answer.status
        self.headers = answer.headers.copy()
        self.reason = answer.reason
        self._body = body

    def body(self) -> bytes:
        return self._body
