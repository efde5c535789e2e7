import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from core.mcp_server.masking import Masker, without_controls

MASKER = Masker("a key for these tests")

PLANTED = {
    "private key": (
        "k = '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIB\nAAKC\n-----END RSA PRIVATE KEY-----'",
        "MIIEpAIB",
    ),
    "JSON web token": ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4 end", "eyJzdWIi"),
    "AWS key id": ("using AKIAIOSFODNN7EXAMPLE now", "AKIAIOSFODNN7EXAMPLE"),
    "GitHub token": ("clone with ghp_16C7e42F292c6912E7710c838347Ae178B4a", "ghp_16C7e42"),
    "GitLab token": ("glpat-abcDEF123_xyzPQR789", "abcDEF123"),
    "Slack token": ("posting as xoxb-123456789012-abcdefGHIJ failed", "xoxb-1234"),
    "Slack webhook": ("POST https://hooks.slack.com/services/T000/B000/XXXX1234", "B000/XXXX1234"),
    "Stripe key": ("key sk_live_51Habcdefgh rejected", "51Habcdefgh"),
    "OpenAI or Anthropic key": ("Incorrect key provided sk-proj-abc123DEF456ghi789", "abc123DEF456"),
    "Sentry token": ("sntryu_0123456789abcdef0123456789abcdef", "0123456789abcdef"),
    "Sentry DSN key": ("https://0123456789abcdef0123456789abcdef@sentry.example.com/2", "0123456789abcdef"),
    "Google API key": ("maps?x=AIzaSyA1234567890abcdefghijklmnopqrstuv", "SyA1234567890"),
    "npm token": ("npm_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijkl"),
    "PyPI token": ("pypi-AgEIcHlwaS5vcmcCJDEyMzQ1Njc4", "AgEIcHlwaS5"),
    "SendGrid key": ("SG.abcdefghijklmnopqrst.uvwxyz0123456789ABCD", "uvwxyz0123456789"),
    "authorization scheme": ("sent Bearer abc123def456ghi to upstream", "abc123def456ghi"),
    "password in a URL": ("could not connect to postgresql://shop:hunter2@db.internal:5432/shop", "hunter2"),
    "cookie header": ("Cookie: theme=dark; sid=abc; path=/", "theme=dark"),
    "authorization header as a pair": ('["Authorization", "Basic dXNlcjpwYXNz"]', "dXNlcjpwYXNz"),
    "quoted value of a secret name": ('{"client_secret": "plain words here"}', "plain words here"),
    "value of a secret name": ("?page=2&api_key=pl41n&next=3", "pl41n"),
    "e-mail address": ("no account for jane.doe+x@shop.example.org", "jane.doe"),
    "card number": ("declined 4242 4242 4242 4242 by issuer", "4242 4242 4242"),
}

INNOCENT = [
    "token_count = 3",
    "KeyError: 'password_hash'",
    "KeyError: 'password'",
    "max_tokens=500",
    "Unexpected token < in JSON at position 0",
    "SyntaxError: Unexpected token: }",
    "3f2b8c1e-8f4d-4d1b-9d55-0a1b2c3d4e5f",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "password = get_password(user)",
    'password = request.form["password"]',
    "token = None",
    "self.token = self.settings.token",
    "secret: str",
    "session=<Session 42>",
    "at 1732345678901 ms",
    "order 4242424242424241",
    "http://localhost:8000/users/@me",
    "sk-learn-contrib-pipelines",
    "raise RuntimeError('the token has expired')",
    "basic authentication failed",
    "    password: string;",
]

surroundings = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize("kind", sorted(PLANTED))
def test_each_kind_of_secret_is_hidden(kind: str) -> None:
    text, secret = PLANTED[kind]
    masked = MASKER.text(text)
    assert secret not in masked
    assert re.search(r"\[(secret|email|card|key):[0-9a-f]{6}\]", masked)


@pytest.mark.parametrize("text", INNOCENT)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert MASKER.text(text) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("DB_PASSWORD=s3cr3t!", "s3cr3t!"),
        ("password: hunter2", "hunter2"),
        ("{'Password': 'hunter2'}", "hunter2"),
        (r"{\"password\": \"hunter2\"}", "hunter2"),
        ("os.environ['SECRET_KEY'] = 'hunter2'", "hunter2"),
        ("'token' => 'hunter2'", "hunter2"),
        ("(pwd=hunter2)", "hunter2"),
        ("Authorization: Bearer abcdefghijklmnop", "abcdefghijklmnop"),
        ("authorization: hunter2xyz", "hunter2xyz"),
        ("X-Api-Key: hunter2", "hunter2"),
        ("amqp://:p/w@mq:5672", "p/w"),
        ("Set-Cookie: session=eyabc; HttpOnly", "eyabc"),
        ("pass\u200bword=hun\u202eter2", "hunter2"),
        ("password=\x1b[31mhunter2\x1b[0m", "hunter2"),
        ("Server=db;Uid=sa;Pwd=hunter2;", "hunter2"),
        ("AccountKey=abc;aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI"),
    ],
)
def test_a_named_secret_is_hidden_however_it_is_written(text: str, secret: str) -> None:
    assert secret not in MASKER.text(text)


def test_equal_secrets_look_equal_and_other_keys_give_other_placeholders() -> None:
    first, second, other = (MASKER.text(text) for text in ("to a@b.example", "from a@b.example", "to c@b.example"))
    assert first.split()[1] == second.split()[1] != other.split()[1]
    assert Masker("another key").text("to a@b.example") != first


@pytest.mark.parametrize("name", ["password", "DB_PASSWORD", "stripe.api_key", "'authToken'", "HTTP_COOKIE", "csrf"])
def test_the_name_of_a_variable_makes_its_value_secret(name: str) -> None:
    assert "hunter two" not in MASKER.named(name, "'hunter two'")
    assert MASKER.named(name, "None") == "None", "that a secret was missing is worth knowing"


@pytest.mark.parametrize("name", ["token_count", "password_hash_rounds", "sessions", "author", "keys", "passenger"])
def test_other_names_leave_their_value_alone(name: str) -> None:
    assert MASKER.named(name, "'hunter two'") == "'hunter two'"


def test_a_value_hidden_by_its_name_and_one_hidden_in_text_look_the_same() -> None:
    assert MASKER.text(f"password = '{'hunter2'}'") == f"password = '{MASKER.named('password', repr('hunter2'))}'"


@given(surroundings, st.sampled_from(sorted(PLANTED.values())), surroundings)
def test_a_planted_secret_never_survives(before: str, planted: tuple[str, str], after: str) -> None:
    text, secret = planted
    assume(secret not in before + after)
    assert secret not in MASKER.text(f"{before} {text} {after}")


@given(st.lists(st.one_of(surroundings, st.sampled_from([text for text, _ in PLANTED.values()] + INNOCENT))))
@example(["password=", "sk_live_51Habcdefgh"])
@example(["token: [secret:000000]x"])
def test_masking_what_was_masked_changes_nothing(pieces: list[str]) -> None:
    once = MASKER.text("".join(pieces))
    assert MASKER.text(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "password=NightPassword7",
        "password=blue-door-secret",
        "password: 4021",
        "password=red.door.key",
        "pwd=open(7kQ",
        "DB_PASS=hunter",
        "password=password",
        "<password>hunter</password>",
        "mysql --password hunter2",
        "curl -u bob:hunter2 http://x",
        "password%3Dhunter2",
        "('password', 'hunter2')",
        "IDENTIFIED BY 'hunter2'",
        "bearerToken: abcxyz12",
        "otp=123456",
    ],
)
def test_a_secret_is_hidden_whatever_it_looks_like(text: str) -> None:
    assert re.search(r"\[secret:[0-9a-f]{6}\]", MASKER.text(text))


@pytest.mark.parametrize(
    "text",
    [
        "token: expected ')' but got EOF",
        "jwt: malformed",
        "csrf: disabled",
        "sig=SIGTERM",
        "session: opened for user root",
        "dsn: postgresql://localhost/x",
        "git@github.com:acme/shop.git",
        "password is required",
    ],
)
def test_what_a_parser_or_a_service_says_stays(text: str) -> None:
    assert MASKER.text(text) == text


@given(st.text())
def test_nothing_invisible_is_left(text: str) -> None:
    assert not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", without_controls(text)
    )


def test_a_long_hostile_text_is_masked_in_reasonable_time() -> None:
    for piece in ("a-", "password", "a@", "x:", "ey", "://:", "token=(", "4242 "):
        MASKER.text(piece * 20_000)


def test_what_looks_like_an_element_but_is_never_closed_hides_nothing_after_it() -> None:
    log = "session=<Session 42>\nsession 3fa2 closed after 30s\n" + "worker started\n" * 50
    assert MASKER.text(log) == log
    assert "hunter" not in MASKER.text("<password kind='x'>\n hunter two\n</password><a/>")
