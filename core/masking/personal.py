"""Personal data, masked as an organization's policy says: addresses, phones, account and card numbers, ids."""

from __future__ import annotations

import ipaddress
import re

import re2

from core.masking.shapes import Rule, Sign


def passes_luhn(found: str) -> bool:
    """Tell whether the digits of `found` end in the right check digit (ISO/IEC 7812)."""
    digits = [int(character) for character in found if character.isdigit()]
    doubled = [digit if index % 2 == 0 else digit * 2 - 9 * (digit > 4) for index, digit in enumerate(reversed(digits))]
    return len(set(digits)) > 1 and sum(doubled) % 10 == 0


def passes_mod_97(found: str) -> bool:
    """Tell whether `found` is an IBAN with the right check digits (ISO 13616)."""
    bare = re.sub(r"[ -]", "", found).upper()
    moved = bare[4:] + bare[:4]
    return 15 <= len(bare) <= 34 and int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def _is_address(found: str) -> bool:
    try:
        address = ipaddress.ip_address(found)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def _is_phone(found: str) -> bool:
    return 8 <= sum(character.isdigit() for character in found) <= 15


RULES: dict[str, tuple[Rule, ...]] = {
    "email": (
        Rule(
            "e-mail address",
            re2.compile(
                r"(?:^|[^\w.%+@/-])(?P<hide>[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})\b"
                r"|\b(?P<encoded>[\w.+-]{1,64}%40(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})\b"
            ),
            ("@", "%40"),
            "email",
            lambda found: not found.startswith("git@"),
        ),
    ),
    "card": (
        Rule(
            "card number",
            re2.compile(
                r"(?i:id\\?[\"']? ?[:=] ?\\?[\"']?)\d{12,}"
                r"|(?:^|[^\w.:-])(?P<hide>(?:4\d{3}|5[0-8]\d\d|2[2-7]\d\d|3[0-9]\d\d|6\d{3}|9792)"
                r"(?:[ -]?\d){8,15})(?:$|[^\w:-])"
            ),
            (Sign(r"[2-69]\d{3}[ -]?\d{2}"),),
            "card",
            lambda found: _is_card(found),
            needs=re.compile(r"(?:^|[^\w.:-])[2-69]\d{3}[ -]?\d{2}"),
        ),
    ),
    "iban": (
        Rule(
            "bank account",
            re2.compile(r"(?i)\b[a-z]{2}\d{2}(?:[ -]?[a-z0-9]{4}){2,7}(?:[ -]?[a-z0-9]{1,3})?\b"),
            (),
            "iban",
            passes_mod_97,
            needs=re.compile(r"(?i)\b[a-z]{2}\d{2}[ -]?[a-z0-9]{4}"),
        ),
    ),
    "phone": (
        Rule(
            "phone number",
            re2.compile(
                r"(?:^|[^\w.+-])(?P<hide>\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){2,4}"
                r"|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[.-]\d{3}[.-]\d{4})(?:$|[^\w-])"
            ),
            (),
            "phone",
            _is_phone,
            needs=re.compile(r"[+(.-]\d{1,4}[ .)-]{0,2}\d{1,4}[ .)-]{0,2}\d{2}"),
        ),
    ),
    "ip": (
        Rule(
            "IP address",
            re2.compile(
                r"(?:^|[^\w.:-])(?P<hide>\d{1,3}(?:\.\d{1,3}){3}"
                r"|(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{1,4})(?:$|[^\w.-]|\.(?:\s|$))"
            ),
            (),
            "ip",
            _is_address,
            needs=re.compile(r"\d\.\d{1,3}\.\d|[0-9a-fA-F]?:[0-9a-fA-F]{0,4}:"),
        ),
    ),
    "national_id": (
        Rule(
            "national id",
            re2.compile(
                r"(?:^|[^\w-])(?P<hide>\d{3}-\d{2}-\d{4}|[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]"
                r"|\d{8}[A-HJ-NP-TV-Z]"
                r"|[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]|\d{3}\.\d{3}\.\d{3}-\d{2})(?:$|[^\w-])"
            ),
            (),
            "national_id",
            needs=re.compile(r"\d{2}-\d{4}|\d{8}[A-Z]|\d{2} ?\d{2} ?[A-D]|\d{2}[A-Z]\d{3}[A-Z]|\d{3}-\d{2}"),
        ),
    ),
}

_LENGTHS = {"3": (14, 15, 16), "4": (13, 16, 19), "5": (12, 13, 14, 15, 16, 17, 18, 19), "2": (16,), "9": (16,)}


def _is_card(found: str) -> bool:
    """A known brand's range and length, grouped as cards are, and the right check digit."""
    digits = re.sub(r"\D", "", found)
    if len(digits) not in _LENGTHS.get(digits[0], (16, 17, 18, 19)):
        return False
    if digits[0] == "3" and digits[:2] not in ("30", "34", "35", "36", "37", "38", "39"):
        return False
    if (
        digits[0] == "5"
        and digits[1] not in "12345"
        and len(digits) == 16
        and digits[:2] not in ("50", "56", "57", "58")
    ):
        return False
    if digits[0] == "6" and digits[:2] not in ("60", "62", "63", "64", "65", "67", "69", "61", "66", "68"):
        return False
    return passes_luhn(digits)
