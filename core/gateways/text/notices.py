"""Reads the errors that servers and systems write on one line: databases, web servers, systemd, the kernel, libc."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.domain.incident import ExceptionInfo
from core.gateways.text.model import Line, Trace

_POSTGRES = re.compile(r"(?:.{0,160}?\b)?(?P<type>ERROR|FATAL|PANIC): {1,2}(?P<value>\S.*)$")
_POSTGRES_MORE = re.compile(
    r"(?:.{0,160}?\b)?(?P<name>DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LINE \d+): {1,2}(?P<value>.*)$"
)
_NGINX = re.compile(
    r"(?:.{0,60}?)\[(?P<type>error|crit|alert|emerg)\] \d{1,9}#\d{1,9}: (?:\*\d{1,12} )?(?P<value>.*?)(?P<rest>, client: .*)?$"
)
_UPSTREAM = re.compile(r"upstream: \"(?P<url>[^\"\n]{1,300})\"")
_REQUEST = re.compile(r"request: \"(?P<method>[A-Z]{3,8}) (?P<path>[^\s\"]{1,500})")
_HOST = re.compile(r"host: \"(?P<host>[^\"\n]{1,200})\"")
_APACHE = re.compile(
    r"(?:\[[^\]\n]{1,60}\] )?\[(?:\w{1,30}:)?(?:error|crit|alert|emerg)\] (?:\[pid [^\]\n]{1,60}\] )?(?P<value>.*)$"
)
_CLIENT = re.compile(r"\[(?:client|remote) [^\]\n]{1,80}\] |, referer: .*$")
_PLAIN = (
    ("MySQL error", re.compile(r"ERROR (?P<value>\d{4} \(\w{5}\)(?: at line \d{1,9})?: .*)$")),
    ("MySQL error", re.compile(r"\A.{0,60}\[ERROR\] (?:\[MY-\d{6}\] )?(?:\[\w+\] )?(?P<value>.*)$")),
    ("Oracle error", re.compile(r"\A(?:.{0,200}?)(?P<value>ORA-(?!06512)\d{5}: .*)$")),
    ("SQLSTATE", re.compile(r"\A(?:.{0,200}?)(?P<value>SQLSTATE\[\w{5}\].*)$")),
    (
        "Kernel",
        re.compile(r"\A(?:.{0,80}?)(?P<value>(?:Memory cgroup out of memory|Out of memory): Kill(?:ed)? process .*)$"),
    ),
    ("Kernel", re.compile(r"\A(?:.{0,80}?)(?<![\w.-])(?P<value>[\w.-]{1,60}\[\d{1,9}\]: segfault at .*)$")),
    (
        "systemd",
        re.compile(
            r"(?P<value>[\w@.\\-]{1,200}\.(?:service|socket|mount|timer): (?:Main process exited|Control process exited|Failed (?:at step|with result|to)|Start request repeated|A process of this unit has been killed).*)$"
        ),
    ),
    (
        "Kubernetes",
        re.compile(
            r"\A(?:.{0,200}?)(?P<value>(?:Reason: +OOMKilled|OOMKilled|Back-off restarting failed container|Failed to pull image|CrashLoopBackOff).*)$"
        ),
    ),
    (
        "abort",
        re.compile(
            r"(?P<value>(?:\*\*\* .{1,200} \*\*\*: terminated|free\(\): invalid .*|double free or corruption.*|malloc\(\): .*|munmap_chunk\(\): .*|corrupted (?:size|double).*|Segmentation fault.*|Aborted.*|Bus error.*|Illegal instruction.*))$"
        ),
    ),
    (
        "JVM",
        re.compile(r"# {1,3}(?P<value>(?:SIG\w+|EXCEPTION_\w+|There is insufficient memory|Out of Memory Error).*)$"),
    ),
)
_SQL_SERVER = re.compile(
    r"Msg (?P<number>\d{1,6}), Level \d{1,2}, State \d{1,3}.*$|(?:.{0,60}?)Error: (?P<error>\d{1,6}), Severity: \d{1,2}, State: \d{1,3}\.?.*$"
)
_TERMINATE = re.compile(
    r"terminate called after throwing an instance of '(?P<type>[^'\n]{1,200})'|terminate called without an active exception"
)


def read(lines: Sequence[Line], raw: Sequence[str]) -> Iterator[Trace]:
    """Yield one-line errors; `raw` are the same lines before the heads of log records were taken off."""
    for index, whole in enumerate(raw):
        text = whole.strip()[:2_000]
        below = lines[index + 1].bare if index + 1 < len(lines) else ""
        if found := _NGINX.match(text):
            yield _nginx(found, index)
        elif found := _APACHE.match(text):
            yield _one("Apache error", _CLIENT.sub("", found["value"]), index)
        elif found := _TERMINATE.match(text):
            said = below.removeprefix("what():").strip() if below.startswith("what():") else ""
            yield _one(found["type"] or "std::terminate", said or text, index, end=index + 2 if said else None)
        elif found := _SQL_SERVER.match(text):
            yield _one(f"SQL Server error {found['number'] or found['error']}", below, index, end=index + 2)
        elif plain := next(((kind, hit) for kind, pattern in _PLAIN if (hit := pattern.match(text))), None):
            yield _one(plain[0], plain[1]["value"], index)
        elif (found := _POSTGRES.match(text)) and (_is_postgres(raw, index) or text.startswith("psql:")):
            yield _postgres(found, raw, index)


def _one(kind: str, value: str, begin: int, *, end: int | None = None, details: dict[str, str] | None = None) -> Trace:
    return Trace((ExceptionInfo(kind, value.strip() or None),), "other", begin, end or begin + 1, details=details or {})


def _nginx(found: re.Match[str], index: int) -> Trace:
    rest = found["rest"] or ""
    upstream, request, host = _UPSTREAM.search(rest), _REQUEST.search(rest), _HOST.search(rest)
    details = {}
    if request:
        details = {
            "method": request["method"],
            "url": f"http://{host['host']}{request['path']}" if host else request["path"],
        }
    value = f"{found['value']} {upstream['url']}" if upstream else found["value"]
    return _one(f"nginx {found['type']}", value, index, details=details)


def _is_postgres(raw: Sequence[str], index: int) -> bool:
    near = raw[index : index + 6]
    return (
        "ERROR:  " in near[0]
        or "FATAL:  " in near[0]
        or any(_POSTGRES_MORE.match(line.strip()[:400]) for line in near[1:])
    )


def _postgres(found: re.Match[str], raw: Sequence[str], index: int) -> Trace:
    more: dict[str, str] = {}
    end = index + 1
    name = ""
    while end < len(raw) and end < index + 12:
        text = raw[end].strip()[:1_000]
        if part := _POSTGRES_MORE.match(text):
            name = part["name"]
            more[name] = part["value"]
        elif name and raw[end][:1].isspace() and text:
            more[name] += f" {text}"
        else:
            break
        end += 1
    said = [found["value"], *(more[each] for each in ("CONTEXT", "DETAIL", "HINT") if each in more)]
    details = {"statement": more["STATEMENT"]} if "STATEMENT" in more else {}
    return _one(f"PostgreSQL {found['type']}", "\n".join(said), index, end=end, details=details)
