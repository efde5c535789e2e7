"""Secrets and personal data leave this process only as placeholders: `[secret:8b12aa]`, `[email:3f9a1c]`.

Equal values get equal placeholders, so that one can still see that two lines speak of the same thing, but a placeholder
cannot be guessed back: it is a keyed hash. Masking what was masked changes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from core.domain.untrusted_text import without_controls

_MASKED = r"\[(?:secret|email|card|key):[0-9a-f]{6}\]"
PLACEHOLDER = re.compile(_MASKED)
_SCHEME = r"(?:bearer|basic|digest|token|negotiate|apikey)"

_SECRET_NAME = (
    r"(?:[\w.-]{0,40}(?:api[_-]?key|secret(?:[_-]?(?:access[_-]?)?key)?|access[_-]?key|private[_-]?key|auth[_-]?token"
    r"|access[_-]?token|refresh[_-]?token|passphrase|password|passwd|credentials?)"
    r"|(?:[\w.-]{0,40}[._-])?(?:token|pwd|sig|signature|authorization|(?:set-)?cookies?|session(?:[_-]?id)?|sid|csrf|jwt)"
    r"|dsn)"
)
_SECRET_VARIABLE = re.compile(rf"(?i)[\"']?{_SECRET_NAME}(?:[_-]?\d+)?[\"']?")

# What stands where a secret might but tells more than it hides: literals, types, object reprs, names of fields.
_TELLING = re.compile(
    r"(?i)[\"']{0,2}|None|null|nil|true|false|undefined|Ellipsis|(?:str|int|bytes|bool|float|object|optional|string)"
    r"|[-+]?\d{1,4}(?:\.\d+)?|[*.…]+|\[Filtered\]|<.*>?|\{\}|\[\]|\(\)|is|was|and|or|not|must|required|missing|expired"
    r"|invalid|[A-Za-z_]+(?:\.[A-Za-z_]+)+"
)
_CODE = re.compile(r"[A-Za-z_][A-Za-z_.]*[(\[]")


@dataclass(frozen=True, slots=True)
class Rule:
    """`pattern` finds a secret: its group `hide`, or the whole match; `accept` has the last word on it."""

    name: str
    kind: str
    pattern: re.Pattern[str]
    accept: Callable[[str], bool] | None = None


def _passes_luhn(found: str) -> bool:
    digits = [int(character) for character in found if character.isdigit()]
    doubled = [digit if index % 2 == 0 else digit * 2 - 9 * (digit > 4) for index, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _may_be_secret(found: str) -> bool:
    """Not a literal, and not code such as `get_token(…` or `os.environ[…`."""
    return not (_TELLING.fullmatch(found) or _CODE.match(found) or _SECRET_VARIABLE.fullmatch(found))


def _rule(name: str, kind: str, pattern: str, accept: Callable[[str], bool] | None = None) -> Rule:
    return Rule(name, kind, re.compile(pattern), accept)


RULES: tuple[Rule, ...] = (
    _rule("private key", "key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"),
    _rule("JSON web token", "secret", r"\beyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*){0,3}"),
    _rule("AWS key id", "secret", r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b"),
    _rule("GitHub token", "secret", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})"),
    _rule("GitLab token", "secret", r"\bglpat-[\w-]{16,}"),
    _rule("Slack token", "secret", r"\bx(?:ox[a-z]|app)-[\w-]{8,}"),
    _rule("Slack webhook", "secret", r"hooks\.slack\.com/(?:services|workflows)/(?P<hide>[\w/]{8,})"),
    _rule("Stripe key", "secret", r"\b(?:[sr]k_(?:live|test)_|whsec_)\w{8,}"),
    _rule("OpenAI or Anthropic key", "secret", r"\bsk-(?=[\w-]*\d)[\w-]{16,}"),
    _rule("Sentry token", "secret", r"\bsntry[su]_[\w+/=-]{8,}"),
    _rule("Sentry DSN key", "secret", r"https?://(?P<hide>[0-9a-f]{32}(?::[0-9a-f]{32})?)@"),
    _rule("Google API key", "secret", r"\bAIza[\w-]{30,}"),
    _rule("npm token", "secret", r"\bnpm_[A-Za-z0-9]{20,}"),
    _rule("PyPI token", "secret", r"\bpypi-[\w-]{20,}"),
    _rule("SendGrid key", "secret", r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
    _rule(
        "authorization scheme",
        "secret",
        rf"(?i)\b{_SCHEME}\s+(?P<hide>(?=[\w.~+/=-]*[\d=+/]|[\w.~+/=-]{{20}})[\w.~+/=-]{{8,}})",
    ),
    _rule(
        "password in a URL",
        "secret",
        rf"(?i)\b[a-z][a-z0-9+.-]{{0,30}}://[^\s/:@\"'<>]*:(?!\d{{1,5}}(?:[/?#]|$))(?!{_MASKED}@)"
        r"(?P<hide>[^\s\"'<>]+)@(?=[\w.\[-])",
    ),
    _rule(
        "cookie header",
        "secret",
        r"(?i)\b(?:set-)?cookie\\?[\"']?\s*[:=,]\s*\\?[\"']?(?P<hide>[\w.-]+=[^\r\n\"']+)",
    ),
    _rule(
        "authorization header as a pair",
        "secret",
        rf"(?i)[\"'](?:proxy-)?(?:authorization|x-api-key)[\"']\s*,\s*(?P<q>[\"'])(?!{_MASKED}(?P=q))"
        r"(?P<hide>(?:(?!(?P=q)).)+)(?P=q)",
    ),
    _rule(
        "quoted value of a secret name",
        "secret",
        rf"(?i)(?<![\w\[.-]){_SECRET_NAME}\\?[\"']?\]?\s*(?:=>|[:=])\s*[bur]?(?P<q>\\?[\"'])"
        rf"(?!{_MASKED}(?P=q))(?P<hide>(?:(?!(?P=q)).)+)(?:(?P=q)|$)",
        _may_be_secret,
    ),
    _rule(
        "value of a secret name",
        "secret",
        rf"(?i)(?<![\w\[.-]){_SECRET_NAME}\\?[\"']?\]?\s*(?:=>|[:=])\s*(?:{_SCHEME}\s+)?"
        rf"(?!{_MASKED}(?:\W|$))(?!{_SCHEME}\s)(?P<hide>[^\s\"'&;,<>{{}}|=][^\s\"'&;,<>{{}}|]*(?<![)\].:]))",
        _may_be_secret,
    ),
    _rule("e-mail address", "email", r"(?<![\w.%+-])[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"),
    _rule(
        "card number",
        "card",
        r"(?<![\w.:-])(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|3[47]\d\d|6(?:011|5\d\d))(?:[ -]?\d){11,12}(?![\w:-])",
        _passes_luhn,
    ),
)

_TRACES = (
    *("@", "key", "secret", "token", "pass", "pwd", "cred", "sig", "auth", "cookie", "session", "sid", "csrf", "jwt"),
    *("dsn", "bearer", "basic", "digest", "negotiate", "-----", "eyj", "akia", "asia", "aroa", "aida", "ghp_", "gho_"),
    *("ghu_", "ghs_", "ghr_", "github_pat", "glpat", "xox", "xapp", "hooks.slack", "sk_", "rk_", "whsec", "sk-"),
    *("sntry", "aiza", "npm_", "pypi-", "sg."),
)
"""Every text in which a rule could find something has one of these, or digits like a card's; most texts have none."""
_CARD_LIKE = re.compile(r"\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d")
_FOLDING_ODDLY = re.compile("[\u0130\u0131\u017f\u212a]")

_MAX_PASSES = 4


def may_hold_secrets(text: str) -> bool:
    """False when no rule can find anything in `text`: a quick look that spares all the rules."""
    folded = text.lower()
    for trace in _TRACES:
        if trace in folded:
            return True
    if _CARD_LIKE.search(text):
        return True
    return not text.isascii() and _FOLDING_ODDLY.search(text) is not None


class Masker:
    """Replaces secrets by placeholders that depend on `key` and the secret alone."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def text(self, text: str) -> str:
        """`text` with nothing invisible and no secret left in it."""
        text = without_controls(text)
        if not may_hold_secrets(text):
            return text
        for _ in range(_MAX_PASSES):
            masked = self._one_pass(text)
            if masked == text:
                break
            text = masked
        return text

    def named(self, name: str, value: str) -> str:
        """The value of a variable, header or setting called `name`, which may say that all of it is secret."""
        value = without_controls(value)
        bare = value.strip().strip("\"'")
        if _SECRET_VARIABLE.fullmatch(name.strip()) and not PLACEHOLDER.fullmatch(bare) and _may_be_secret(bare):
            return self._placeholder("secret", bare)
        return self.text(value)

    def _one_pass(self, text: str) -> str:
        for rule in RULES:
            text = rule.pattern.sub(partial(self._replacement, rule), text)
        return text

    def _replacement(self, rule: Rule, match: re.Match[str]) -> str:
        group: int | str = "hide" if "hide" in rule.pattern.groupindex else 0
        found = match[group]
        if PLACEHOLDER.fullmatch(found) or (rule.accept and not rule.accept(found)):
            return match[0]
        start, end = match.start(group) - match.start(), match.end(group) - match.start()
        return match[0][:start] + self._placeholder(rule.kind, found) + match[0][end:]

    def _placeholder(self, kind: str, secret: str) -> str:
        return f"[{kind}:{hmac.new(self._key, secret.encode('utf-8', 'replace'), hashlib.sha256).hexdigest()[:6]}]"
