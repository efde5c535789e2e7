"""Ordinary lines of programs for `make bench-masking`: nothing in them is secret, so nothing should be masked."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator

from tests.benchmarks.masking_kinds import ALNUM, BASE64, HEX, LOWER, drawn

WRITTEN = (
    "SyntaxError: Unexpected token: }",
    "token: expected ')' but got EOF",
    "Unexpected token < in JSON at position 0",
    "parse error near token 'else', line 14",
    "jwt: malformed",
    "jwt expired",
    "csrf: disabled",
    "sig=SIGTERM",
    "signal: sig=SIGKILL pid=4711",
    "session: opened for user root",
    "session=<Session 42>",
    "session 3fa2 closed after 30s",
    "dsn: postgresql://localhost/x",
    "git@github.com:acme/shop.git",
    "KeyError: 'password'",
    "KeyError: 'api_key'",
    "ValueError: password must have at least 8 characters",
    "password is required",
    "Password: required",
    "The password field is missing",
    "invalid password for user ada",
    "Access denied for user 'app'@'10.0.0.3' (using password: YES)",
    'FATAL: password authentication failed for user "app"',
    "the token has expired",
    "invalid_token: The access token is invalid",
    "token_count = 3",
    "max_tokens=500",
    "prompt_tokens: 1200, completion_tokens: 87",
    "next_page_token is empty",
    "password = get_password(user)",
    'password = request.form["password"]',
    "const token = await getToken(user)",
    "self.token = self.settings.token",
    "secret: str",
    "secret: Optional[str] = None",
    "token = None",
    "password=null",
    "api_key=undefined",
    "Authorization header is missing",
    "basic authentication failed",
    "digest mismatch for layer",
    "key error: no such key 'color'",
    'primary key violates unique constraint "users_pkey"',
    'duplicate key value violates unique constraint "orders_pkey"',
    "Key (id)=(42) already exists.",
    "foreign key constraint fails (`shop`.`orders`, CONSTRAINT `fk_user`)",
    "cache key user:42:profile missed",
    "sort_key=created_at",
    "partition key: region",
    "auth: login ok for ada",
    "auth service took 120ms",
    "GET /api/v1/sessions/current 401",
    "POST /oauth/token 400 invalid_grant",
    "GET /reset-password?step=2 200",
    "cookie: no cookie set",
    "set-cookie header was ignored by the browser",
    "TLS handshake failed: certificate has expired",
    "public_key=ssh-ed25519",
    "PEM: no start line",
    "pin: GPIO 17 busy",
    "pin 4 not found",
    "seed=42",
    "random seed: 1234",
    "hash: sha256",
    "salt rounds: 12",
    "nonce too low: next nonce 42, tx nonce 41",
    "pass 2 of 3 finished",
    "tests: 41 pass, 2 fail",
    "conn: connection refused",
    "account: active",
    "code: ECONNREFUSED",
    "error code: 0x80070005",
    "passport.js strategy is not configured",
    "compass heading 214",
    "Compiling shop v0.4.2 (/srv/shop)",
    "monkey patched in 3 places",
    "keyboard interrupt",
    "tokenizer: 32 tokens a batch",
    "author: Ada Lovelace",
    "authority unknown",
    "secretary@ is no address",
    "license: MIT",
    "broker: kafka-1:9092",
    "url: http://localhost:8000/users/@me",
    "undefined method `token' for nil:NilClass",
    "undefined reference to `session_open'",
    "TypeError: Cannot read properties of undefined (reading 'token')",
    'NullPointerException: Cannot invoke "Session.getUser()" because "session" is null',
    "error[E0425]: cannot find value `token` in this scope",
    "warning: unused variable: `secret`",
    "expected token ';' before '}'",
    "missing key `name` in record",
    "AttributeError: 'NoneType' object has no attribute 'session'",
    "sqlalchemy.exc.InvalidRequestError: session is in 'prepared' state",
    "redis.exceptions.AuthenticationError: invalid username-password pair",
    "botocore.exceptions.NoCredentialsError: Unable to locate credentials",
    "The security token included in the request is expired",
    "certificate key usage: digital signature",
    "signature: (int, str) -> bool",
    "TypeError: signature mismatch: expected (a, b)",
    "keys: ['a', 'b', 'c']",
    "authenticated=true",
    "password_changed_at: 2026-01-02",
    "token_type=bearer",
    "session_timeout=3600",
    "secret_name=shop/production",
    "credentials file not found",
    '{"password": ["This field is required."]}',
    '{"count": 3, "session": "closed", "note": "caf\\u00e9"}',
)

Maker = Callable[[random.Random], str]


def _moment(rng: random.Random) -> str:
    return f"2026-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}T{rng.randrange(24):02}:{rng.randrange(60):02}:07"


MAKERS: dict[str, Maker] = {
    "UUID": lambda rng: f"request {uuid.UUID(int=rng.getrandbits(128))} took {rng.randrange(900)} ms",
    "request id": lambda rng: f"req_{drawn(rng, ALNUM, 24)} failed",
    "trace id": lambda rng: f"trace_id={drawn(rng, HEX, 32)} span_id={drawn(rng, HEX, 16)}",
    "traceparent": lambda rng: f"traceparent: 00-{drawn(rng, HEX, 32)}-{drawn(rng, HEX, 16)}-01",
    "commit": lambda rng: f"commit {drawn(rng, HEX, 40)}",
    "release": lambda rng: (
        f"release shop@{rng.randrange(9)}.{rng.randrange(30)}.{rng.randrange(9)}+{drawn(rng, HEX, 7)}"
    ),
    "SHA-256": lambda rng: f"sha256:{drawn(rng, HEX, 64)}",
    "MD5": lambda rng: f"etag {drawn(rng, HEX, 32)} differs",
    "image": lambda rng: f"data:image/png;base64,iVBORw0KGgo{drawn(rng, BASE64, 400)}",
    "integrity": lambda rng: f"integrity sha512-{drawn(rng, BASE64, 86)}== mismatch",
    "version": lambda rng: f"upgraded requests {rng.randrange(4)}.{rng.randrange(40)}.{rng.randrange(9)}",
    "time": lambda rng: f"{_moment(rng)}Z worker-{rng.randrange(9)} started",
    "epoch": lambda rng: f"at {rng.randrange(1_700_000_000_000, 1_800_000_000_000)} ms",
    "pod": lambda rng: f"pod shop-api-{drawn(rng, LOWER + '0123456789', 10)}-{drawn(rng, LOWER, 5)} evicted",
    "container": lambda rng: f"container {drawn(rng, HEX, 12)} exited with {rng.randrange(1, 139)}",
    "address": lambda rng: f"segfault at 0x{drawn(rng, HEX, 12)} ip 0x{drawn(rng, HEX, 12)}",
    "object": lambda rng: f"<Order object at 0x7f{drawn(rng, HEX, 10)}>",
    "bundle": lambda rng: f"at t.render (main.{drawn(rng, HEX, 8)}.js:1:{rng.randrange(90000)})",
    "customer id": lambda rng: f"charge for cus_{drawn(rng, ALNUM, 14)} declined",
    "ULID": lambda rng: f"job 01J{drawn(rng, 'ABCDEFGHJKMNPQRSTVWXYZ0123456789', 23)} queued",
    "object id": lambda rng: f"ObjectId('{drawn(rng, HEX, 24)}') not found",
    "order number": lambda rng: f"order {rng.randrange(10**7, 10**8)} has {rng.randrange(9)} items",
    "path": lambda rng: f'File "/srv/app/{rng.choice(("auth", "token", "session"))}.py", line {rng.randrange(900)}',
    "query": lambda rng: f"GET /search?q=shoes&page={rng.randrange(9)}&sort=price 200",
    "SQL": lambda rng: f"SELECT id, token FROM sessions WHERE user_id = {rng.randrange(9999)}",
    "ARN": lambda rng: f"arn:aws:lambda:eu-west-1:{rng.randrange(10**11, 10**12)}:function:pay",
    "counter": lambda rng: f"retries={rng.randrange(9)} backlog={rng.randrange(9999)} tokens={rng.randrange(9999)}",
    "memory": lambda rng: f"GC pause {rng.randrange(900)}ms, heap {rng.randrange(4096)}MB of 4096MB",
    "compiler": lambda rng: f"main.c:{rng.randrange(900)}:{rng.randrange(80)}: error: expected identifier before token",
    "Java frame": lambda rng: f"at com.acme.auth.TokenService.verify(TokenService.java:{rng.randrange(900)})",
    "feature": lambda rng: f"flag new_checkout_{rng.randrange(99)} is on for {rng.randrange(100)}%",
    "cache key": lambda rng: f"cache miss user:{rng.randrange(9999)}:v{rng.randrange(9)}:{drawn(rng, HEX, 8)}",
    "Sentry event": lambda rng: f"event {drawn(rng, HEX, 32)} was dropped",
    "Kafka": lambda rng: (
        f"topic orders partition {rng.randrange(12)} offset {rng.randrange(10**6)} key={rng.randrange(999)}"
    ),
}


def lines(rng: random.Random, of_each: int) -> Iterator[tuple[str, str]]:
    """Yield kind and line: those that were written, and `of_each` of every kind that is made."""
    for line in WRITTEN:
        yield "written", line
    for kind, make in MAKERS.items():
        for _ in range(of_each):
            yield kind, make(rng)
