"""Families of secrets that are known by their shape alone, whatever their name.

Every pattern here meets hostile text, so all are RE2: their time is linear in the text. Group `hide`, or the whole
match, is the secret; `accept` has the last word on it.
"""

from __future__ import annotations

from core.masking.randomness import (
    has_digit,
    has_digit_or_is_long,
    holds_named_secret,
    is_dotted_token,
    is_long_random,
    is_mixed,
    is_no_port,
    is_opening,
    is_prefixed_token,
    is_random,
    is_unnamed_token,
    is_wordy,
)
from core.masking.shapes import LONG_RUN, Rule, Sign, make_rule

SCHEMES = "bearer basic digest token negotiate apikey ntlm hawk oauth bot mac hmac signature key".split()

RULES: tuple[Rule, ...] = (
    make_rule(
        "private key block",
        r"-----BEGIN [A-Z0-9 ]{0,60}(?:PRIVATE|SECRET) KEY(?: BLOCK)?-----"
        r"(?:[\s\S]*?-----END [A-Z0-9 ]{0,60}(?:PRIVATE|SECRET) KEY(?: BLOCK)?-----|[\s\S]*)",
        "-----begin",
        kind="key",
    ),
    make_rule(
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
    make_rule("age key", r"(?i)AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{20,}", "age-secret-key", kind="key"),
    make_rule(
        "body of a key that lost its first line",
        r"(?:[A-Za-z0-9+/]{60,76}\s+){2,}[A-Za-z0-9+/=]{1,76}\s+-----END [A-Z0-9 ]{0,60}PRIVATE KEY(?: BLOCK)?-----"
        r"|\bMII[A-Za-z0-9+/]{60,}={0,2}|\bb3BlbnNzaC1rZXkt[A-Za-z0-9+/=]{16,}",
        "-----end",
        "mii",
        "b3blbnnzac1rzxkt",
        kind="key",
    ),
    make_rule(
        "private part of a JSON web key", r'\\*"(?:d|p|q|dp|dq|qi|k)\\*" *: *\\*"(?P<hide>[\w-]{32,})', '"d', '"k', '"p'
    ),
    make_rule("JSON web token", r"\beyJ[\w-]{6,}(?:\.|%2[eE])[\w-]{6,}(?:(?:\.|%2[eE])[\w-]*){0,3}", "eyj"),
    make_rule("PASETO", r"\bv[1-4]\.(?:local|public)\.[\w-]{20,}(?:\.[\w-]+)?", ".local.", ".public."),
    make_rule(
        "hash of a password",
        r"\$(?:2[abxy]?\$\d\d\$[./A-Za-z0-9]{50,}|(?:apr)?[156y]\$[^\s$:'\"]{1,40}\$[^\s:$'\"]{10,}"
        r"|(?:argon2(?:id|i|d)|scrypt|pbkdf2[\w-]*|s0|7)\$[^\s'\":]{20,})"
        r"|\b(?:pbkdf2|scrypt|argon2|bcrypt)[\w-]*[:$][^\s'\"]{20,}|\{(?:S?SHA\d*|SMD5|CRYPT|PBKDF2[\w-]*)\}[^\s'\",;]{8,}",
        *"$2 $apr1 $1$ $5$ $6$ $y$ argon2 scrypt pbkdf2 bcrypt sha} sha256} sha512} md5} crypt} $7$".split(),
    ),
    make_rule(
        "key id of a cloud",
        r"\b(?:(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16}|SCW[A-Z0-9]{17}|GOOG[A-Z0-9]{20,60}|AKID[A-Za-z0-9]{32})\b",
        *"akia asia aroa aida abia acca scw goog akid".split(),
        accept=has_digit_or_is_long,
    ),
    make_rule(
        "JSON with a secret in Base64",
        r"(?:^|[^\w.+/=-])(?P<hide>ey[IJ][A-Za-z0-9+/_-]{20,}={0,2})(?:$|[^\w.+/=-])",
        "eyj",
        "eyi",
        accept=holds_named_secret,
    ),
    make_rule(
        "Slack webhook",
        r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/(?P<hide>[\w/]{8,})",
        "hooks.slack",
    ),
    make_rule(
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
    make_rule("Sentry DSN key", r"https?://(?P<hide>[0-9a-f]{32}(?::[0-9a-f]{32})?)@", "@", needs=r"//[0-9a-f]{32}"),
    make_rule(
        "token for sign-in at Google",
        r"\bya29\.[\w-]{16,}|\b1//0[\w-]{20,}|\bGOCSPX-[\w-]{16,}|\b4/0A[\w-]{20,}",
        "ya29.",
        "1//0",
        "gocspx-",
        "4/0a",
    ),
    make_rule("Google API key", r"\bAIza[\w-]{30,}", "aiza"),
    make_rule("Slack token", r"\bx(?:ox[a-z](?:\.xox[a-z])?|app)-[\w-]{8,}", "xox", "xapp"),
    make_rule(
        "Stripe key", r"\b(?:[srp]k_(?:live|test|prod)_|whsec_)\w{8,}", "k_live_", "k_test_", "k_prod_", "whsec_"
    ),
    make_rule(
        "key that begins with sk-", r"\bsk-[\w-]{16,}", "sk-", accept=lambda found: any(c.isdigit() for c in found)
    ),
    make_rule("Sentry token", r"\bsntry[sua]_[\w+/=-]{8,}", "sntry"),
    make_rule("SendGrid key", r"\bSG\.[\w-]{16,}\.[\w-]{16,}", "sg."),
    make_rule(
        "token of GitHub",
        r"\b(?:gh[a-z]_[A-Za-z0-9]{20,}|github_pat_\w{20,})",
        *"ghp_ gho_ ghu_ ghs_ ghr_ github_pat".split(),
    ),
    make_rule(
        "token of GitLab",
        r"\b(?:gl[a-z]{2,8}|GR1348941)-?[\w-]{16,}(?:\.[\w.-]+)?",
        "gl",
        "gr1348941",
        accept=lambda f: ("-" in f[:12] and is_random(f[3:])) or f.startswith("GR1348941"),
    ),
    make_rule(
        "token of Vault",
        r"\b(?:hv[sbr]|s|b|r)\.[\w-]{20,}",
        *"hvs. hvb. hvr. s. b. r.".split(),
        accept=lambda f: f[:2] == "hv" or (is_mixed(f) and len(f) == 26),
        needs=r"\b(?:hv[sbr]|[sbr])\.[\w-]{20}",
    ),
    make_rule(
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
    make_rule(
        "UUID behind a word that says secret",
        r"(?i)\b(?:sdk|mob|xaat|xapt|api|key|token|secret|waka|pat-[a-z]{2,3}\d|access-[a-z]{4,12}|auth|apikey|[a-z]{2,8}_sk)[-_]"
        r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b",
        Sign("-[0-9a-f]{4}-[0-9a-f]{4}-"),
        needs=r"[-_][0-9a-fA-F]{8}-[0-9a-fA-F]{4}-",
    ),
    make_rule("PyPI token", r"\bpypi-[\w-]{20,}", "pypi-"),
    make_rule("bot token of Telegram", r"\b\d{8,10}:[A-Za-z0-9_-]{35}\b", *":aa :ab :ac :ad :ae :af :ag :ah".split()),
    make_rule(
        "bot token of Discord",
        r"\b[MNO][A-Za-z\d_-]{23,27}\.[\w-]{6}\.[\w-]{27,}",
        LONG_RUN,
        needs=r"\.[\w-]{6}\.[\w-]{27}",
    ),
    make_rule("Twilio key", r"\bSK[0-9a-f]{32}\b", "sk", needs=r"\bSK[0-9a-f]{32}"),
    make_rule(
        "Mailgun or Mailchimp key",
        r"\b(?:key|pubkey)-[0-9a-f]{32}\b|\b[0-9a-f]{32}-us\d{1,2}\b|\b[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}\b",
        "key-",
        LONG_RUN,
        needs=r"key-[0-9a-f]{32}|\b[0-9a-f]{32}-",
    ),
    make_rule(
        "Azure secret",
        r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}|\b[A-Za-z0-9+/]{60,90}(?:AzFu|AIoT|ACDb|ASbF|AzCa|AzSe|ACRA|AStD|JQQJ)[A-Za-z0-9+/=]{4,20}",
        *"q~ azfu aiot acdb asbf azca azse acra astd jqqj".split(),
    ),
    make_rule(
        "key of a model hub",
        r"\b(?:hf|api_org|r8|nvapi|gsk|xai|pplx|tvly|fw|csk|tgp_v\d|jina|vlt|esecret)[_-][\w-]{20,}",
        *"hf_ api_org_ r8_ nvapi- gsk_ xai- pplx- tvly- fw_ csk- tgp_v jina_ vlt_ esecret_".split(),
    ),
    make_rule(
        "key of a monitor",
        r"\b(?:NRAK|NRII|NRJS|NRRA|NRAL|NRIQ|NRSP)-?[\w-]{16,}|\b[0-9a-f]{36}NRAL\b|\bglsa_[\w]{20,}|\bglc_[\w+/=]{20,}|\bdt0[a-z]\d\d\.[A-Z0-9]{16,}\.[A-Z0-9]{32,}",
        *"nrak nrii nrjs nrra nral nriq nrsp glsa_ glc_ dt0".split(),
    ),
    make_rule("key of Databricks", r"\bdapi[0-9a-f]{32}(?:-\d)?\b|\bdose[0-9a-f]{32}\b", "dapi", "dose"),
    make_rule("key of Facebook", r"\bEAA[A-Za-z0-9]{30,}", "eaa", accept=is_mixed),
    make_rule(
        "key in four parts",
        r"\bA3-[A-Z0-9]{6}(?:-[A-Z0-9]{5,11}){3,6}\b|\bops_eyJ[\w+/=-]{20,}|\b(?:[A-Z2-7]{5}-){5,}[A-Z2-7]{5}\b",
        "a3-",
        LONG_RUN,
        needs=r"\bA3-[A-Z0-9]{6}-|ops_eyJ|\b[A-Z2-7]{5}-[A-Z2-7]{5}-",
    ),
    make_rule(
        "key with a number or a version around a hash",
        r"\b\d/\d{12,18}(?:/\d{12,18})?:[0-9a-f]{32}\b|\b[a-z]{3,8}-[0-9a-f]{60,64}v\d\b",
        LONG_RUN,
        Sign(r"\d{6}:[0-9a-f]{6}"),
        needs=r"\d:[0-9a-f]{32}|[0-9a-f]{60}v\d",
    ),
    make_rule(
        "key of several vendors with a dot",
        r"\b(?:pat|dp|sl|atlasv1|lin|rg|rk|apify|tskey|xkeysib|xsmtpsib|ATATT3x|ATCTT3x|ATBB|AKCp|cmVmd|PMAK|EZ[AT]K|ntn|secret|dckr_pat|dop_v1|doo_v1|dor_v1|sq0[a-z]{3}|EAAAE?|rzp_(?:live|test)|shp[a-z]{2}|pscale_(?:tkn|oauth|pw)|figd|fo1|phx|phc|sgp|pnu|pul|rdme|rubygems|LTAI|AQVN|t1\.[A-Z0-9a-z_-]+={0,2}|p8e|ico)[._-]?[\w-]{20,}(?:[._-][\w-]{8,}){0,5}",
        *"""
            pat dp. sl. atlasv1 lin_ tskey xkeysib xsmtpsib att3x ctt3x atbb akcp cmvmd pmak ezak eztk ntn_ secret_
            dckr dop_ doo_ dor_ sq0 eaaa rzp_ shp pscale figd fo1_ phx_ phc_ sgp_ pnu_ pul- rdme rubygems ltai aqvn
            t1. p8e ico-
        """.split(),
        accept=lambda f: is_random(f[6:]) and not is_wordy(f),
    ),
    make_rule(
        "token with a prefix",
        r"\b(?:[A-Za-z][A-Za-z0-9]{0,15}[_-]){1,4}[A-Za-z0-9_-]{16,}",
        LONG_RUN,
        accept=is_prefixed_token,
        needs=r"\b[A-Za-z][A-Za-z0-9]{0,15}[_-][A-Za-z0-9_-]{16}",
    ),
    make_rule(
        "long random text without a name",
        # What stands behind a name that says identifier or checksum is matched too, and left.
        r"(?i:(?:id|id[-_]?\d|etag|hash|digest|integrity|checksum|cursor|fingerprint|\bh1)(?:\\?[\"'])? ?[:=] ?(?:\\?[\"'])?)"
        r"[A-Za-z0-9_~+/=.-]{32,}|(?:^|[^\w/+=.~%@-])(?P<hide>[A-Za-z0-9_~+/-][A-Za-z0-9_~+/=.-]{31,199})(?:$|[^\w/+=~%@-])",
        LONG_RUN,
        accept=is_unnamed_token,
        needs=r"[A-Za-z0-9_~+/=.-]{32}",
    ),
    make_rule(
        "random text behind a short word and a dot",
        r"(?:^|[^\w/+=.~%@-])(?P<hide>[a-z]{2,6}(?:\.[A-Za-z0-9_-]{20,200}){1,4})(?:$|[^\w/+=.~%@-])",
        LONG_RUN,
        accept=is_dotted_token,
        needs=r"\b[a-z]{2,6}\.[A-Za-z0-9_-]{20}",
    ),
    make_rule(
        "authorization scheme",
        rf"(?i)\b(?:{'|'.join(SCHEMES)})(?:\s+|%20)(?P<hide>[\w.~+/=-]{{8,}})",
        *(scheme + blank for scheme in SCHEMES for blank in (" ", "\n", "%20")),
        accept=lambda found: has_digit_or_is_long(found) and is_random(found),
        needs=r"(?:\s|%20)[\w.~+/=-]{8}",
    ),
    make_rule(
        "signature in an authorization header",
        r"(?i)\b(?:signature|response|oauth_signature|mac|cnonce|opaque)=\"?(?P<hide>[\w+/=%-]{12,})",
        "signature=",
        "response=",
        "mac=",
        "opaque=",
        accept=is_random,
    ),
    make_rule(
        "password in a URL",
        r"(?i)\b[a-z][a-z0-9+.-]{0,30}:(?://|%2f%2f|\\/\\/)[^\s/:@\"'<>]*(?::|%3a)(?P<hide>[^\s\"'<>]+)(?:@|%40)[\w.\[\-]",
        "@",
        "%40",
        accept=is_no_port,
    ),
    make_rule(
        "token in a URL",
        r"(?i)\b[a-z][a-z0-9+.-]{0,30}://(?P<hide>[^\s/:@\"'<>?#]{12,})@[\w.\[\-]",
        "@",
        accept=is_long_random,
    ),
    make_rule(
        "password of a database user", r"(?i)\bidentified\s+by\s+(?:password\s+)?['\"](?P<hide>[^'\"]+)", "identified"
    ),
    make_rule(
        "password before a host", r"(?:^|[\s\"'(=])[\w.-]{1,40}:(?P<hide>[^\s:@/\"']{3,80})@[\w.-]+:\d{2,5}\b", "@"
    ),
    make_rule(
        "password behind a host, a database and a user",
        r"(?:^|[\s\"'=])[\w.*-]{1,80}:(?:\d{2,5}|\*):[\w*-]{1,64}:[\w.*@-]{1,64}:(?P<hide>[^\s:\"']{4,})",
        Sign(r":(?:\d{1,5}|\*):[\w*-]"),
        needs=r":(?:\d{2,5}|\*):[\w*-]{1,64}:[\w.*@-]",
    ),
    make_rule(
        "token in the query of a URL",
        r"[?&;](?:code|state|nonce|ticket|hash|auth|key|otp|sid|t|k|h|s|st|rt|at|samlresponse|id_token_hint)=(?P<hide>[\w.~%+-]{12,})",
        "code=",
        "state=",
        *"nonce= ticket= hash= auth= key= otp= sid= ?t= &t= ?k= &k= ?h= &h= ?s= &s= st= rt= at= samlresponse= hint=".split(),
        accept=is_opening,
        needs=r"[?&;]\w{1,16}=[\w.~%+-]{12}",
    ),
    make_rule(
        "token in the path of a URL",
        r"(?i)/(?:(?:password|passwd|pwd)[-_/]?reset|reset(?:[-_]?password)?|verif\w{1,8}|confirm\w{0,6}|activat\w{1,4}|invit\w{1,6}"
        r"|magic(?:[-_]?link)?|log-?in|sign-?in|tokens?|unlock|recover\w{0,3}|join|accept|auth|callback|sso|otp|unsubscribe|share|bot)"
        r"/(?:token/)?(?P<hide>[\w.~%-]{16,})",
        *"/reset reset/ verif confirm activat invit magic login/ log-in/ signin/ sign-in/ token/ tokens/ unlock recover".split(),
        *"/join/ accept/ /auth/ callback/ /sso/ /otp/ unsubscribe/ share/ /bot/".split(),
        accept=is_opening,
        needs=r"/[\w.~%-]{16}",
    ),
    make_rule(
        "user and password as a pair",
        r"(?i)\b(?:\w{0,40}[_.-])?(?:auth|credentials?|creds|login|userpass)[\"']?\s{0,3}[:=]\s{0,3}(?:\w{0,20}Auth)?[(\[]\s{0,3}b?[\"'][^\"'\n]{0,80}[\"']"
        r"\s{0,3},\s{0,3}b?[\"'](?P<hide>[^\"'\n]{3,200})[\"']",
        *"auth credential creds login userpass".split(),
        needs=r"[(\[]\s{0,3}b?[\"']",
    ),
    make_rule(
        "secret that a build hides",
        r"(?i)::add-mask::(?P<hide>[^\s\"']{3,})|;issecret=true\](?P<hide2>[^\s\"']{3,})|;isSecret=true;[^\]]{0,80}\](?P<hide3>[^\s\"']{3,})",
        "::add-mask::",
        "issecret=true",
    ),
)
