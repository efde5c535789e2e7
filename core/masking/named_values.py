"""Finds the values that belong to names of secrets, in every form in which text writes names with values.

A stem of a secret's name is found with RE2; from there the name is read to both sides and the forms are tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from core.masking import columns
from core.masking.forms import FORMS
from core.masking.names import LONGEST_NAME, Secrecy, secrecy, secrecy_after
from core.masking.placeholders import PLACEHOLDER
from core.masking.value_readers import Span

STEMS = (
    "mot de passe",
    "palabra de paso",
    "kata sandi",
    "mật khẩu",
    "كلمة المرور",
    "كلمة السر",
    "رمز عبور",
    *"""
        pass pwd pswd secret token key cred auth cookie sess sid csrf xsrf jwt dsn otp pin cvv cvc ssn iban
        mnemonic seed phrase sig bearer pem psk conn url uri card salt nonce hash code assertion saml
        license licence account pat sas pw senha wachtwoord contrasena motdepasse tan pan broker jwk
        contrase haslo hasło heslo jelsz parol sifre şifre salasana senord lozinka clave kennwort geheimnis
        adgangskode mdp mot_de mot-de пароль секрет 密码 密碼 口令 パスワード 暗証番号 비밀번호 סיסמה κωδικ पासवर्ड magic
        mật khẩu zaporka
        parool kodeord wagwoord lykil cyfrinair pasahitza contrasin zugangscode парола лозинка รหัสผ่าน 암호
        slapta mfa tax national routing passport hmac base credit security access digest
    """.split(),
)
_WORD_BEFORE = re.compile(r"(?<![\w.-])([A-Za-z]{2,18}) $")
_NAME_AFTER = re.compile(r"[\w.$-]{0,80}+(?::[A-Z]\w{0,40}+(?=\\{0,3}[\"']?\s{0,4}[=:>]))?")


def find(text: str, stems: Iterable[str]) -> Iterator[Span]:
    """Yield where values of secrets' names stand in `text`; `stems` are those that are in it."""
    done = decided = 0
    for at, length in _hits(text, stems):
        if at < done:
            continue
        start, end = _name_around(text, at, at + length)
        done = end
        if _is_inside_placeholder(text, start, end):
            continue
        verdict = secrecy(text[start:end])
        if verdict is not Secrecy.CERTAIN and (before := _WORD_BEFORE.search(text, max(0, start - 20), start)):
            verdict = secrecy_after(before[1], text[start:end], verdict)
        if verdict is Secrecy.NONE:
            continue
        if verdict is Secrecy.CERTAIN and start >= decided:
            below, decided = columns.find(text, start, end)
            yield from below
        for found in _value_of(text, start, end, verdict):
            done = max(done, found[1])
            yield found


def _hits(text: str, stems: Iterable[str]) -> list[Span]:
    """Each place of a stem with its length, in order."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(character.lower()[0] for character in text)
    found = []
    for stem in stems:
        at = lowered.find(stem)
        while at >= 0:
            found.append((at, len(stem)))
            at = lowered.find(stem, at + len(stem))
    return sorted(found)


def _name_around(text: str, start: int, end: int) -> Span:
    """The whole identifier that a stem is part of, and at most 80 characters to each side."""
    low = max(0, start - LONGEST_NAME)
    before = start
    while before > low and (text[before - 1].isalnum() or text[before - 1] in "_.$-"):
        before -= 1
    after = _NAME_AFTER.match(text, end)
    stop = after.end() if after else end
    while stop > end and text[stop - 1] in ".-":
        stop -= 1
    while before < start and text[before] in ".-$":
        before += 1
    return before, stop


def _is_inside_placeholder(text: str, start: int, end: int) -> bool:
    return text[start - 1 : start] == "[" and PLACEHOLDER.match(text, start - 1) is not None


def _value_of(text: str, start: int, end: int, verdict: Secrecy) -> Iterator[Span]:
    """Yield the value that the first form that fits has."""
    is_certain = verdict is Secrecy.CERTAIN
    for form in FORMS:
        found = form(text, start, end, is_certain)
        if found is not None:
            if found[0] < found[1]:
                yield found
            return
