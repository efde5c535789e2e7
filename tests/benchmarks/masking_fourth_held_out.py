"""A fourth set of kinds, written after families were added for the second and third, to see what those are worth."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from urllib.parse import quote

from tests.benchmarks.masking_kinds import ALNUM, HEX, Kind, Planted, connection_kind, drawn, token_kind, value_of

_TOKENS = {
    "Mux": "mux_sk_<x48>",
    "Knock": "sk_prod_<u40>",
    "Browserbase": "bb_live_<u27>",
    "Inngest": "signkey-prod-<h64>",
    "Novu": "nv-<h32>",
    "Unkey": "unkey_<x24>",
    "Turso": "eyJhbGciOiJFZERTQSJ9.<u40>.<u86>",
    "Fireworks": "fw_<x24>",
    "Voyage": "pa-<u43>",
    "Mistral": "<x32>",
    "ElevenLabs": "sk_<h48>",
    "Bitwarden": "0.<h8>-<h4>-<h4>-<h4>-<h12>.<x30>:<b22>==",
    "Keygen": "activ-<h64>v3",
    "Zendesk": "zdp_<x40>",
    "Asana": "2/<d16>/<d16>:<h32>",
    "Monday": "eyJhbGciOiJIUzI1NiJ9.<u180>.<u43>",
    "Freshdesk": "fd_<x28>",
    "Chroma": "ck-<x44>",
    "LiveKit": "API<x12>:<x43>",
    "Cloudinary": "cloudinary://<d15>:<u27>@acme",
}
_NAMES = (
    *("SPRING_DATASOURCE_PASSWORD", "KC_DB_PASSWORD", "ELASTIC_PASSWORD", "redisPassword", "ftp-pass", "MailPassword"),
    *("jwt.secret", "cookieSecret", "hash_salt_secret", "S3_SECRET", "GITHUB_TOKEN", "npmAuthToken", "slack-bot-token"),
    *(
        "client_assertion",
        "id_token",
        "X-CSRF-Token",
        "x-functions-key",
        "DeployKey",
        "ssh_private_key",
        "recoveryCodes",
    ),
    *("mot_passe_bdd", "passwort_alt", "senhaAntiga", "clave_api", "haslo2"),
)


def _named(name: str) -> Kind:
    def plant(rng: random.Random) -> Planted:
        value = value_of(rng)
        forms: tuple[Callable[[], str], ...] = (
            lambda: f"{name} = {value}",
            lambda: json.dumps({"settings": {name: value}}),
            lambda: f"{name}: {value}",
            lambda: f"{{{name!r}: {value!r}, 'x': 1}}",
            lambda: f"?a=1&{name}={quote(value, safe='')}&b=2",
        )
        return Planted(rng.choice(forms)(), (value, quote(value, safe="")), {name: value})

    return plant


_TEXTS = {
    "mongorestore": "mongorestore --uri mongodb://root:{}@db:27017/shop",
    "ldappasswd": "ldappasswd -x -D cn=admin -w {} uid=ada",
    "oc": "oc login https://c.example.com:6443 -u ada -p {}",
    "podman": "podman login quay.io -u ada -p {}",
    "mosquitto": "mosquitto_pub -h mq -u ada -P {} -t x -m y",
    "xfreerdp": "xfreerdp /u:ada /p:{} /v:host",
    "keytool": "keytool -list -keystore a.jks -storepass {}",
    "gpg": "gpg --batch --passphrase {} -d a.gpg",
    "chpasswd": "echo ada:{} | chpasswd",
    "docker stdin": "echo {} | docker login -u ada --password-stdin",
    "influx": "influx -username ada -password {}",
    "kubectl token": "kubectl --token={} get pods",
    "npm config": "npm config set //registry.npmjs.org/:_authToken {}",
    "git remote": "git remote set-url origin https://ada:{}@github.com/acme/shop",
    "scp": "sshpass -p'{}' scp a ada@host:",
    "env inline": "env DB_PASSWORD={} python app.py",
    "fish": "set -x API_TOKEN {}",
    "cmd": "set DB_PASSWORD={}",
    "PowerShell env": '$env:API_KEY = "{}"',
    "JavaScript env": 'process.env.API_SECRET = "{}"',
    "Java map": 'map.put("password", "{}");',
    "Go map": 'map[string]string{{"password": "{}"}}',
    "Go debug": 'main.Config{{User:"ada", Password:"{}"}}',
    "Ruby inspect": '#<Client:0x01 @user="ada", @password="{}">',
    "Python repr": "Client(user='ada', password='{}')",
    "PHP dump": 'array(2) {{ ["user"]=> string(3) "ada" ["password"]=> string(9) "{}" }}',
    "PHP print_r": "Array ( [user] => ada [password] => {} )",
    "C# init": 'new Login {{ User = "ada", Password = "{}" }};',
    "Swift dictionary": '["user": "ada", "password": "{}"]',
    "TypeScript": 'const apiKey: string = "{}";',
    "Elm": 'login {{ password = "{}" }}',
    "LaTeX-like": "\\password{{{}}}",
    "INI with comment": "password = {} ; do not share",
    "YAML anchor": "password: &pw {}",
    "YAML quoted key": '"password": {}',
    "XML nested": "<credentials><user>ada</user><password>{}</password></credentials>",
    "XML value": "<property name='password' value='{}'/>",
    "plist": "<key>Password</key><string>{}</string>",
    "HTML input": '<input type="password" name="pw" value="{}">',
    "SQL insert": "INSERT INTO users (name, password) VALUES ('ada', '{}')",
    "SQL update": "UPDATE users SET password = '{}' WHERE id = 1",
    "SQL where": "SELECT 1 FROM users WHERE token = '{}'",
    "Redis": "AUTH {}",
    "SMTP": "535 AUTH LOGIN failed for ada with password {}",
    "FTP": "PASS {}",
    "HTTP 2": ":authorization: Bearer {}",
    "proxy": "http_proxy=http://ada:{}@proxy.example.com:3128",
    "FTP URL": "ftp://ada:{}@files.example.com/a",
    "cookie attribute": "Set-Cookie: auth_token={}; HttpOnly; Secure",
    "JWT assertion": "grant_type=password&username=ada&password={}",
    "signature": "https://cdn.example.com/a?Expires=1&Signature={}&Key-Pair-Id=K1",
    "Twilio style": "https://AC1:{}@api.twilio.com/2010",
    "told": "Please use the password {} for now",
    "quoted in prose": "The API key '{}' was revoked",
    "with colon": "New access token: {}",
    "arrow": "password -> {}",
    "parenthesis": "login failed (password={})",
    "bold": "**Password:** {}",
    "backticks": "password `{}` is wrong",
    "log tuple": "('ada', 'password', '{}')",
    "argparse": "Namespace(user='ada', password='{}')",
    "exception": "InvalidCredentials: password '{}' does not match",
}


def _json_lines(rng: random.Random) -> Planted:
    value = value_of(rng)
    return Planted("\n".join(json.dumps({"n": n, "access_token": value}) for n in range(3)), (value,))


def _headers_list(rng: random.Random) -> Planted:
    value = drawn(rng, ALNUM, 30)
    return Planted(json.dumps({"headers": [{"name": "X-Api-Key", "value": value}]}), (value,))


def _url_encoded_twice(rng: random.Random) -> Planted:
    value = drawn(rng, ALNUM, 18)
    return Planted("redirect=" + quote(quote(f"/cb?token={value}&x=1", safe=""), safe=""), (value,))


def _tab_separated(rng: random.Random) -> Planted:
    value = drawn(rng, HEX, 20)
    return Planted(f"user\tapi_key\nada\t{value}", (value,))


FOURTH_HELD_OUT: dict[str, Kind] = {
    **{f"fourth token: {name}": token_kind(shape) for name, shape in _TOKENS.items()},
    **{f"fourth name: {name}": _named(name) for name in _NAMES},
    **{f"fourth text: {name}": connection_kind(template) for name, template in _TEXTS.items()},
    "fourth: JSON lines": _json_lines,
    "fourth: list of headers": _headers_list,
    "fourth: encoded twice": _url_encoded_twice,
    "fourth: tab-separated": _tab_separated,
}
