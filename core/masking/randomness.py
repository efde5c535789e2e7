"""Tells random texts from written ones: words, paths, ids and hashes."""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from itertools import pairwise

from core.masking.names import Secrecy, secrecy


def entropy(text: str) -> float:
    """Return the Shannon entropy of the characters of `text`, in bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) if text else 0.0


def is_mixed(text: str) -> bool:
    """Tell whether upper and lower case letters and digits are all there."""
    return any(c.isdigit() for c in text) and any(c.islower() for c in text) and any(c.isupper() for c in text)


def is_random(text: str) -> bool:
    """Tell whether `text` looks drawn by lot rather than written: digits among letters and high entropy."""
    if not any(c.isdigit() for c in text) or not any(c.isalpha() for c in text):
        return False
    return entropy(text) >= min(3.0, math.log2(len(text)) - 0.6)


_PREFIXED = re.compile(r"((?>(?:[A-Za-z][A-Za-z0-9]{0,15}[_-]){1,4}))([A-Za-z0-9_-]{16,})")
_SECRETIVE = re.compile(
    r"key|token|secret|passw|cred|access|priv|admin|apikey|live$|^(?:tok|pat|pass|pwd|api|auth|test|prod|bot|sk|rk|oauth)$"
)
_ORDINARY = frozenset(
    """
        req request evt event cus customer ch charge pi py in sub subscription prod price txn tx acct pm seti si src
        ord order user usr u trace span job task run id uid uuid msg message img image file doc session sess build
        chunk commit sha sha1 sha256 sha512 md5 v rev item inv invoice pod node app web worker main vendor vendors
        index styles bundle asset assets static cache etag version release deploy deployment replica container
        docker volume vol snap snapshot ami vpc subnet sg eni rtb igw i r eip instance cluster service svc lambda
        bucket object obj blob hash digest fp fingerprint checksum page cursor batch group thread chan channel conv
        ticket case bug issue error err exc warn test_case suite fixture tmp temp backup dump log logs report export
        import upload download part segment layer table column row idx shard topic queue stream partition offset
        client tenant org team project proj workspace account member device dev host server db database model call
        chatcmpl cmpl resp asst ft embd toolu card ba bank po payout tr transfer refund re dispute cs checkout link
        plink feature flag exp experiment cart basket product sku payment shipment label tag theme icon font css js
        ref data lock etag lib doc pkg tmpl css js
        ts component view route handler function func method class module package pkg lib test spec mock stub
    """.split()
)


def _is_dashed(prefix: str, rest: str) -> bool:
    """Whether dashes follow words, as in names of builds and machines, rather than the few letters of a vendor."""
    return "-" in prefix and (len(prefix) > 5 or len(rest) < 32)


def is_prefixed_token(found: str) -> bool:
    """A vendor's prefix before something random; ids of requests, builds and the like are no secrets."""
    parts = _PREFIXED.fullmatch(found)
    if parts is None:
        return False
    words, rest = [word for word in re.split("[_-]", parts[1].lower()) if word], parts[2]
    secretive = words[0] not in ("test", "prod") and any(map(_SECRETIVE.search, words))
    if not secretive and (words[0] in _ORDINARY or words[-1] in _ORDINARY or _is_dashed(parts[1], rest)):
        return False
    if _UUID.search(rest):
        return False
    body = rest.replace("_", "").replace("-", "")
    if len(body) < 16 or rest.count("-") + rest.count("_") > max(4, len(rest) // 8) or not is_random(body):
        return False
    if secretive:
        return entropy(body) >= 3.0 and not is_wordy(body)
    if is_mixed(body):
        return len(body) >= 22 and entropy(body) >= 3.8 and not is_wordy(body)
    return len(body) >= 30 and len(words[0]) <= 8 and entropy(body) >= 3.0


# The most frequent pairs of letters in English: a fifth of random pairs is among them, and most pairs of words are.
_FREQUENT = frozenset(
    """
        th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro
        ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut ss so
        rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia am fi ci vi pl
        ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke fr oo av ag if ap gr od bo sp rd do uc bu ei ov
    """.split()
)


def is_wordy(text: str) -> bool:
    """Tell whether `text` consists of words, as names in code do, rather than of random letters."""
    lowered = text.lower()
    pairs = [first + second for first, second in pairwise(lowered) if first.isalpha() and second.isalpha()]
    if len(pairs) < max(6, len(text) // 3) or _HEX.fullmatch(text):
        return False
    return sum(pair in _FREQUENT for pair in pairs) > len(pairs) * 0.52


_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_HEX = re.compile(r"[0-9a-fA-F.-]+")
_KNOWN_BLOBS = (
    "iVBORw0KGgo",
    "/9j/",
    "R0lGOD",
    "UklGR",
    "PHN2Zy",
    "Qk0",
    "AAABAA",
    "JVBERi0",
    "UEsDB",
    "H4sI",
    "data:",
)
_INTEGRITY = re.compile(r"(?i)(?:sha\d{1,3}|md5|h1)[-:=]")


def is_unnamed_token(found: str) -> bool:
    """Tell whether a long text is a random token rather than a path, a hash, a picture or words."""
    if found.startswith(_KNOWN_BLOBS) or _INTEGRITY.match(found) or found.count("/") > 4:
        return False
    if sum(found.count(separator) for separator in "-_.") > max(4, len(found) // 8):
        return False
    return is_mixed(found) and entropy(found) >= 4.2 and not is_wordy(found) and not _is_encoded_json(found)


def _is_encoded_json(found: str) -> bool:
    """Whether `found` is JSON in Base64, such as the cursor of a page; `holds_named_secret` decides on it."""
    return found.startswith(("eyJ", "eyI")) and "." not in found and _decoded(found).isascii()


def is_opening(found: str) -> bool:
    """Tell whether a part of a URL is a random text that opens something, and no UUID, date or words."""
    bare = found.replace("%", "")
    return is_random(bare) and not is_wordy(bare) and not _UUID.fullmatch(found) and len(set(bare)) >= 7


def is_dotted_token(found: str) -> bool:
    """Tell whether long random parts stand behind a short word and a dot, as in `dg.3f2a…`."""
    word, *parts = found.split(".")
    return word not in _ORDINARY and all(is_random(part) and not is_wordy(part) for part in parts)


def holds_named_secret(found: str) -> bool:
    """Tell whether `found` is JSON in Base64 with the name of a secret in it."""
    names = re.findall(r'"([\w.-]{1,80})"\s*:', _decoded(found))
    return any(secrecy(name) is Secrecy.CERTAIN or name == "auth" for name in names)


def _decoded(found: str) -> str:
    padded = found.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(padded + "=" * (-len(padded) % 4)).decode("utf-8", "replace")
    except ValueError:
        return "\ufffd"


def is_long_random(found: str) -> bool:
    """Tell whether `found` is long and random, and no address or time."""
    return len(found) >= 12 and is_random(found) and not re.fullmatch(r"[\d.:-]+", found)


def has_digit(found: str) -> bool:
    """Tell whether `found` has a digit."""
    return any(c.isdigit() for c in found)


def has_digit_or_is_long(found: str) -> bool:
    """Tell whether `found` is what follows a scheme, rather than the next word."""
    return len(found) >= 8 and (any(c in "0123456789=+/" for c in found) or len(found) >= 20)


def is_no_port(found: str) -> bool:
    """Tell whether `found` is anything but the port of a host."""
    return not re.fullmatch(r"\d{1,5}(?:[/?#].*)?", found)
