"""Families of secrets that are known by their shape alone, whatever their name.

Every pattern here meets hostile text, so all are RE2: their time is linear in the text. Group `hide`, or the whole
match, is the secret; `accept` has the last word on it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import re2

from core.masking.shapes import (
    Rule,
    has_digit,
    has_digit_or_is_long,
    holds_named_secret,
    is_dotted_token,
    is_long_random,
    is_mixed,
    is_no_port,
    is_prefixed_token,
    is_random,
    is_unnamed_token,
    is_wordy,
)


def _rule(
    name: str,
    pattern: str,
    *traces: str,
    kind: str = "secret",
    accept: Callable[[str], bool] | None = None,
    needs: str | None = None,
) -> Rule:
    return Rule(name, re2.compile(pattern), traces, kind, accept, needs=re.compile(needs, re.A) if needs else None)


SCHEMES = "bearer basic digest token negotiate apikey ntlm hawk oauth bot mac hmac signature key".split()

RULES: tuple[Rule, ...] = (
    _rule(
        "private key block",
        r"-----BEGIN [A-Z0-9 ]{0,60}(?:PRIVATE|SECRET) KEY(?: BLOCK)?-----"
        r"(?:[\s\S]*?-----END [A-Z0-9 ]{0,60}(?:PRIVATE|SECRET) KEY(?: BLOCK)?-----|[\s\S]*)",
        "-----begin",
        kind="key",
    ),
    _rule(
        "private key of another kind",
        r"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----(?:[\s\S]*?---- END SSH2[A-Z ]* ----|[\s\S]*)"
        r"|PuTTY-User-Key-File-\d:[\s\S]*?Private-MAC: *[0-9a-fA-F]+|Private-Lines: *\d+\s+[A-Za-z0-9+/=\s]+"
        r"|-----BEGIN OpenVPN Static key V1-----(?:[\s\S]*?-----END[A-Za-z0-9 ]*-----|[\s\S]*)",
        "putty-user-key",
        "private-lines",
        "begin ssh2",
        "begin openvpn",
        kind="key",
    ),
    _rule("age key", r"(?i)AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{20,}", "age-secret-key", kind="key"),
    _rule(
        "body of a key that lost its first line",
        r"(?:[A-Za-z0-9+/]{60,76}\s+){2,}[A-Za-z0-9+/=]{1,76}\s+-----END [A-Z0-9 ]{0,60}PRIVATE KEY(?: BLOCK)?-----"
        r"|\bMII[A-Za-z0-9+/]{60,}={0,2}|\bb3BlbnNzaC1rZXkt[A-Za-z0-9+/=]{16,}",
        "-----end",
        "mii",
        "b3blbnnzac1rzxkt",
        kind="key",
    ),
    _rule(
        "private part of a JSON web key", r'\\*"(?:d|p|q|dp|dq|qi|k)\\*" *: *\\*"(?P<hide>[\w-]{32,})', '"d', '"k', '"p'
    ),
    _rule("JSON web token", r"\beyJ[\w-]{6,}(?:\.|%2[eE])[\w-]{6,}(?:(?:\.|%2[eE])[\w-]*){0,3}", "eyj"),
    _rule("PASETO", r"\bv[1-4]\.(?:local|public)\.[\w-]{20,}(?:\.[\w-]+)?", ".local.", ".public."),
    _rule(
        "hash of a password",
        r"\$(?:2[abxy]?\$\d\d\$[./A-Za-z0-9]{50,}|(?:apr)?[156y]\$[^\s$:'\"]{1,40}\$[^\s:$'\"]{10,}"
        r"|(?:argon2(?:id|i|d)|scrypt|pbkdf2[\w-]*|s0|7)\$[^\s'\":]{20,})"
        r"|\b(?:pbkdf2|scrypt|argon2|bcrypt)[\w-]*[:$][^\s'\"]{20,}|\{(?:S?SHA\d*|SMD5|CRYPT|PBKDF2[\w-]*)\}[^\s'\",;]{8,}",
        *"$2 $apr1 $1$ $5$ $6$ $y$ argon2 scrypt pbkdf2 bcrypt sha} sha256} sha512} md5} crypt} $7$".split(),
    ),
    _rule(
        "key id of a cloud",
        r"\b(?:(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16}|SCW[A-Z0-9]{17}|GOOG[A-Z0-9]{20,60}|AKID[A-Za-z0-9]{32})\b",
        *"akia asia aroa aida abia acca scw goog akid".split(),
        accept=has_digit_or_is_long,
    ),
    _rule(
        "JSON with a secret in Base64",
        r"(?:^|[^\w.+/=-])(?P<hide>ey[IJ][A-Za-z0-9+/_-]{20,}={0,2})(?:$|[^\w.+/=-])",
        "eyj",
        "eyi",
        accept=holds_named_secret,
    ),
    _rule(
        "Slack webhook",
        r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/(?P<hide>[\w/]{8,})",
        "hooks.slack",
    ),
    _rule(
        "address that opens a chat",
        r"(?i)(?:discord(?:app)?\.com/api/(?:v\d+/)?webhooks/|api\.telegram\.org/bot|webhook\.office\.com/webhookb2/"
        r"|logic\.azure\.com[:/\w]*/triggers/|chat\.googleapis\.com/v1/spaces/|hooks\.zapier\.com/hooks/catch/"
        r"|outlook\.office\.com/webhook/|events\.pagerduty\.com/integration/|maker\.ifttt\.com/trigger/\w+/with/key/"
        r"|hook\.(?:[a-z0-9]+\.)?make\.com/|open\.(?:feishu|larksuite)\.(?:cn|com)/open-apis/bot/v2/hook/"
        r"|opsgenie\.com/v1/json/\w+\?apiKey=)(?P<hide>[^\s\"'<>]{8,})",
        *"""
            webhooks/ telegram.org/bot office.com/webhook logic.azure chat.googleapis hooks.zapier
            pagerduty.com/integration ifttt make.com/ open-apis/bot opsgenie.com/v1
        """.split(),
    ),
    _rule("Sentry DSN key", r"https?://(?P<hide>[0-9a-f]{32}(?::[0-9a-f]{32})?)@", "@", needs=r"//[0-9a-f]{32}"),
    _rule(
        "token for sign-in at Google",
        r"\bya29\.[\w-]{16,}|\b1//0[\w-]{20,}|\bGOCSPX-[\w-]{16,}|\b4/0A[\w-]{20,}",
        "ya29.",
        "1//0",
        "gocspx-",
        "4/0a",
    ),
    _rule("Google API key", r"\bAIza[\w-]{30,}", "aiza"),
    _rule("Slack token", r"\bx(?:ox[a-z](?:\.xox[a-z])?|app)-[\w-]{8,}", "xox", "xapp"),
    _rule("Stripe key", r"\b(?:[srp]k_(?:live|test|prod)_|whsec_)\w{8,}", "k_live_", "k_test_", "k_prod_", "whsec_"),
    _rule("key that begins with sk-", r"\bsk-[\w-]{16,}", "sk-", accept=lambda found: any(c.isdigit() for c in found)),
    _rule("Sentry token", r"\bsntry[sua]_[\w+/=-]{8,}", "sntry"),
    _rule("SendGrid key", r"\bSG\.[\w-]{16,}\.[\w-]{16,}", "sg."),
    _rule(
        "token of GitHub",
        r"\b(?:gh[a-z]_[A-Za-z0-9]{20,}|github_pat_\w{20,})",
        *"ghp_ gho_ ghu_ ghs_ ghr_ github_pat".split(),
    ),
    _rule(
        "token of GitLab",
        r"\b(?:gl[a-z]{2,8}|GR1348941)-?[\w-]{16,}(?:\.[\w.-]+)?",
        "gl",
        "gr1348941",
        accept=lambda f: ("-" in f[:12] and is_random(f[3:])) or f.startswith("GR1348941"),
    ),
    _rule(
        "token of Vault",
        r"\b(?:hv[sbr]|s|b|r)\.[\w-]{20,}",
        *"hvs. hvb. hvr. s. b. r.".split(),
        accept=lambda f: f[:2] == "hv" or (is_mixed(f) and len(f) == 26),
        needs=r"\b(?:hv[sbr]|[sbr])\.[\w-]{20}",
    ),
    _rule(
        "token of a vendor with a prefix of its own",
        r"\b(?:ATATT3x|ATCTT3x|ATBB|AKCp|tskey-[a-z]{2,8}-|fo1_|figd_|pscale_(?:tkn|oauth|pw)_|nfp_|ntn_|dckr_pat_|napi_|fastly_"
        r"|vercel_\w{2,12}_|cfut_|cfat_|cfk_|essu_|CFPAT-|CCIP(?:AT|RJ)_|pnu_|AQVN|bkua_|sgp_|xkeysib-|PMAK-|cflt|lin_api_)[\w=-]{16,}"
        r"|\bpat[A-Za-z0-9]{14}\.[0-9a-f]{16,}|\bsnyk_\w{2,8}\.[\w.-]{20,}|\bre_[A-Za-z0-9]{8}_[A-Za-z0-9]{16,}|\bsk\.eyJ[\w.-]{20,}",
        *"""
            att3x ctt3x atbb akcp tskey- fo1_ figd_ pscale_ nfp_ ntn_ dckr_pat_ napi_ fastly_ vercel_ cfut_ cfat_
            cfk_ essu_ cfpat- ccip pnu_ aqvn bkua_ sgp_ xkeysib- pmak- cflt lin_api_ pat snyk_ re_ sk.eyj
        """.split(),
        accept=has_digit,
    ),
    _rule(
        "UUID behind a word that says secret",
        r"(?i)\b(?:sdk|mob|api|key|token|secret|waka|pat-[a-z]{2,3}\d|access-[a-z]{4,12}|auth|apikey|[a-z]{2,8}_sk)[-_]"
        r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b",
        *"sdk mob api key token secret waka pat- access- auth _sk".split(),
        needs=r"[-_][0-9a-fA-F]{8}-[0-9a-fA-F]{4}-",
    ),
    _rule("PyPI token", r"\bpypi-[\w-]{20,}", "pypi-"),
    _rule("bot token of Telegram", r"\b\d{8,10}:[A-Za-z0-9_-]{35}\b", *":aa :ab :ac :ad :ae :af :ag :ah".split()),
    _rule(
        "bot token of Discord", r"\b[MNO][A-Za-z\d_-]{23,27}\.[\w-]{6}\.[\w-]{27,}", ".", needs=r"\.[\w-]{6}\.[\w-]{27}"
    ),
    _rule("Twilio key", r"\bSK[0-9a-f]{32}\b", "sk", needs=r"\bSK[0-9a-f]{32}"),
    _rule(
        "Mailgun or Mailchimp key",
        r"\b(?:key|pubkey)-[0-9a-f]{32}\b|\b[0-9a-f]{32}-us\d{1,2}\b|\b[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}\b",
        "key-",
        "-us",
        "-",
        needs=r"key-[0-9a-f]{32}|\b[0-9a-f]{32}-",
    ),
    _rule(
        "Azure secret",
        r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}|\b[A-Za-z0-9+/]{60,90}(?:AzFu|AIoT|ACDb|ASbF|AzCa|AzSe|ACRA|AStD|JQQJ)[A-Za-z0-9+/=]{4,20}",
        *"q~ azfu aiot acdb asbf azca azse acra astd jqqj".split(),
    ),
    _rule(
        "key of a model hub",
        r"\b(?:hf|api_org|r8|nvapi|gsk|xai|pplx|tvly|fw|csk|tgp_v\d|jina|vlt|esecret)[_-][\w-]{20,}",
        *"hf_ api_org_ r8_ nvapi- gsk_ xai- pplx- tvly- fw_ csk- tgp_v jina_ vlt_ esecret_".split(),
    ),
    _rule(
        "key of a monitor",
        r"\b(?:NRAK|NRII|NRJS|NRRA|NRAL|NRIQ|NRSP)-?[\w-]{16,}|\b[0-9a-f]{36}NRAL\b|\bglsa_[\w]{20,}|\bglc_[\w+/=]{20,}|\bdt0[a-z]\d\d\.[A-Z0-9]{16,}\.[A-Z0-9]{32,}",
        *"nrak nrii nrjs nrra nral nriq nrsp glsa_ glc_ dt0".split(),
    ),
    _rule("key of Databricks", r"\bdapi[0-9a-f]{32}(?:-\d)?\b|\bdose[0-9a-f]{32}\b", "dapi", "dose"),
    _rule("key of Facebook", r"\bEAA[A-Za-z0-9]{30,}", "eaa", accept=is_mixed),
    _rule(
        "key in four parts",
        r"\bA3-[A-Z0-9]{6}(?:-[A-Z0-9]{5,11}){3,6}\b|\bops_eyJ[\w+/=-]{20,}|\b(?:[A-Z2-7]{5}-){5,}[A-Z2-7]{5}\b",
        "a3-",
        "ops_eyj",
        "-",
        needs=r"\bA3-[A-Z0-9]{6}-|ops_eyJ|\b[A-Z2-7]{5}-[A-Z2-7]{5}-",
    ),
    _rule(
        "key of several vendors with a dot",
        r"\b(?:pat|dp|sl|atlasv1|lin|rg|rk|apify|tskey|xkeysib|xsmtpsib|ATATT3x|ATCTT3x|ATBB|AKCp|cmVmd|PMAK|EZ[AT]K|ntn|secret|dckr_pat|dop_v1|doo_v1|dor_v1|sq0[a-z]{3}|EAAAE?|rzp_(?:live|test)|shp[a-z]{2}|pscale_(?:tkn|oauth|pw)|figd|fo1|phx|phc|sgp|pnu|pul|rdme|rubygems|LTAI|AQVN|t1\.[A-Z0-9a-z_-]+={0,2}|p8e|ico)[._-]?[\w-]{20,}(?:[._-][\w-]{8,}){0,5}",
        *"""
            pat dp. sl. atlasv1 lin_ tskey xkeysib xsmtpsib att3x ctt3x atbb akcp cmvmd pmak ezak eztk ntn_ secret_
            dckr dop_ doo_ dor_ sq0 eaaa rzp_ shp pscale figd fo1_ phx_ phc_ sgp_ pnu_ pul- rdme rubygems ltai aqvn
            t1. p8e ico-
        """.split(),
        accept=lambda f: is_random(f[6:]) and not is_wordy(f),
    ),
    _rule(
        "token with a prefix",
        r"\b(?:[A-Za-z][A-Za-z0-9]{0,15}[_-]){1,4}[A-Za-z0-9_-]{16,}",
        "_",
        "-",
        accept=is_prefixed_token,
        needs=r"\b[A-Za-z][A-Za-z0-9]{0,15}[_-][A-Za-z0-9_-]{16}",
    ),
    _rule(
        "long random text without a name",
        # What stands behind a name that says identifier or checksum is matched too, and left.
        r"(?i:(?:id|id[-_]?\d|etag|hash|digest|integrity|checksum|cursor|fingerprint)(?:\\?[\"'])? ?[:=] ?(?:\\?[\"'])?)"
        r"[A-Za-z0-9_~+/=.-]{36,}|(?:^|[^\w/+=.~%@-])(?P<hide>[A-Za-z0-9_~+/-][A-Za-z0-9_~+/=.-]{35,199})(?:$|[^\w/+=~%@-])",
        accept=is_unnamed_token,
        needs=r"[A-Za-z0-9_~+/-]{30}",
    ),
    _rule(
        "random text behind a short word and a dot",
        r"(?:^|[^\w/+=.~%@-])(?P<hide>[a-z]{2,6}(?:\.[A-Za-z0-9_-]{20,200}){1,4})(?:$|[^\w/+=.~%@-])",
        accept=is_dotted_token,
        needs=r"\b[a-z]{2,6}\.[A-Za-z0-9_-]{20}",
    ),
    _rule(
        "authorization scheme",
        rf"(?i)\b(?:{'|'.join(SCHEMES)})(?:\s+|%20)(?P<hide>[\w.~+/=-]{{8,}})",
        *(scheme + blank for scheme in SCHEMES for blank in (" ", "\n", "%20")),
        accept=lambda found: has_digit_or_is_long(found) and is_random(found),
    ),
    _rule(
        "signature in an authorization header",
        r"(?i)\b(?:signature|response|oauth_signature|mac|cnonce|opaque)=\"?(?P<hide>[\w+/=%-]{12,})",
        "signature=",
        "response=",
        "mac=",
        "opaque=",
        accept=is_random,
    ),
    _rule(
        "password in a URL",
        r"(?i)\b[a-z][a-z0-9+.-]{0,30}:(?://|%2f%2f|\\/\\/)[^\s/:@\"'<>]*(?::|%3a)(?P<hide>[^\s\"'<>]+)(?:@|%40)[\w.\[\-]",
        "@",
        "%40",
        accept=is_no_port,
    ),
    _rule(
        "token in a URL",
        r"(?i)\b[a-z][a-z0-9+.-]{0,30}://(?P<hide>[^\s/:@\"'<>?#]{12,})@[\w.\[\-]",
        "@",
        accept=is_long_random,
    ),
    _rule(
        "password on a command line",
        r"(?i)\b(?:curl|wget|http|docker|helm|svn|mysql\w*|mariadb\w*|psql|sshpass|redis-cli|mongo\w*|rabbitmqctl|sqlcmd)\b"
        r"[^\n|;]{0,300}?\s(?:-u|--user|-U)[ =]?[\"']?[\w.@-]*:(?P<hide>[^\s\"']+)",
        "-u",
        "--user",
    ),
    _rule(
        "password of a database client",
        r"(?i)\b(?:mysql\w*|mariadb\w*|sshpass|docker|mongo\w*|redis-cli|sqlcmd|az|7z|zip|unzip)\b"
        r"[^\n|;]{0,300}?\s-[paP][ ]?[\"']?(?P<hide>[^\s\"'-][^\s\"']{2,})",
        *"mysql mariadb sshpass mongo redis-cli sqlcmd".split(),
        "docker login",
        "az login",
        "zip ",
        "7z ",
    ),
    _rule(
        "password among the arguments of a command",
        r"(?i)\bConvertTo-SecureString\s+(?:-String\s+)?[\"'](?P<hide>[^\"'\n]+)"
        r"|\bhtpasswd\s+-\w*b\w*\s+(?:-\w+\s+)*\S+\s+\S+\s+[\"']?(?P<hide2>[^\s\"']+)"
        r"|\bopenssl\b[^\n|;]{0,300}?\s-k\s+[\"']?(?P<hide3>[^\s\"'-][^\s\"']*)"
        r"|\s-pass(?:in|out)?\s+[\"']?pass:(?P<hide4>[^\s\"']+)"
        r"|\bnet\s+use\b[^\n|;]{0,300}?/user:\S+\s+[\"']?(?P<hide5>[^\s\"'/]+)"
        r"|\bjdbc:oracle:\w+:[\w.$-]+/(?P<hide6>[^@\s\"']+)@",
        *"securestring htpasswd openssl jdbc:oracle pass:".split(),
        "net use",
    ),
    _rule(
        "password of a database user", r"(?i)\bidentified\s+by\s+(?:password\s+)?['\"](?P<hide>[^'\"]+)", "identified"
    ),
    _rule("password before a host", r"(?:^|[\s\"'(=])[\w.-]{1,40}:(?P<hide>[^\s:@/\"']{3,80})@[\w.-]+:\d{2,5}\b", "@"),
)
