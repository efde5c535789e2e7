"""Kinds that were written after the rules were done, to see what rules do with kinds that nobody thought of."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from urllib.parse import quote_plus

from tests.benchmarks.masking_kinds import (
    BASE64,
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
    "Buildkite": "bkua_<h40>",
    "CircleCI": "CCIPAT_<x22>_<h40>",
    "Cloudflare": "cfut_<x40><h8>",
    "Codecov upload": "codecov_<h36>",
    "Confluent": "cflt<x60>",
    "Contentful": "CFPAT-<u43>",
    "Elastic Cloud": "essu_<x60>",
    "Fastly": "fastly_<u32>",
    "Harness": "pat.<u22>.<h24>.<x20>",
    "HubSpot": "pat-na1-<h8>-<h4>-<h4>-<h4>-<h12>",
    "LaunchDarkly": "sdk-<h8>-<h4>-<h4>-<h4>-<h12>",
    "Mapbox": "sk.eyJ<u60>.<u22>",
    "Neon": "napi_<x64>",
    "Plaid": "access-production-<h8>-<h4>-<h4>-<h4>-<h12>",
    "Prefect": "pnu_<x36>",
    "Resend": "re_<x8>_<x24>",
    "Snyk": "snyk_uat.<h8>.<x60>",
    "Sourcegraph": "sgp_<h16>_<h40>",
    "WakaTime": "waka_<h8>-<h4>-<h4>-<h4>-<h12>",
    "Yandex": "AQVN<x35>",
}
_NAMES = (
    *("KEYSTORE_PASS", "truststorePassword", "ldap_bind_pw", "wifiPassphrase", "x-amz-security-token", "hmacSecret"),
    *("kubeconfig_token", "MYSQL_ROOT_PASSWORD", "oauthTokenSecret", "two_factor_code", "Ocp-Apim-Subscription-Key"),
    *("ADMIN_PASS_1", "new_password_confirmation", "unlockCode", "hasło", "пароль", "mot_de_passe", "密码", "clave"),
)
_FORMS: tuple[Callable[[str, str], str], ...] = (
    lambda name, value: f"{name}={value}",
    lambda name, value: json.dumps({name: value}, ensure_ascii=False),
    lambda name, value: f"{{'{name}': '{value}'}}",
)

_CONNECTIONS = {
    "wget": "wget --http-user=ada --http-password={} https://x.example.com",
    "Helm": "helm install db --set auth.rootPassword={},replicas=2 bitnami/mysql",
    "Docker environment": "docker run -e POSTGRES_PASSWORD={} postgres:16",
    "PowerShell": '$pw = ConvertTo-SecureString "{}" -AsPlainText -Force',
    "LDIF": "dn: cn=ada,dc=example\nuserPassword: {}\n",
    "htpasswd": "htpasswd -b .htpasswd ada {}",
    "FTP": "lftp ftp://ada:{}@files.example.com/out",
    "SMB": "mount -t cifs //nas/x /mnt -o username=ada,password={},vers=3",
    "openssl": "openssl enc -aes-256-cbc -k {} -in a",
    "openssl passin": "openssl rsa -in a.pem -passin pass:{}",
    "Vault put": "vault kv put secret/shop db_password={} user=ada",
    "Windows net use": "net use z: \\\\nas\\x /user:ada {}",
    "SIP digest": 'Proxy-Authorization: Digest username="ada", realm="x", nonce="n", response="{}"',
    "JavaScript literal": "const cfg = {{ user: 'ada', password: '{}' }}",
    "JavaScript template": "new Client({{ apiSecret: `{}` }})",
    "C macro": '#define WIFI_PASSWORD "{}"',
    "Kotlin": 'val apiKey: String = "{}"',
    "Rust debug": 'Credentials {{ user: "ada", secret: Secret("{}") }}',
    "Markdown": "| name | value |\n| password | {} |",
    "Terraform": 'variable "db_password" {{\n  default = "{}"\n}}',
}


def _doubly_encoded(rng: random.Random) -> Planted:
    value = value_of(rng)
    return Planted(f"next=%2Flogin%3Fpassword%253D{quote_plus(quote_plus(value))}", (quote_plus(quote_plus(value)),))


def _multipart(rng: random.Random) -> Planted:
    value = value_of(rng)
    return Planted(f'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n{value}\r\n--b--', (value,))


def _kubernetes_secret(rng: random.Random) -> Planted:
    value = drawn(rng, BASE64, 24)
    return Planted(f"kind: Secret\ndata:\n  tls.key: {value}\n  password: {value}\n", (value,))


def _deep_list(rng: random.Random) -> Planted:
    first, second = drawn(rng, HEX, 24), value_of(rng)
    return Planted(json.dumps({"passwords": [first, {"old": second}]}), (first, second))


HELD_OUT: dict[str, Kind] = {
    **{f"held out token: {name}": token_kind(shape) for name, shape in _TOKENS.items()},
    **{f"held out name: {name}": named_kind(name, *_FORMS) for name in _NAMES},
    **{f"held out text: {name}": connection_kind(template) for name, template in _CONNECTIONS.items()},
    "held out: encoded twice": _doubly_encoded,
    "held out: multipart form": _multipart,
    "held out: Kubernetes secret": _kubernetes_secret,
    "held out: list under a name": _deep_list,
}
