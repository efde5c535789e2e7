"""Passwords on command lines, in the options and places where each program expects them.

Every pattern here meets hostile text, so all are RE2, and none looks further than 300 characters behind the program.
"""

from __future__ import annotations

import re

from core.masking.shapes import Rule, make_rule

_OPTIONS = r"\b[^\n|;]{0,300}?\s"
_QUOTE = r"[\"']?"
_VALUE = r"(?P<hide>[^\s\"'$<{%-][^\s\"']{2,})"
_NO_PASSWORD = re.compile(
    r"\d{1,5}(?::\d{1,5}){0,2}(?:/\w+)?|[\w.-]*:\d{1,5}:\d{1,5}|[.~]?/[\w./-]*|\w+=\S*|(?:tcp|udp)\b.*"
)

_TAKE_USER_AND_PASSWORD = """
    curl wget http https httpie xh docker podman helm svn mysql\\w* mariadb\\w* psql sshpass redis-cli mongo\\w* sqlcmd
    rabbitmq\\w* smbclient rpcclient smbmap smbget lftp ncftp\\w* net snmp\\w* ab siege hey wrk elasticdump
    influx cqlsh sqlplus impdp expdp proxychains ftp sftp rclone
""".split()
_TAKE_PASSWORD = """
    mysql\\w* mariadb\\w* sshpass docker podman nerdctl skopeo buildah mongo\\w* redis-cli sqlcmd bcp isql az oc twine
    7z 7za zip unzip rar unrar ipmitool mosquitto_\\w+ evil-winrm crackmapexec netexec nxc cqlsh influx snowsql tabcmd
    rabbitmqadmin psexec\\S* xfreerdp rdesktop vncdo\\w* ldap\\w* dsquery security smbpasswd kinit ansible\\w* expdp
    tsm argocd rancher cf ibmcloud nomad vault etcdctl hdbsql db2 clickhouse\\w*
""".split()
_READ_PASSWORD = r"(?:sudo|passwd|chpasswd|docker|podman|helm|kinit|gh|gpg2?|cryptsetup|su|nc|openssl|smbpasswd|argocd|vault|az|skopeo)"


def _is_argument(found: str) -> bool:
    """Tell whether an option's value may be a password: neither a port, a mapping of ports nor a path."""
    return _NO_PASSWORD.fullmatch(found) is None


RULES: tuple[Rule, ...] = (
    make_rule(
        "user and password in an option",
        rf"(?i)\b(?:{'|'.join(_TAKE_USER_AND_PASSWORD)}){_OPTIONS}"
        rf"(?:-u|-a|-U|--(?:proxy-)?user|--auth|--credentials)[ =]?{_QUOTE}[\w.@\\/-]{{0,64}}[:,%](?P<hide>[^\s\"',][^\s\"']*)",
        " -u",
        " -a",
        "-user",
        "--auth",
        "--credentials",
        needs=r"(?i)\s-(?:u|a|-user|-proxy-user|-auth|-credentials)",
    ),
    make_rule(
        "password in an option of one letter",
        rf"(?i)\b(?:{'|'.join(_TAKE_PASSWORD)}){_OPTIONS}(?i:-[pw]|-hp|/p:|/rp )[ =]?{_QUOTE}{_VALUE}",
        " -p",
        " -w",
        " -hp",
        "/p:",
        "/rp ",
        accept=_is_argument,
        needs=r"(?i)\s(?:-[pw]|-hp|/p:|/rp )",
    ),
    make_rule(
        "password in an option of Redis",
        rf"(?i)\bredis-cli{_OPTIONS}-a[ =]?{_QUOTE}{_VALUE}|\bAUTH {_QUOTE}(?P<hide2>[^\s\"']*\d[^\s\"']*){_QUOTE}$",
        "redis-cli",
        "auth ",
    ),
    make_rule(
        "password among the arguments of a command",
        r"(?i)\bConvertTo-SecureString\s+(?:-String\s+)?[\"'](?P<hide>[^\"'\n]+)"
        r"|\bhtpasswd\s+-\w*b\w*\s+(?:-\w+\s+)*\S+\s+\S+\s+[\"']?(?P<hide2>[^\s\"']+)"
        r"|\bopenssl\b[^\n|;]{0,300}?\s-k\s+[\"']?(?P<hide3>[^\s\"'-][^\s\"']*)"
        r"|\s-pass(?:in|out)?\s+[\"']?pass:(?P<hide4>[^\s\"']+)"
        r"|\bnet\s+use\b[^\n|;]{0,300}?/user:\S+\s+[\"']?(?P<hide5>[^\s\"'/]+)"
        r"|\bjdbc:oracle:\w+:[\w.$-]+/(?P<hide6>[^@\s\"']+)@"
        r"|\b(?:add_user|change_password|authenticate_user)\s+\S+\s+[\"']?(?P<hide7>[^\s\"'-][^\s\"']*)"
        r"|\bnet\s+user\s+\S+\s+[\"']?(?P<hide8>[^\s\"'/*][^\s\"']*)"
        r"|\bwpa_passphrase\s+(?:\"[^\"\n]*\"|\S+)\s+[\"']?(?P<hide9>[^\s\"']+)"
        r"|\bmysqladmin\b[^\n|;]{0,300}?\spassword\s+[\"']?(?P<hide10>[^\s\"']+)"
        r"|\b(?:sqlplus|impdp|expdp|sqlldr|rman)\s+(?:-\w+\s+)*[\"']?[\w.$-]{1,64}/(?P<hide11>[^@\s\"']+)"
        r"|\bvault\s+login\s+(?:-\S+\s+)*[\"']?(?P<hide12>[^\s\"'=-][^\s\"'=]{7,})(?:\s|$)"
        r"|/pass(?:word)?:[\"']?(?P<hide13>[^\s\"']+)",
        *"securestring htpasswd openssl jdbc:oracle pass: add_user change_password authenticate_user".split(),
        *"wpa_passphrase mysqladmin sqlplus impdp expdp sqlldr rman /pass".split(),
        "net use",
        "vault login",
    ),
    make_rule(
        "password that is piped to a command",
        rf"(?i)\b(?:echo|printf)\s+(?:-\w+\s+)*[\"']?(?:[\w.-]{{1,64}}:)?(?P<hide>[^\s\"'|:;]{{3,}})[\"']?\s*\|[^\n]{{0,60}}?\b{_READ_PASSWORD}\b",
        "echo ",
        "printf ",
        needs=r"\|",
    ),
    make_rule(
        "password that a script types",
        r"(?i)(?:assword|assphrase|\bPIN)[^\n]{0,40}?\bsend(?:line)?(?: --)?[ (]+[\"'](?P<hide>[^\"'\\\n]{3,})",
        "send",
        needs=r"(?i)passw|passp|pin",
    ),
)
