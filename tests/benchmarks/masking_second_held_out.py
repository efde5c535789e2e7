"""A second set of kinds, written before the rules were changed for them: other vendors, forms and languages."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable

from tests.benchmarks.masking_kinds import (
    HEX,
    Kind,
    Planted,
    connection_kind,
    drawn,
    named_kind,
    token_kind,
    value_of,
)

_TOKENS = {
    "Adafruit": "aio_<x28>",
    "Aiven": "aivenv1-<u44>",
    "Axiom": "xaat-<h8>-<h4>-<h4>-<h4>-<h12>",
    "Clerk": "sk_test_<x42>",
    "ClickHouse Cloud": "4b1d<x38>",
    "Cohere": "co_<x40>",
    "Convex": "prod:<a12>|<x60>",
    "Deepgram": "dg.<h40>",
    "Flutterwave": "FLWSECK_TEST-<h32>-X",
    "Frame.io": "fio-u-<u64>",
    "Infisical": "st.<h24>.<h32>.<h32>",
    "LangSmith": "lsv2_pt_<h32>_<h10>",
    "Langfuse": "sk-lf-<h8>-<h4>-<h4>-<h4>-<h12>",
    "OpenRouter": "sk-or-v1-<h64>",
    "Paddle": "pdl_live_apikey_<a26>_<x22>_<x3>",
    "PostHog personal": "phx_<x43>",
    "Scaleway": "SCW<A17>",
    "Sendinblue SMTP": "xsmtpsib-<h64>-<x16>",
    "Trigger.dev": "tr_prod_<x24>",
    "Upstash": "AX<x54>",
}
_NAMES = (
    *("DJANGO_SUPERUSER_PASSWORD", "spring.datasource.hikari.password", "x-goog-iap-jwt-assertion", "kennwort_neu"),
    *(
        "heslo_db",
        "slaptažodis",
        "mật_khẩu",
        "parolă",
        "contraseñaNueva",
        "secretAccessKeyId_value",
        "RAILS_MASTER_KEY",
    ),
    *(
        "APP_KEY",
        "NEXTAUTH_SECRET",
        "webhookSigningSecret",
        "ENCRYPTION_PASSWORD_B64",
        "vaultUnsealKey3",
        "PGPASSFILE_CONTENT",
    ),
)
_FORMS: tuple[Callable[[str, str], str], ...] = (
    lambda name, value: f"{name}={value}",
    lambda name, value: json.dumps({name: value}, ensure_ascii=False),
    lambda name, value: f"{name}: '{value}'",
)

_TEXTS = {
    "nmcli": "nmcli dev wifi connect home password {}",
    "smbclient": "smbclient //nas/x -U ada%{}",
    "ldapsearch": "ldapsearch -x -D cn=admin,dc=x -w {} -b dc=x",
    "expect": 'expect "Password:" {{ send "{}\\r" }}',
    "sudo -S": "echo {} | sudo -S systemctl restart shop",
    "docker login": "docker login -u ada -p {} registry.example.com",
    "twine": "twine upload -u __token__ -p {} dist/*",
    "npmrc": "//registry.npmjs.org/:_authToken={}",
    "netrc": "machine git.example.com login ada password {}",
    "pgpass": "db.example.com:5432:shop:ada:{}",
    "Ansible": "ansible_become_pass: {}",
    "Clojure": '{{:user "ada" :password "{}"}}',
    "Elixir": 'config :shop, Repo, username: "ada", password: "{}"',
    "Go struct": "Config{{User:ada Password:{} Port:5432}}",
    "C# anonymous": '{{ User = "ada", Password = "{}" }}',
    "Swift": 'let apiSecret: String? = "{}"',
    "PHP define": "define('DB_PASSWORD', '{}');",
    "Perl": "my $password = q({});",
    "Lua": 'local token = "{}"',
    "VB": 'Dim sPassword As String = "{}"',
    "registry file": '"DefaultPassword"="{}"',
    "nginx": 'proxy_set_header X-Api-Key "{}";',
    "RabbitMQ": "rabbitmqctl add_user ada {}",
    "German prose": "Das Passwort lautet {}",
    "French prose": "Le mot de passe est {}",
}


def _basic_auth(rng: random.Random) -> Planted:
    value = base64.b64encode(f"ada:{value_of(rng)}".encode()).decode()
    return Planted(f"authorization=Basic {value}", (value,), {"authorization": f"Basic {value}"})


def _url_fragment(rng: random.Random) -> Planted:
    value = drawn(rng, HEX, 32)
    return Planted(f"https://app.example.com/cb#access_token={value}&state=x", (value,))


def _path_of_reset(rng: random.Random) -> Planted:
    value = drawn(rng, HEX, 32)
    return Planted(f"GET /password/reset/{value} 200", (value,))


SECOND_HELD_OUT: dict[str, Kind] = {
    **{f"second token: {name}": token_kind(shape) for name, shape in _TOKENS.items()},
    **{f"second name: {name}": named_kind(name, *_FORMS) for name in _NAMES},
    **{f"second text: {name}": connection_kind(template) for name, template in _TEXTS.items()},
    "second: basic": _basic_auth,
    "second: fragment": _url_fragment,
    "second: reset path": _path_of_reset,
}
