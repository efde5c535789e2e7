"""The server: OpenID documents, the token endpoint, the connector; people act through it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Self, TypeVar
from uuid import uuid4

import aiohttp
from aiohttp import web

from tests.fakes.teams.keys import Keys
from tests.fakes.teams.people import Acts
from tests.fakes.teams.state import (
    CHANNEL,
    GROUP,
    PERSONAL,
    Delay,
    Fault,
    Json,
    Message,
    Person,
    Place,
    State,
    Tenant,
    size_of,
)

T = TypeVar("T")


class FakeTeams(Acts):
    """Use as an async context manager; then set `bot_url` to where the bot takes activities."""

    def __init__(self) -> None:
        self.app_id, self.app_password = str(uuid4()), secrets.token_urlsafe(24)
        self.state = State()
        self.keys = Keys(self.app_id)
        self.bot_url = ""
        self.url = ""
        self.tokens: set[str] = set()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**20)
        connector = "/{region}/v3/conversations"
        app.add_routes(
            [
                web.get("/openid", self._openid),
                web.get("/keys", self._published),
                web.post("/token", self._token),
                web.get("/sharepoint/{name}", self._shared),
                web.get("/emea/v3/attachments/{name}/views/original", self._attached),
                web.post(connector, self._create),
                web.post(connector + "/{id}/activities", self._post),
                web.post(connector + "/{id}/activities/{activity}", self._post),
                web.put(connector + "/{id}/activities/{activity}", self._put),
                web.delete(connector + "/{id}/activities/{activity}", self._delete),
                web.get(connector + "/{id}/members/{member}", self._member),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def service_url(self) -> str:
        """What activities name as the way back."""
        return f"{self.url}/emea/"

    @property
    def openid_url(self) -> str:
        """Where the keys are announced."""
        return f"{self.url}/openid"

    @property
    def token_url(self) -> str:
        """Where the bot proves itself."""
        return f"{self.url}/token"

    # ---- the world --------------------------------------------------------------------------------------------------

    def tenant(self, tenant_id: str | None = None) -> Tenant:
        """A company."""
        return Tenant(tenant_id) if tenant_id else Tenant()

    def person(self, name: str, tenant: Tenant) -> Person:
        """Somebody who works there."""
        return Person(name, tenant)

    def channel(self, tenant: Tenant, *members: Person) -> Place:
        """A channel of a team that has the bot."""
        return self._placed(Place(f"19:{uuid4().hex}@thread.tacv2", CHANNEL, tenant, list(members)))

    def group(self, tenant: Tenant, *members: Person) -> Place:
        """A group chat with the bot."""
        return self._placed(Place(f"19:{uuid4().hex}@thread.v2", GROUP, tenant, list(members)))

    def chat(self, person: Person) -> Place:
        """The one-to-one chat of that person with the bot."""
        id = f"a:1{person.id[-24:]}"
        return self.state.places.get(id) or self._placed(Place(id, PERSONAL, person.tenant, [person]))

    def fault(
        self, method: str, status: int, times: int = 1, *, retry_after: float | None = None, code: str = "Error"
    ) -> None:
        """Next calls of `post`, `put`, `create`, `member`, `token`, `keys` or `*` fail; status 0 closes connections."""
        self.state.faults.append(Fault(method, status, times, None if retry_after is None else str(retry_after), code))

    def drop_answer_of(self, method: str) -> None:
        """The next call of `post` or `put` is done, and its connection closed instead of an answer."""
        self.fault(f"{method} done", 0)

    def delay(self, method: str, seconds: float, *, times: int = 1, is_done: bool = False) -> None:
        """Next calls of `post` or `put` wait before they do anything; with `is_done` after they did it."""
        self.state.delays.append(Delay(method, seconds, times, is_done))

    def delete(self, place: Place, message: Message) -> None:
        """Somebody deleted the bot's message."""
        del place.messages[message.id]
        self.state.deleted.add(message.id)

    def _placed(self, place: Place) -> Place:
        self.state.places[place.id] = place
        return place

    def shared(self, name: str, content: bytes, *, url: str | None = None) -> Json:
        """A file that somebody attaches in a one-to-one chat: Teams keeps it in SharePoint, and gives an address."""
        self.state.files[name] = content
        about = {"downloadUrl": url or f"{self.url}/sharepoint/{name}?tempauth=v1", "uniqueId": uuid4().hex}
        kind = "application/vnd.microsoft.teams.file.download.info"
        return {"contentType": kind, "contentUrl": f"{self.url}/docs/{name}", "name": name, "content": about}

    def attached(self, name: str, content: bytes, kind: str) -> Json:
        """A file that the connector itself keeps, for who has the bot's token."""
        self.state.files[name] = content
        address = f"{self.service_url}v3/attachments/{name}/views/original"
        return {"contentType": kind, "contentUrl": address, "name": name}

    async def _shared(self, request: web.Request) -> web.StreamResponse:
        content = self.state.files.get(request.match_info["name"])
        is_allowed = request.query.get("tempauth") == "v1" and "Authorization" not in request.headers
        return web.Response(body=content) if content is not None and is_allowed else _error(403, "accessDenied")

    async def _attached(self, request: web.Request) -> web.StreamResponse:
        if failed := self._refused("attachment", request):
            return failed
        return web.Response(body=self.state.files[request.match_info["name"]])

    # ---- login ------------------------------------------------------------------------------------------------------

    async def _openid(self, request: web.Request) -> web.Response:
        return web.json_response({"issuer": "https://api.botframework.com", "jwks_uri": f"{self.url}/keys"})

    async def _published(self, request: web.Request) -> web.StreamResponse:
        self.state.calls.append(("keys", ""))
        if failed := self._fault("keys", request):
            return failed
        return web.json_response(self.keys.published())

    async def _token(self, request: web.Request) -> web.StreamResponse:
        if failed := self._fault("token", request):
            return failed
        form = await request.post()
        if (form.get("client_id"), form.get("client_secret")) != (self.app_id, self.app_password):
            return web.json_response({"error": "invalid_client"}, status=401)
        token = secrets.token_urlsafe(24)
        self.tokens.add(token)
        return web.json_response({"token_type": "Bearer", "access_token": token, "expires_in": 3_599})

    # ---- connector --------------------------------------------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.StreamResponse:
        if failed := self._refused("create", request):
            return failed
        asked = await request.json()
        member = asked["members"][0]["id"]
        known = {person.id: person for place in self.state.places.values() for person in place.members}
        if member not in known:
            return _error(400, "BadSyntax")
        return web.json_response({"id": self.chat(known[member]).id}, status=201)

    async def _post(self, request: web.Request) -> web.StreamResponse:
        if failed := self._refused("post", request):
            return failed
        await asyncio.sleep(self.state.delay_of("post", is_done=False))
        place, activity = self.state.place_of(request.match_info["id"]), await request.json()
        if place is None:
            return _error(404, "ConversationNotFound")
        if size_of(activity) > self.state.max_bytes:
            return _error(413, "MessageSizeTooBig")
        id = self.state.next_id()
        now = asyncio.get_running_loop().time()
        place.messages[id] = Message(id, request.match_info["id"], [activity], [now])
        await asyncio.sleep(self.state.delay_of("post", is_done=True))
        if lost := self._fault("post done", request):
            return lost
        return web.json_response({"id": id}, status=201)

    async def _put(self, request: web.Request) -> web.StreamResponse:
        if failed := self._refused("put", request):
            return failed
        await asyncio.sleep(self.state.delay_of("put", is_done=False))
        place, activity = self.state.place_of(request.match_info["id"]), await request.json()
        message = place.messages.get(request.match_info["activity"]) if place else None
        if message is None:
            return _error(404, "ActivityNotFoundInConversation")
        if size_of(activity) > self.state.max_bytes:
            return _error(413, "MessageSizeTooBig")
        message.states.append(activity)
        message.at.append(asyncio.get_running_loop().time())
        if lost := self._fault("put done", request):
            return lost
        return web.json_response({"id": message.id})

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        if failed := self._refused("delete", request):
            return failed
        place = self.state.place_of(request.match_info["id"])
        message = place.messages.get(request.match_info["activity"]) if place else None
        if place is None or message is None:
            return _error(404, "ActivityNotFoundInConversation")
        self.delete(place, message)
        return web.Response()

    async def _member(self, request: web.Request) -> web.StreamResponse:
        if failed := self._refused("member", request):
            return failed
        place = self.state.place_of(request.match_info["id"])
        found = next((one for one in place.members if one.id == request.match_info["member"]), None) if place else None
        if found is None:
            return _error(404, "MemberNotFoundInConversation")
        about = {"id": found.id, "name": found.name, "aadObjectId": found.object_id, "tenantId": found.tenant.id}
        return web.json_response(about | {"userRole": "user"})

    def _refused(self, method: str, request: web.Request) -> web.StreamResponse | None:
        self.state.calls.append((method, request.match_info.get("id", "")))
        if failed := self._fault(method, request):
            return failed
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return None if scheme == "Bearer" and token in self.tokens else _error(401, "AuthorizationRequired")

    def _fault(self, method: str, request: web.Request) -> web.StreamResponse | None:
        fault = self.state.fault_for(method)
        if fault is None:
            return None
        if fault.status == 0:
            assert request.transport is not None
            request.transport.close()
            raise web.HTTPInternalServerError
        headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        return web.json_response({"error": {"code": fault.code}}, status=fault.status, headers=headers)

    async def until(self, look: Callable[[], T | None], *, timeout_s: float = 30.0) -> T:
        """What `look` sees once it sees something."""
        async with asyncio.timeout(timeout_s):
            while not (seen := look()):
                await asyncio.sleep(0.01)
        return seen


def _error(status: int, code: str) -> web.Response:
    body: Json = {"error": {"code": code, "message": code}}
    return web.json_response(body, status=status)
