"""A third set of kinds, written before the rules were changed for them: more vendors, names, commands and languages."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from urllib.parse import quote

from tests.benchmarks.masking_kinds import (
    ALNUM,
    HEX,
    URLSAFE,
    Kind,
    Planted,
    connection_kind,
    drawn,
    named_kind,
    token_kind,
    value_of,
)

_TOKENS = {
    "Adobe client secret": "p8e-<u32>",
    "Algolia-like admin": "algolia_<h32>",
    "Beamer": "b_<u44>",
    "Checkly": "cu_<h32>",
    "Coinbase access": "coinbase_<x43>",
    "Duffel": "duffel_live_<u43>",
    "Frame.io": "fio-u-<u64>",
    "Google Cloud storage HMAC": "GOOG1E<A55>",
    "Hetzner-like": "hcloud_<x64>",
    "Intercom": "dG9rO<b54>=",
    "Logfire": "pylf_v1_eu_<x43>",
    "MessageBird": "live_<x25>",
    "Nightfall": "NF-<x48>",
    "Okta": "00<u40>",
    "Pinecone": "pcsk_<x6>_<x50>",
    "ReadMe": "rdme_<a70>",
    "Shippo": "shippo_live_<h40>",
    "Sonar": "squ_<h40>",
    "Together": "tgp_v1_<u43>",
    "Typeform": "tfp_<u44>_<x14>",
    "Weights & Biases": "wandb_v1_<x60>",
    "Zapier MCP": "zpka_<h32>_<h8>",
}
_NAMES = (
    *(
        "DOCKER_AUTH_CONFIG_PASSWORD",
        "mysqlPwd",
        "svc-account-secret",
        "SMTP_AUTH_PW",
        "oldPassPhrase",
        "x-vault-token",
    ),
    *("GPG_PASSPHRASE", "keyStorePassword", "jwtSigningSecret", "TF_VAR_db_password", "app.security.api-secret"),
    *("X-Auth-Token", "apiSecretKey", "basicAuthPassword", "ACCESS_TOKEN_SECRET", "salasana", "wachtwoord_db"),
    *("AZURE_CLIENT_SECRET", "sudoPass", "rootPwd", "loginCookie", "REMEMBER_TOKEN", "connectionStrings:Default"),
)
_FORMS: tuple[Callable[[str, str], str], ...] = (
    lambda name, value: f"{name}={value}",
    lambda name, value: json.dumps({name: value}),
    lambda name, value: f"--{name}={value}",
    lambda name, value: f"<{name}>{value}</{name}>",
    lambda name, value: f"('{name}', '{value}')",
)

_TEXTS = {
    "aws configure": "aws configure set aws_secret_access_key {}",
    "az storage": "az storage blob upload --account-key {} -f a",
    "curl header": "curl -H 'X-Auth-Token: {}' https://api.example.com",
    "curl proxy": "curl --proxy-user ada:{} https://example.com",
    "gh secret": "gh auth login --with-token {}",
    "heroku": "heroku config:set API_SECRET={} -a shop",
    "httpie": "http -a ada:{} https://api.example.com",
    "kubectl": "kubectl create secret generic db --from-literal=password={}",
    "lftp": "lftp -u ada,{} sftp.example.com",
    "mongo client": "mongosh -u root -p {} shop",
    "mount": "//nas/x /mnt cifs username=ada,password={} 0 0",
    "pg variable": "PGPASSWORD={} psql -h db shop",
    "redis client": "redis-cli -h cache -a {} ping",
    "SQL Server": "sqlcmd -S db -U sa -P {} -Q 'select 1'",
    "zip": "zip -P {} out.zip a.txt",
    "WinSCP": "winscp /command 'open sftp://ada:{}@host/'",
    "Ruby": "Client.new(user: 'ada', api_secret: '{}')",
    "Kotlin named": 'login(user = "ada", password = "{}")',
    "Objective-C": '[client setPassword:@"{}"];',
    "Java setter": 'source.setPassword("{}");',
    "Rust": 'let api_token: &str = "{}";',
    "Haskell": 'Config {{ user = "ada", dbPassword = "{}" }}',
    "PHP": '$config["db"]["password"] = "{}";',
    "Scala": 'val dbPassword = "{}"',
    "R": 'Sys.setenv(API_KEY = "{}")',
    "Dart": "const apiSecret = '{}';",
    "CSS-like": "password:{};user:ada;",
    "log field": "level=info user=ada pwd={} msg=login",
    "quoted log": 'time=12 secret="{}" caller=x',
    "Spanish": "La contraseña es {}",
    "Italian": "la password è {}",
    "chat": "pw: {}",
    "ticket": "Login: ada / {} (password)",
    "colon pair": "user/password: ada/{}",
    "new password": "changed password from {} to something else",
    "WebSocket": "wss://stream.example.com/?token={}",
    "OAuth callback": "https://app.example.com/cb?code={}&state=abc",
    "magic link": "https://app.example.com/login/magic?otp={}",
    "invite": "https://app.example.com/invite?invite_token={}",
    "PEM variable": 'KEY="-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----"',
    "GraphQL": 'mutation {{ login(user: "ada", password: "{}") {{ id }} }}',
    "gRPC": 'user: "ada" password: "{}"',
    "SOAP": '<wsse:Password Type="x">{}</wsse:Password>',
    "Lisp": '(connect :user "ada" :password "{}")',
    "Tcl": "set password {}",
    "Java property": "-Djavax.net.ssl.keyStorePassword={}",
    "Windows flag": "setup.exe /user:ada /password:{}",
    "systemd": 'Environment="DB_PASSWORD={}"',
    "GitHub mask": "::add-mask::{}",
    "struct tag": "&{{Name:ada Secret:{} TTL:30}}",
    "Erlang": '{{password,"{}"}}',
    "Python dataclass": "Settings(host='db', secret_key='{}', port=1)",
    "Python SecretBytes": "auth=('ada', '{}')",
    "CSV": "user,password\nada,{}",
}


def _jwt_cookie(rng: random.Random) -> Planted:
    value = drawn(rng, URLSAFE, 40)
    return Planted(f"Cookie: __Host-sess={value}", (value,), {"Cookie": f"__Host-sess={value}"})


def _encoded_json(rng: random.Random) -> Planted:
    value = drawn(rng, ALNUM, 20)
    return Planted("payload=" + quote(json.dumps({"user": "ada", "password": value})), (value,))


def _base64_json(rng: random.Random) -> Planted:
    value = base64.b64encode(json.dumps({"auths": {"x": {"auth": drawn(rng, ALNUM, 24)}}}).encode()).decode()
    return Planted(json.dumps({".dockerconfigjson": value}), (value,), {".dockerconfigjson": value})


def _list_of_pairs(rng: random.Random) -> Planted:
    value = value_of(rng)
    return Planted(json.dumps([["user", "ada"], ["db_password", value]]), (value,))


def _json_web_key(rng: random.Random) -> Planted:
    value = drawn(rng, URLSAFE, 43)
    return Planted(json.dumps({"kty": "EC", "crv": "P-256", "d": value}), (value,))


def _hex_of_session(rng: random.Random) -> Planted:
    value = drawn(rng, HEX, 32)
    return Planted(f"GET /app;jsessionid={value} 200", (value,))


THIRD_HELD_OUT: dict[str, Kind] = {
    **{f"third token: {name}": token_kind(shape) for name, shape in _TOKENS.items()},
    **{f"third name: {name}": named_kind(name, *_FORMS) for name in _NAMES},
    **{f"third text: {name}": connection_kind(template) for name, template in _TEXTS.items()},
    "third: cookie": _jwt_cookie,
    "third: encoded JSON": _encoded_json,
    "third: Docker configuration": _base64_json,
    "third: list of pairs": _list_of_pairs,
    "third: JSON web key": _json_web_key,
    "third: session in a path": _hex_of_session,
}
