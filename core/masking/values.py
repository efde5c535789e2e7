"""Decides which values beside a secret's name tell more than they hide, and stay."""

from __future__ import annotations

import re

from core.masking.placeholders import PLACEHOLDER, says_more
from core.masking.randomness import is_wordy

_EMPTY = re.compile(
    r"(?i)[\"'\\]{0,6}|none|null|nil|true|false|undefined|nan|n/?a|ellipsis|\{\}|\[\]|\(\)|[*•.…xX_-]+"
    r"|\[?<?\(?(?:filtered|redacted|masked|hidden|removed|omitted|secret|scrubbed"
    r"|empty|unset|not set)(?: by \w+)?\)?>?\]?"
    r"|\$\{\{?[^}]*\}?\}|\$\([^)]*\)|\$[A-Za-z_]\w*|\{\{[^}]*\}\}|%[A-Za-z_]\w*%|%\([\w]+\)s|%[sdrvq]|\{[\w.!:]*\}|:[a-z_]+|\?"
    r"|<[A-Za-z_][\w.]*+(?:[ -][A-Za-z_][\w.]*+){0,5}[ -]?(?:at 0x[0-9a-f]+)?>"
)
_TYPE = re.compile(
    r"(?i)(?:str|string|text|int|integer|bytes|bool|boolean|float|number|object|any|optional|varchar|char|uuid|char\[\]"
    r"|securestring|secretstr|\[\]byte)(?:\(\d+\)|\[.*\]|\?|!)?(?:\s*\|\s*(?:null|none|undefined|string|str))*;?"
)
_STATES = frozenset(
    """
        is was are were be been and or not no must should shall will would can cannot can't could may might does do
        did has have had required missing expired invalid incorrect wrong empty unset unknown unauthorized forbidden
        malformed disabled enabled failed failure error rejected denied mismatch too needs need in for of to the a
        an if on with from by at as but than then it its this that your our their reset change changed update
        updated length ok okay yes valid accepted provided given set used unused optional mandatory default auto
        automatic authentication authorization verification required. missing. invalid. expired. incorrect. wrong.
        policy field fields manager strength prompt hash hashing input value values rotation file store doesn't
        didn't wasn't isn't won't don't hasn't after before until while because when where which who whose via using
        unsupported supported present absent revoked refused generated created deleted removed stored loaded found
        unchanged matches match differs differ contains exceeds exceeded only contain again here there both either
        neither same include omit same-origin
        erforderlich ungültig ungueltig falsch fehlt leer zu muss ist requis requise invalide incorrecte oublié
        incorrecta incorrecto inválida requerida obligatoria olvidada errata obbligatoria richiesta sbagliata inválido
        obrigatória incorreta deve неверный обязателен требуется
    """.split()
)
_CODE = re.compile(
    r"(?:await |new |not |\*{1,2})?(?:self|this|settings|config|conf|cfg|env|environ|os|process|req|request|ctx|context"
    r"|args|opts|options|kwargs|params|data|form|secrets|vault|app|state|props|event|body|payload|user|account|credentials|creds|session"
    r"|Rails|ENV|System|Environment|Deno|Bun|import|current_app|current_user|st|var|local|module|each|values)"
    r"(?>(?:\??\.[A-Za-z_]\w*|\[[\"']?\w*[\"']?\]|\([\"'\w., ]*\))+)[;,)]?"
)
_CALL = re.compile(
    r"(?:await |new )?[A-Za-z_][\w.:]*\([\w.,=\"'\[\] ]*+\)*+[;,)]*+|[A-Za-z_][\w.]*\[[\w.\"']*+\]*+[;,)]*+"
)
_SUBSCRIPT = re.compile(r"(?:self|this|request|req|os|process|settings|config|params|data|form)[A-Za-z_.]*[\[(]")
_NAMES_ONLY = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)+")
_SMALL = re.compile(r"[-+]?\d{1,4}(?:\.\d+)?|[-+]?\d+(?:ms|s|m|h|d|%|kb|mb)|v?\d+(?:\.\d+){1,3}")
_NUMBERED = re.compile(r"[a-z]{2,20}(?:[-_:./][a-z]{2,20}){0,3}[-_:./]?\d{1,9}")
_SPDX = re.compile(r"(?:Apache|[AL]?GPL|BSD|MPL|EPL|CDDL|CC|EUPL|Artistic|Python|OFL)-[\w.+-]{1,20}")
_WORDS = re.compile(r"[A-Za-z'_-]+|SIG[A-Z]+\d?")
_ADDRESS = re.compile(r"(?i)[a-z][a-z0-9+.-]{0,30}://[^\s@]*")
_PUNCTUATION = re.compile(r"[^\w]+")


def is_open(value: str, name: str, *, is_certain: bool, is_spoken: bool) -> bool:
    """Tell whether `value` may stay although its name is that of a secret.

    `is_spoken` when a colon or blank stood between them, as in sentences and type annotations; `is_certain` when the
    name cannot mean anything but a secret.
    """
    bare = value.strip().strip("\"'`").strip()
    if not is_certain and len(bare) <= 24 and bare.isascii() and bare.isalpha() and bare.islower():
        return True
    if bare and not bare.strip("[({"):
        return True
    if PLACEHOLDER.search(bare) and not says_more(bare):
        return True
    if _EMPTY.fullmatch(bare) or _CODE.fullmatch(bare) or (is_spoken and _TYPE.fullmatch(bare)):
        return True
    if _is_call(value, bare) or _SUBSCRIPT.fullmatch(value.strip()):
        return True
    if name and is_certain and _is_address_of(name) and _ADDRESS.fullmatch(bare):
        return True
    if is_certain:
        return is_spoken and _is_remark(bare)
    return _is_ordinary(bare, name, is_spoken=is_spoken)


def _is_call(value: str, bare: str) -> bool:
    """Code that fetches the secret, with its bracket closed; a password may begin like a call."""
    return bare == value.strip() and (bool(_CALL.fullmatch(bare)) and bare.rstrip(";,").endswith((")", "]")))


def _is_address_of(name: str) -> bool:
    return name.endswith(("url", "uri", "dsn", "broker"))


def _is_remark(bare: str) -> bool:
    """A word or sentence about the secret: `required`, `must have a digit`."""
    first = bare.split(None, 1)[0].rstrip(".,;:!").lower() if bare else ""
    return first in _STATES


def _is_odd_case(bare: str) -> bool:
    """Letters whose case changes as in random text, not as between the words of a name."""
    changes = len(re.findall(r"[a-z][A-Z]", bare))
    return (changes >= 1 and len(bare) >= 16) or (changes >= 2 and len(bare) >= 10 and not is_wordy(bare))


def _is_ordinary(bare: str, name: str, *, is_spoken: bool) -> bool:
    """What parsers, states and signals say beside a name that may mean something else."""
    if (
        _SMALL.fullmatch(bare)
        or _NAMES_ONLY.fullmatch(bare)
        or _PUNCTUATION.fullmatch(bare)
        or _ADDRESS.fullmatch(bare)
    ):
        return "pin" not in name and "otp" not in name
    if name == "key" and _NUMBERED.fullmatch(bare):
        return True
    if "licen" in name and _SPDX.fullmatch(bare):
        return True
    if is_spoken and bare.startswith(("(", "<")):
        return True
    if _WORDS.fullmatch(bare) and (len(bare) <= 24 or bare.isupper() or "_" in bare or "-" in bare):
        return not _is_odd_case(bare)
    return is_spoken and " " in bare and not any(character.isdigit() for character in bare)
