"""`/api/…`: reads a call as the SDK sends it, lets it through or not, and answers as Slack does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes.slack.calls import ApiCall, Call, Notify
from tests.fakes.slack.faults import Faults
from tests.fakes.slack.limits import Limits
from tests.fakes.slack.state import Grant, Json, State
from tests.fakes.slack.validation import SlackError

_STRUCTURED = frozenset({"blocks", "attachments", "metadata", "view", "files", "loading_messages"})
_ON_EVERY_METHOD = frozenset({"token", "team_id"})


@dataclass(frozen=True)
class Method:
    """One method: what it does, the arguments it must and may have, and whose token it wants (bot, app or none)."""

    run: Callable[[ApiCall], Json]
    required: frozenset[str]
    optional: frozenset[str]
    token: str = "bot"


def method(run: Callable[[ApiCall], Json], required: str = "", optional: str = "", token: str = "bot") -> Method:
    """A method, its arguments listed as words."""
    return Method(run, frozenset(required.split()), frozenset(optional.split()), token)


class WebApi:
    """Dispatches calls; what was called is kept in `calls`, whatever became of it."""

    def __init__(
        self,
        state: State,
        methods: dict[str, Method],
        limits: Limits,
        faults: Faults,
        *,
        app_token: str,
        notify: Notify,
        url: Callable[[], str],
        open_socket: Callable[[], str],
    ) -> None:
        self._state = state
        self._methods = methods
        self._limits = limits
        self._faults = faults
        self._app_token = app_token
        self._notify = notify
        self._url = url
        self._open_socket = open_socket
        self.calls: list[Call] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer to one request."""
        name = request.match_info["method"]
        args: Json = {}
        grant: Grant | None = None
        headers: dict[str, str] = {}
        try:
            args, token = await _read(request)
            chosen = self._method(name)
            grant = self._admitted(chosen, token)
            self._fail_if_told(name, headers)
            self._limit(name, grant, args, headers)
            await self._faults.held_back(name)
            authorization = request.headers.get("Authorization", "")
            call = ApiCall(self._state, args, self._url(), self._notify, grant, self._open_socket, authorization)
            status, body = 200, {"ok": True, **self._done(name, chosen, call)}
        except SlackError as error:
            status, body = error.status, error.body()
        self._keep(name, grant, args, body, status)
        if grant is not None:
            headers["x-oauth-scopes"] = ",".join(sorted(grant.scopes))
        if self._faults.is_dropped(name) and request.transport is not None:
            request.transport.abort()
        return web.json_response(body, status=status, headers=headers)

    def _method(self, name: str) -> Method:
        if name not in self._methods:
            raise SlackError("unknown_method", req_method=name)
        return self._methods[name]

    def _admitted(self, chosen: Method, token: str | None) -> Grant | None:
        if chosen.token == "none":
            return None
        if not token:
            raise SlackError("not_authed")
        if chosen.token == "app":
            if token != self._app_token:
                raise SlackError("not_allowed_token_type" if token in self._state.grants else "invalid_auth")
            return None
        if token == self._app_token:
            raise SlackError("not_allowed_token_type")
        grant = self._state.grants.get(token)
        if grant is None:
            raise SlackError("invalid_auth")
        if grant.dead is not None:
            raise SlackError(grant.dead)
        return grant

    def _fail_if_told(self, name: str, headers: dict[str, str]) -> None:
        failure = self._faults.failure_of(name)
        if failure is None:
            return
        if failure.retry_after_s is not None:
            headers["Retry-After"] = f"{failure.retry_after_s:g}"
        raise SlackError(failure.error or "internal_error", status=failure.status)

    def _limit(self, name: str, grant: Grant | None, args: Json, headers: dict[str, str]) -> None:
        channel = args.get("channel")
        wait_s = self._limits.retry_after_s(name, grant.owner if grant else "", str(channel) if channel else None)
        if wait_s is not None:
            headers["Retry-After"] = str(wait_s)
            raise SlackError("ratelimited", status=429)

    def _done(self, name: str, chosen: Method, call: ApiCall) -> Json:
        try:
            _check_arguments(chosen, call.args)
            return chosen.run(call)
        except SlackError:
            if name == "chat.postMessage" and call.caller is not None:
                self._limits.nothing_was_posted(call.caller.owner, str(call.args.get("channel")))
            raise

    def _keep(self, name: str, grant: Grant | None, args: Json, body: Json, status: int) -> None:
        error = None if body["ok"] else str(body["error"])
        workspace = grant.owner if grant else None
        self.calls.append(Call(name, workspace, args, self._state.clock(), error, status))


def _check_arguments(chosen: Method, args: Json) -> None:
    """Raises SlackError for what is missing, and for what the method does not know."""
    missing = [name for name in sorted(chosen.required) if args.get(name) in (None, "")]
    unknown = sorted(set(args) - chosen.required - chosen.optional - _ON_EVERY_METHOD)
    complaints = [f"missing required field: {name}" for name in missing]
    complaints += [f"unknown argument: {name}" for name in unknown]
    if complaints:
        raise SlackError("invalid_arguments", *complaints)


async def _read(request: web.Request) -> tuple[Json, str | None]:
    """The arguments, from wherever they stand in the request, and the token."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.read())
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        args |= body
    elif request.method == "POST":
        args |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    for name in _STRUCTURED & set(args):
        args[name] = _structure(args[name])
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    stated = args.pop("token", None)
    return args, token if scheme == "Bearer" and token else stated


def _structure(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
