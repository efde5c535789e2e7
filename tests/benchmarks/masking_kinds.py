"""Kinds of secrets for `make bench-masking`, all generated: what vendors hand out, what names say, how it is written.

A kind makes a text and the parts of it that must not be seen afterwards. Nothing here is a working secret.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

HEX, DIGITS, LOWER, UPPER = "0123456789abcdef", string.digits, string.ascii_lowercase, string.ascii_uppercase
ALNUM = LOWER + UPPER + DIGITS
URLSAFE = ALNUM + "-_"
BASE64 = ALNUM + "+/"
BASE32 = UPPER + "234567"


@dataclass(frozen=True, slots=True)
class Planted:
    """A text with a secret in it; `hidden` are the parts that must go, `named` is the secret under its name."""

    text: str
    hidden: tuple[str, ...]
    named: Mapping[str, str] = field(default_factory=dict)


Kind = Callable[[random.Random], Planted]


def drawn(rng: random.Random, alphabet: str, length: int) -> str:
    """Return `length` characters drawn from `alphabet`, with a digit and a letter where it has both."""
    chosen = [rng.choice(alphabet) for _ in range(length)]
    if length >= 8:
        for wanted in (DIGITS, LOWER, UPPER):
            among = [character for character in alphabet if character in wanted]
            if among:
                chosen[rng.randrange(1, length - 1)] = rng.choice(among)
    return "".join(chosen)


# ---- tokens that show what they are ---------------------------------------------------------------------------------

_PARTS = {"h": HEX, "H": HEX.upper(), "d": DIGITS, "a": LOWER + DIGITS, "A": UPPER + DIGITS, "x": ALNUM, "u": URLSAFE}
_PARTS |= {"b": BASE64, "t": BASE32, "U": UPPER}


def shaped(shape: str) -> Callable[[random.Random], str]:
    """Return a maker of tokens: `ghp_<x36>` is the prefix with 36 letters and digits."""

    def make(rng: random.Random) -> str:
        made, rest = "", shape
        while "<" in rest:
            fixed, _, rest = rest.partition("<")
            part, _, rest = rest.partition(">")
            made += fixed + drawn(rng, _PARTS[part[0]], int(part[1:]))
        return made + rest

    return make


TOKENS = {
    "AWS key id": "AKIA<t16>",
    "AWS temporary key id": "ASIA<t16>",
    "GitHub personal": "ghp_<x36>",
    "GitHub app": "ghs_<x36>",
    "GitHub fine-grained": "github_pat_<x22>_<x59>",
    "GitLab personal": "glpat-<u20>",
    "GitLab runner": "glrt-<u20>",
    "GitLab deploy": "gldt-<u20>",
    "GitLab trigger": "glptt-<h40>",
    "Slack bot": "xoxb-<d12>-<d12>-<x24>",
    "Slack user": "xoxp-<d12>-<d12>-<d12>-<h32>",
    "Slack app": "xapp-1-A<A10>-<d13>-<h64>",
    "Stripe secret": "sk_live_<x24>",
    "Stripe restricted": "rk_live_<x24>",
    "Stripe webhook": "whsec_<x32>",
    "OpenAI": "sk-<x48>",
    "OpenAI project": "sk-proj-<u48>",
    "Anthropic": "sk-ant-api03-<u93>AA",
    "Hugging Face": "hf_<x34>",
    "Replicate": "r8_<x37>",
    "Groq": "gsk_<x52>",
    "Perplexity": "pplx-<x48>",
    "xAI": "xai-<x80>",
    "NVIDIA": "nvapi-<u64>",
    "SendGrid": "SG.<u22>.<u43>",
    "Mailgun": "key-<h32>",
    "Mailchimp": "<h32>-us12",
    "Brevo": "xkeysib-<h64>-<x16>",
    "Twilio": "SK<h32>",
    "npm": "npm_<x36>",
    "PyPI": "pypi-AgEIcHlwaS5vcmc<u60>",
    "RubyGems": "rubygems_<h48>",
    "Docker": "dckr_pat_<u27>",
    "DigitalOcean": "dop_v1_<h64>",
    "Heroku": "HRKU-AA<u58>",
    "Fly": "fo1_<u43>",
    "Vercel": "vercel_blob_rw_<x16>_<x30>",
    "Netlify": "nfp_<x36>",
    "Linear": "lin_api_<x40>",
    "Notion": "ntn_<d11><x35>",
    "Figma": "figd_<u40>",
    "Postman": "PMAK-<h24>-<h34>",
    "Shopify": "shpat_<h32>",
    "Square": "sq0atp-<u22>",
    "Airtable": "pat<x14>.<h64>",
    "Doppler": "dp.pt.<x43>",
    "Vault": "hvs.<u95>",
    "Vault batch": "hvb.<u140>",
    "Terraform": "<x14>.atlasv1.<u60>",
    "Pulumi": "pul-<h40>",
    "Databricks": "dapi<h32>",
    "New Relic": "NRAK-<A27>",
    "Grafana service": "glsa_<x32>_<h8>",
    "Grafana cloud": "glc_<b60>",
    "Dynatrace": "dt0c01.<A24>.<A64>",
    "Sentry user": "sntryu_<h64>",
    "PlanetScale": "pscale_tkn_<u43>",
    "Atlassian": "ATATT3x<u180>",
    "Bitbucket": "ATBB<x32>",
    "Artifactory": "AKCp<x69>",
    "Telegram": "<d10>:AA<u33>",
    "Discord bot": "M<x25>.<u6>.<u38>",
    "Google API": "AIza<u35>",
    "Google sign-in": "ya29.<u120>",
    "Google client": "GOCSPX-<u28>",
    "Google refresh": "1//0<u60>",
    "Facebook": "EAA<x100>",
    "Alibaba": "LTAI<x20>",
    "Azure AD": "<x3>8Q~<x34>",
    "Supabase": "sbp_<h40>",
    "1Password": "ops_eyJ<u250>",
    "Tailscale": "tskey-auth-<x12>-<x32>",
    "Razorpay": "rzp_live_<x14><x8>",
    "EasyPost": "EZAK<h54>",
    "age": "AGE-SECRET-KEY-1<A58>",
    "JSON web token": "eyJ<u33>.eyJ<u60>.<u43>",
    "PASETO": "v2.local.<u80>",
    "bcrypt": "$2b$12$<x53>",
    "argon2": "$argon2id$v=19$m=65536,t=3,p=4$<x22>$<x43>",
}
_AROUND = ("{}", "using {} now", "rejected: {}", '"{}"', "({})", "sent {}, got 401", "<{}>", "[{}]", "{}\nnext line")


def token_kind(shape: str) -> Kind:
    """Return the kind of a vendor's token in a text that does not name it."""
    make = shaped(shape)

    def plant(rng: random.Random) -> Planted:
        token = make(rng)
        return Planted(rng.choice(_AROUND).format(token), (token,))

    return plant


# ---- names and forms ------------------------------------------------------------------------------------------------

NAMES = (
    *("password", "Password", "PASSWORD", "passwd", "pwd", "pass", "db_pass", "DB_PASSWORD", "dbPassword", "DbPwd"),
    *("user-password", "smtp.password", "passphrase", "PASSPHRASE", "passcode", "secret", "client_secret"),
    *("clientSecret", "CLIENT-SECRET", "SECRET_KEY", "secretKey", "SECRET_KEY_BASE", "RAILS_MASTER_KEY"),
    *("ENCRYPTION_KEY", "encryptionKey", "signing_key", "api_key", "apiKey", "APIKEY", "X-Api-Key", "api-token"),
    *("access_token", "accessToken", "refresh_token", "refreshToken", "bearer_token", "bearerToken", "auth_token"),
    *("private_key", "PrivateKey", "private_key_id", "AccountKey", "storageKey", "aws_secret_access_key"),
    *("session_id", "PHPSESSID", "JSESSIONID", "csrftoken", "XSRF-TOKEN", "credentials", "DB_CREDS", "pin_code"),
    *("otp", "connection_string", "ConnectionString", "passwordHash", "password_digest", "mnemonic", "ssn"),
    *("card_number", "cvv", "iban", "webhook_secret", "license_key", "senha", "wachtwoord", "contraseña", "passwort"),
)
_WORDS = ("blue", "door", "night", "river", "stone", "maple", "tiger", "copper", "winter", "rocket", "violet", "harbor")


def named_kind(name: str, *forms: Callable[[str, str], str]) -> Kind:
    """A secret under a name, in one of `forms`, which are given the name and the value."""

    def plant(rng: random.Random) -> Planted:
        value = value_of(rng)
        return Planted(rng.choice(forms)(name, value), (value,), {name: value})

    return plant


def value_of(rng: random.Random) -> str:
    """Return what people and programs take as passwords: words, names of secrets, digits, random text."""
    one, two = rng.choice(_WORDS), rng.choice(_WORDS)
    number = rng.randrange(10, 9999)
    made = rng.randrange(9)
    if made == 0:
        return f"{one}-{two}-{number}"
    if made == 1:
        return f"{one.title()}Password{number}"
    if made == 2:
        return f"{one}.{two}.key{number}"
    if made == 3:
        return str(rng.randrange(100_000, 999_999))
    if made == 4:
        return f"{one.title()}{two.title()}!{number}"
    if made == 5:
        return drawn(rng, HEX, 32)
    if made == 6:
        return drawn(rng, BASE64, 40)
    if made == 7:
        return f"{one}{two}secret{number}"
    return drawn(rng, URLSAFE, 24)


def _url_safe(rng: random.Random) -> str:
    return drawn(rng, ALNUM, 12 + rng.randrange(20))


_FORMS: dict[str, Callable[[str, str], str]] = {
    "k=v": lambda name, value: f"failed with {name}={value}",
    "k=v in a list": lambda name, value: f"host=db port=5432 {name}={value} sslmode=require",
    "JSON": lambda name, value: json.dumps({"user": "ada", name: value, "n": 1}),
    "nested JSON": lambda name, value: json.dumps({"config": {"auth": {name: value}}}, indent=2),
    "escaped JSON": lambda name, value: json.dumps(json.dumps({name: value, "n": 1})),
    "YAML": lambda name, value: f"service:\n  host: db\n  {name}: {value}\n  port: 1",
    "XML": lambda name, value: f"<config><{name}>{value}</{name}></config>",
    "XML attribute": lambda name, value: f'<db host="x" {name}="{value}" />',
    "add element": lambda name, value: f'<add key="{name}" value="{value}" />',
    "query": lambda name, value: f"GET /login?page=2&{name}={quote(value, safe='')}&next=1",
    "header": lambda name, value: f"Host: shop\r\n{name}: {value}\r\nAccept: */*",
    "CLI flag": lambda name, value: f"tool run --{name} {value} --verbose",
    "CLI flag with =": lambda name, value: f"tool run --{name}={value} --verbose",
    "quoted CLI list": lambda name, value: f"['tool', '--{name}', '{value}', '--verbose']",
    "keyword arguments": lambda name, value: f"connect(host='db', {name}='{value}', port=1)",
    "tuple": lambda name, value: f"[('host', 'db'), ('{name}', '{value}')]",
    "hash rocket": lambda name, value: f'{{"user"=>"ada", "{name}"=>"{value}"}}',
    "symbol hash": lambda name, value: f'{{:user=>"ada", :{name}=>"{value}"}}',
    "Python repr": lambda name, value: f"{{'user': 'ada', '{name}': '{value}'}}",
    "bytes": lambda name, value: f"{{b'{name}': b'{value}'}}",
    "Go struct": lambda name, value: f"{{User:ada {name}:{value} Port:1}}",
    "Java toString": lambda name, value: f"Config{{user=ada, {name}={value}, port=1}}",
    "environment": lambda name, value: f"export {name}='{value}'",
    "properties": lambda name, value: f"# database\n{name} = {value}\nport = 1",
    "prose": lambda name, value: f"the {name} is {value}",
    "prose with quotes": lambda name, value: f'{name} "{value}" was rejected',
    "percent-encoded": lambda name, value: f"body=user%3Dada%26{name}%3D{quote(value, safe='')}%26n%3D1",
    "name and value": lambda name, value: json.dumps({"name": name, "value": value}),
    "TOML": lambda name, value: f'[db]\n{name} = "{value}"\n',
    "PHP array": lambda name, value: f"array('user' => 'ada', '{name}' => '{value}')",
    "semicolons": lambda name, value: f"Server=db;User=ada;{name}={value};Timeout=3",
}
_FORM_NAMES = ("password", "db_password", "clientSecret", "API_KEY", "refresh_token", "secretKey")


def name_kind(name: str) -> Kind:
    """Return the kind of a name, in any form, and as the name of a field of the event."""

    def plant(rng: random.Random) -> Planted:
        value = value_of(rng)
        form = rng.choice(("k=v", "JSON", "escaped JSON", "Python repr", "keyword arguments", "properties"))
        return Planted(_FORMS[form](name, value), (value,), {name: value})

    return plant


def form_kind(form: str) -> Kind:
    """Return the kind of a form, with any of the usual names."""

    def plant(rng: random.Random) -> Planted:
        value = value_of(rng)
        return Planted(_FORMS[form](rng.choice(_FORM_NAMES), value), (value, quote(value, safe="")))

    return plant


# ---- connection strings, blocks and addresses ----------------------------------------------------------------------

_CONNECTIONS = {
    "PostgreSQL URL": "postgresql://shop:{}@db.internal:5432/shop",
    "MySQL URL": "mysql+pymysql://root:{}@10.0.0.3/app",
    "MongoDB URL": "mongodb+srv://app:{}@cluster0.example.net/?w=1",
    "Redis URL": "redis://:{}@cache:6379/0",
    "AMQP URL": "amqps://guest:{}@mq.internal/vhost",
    "basic URL": "https://deploy:{}@git.example.com/acme/shop.git",
    "JDBC": "jdbc:mysql://db:3306/app?user=root&password={}&useSSL=false",
    "JDBC Oracle": "jdbc:oracle:thin:scott/{}@//db:1521/orcl",
    "ADO.NET": "Server=tcp:db,1433;Database=app;User ID=sa;Password={};Encrypt=True",
    "libpq": "host=db dbname=app user=app password='{}' connect_timeout=3",
    "ODBC": "DRIVER={{SQL Server}};SERVER=db;UID=sa;PWD={};",
    "Azure storage": "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={};EndpointSuffix=core.windows.net",
    "Service Bus": "Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={}",
    "SAS address": "https://acme.blob.core.windows.net/c/b?sv=2024-01-01&se=2027-01-01&sp=r&sig={}",
    "presigned address": "https://b.s3.amazonaws.com/k?X-Amz-Expires=300&X-Amz-Signature={}",
    "Slack webhook": "https://hooks.slack.com/services/T00AB12/B00CD34/{}",
    "Discord webhook": "https://discord.com/api/webhooks/123456789012345678/{}",
    "Teams webhook": "https://acme.webhook.office.com/webhookb2/{}/IncomingWebhook/x",
    "Bearer header": "Authorization: Bearer {}",
    "Basic header": "Authorization: Basic {}",
    "token header": "Authorization: token {}",
    "cookie header": "Cookie: theme=dark; session={}; lang=en",
    "set-cookie header": "Set-Cookie: sid={}; Path=/; HttpOnly",
    "curl user": "curl -s -u admin:{} https://api.example.com/v1",
    "mysql client": "mysql -uroot -p{} app < dump.sql",
    "sshpass": "sshpass -p {} ssh root@host",
    "docker login": "docker login -u ci -p {} registry.example.com",
    "SQL user": "CREATE USER app IDENTIFIED BY '{}'",
    "PostgreSQL role": "ALTER ROLE app WITH LOGIN PASSWORD '{}'",
    "redis configuration": "requirepass {}",
    "netrc": "machine api.example.com login ada password {}",
    "npmrc": "//registry.example.com/:_authToken={}",
}


def connection_kind(template: str) -> Kind:
    """Return the kind of a connection string, an address or a command with a secret in it."""

    def plant(rng: random.Random) -> Planted:
        value = _url_safe(rng)
        return Planted(template.format(value), (value,))

    return plant


def block_kind(label: str) -> Kind:
    """Return the kind of a key block; every line of its body is secret."""

    def plant(rng: random.Random) -> Planted:
        lines = [drawn(rng, BASE64, 64) for _ in range(rng.randrange(3, 12))]
        end = label.replace("BEGIN", "END")
        joint = rng.choice(("\n", "\n", "\\n", "\r\n"))
        return Planted(joint.join((f"-----{label}-----", *lines, f"-----{end}-----")), tuple(lines))

    return plant


def _service_account(rng: random.Random) -> Planted:
    lines = [drawn(rng, BASE64, 64) for _ in range(6)]
    pem = "\n".join(("-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""))
    document = {"type": "service_account", "private_key_id": drawn(rng, HEX, 40), "private_key": pem}
    return Planted(json.dumps(document), (document["private_key_id"], *lines))


def _aws_secret(rng: random.Random) -> Planted:
    secret = drawn(rng, BASE64, 40)
    return Planted(f"signing with {secret} failed", (secret,))


def _basic(rng: random.Random) -> Planted:
    value = base64.b64encode(f"ada:{value_of(rng)}".encode()).decode()
    return Planted(f"sent Authorization: Basic {value}", (value,))


_BLOCKS = (
    *("BEGIN PRIVATE KEY", "BEGIN RSA PRIVATE KEY", "BEGIN EC PRIVATE KEY", "BEGIN OPENSSH PRIVATE KEY"),
    *("BEGIN ENCRYPTED PRIVATE KEY", "BEGIN PGP PRIVATE KEY BLOCK", "BEGIN DSA PRIVATE KEY"),
)

KINDS: dict[str, Kind] = {
    **{f"token: {name}": token_kind(shape) for name, shape in TOKENS.items()},
    **{f"name: {name}": name_kind(name) for name in NAMES},
    **{f"form: {form}": form_kind(form) for form in _FORMS},
    **{f"connection: {name}": connection_kind(template) for name, template in _CONNECTIONS.items()},
    **{f"block: {label}": block_kind(label) for label in _BLOCKS},
    "block: service account": _service_account,
    "bare AWS secret": _aws_secret,
    "Basic credentials": _basic,
}
