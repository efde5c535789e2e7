"""Decides from the name of a variable, field, header or option whether its value is a secret.

A name is split into words in every case style, so that `DB_PASS`, `dbPass`, `db-pass` and `db.pass2` are one name.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from functools import lru_cache
from itertools import pairwise

LONGEST_NAME = 80


class Secrecy(Enum):
    """How much a name says about its value."""

    NONE = 0
    AMBIGUOUS = 1
    """`token`, `session`: the value may also be a word of a parser or a state."""
    CERTAIN = 2


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")

# A name that ends in one of these, glued to other words or not, holds a secret.
_CERTAIN_ENDINGS = tuple(
    """
        password passwords passwd passwrd passphrase passcode pwd pswd passwort motdepasse contrasena senha wachtwoord
        secret secrets credential credentials creds cred apikey apikeys apitoken authtoken accesstoken refreshtoken
        idtoken bearertoken sessiontoken securitytoken csrftoken xsrftoken accesskey secretkey privatekey encryptionkey
        signingkey masterkey accountkey storagekey sharedkey licensekey authkey servicekey deploykey hostkey sshkey
        appkey consumerkey webhookkey subscriptionkey connectionstring connstr connstring sessid jsessionid sessionid
        mnemonic seedphrase recoveryphrase cardnumber ccnumber creditcard cvv cvc cvv2 ssn iban otp totp pincode
        userpass dbpass rootpass requirepass masterauth keyjwt clientassertion
    """.split()
)
_IDS_THAT_OPEN = ("privatekeyid", "accesskeyid", "secretid")
_CERTAIN_WORDS = frozenset(
    """
        pw psw psk bearer pem otp totp mfa cvv cvc ssn iban pan mnemonic sas htpasswd keytab jwk jwks apikey authz
        dockerconfigjson dockercfg kubeconfig pgpass pgpassfile pat authorization cookie cookies sessid xsrf tan
    """.split()
)
# Two words in a row that together are a secret.
_CERTAIN_PAIRS = frozenset(
    tuple(pair.split("_"))
    for pair in """
        unlock_code factor_code access_code activation_code confirmation_code login_code sms_code mfa_code
        pairing_code invite_code reset_code magic_link door_code safe_code puk_code api_key api_keys api_token
        access_key access_token auth_token auth_key auth_code refresh_token id_token secret_key private_key
        encryption_key encrypt_key decryption_key signing_key sign_key signature_key master_key account_key
        storage_key shared_key license_key licence_key service_key deploy_key host_key ssh_key gpg_key pgp_key
        app_key application_key consumer_key webhook_key webhook_secret subscription_key session_key session_id
        session_token session_cookie security_token security_code security_answer csrf_token xsrf_token bearer_token
        client_secret connection_string connection_strings
        conn_string conn_str connection_url database_url db_url redis_url mongo_url
        mongodb_uri mongo_uri amqp_url broker_url postgres_url mysql_url jdbc_url cache_url queue_url database_uri
        rabbitmq_url celery_broker sentry_dsn webhook_url hash_password password_hash pass_hash pwd_hash
        password_digest passwd_hash pass_phrase pass_word pass_code key_material card_number card_num card_no
        cc_number cc_num credit_card social_security tax_id national_id seed_phrase recovery_code recovery_phrase
        backup_code backup_codes recovery_codes verification_code one_time hmac_key jwt_key aes_key rsa_key
        ecdsa_key ed25519_key tls_key ssl_key cert_key root_key data_key wrapping_key unseal_key vault_token
        private_pem server_key publishable_key ingest_key insert_key write_key read_key admin_key user_key team_key
        project_key integration_key routing_key instrumentation_key function_key functions_key cookie_secret
        cookie_key secret_base key_base auth_header proxy_auth basic_auth http_auth bank_account account_number
        routing_number passport_number pin_code user_pass db_pass device_token push_token registration_token
        join_token bot_token app_token user_token deploy_token ci_token job_token personal_token oauth_token
        saml_response saml_assertion client_assertion set_cookie session_data shared_access access_signature
        sas_token nonce_salt auth_salt password_salt hash_salt
    """.split()
)
_AMBIGUOUS = frozenset(
    """
        token tokens sig signature session sid key auth authentication pin pass passes dsn csrf jwt salt nonce
        assertion pwdhash seed license licence hmac signing
    """.split()
)
# Words for "password" and "secret" in other languages, without accents.
_FOREIGN = tuple(
    """
        contrasena motdepasse motpasse haslo heslo jelszo parola sifre salasana losenord lozinka kennwort geheimnis
        adgangskode passord senha wachtwoord palavrapasse parole slaptazodis пароль секрет 密码 密碼 口令
        パスワード 暗証番号 비밀번호 סיסמה κωδικος पासवर्ड
        matkhau katasandi katalaluan nenosiri parool zaporka kodeord wagwoord lykilord cyfrinair pasahitza contrasenya
        contrasinal zugangscode паролата парола лозинка كلمةالمرور كلمةالسر رمزعبور รหัสผ่าน 암호 暗号キー סיסמא
    """.split()
)
_FOREIGN_WORDS = frozenset(("clave", "clau", "mdp"))
_LIKE_ASCII = str.maketrans("łøđßı", "lodsi")
# These say which of several secrets it is, and stand behind the name of the secret.
_QUALIFIERS = frozenset(
    """
        confirmation confirm again repeat repeated old new current previous plain plaintext cleartext text raw value
        content contents b64 base64 hex utf8 json enc encoded encrypted decrypted bytes
        neu alt nueva nuevo antigua antiguo nova novo antiga antigo nouveau nouvelle ancien ny nieuw nowe
    """.split()
)
# After these words a name counts, describes or points to a secret but does not hold it.
_ABOUT = frozenset(
    """
        count counts length len size max min limit limits ttl age expiry expires expiration expired timeout type
        types name names field fields file filename path dir url uri endpoint host policy rule rules strength
        attempts attempt failed failures error errors valid invalid status state enabled disabled required optional
        present missing created updated changed at on reset hint label placeholder index algorithm alg method
        provider service client manager store storage handler validator factory class func function callback
        rotation interval days hours minutes seconds rounds iterations column table version page bytes usage used
        total remaining budget exception is has needs should id ids param header prefix suffix format encoding kind
        scheme
    """.split()
)
_OWN_NAMES = frozenset("password passwords passwd pwd passphrase passwort secret apikey".split())
_NO_PASSWORDS = frozenset(
    """
        compass bypass trespass surpass underpass overpass encompass multipass singlepass firstpass lastpass renderpass
        subpass onepass twopass skypass keepass forepass repass prepass
    """.split()
)
_PARTS_OF_SCREENS = frozenset(
    """
        input widget form view screen button dialog modal prompt flow step event task job check test spec tests error
        message msg warning manager sharing santa scanner scanning generator grant login auth authentication hasher
        encoder decoder service util utils helper config configuration impl repository controller model entity dto
        hashing validation validator verification recovery protected protection less keeper
    """.split()
)
_FILE = re.compile(
    r"(?i)\.(?:java|py|jsx?|tsx?|mjs|go|rb|rs|kts?|cs|php|cpp|cc|c|h|scala|swift|exs?|erl|clj|vue|html?|css|ya?ml|xml|md|sql|sh)$"
)
_STILL = frozenset(("session id", "sess id", "tax id", "national id", "url", "uri", "dsn"))
_PUBLIC = frozenset("public primary foreign sort partition cache dict map row idempotency".split())
# `db_pass` and `refresh_token` are secrets, `next_token` is what a parser or a list of pages says.
_SECRET_AFTER_A_WORD = frozenset("pass pin auth token jwt sig signature csrf dsn pat".split())
_WORDS_OF_PARSERS = frozenset("next page prev unexpected this self".split())


def split_words(name: str) -> tuple[str, ...]:
    """Return the words of `name` in lower case, without numbers: `dbPass2` is `db`, `pass`."""
    return tuple(word.lower() for word in _WORD.findall(name[-LONGEST_NAME:]) if not word.isdigit())


_MAYBE = Secrecy.AMBIGUOUS


@lru_cache(maxsize=4096)
def secrecy(name: str) -> Secrecy:
    """Tell what `name` says about its value."""
    name = _without_accents(name)
    words = _unqualified(split_words(name))
    if _is_foreign(name, words):
        return Secrecy.CERTAIN
    if not words or _FILE.search(name):
        return Secrecy.NONE
    joined = "".join(words)
    if joined.endswith(_IDS_THAT_OPEN):
        return Secrecy.CERTAIN
    if _describes(words):
        return Secrecy.NONE
    if joined.endswith(_CERTAIN_ENDINGS) or any(pair in _CERTAIN_PAIRS for pair in pairwise(words)):
        return Secrecy.NONE if _is_public(words) else Secrecy.CERTAIN
    last = words[-1]
    if last in _CERTAIN_WORDS or words[0] in ("bearer", "cookie", "cookies"):
        return Secrecy.CERTAIN
    if last.endswith("pass") and len(last) > 4 and last not in _NO_PASSWORDS:
        return Secrecy.CERTAIN
    if len(words) > 1 and last in _SECRET_AFTER_A_WORD:
        return _MAYBE if words[-2] in _WORDS_OF_PARSERS else Secrecy.CERTAIN
    if _names_a_secret_within(words):
        return Secrecy.CERTAIN
    return _MAYBE if _may_be_secret(words) else Secrecy.NONE


def secrecy_after(word: str, name: str, verdict: Secrecy) -> Secrecy:
    """Tell what `name` says behind another word: an API key is a secret, a primary key is none."""
    words = split_words(name)
    if len(words) != 1:
        return verdict
    if (word.lower(), words[0]) in _CERTAIN_PAIRS:
        return Secrecy.CERTAIN
    return Secrecy.NONE if words[0] == "key" and word.lower() in _PUBLIC else verdict


def _may_be_secret(words: tuple[str, ...]) -> bool:
    last = words[-1]
    if last in _AMBIGUOUS and not _is_public(words):
        return True
    return last.endswith(("token", "passwordhash", "sessionkey"))


def _names_a_secret_within(words: tuple[str, ...]) -> bool:
    """Whether a word before the last is a secret's own: `password_of_ada`, `secret_shop`."""
    return any(word in _OWN_NAMES for word in words[:-1]) and words[-1] not in _PARTS_OF_SCREENS


def _unqualified(words: tuple[str, ...]) -> tuple[str, ...]:
    while len(words) > 1 and words[-1] in _QUALIFIERS:
        words = words[:-1]
    return words


def _is_foreign(name: str, words: tuple[str, ...]) -> bool:
    glued = re.sub(r"[\W_]+", "", "".join(words) if name.isascii() else name.lower())
    if glued.endswith(_FOREIGN) or bool(words and words[-1] in _FOREIGN_WORDS):
        return True
    parts = re.split(r"[\W_]+", name.lower().replace("mot_passe", "motpasse"))
    return any(part in _FOREIGN or part in _FOREIGN_WORDS for part in parts) and not (words and words[-1] in _ABOUT)


def _without_accents(name: str) -> str:
    if name.isascii():
        return name
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", plain.translate(_LIKE_ASCII))


def _describes(words: tuple[str, ...]) -> bool:
    """Whether the last word says that the value is only about a secret: `token_count`, `password_reset_url`."""
    if len(words) == 1 or words[-1] not in _ABOUT:
        return False
    pair = " ".join(words[-2:])
    return pair not in _STILL and tuple(words[-2:]) not in _CERTAIN_PAIRS


def _is_public(words: tuple[str, ...]) -> bool:
    return any(word in _PUBLIC for word in words[:-1]) and "secret" not in words and "password" not in words
