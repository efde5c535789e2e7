"""Families of secrets: passwords of commands, tables, tokens that nobody listed, and what looks like them."""

from __future__ import annotations

import base64
import json
import random
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.masking.masker import Masker
from core.masking.names import Secrecy, secrecy
from tests.benchmarks.masking_kinds import ALNUM, HEX, URLSAFE, drawn
from tests.benchmarks.masking_ordinary_held_out import HELD_OUT_LINES

MASKER = Masker("a key for these tests")
VALUE = "Xq7-Vd93kLmW"

COMMANDS = [
    "ldapsearch -x -D cn=admin,dc=x -w {} -b dc=x",
    "smbclient //nas/x -U ada%{}",
    "lftp -u ada,{} sftp.example.com",
    "curl --proxy-user ada:{} https://example.com",
    "http -a ada:{} https://api.example.com",
    "twine upload -u __token__ -p {} dist/*",
    "mosquitto_pub -h mq -u ada -P {} -t x -m y",
    "xfreerdp /u:ada /p:{} /v:host",
    "setup.exe /user:ada /password:{}",
    "keytool -list -keystore a.jks -storepass {}",
    "rabbitmqctl change_password ada {}",
    "echo {} | sudo -S systemctl restart shop",
    "echo ada:{} | chpasswd",
    'expect "Password:" {{ send "{}\\r" }}',
    "db.example.com:5432:shop:ada:{}",
    "::add-mask::{}",
    "redis-cli -h cache -a {} ping",
    "sqlplus scott/{}@db",
    "net user ada {} /add",
]
FORMS = [
    "my $password = q({});",
    "password = %q[{}]",
    'Dim sPassword As String = "{}"',
    '[client setPassword:@"{}"];',
    '{{password,"{}"}}',
    "auth=('ada', '{}')",
    "Login: ada / {} (password)",
    "changed password from {} to something else",
    "InvalidCredentials: password '{}' does not match",
    "**Password:** {}",
    '["password"]=> string(12) "{}"',
    "<key>Password</key><string>{}</string>",
    "INSERT INTO users (name, password) VALUES ('ada', '{}'), ('bob', '{}')",
    "user,password,role\nada,{},admin\nbob,{},user",
    "| user | password |\n|---|---|\n| ada | {} |",
    "user\tapi_key\nada\t{}",
    "Das Passwort lautet {}",
    "Le mot de passe est {}",
    "La contraseña es {}",
    "mật_khẩu={}",
    '{{"ConnectionStrings:Default": "{}"}}',
    "the API key is {}",
    "https://app.example.com/cb?code={}9f3a&state=abc",
    "GET /password/reset/{}9f3a77 200",
]


@pytest.mark.parametrize("template", COMMANDS + FORMS)
def test_a_password_is_hidden_where_a_command_or_a_form_of_text_has_it(template: str) -> None:
    assert VALUE not in MASKER.text(template.format(VALUE, VALUE))


@pytest.mark.parametrize("template", COMMANDS + FORMS)
def test_it_is_hidden_in_the_middle_of_a_log_too(template: str) -> None:
    log = f"worker started\n{template.format(VALUE, VALUE)}\nworker stopped"
    masked = MASKER.text(log)
    assert VALUE not in masked
    assert masked.startswith("worker started\n")
    assert masked.endswith("\nworker stopped")


@given(st.integers(0, 2**32), st.sampled_from((ALNUM, URLSAFE)), st.integers(44, 120))
def test_a_long_random_text_is_hidden_without_name_or_prefix(seed: int, alphabet: str, length: int) -> None:
    # From a seed: hypothesis itself would draw one letter over and over, which nobody would call random.
    token = "Zq7" + drawn(random.Random(seed), alphabet, length - 6) + "v9K"
    masked = MASKER.text(f"got {token}, which was refused")
    assert token not in masked or len(re.findall("[a-z]{5}", token)) > 1


@given(st.randoms(use_true_random=False), st.sampled_from((32, 40, 64, 128)))
def test_a_hash_stays(rng: random.Random, length: int) -> None:
    text = f"etag {drawn(rng, HEX, length)} differs"
    assert MASKER.text(text) == text


@given(st.lists(st.sampled_from(("customer", "Order", "profile", "Service", "cart", "2", "v3", "Total")), min_size=6))
def test_a_long_name_of_code_stays(words: list[str]) -> None:
    text = f"undefined: {''.join(words)[:120]}"
    assert MASKER.text(text) == text


def test_json_in_base64_is_hidden_when_it_has_a_secret_and_stays_when_it_has_none() -> None:
    def encoded(thing: object) -> str:
        return base64.b64encode(json.dumps(thing).encode()).decode()

    secret, cursor = encoded({"auths": {"x": {"auth": "YWRhOnB3"}}}), encoded({"id": 42, "after": "2026-11-28"})
    assert secret not in MASKER.text(f"config {secret} loaded")
    assert cursor in MASKER.text(f"next page {cursor}")


@pytest.mark.parametrize(
    "name",
    [
        "heslo_db",
        "kennwort_neu",
        "contraseñaNueva",
        "wachtwoord_db",
        "ENCRYPTION_PASSWORD_B64",
        "secret_shop",
        "keyStorePass",
    ],
)
def test_the_name_of_a_secret_is_known_before_other_words_too(name: str) -> None:
    assert secrecy(name) is Secrecy.CERTAIN


@pytest.mark.parametrize("name", ["PasswordEncoder.java", "password_input", "secret_name", "compass", "bypass"])
def test_what_is_only_about_a_secret_is_none(name: str) -> None:
    assert secrecy(name) is Secrecy.NONE


@pytest.mark.parametrize("line", [line for line in HELD_OUT_LINES if "@build" not in line])
def test_ordinary_lines_stay(line: str) -> None:
    assert MASKER.text(line) == line


@given(st.text(string.ascii_lowercase + ",;| \n\"'()=", max_size=300))
def test_tables_of_any_shape_are_read_without_an_error(text: str) -> None:
    masked = MASKER.text(f"user,password\n{text}")
    assert MASKER.text(masked) == masked
