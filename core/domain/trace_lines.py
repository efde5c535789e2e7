"""How one line of a stack trace looks in each language: the patterns that the text reader and the chats share. Pure.

The reader matches a pattern where a line begins; `is_trace_line` looks for it anywhere in a line, because in a chat the
prefixes of log shippers still stand before it. Every pattern sees one line of at most `LINE_CHARS` characters.
"""

from __future__ import annotations

import re

LINE_CHARS = 2_000

PYTHON_FRAME = re.compile(r'File "([^"\n]{1,500})", line (\d{1,9})(?:, in (\S.{0,300}))?')
PYTHON_HEAD = re.compile(r"(?:Exception Group )?Traceback \(most recent call last\):?")
JVM_FRAME = re.compile(
    r"at[ \t]++(?:[\w.@$+-]*/){0,3}([\w.$\u0080-\uffff-]{1,400})\.([\w$<>-]{1,200})[ \t]*\("
    r"[ \t]*(?:([\w$+.-]+\.(?:java|kts?|scala|groovy|clj[cs]?|rt))(?::(-?\d{1,9}))?|Native Method|Unknown Source|<\w+>"
    r"|((?:SourceFile|PG|r8-map-id-\w+|Unknown Source)\b[^):]{0,80})(?::(\d{1,9}))?)[ \t]*\)"
)
V8_FRAME = re.compile(
    r"\Aat[ \t]++(?:(?P<call>(?:async )?(?:new )?[^\s()][^()\n]{0,200}?(?: \[as [^\]\n]{1,80}\])?) \([ \t]*+)?"
    r"(?:address at )?(?P<file>(?:[A-Za-z][\w+.-]{0,30}://?/?|[A-Za-z]:[\\/]|[/.\\\w@<~(])[^\s:]*+(?>(?::[^\s:]*?[^\s:\d][^\s:]*+)*))"
    r":(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?[ \t]*+\)?(?:[ \t]*\{)?[ \t]*$"
)
GECKO_FRAME = re.compile(
    r"\A(?P<call>[\w$.<>/*\[\] -]{0,200})@(?P<file>(?:[a-z][\w+.-]{1,30}:/{1,3}|[/\w.-])[^\s@]{0,500}?|\[native code\])"
    r"(?::(?P<line>\d{1,9}))?(?::(?P<column>\d{1,9}))?$"
)
DOTNET_FRAME = re.compile(
    r"\A(?:at|bei|à|en|in|в)[ \t]++(?P<call>[\w.<>`|$+\[\],&*\u0080-\uffff-]{1,400})[ \t]?\((?P<arguments>[^()\n]{0,600}(?:\([^()\n]*\)[^()\n]{0,300}){0,3})\)"
    r"(?:[ \t]+(?:in|dans|en|в)[ \t]+(?P<file>\S[^\n]{0,500}?):(?:line|Zeile|ligne|línea|строка)[ \t]?(?P<line>\d{1,9}))?\.?[ \t]*$"
)
MONO_FRAME = re.compile(
    r"\A(?:at[ \t]++)?(?P<call>[\w.<>`$+/:\[\],-]{1,400})[ \t]?\((?P<arguments>[^()\n]{0,400})\)"
    r"[ \t]+(?:\[0x[0-9a-f]{1,8}\][ \t]+in[ \t]+|\(at[ \t]+)(?P<file>[^\s<>][^\n]{0,300}?|<[0-9a-f]+>):(?P<line>\d{1,9})\)?[ \t]*$"
)
GO_PLACE = re.compile(
    r"\A(?P<file>(?:[A-Za-z]:[\\/])?[^\s:]{0,400}\.(?:go|s|c|S)):(?P<line>\d{1,9})(?: \+0x[0-9a-f]+)?(?: .{0,80})?$"
)
GO_HEAD = re.compile(r"(?:panic|fatal error): \S|goroutine \d{1,9} (?:gp=\S+ .{0,60})?\[[^\]\n]{1,80}\]:")
RUST_HEAD = re.compile(r"thread '[^'\n]{0,200}' (?:\(\d{1,20}\) )?panicked at ")
RUST_PLACE = re.compile(r"\Aat (?P<file>\S.{0,400}?\.rs):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?$")
RUBY_FRAME = re.compile(
    r"\A(?:# )?(?:from )?(?P<file>(?:[A-Za-z]:)?(?:[\w.-]{1,100} \([\w. -]{1,30}\) )?[^\s:'\"()][^:\n'\"]{0,400}):(?P<line>\d{1,9}):in [`'\u2018\"](?P<call>[^'\n]{0,300})['\u2019\"]"
)
PHP_FRAME = re.compile(
    r"\A#\d{1,4}:? (?:(?P<file>\S[^\n]{0,400}?)\((?P<line>\d{1,9})\)|\[internal function\]): (?P<call>\S.*)"
)
PHP_HEAD = re.compile(
    r"PHP (?:Fatal|Parse|Recoverable fatal|Catchable fatal) error: |Uncaught PHP Exception |\(code: \w{1,20}\): "
)
BEAM_FRAME = re.compile(
    r"\A(?:\((?P<package>[\w-]{1,80} \d[\w.+-]{0,40}|\w{1,80})\) )?(?P<file>[\w./@-]{1,300}\.(?:exs?|erl|eex|heex|leex|[hy]rl)):(?P<line>\d{1,9}): (?P<call>\S.{0,400})$"
)
BEAM_HEAD = re.compile(r"\*\* \((?:[A-Z][\w.]{0,200}|exit|throw|stop|EXIT from #PID<[\d.]{1,30}>)\) ")
ERLANG_FRAME = re.compile(
    r"\A(?:in function|in call from|called as)[ \t]+(?P<call>[\w':.@-]{1,200}/\d{1,3}|[\w':.@-]{1,200}\(.{0,300}?\))[ \t]*(?:\((?P<file>[^\s,()]{1,300}),? line (?P<line>\d{1,9})\))?"
)
DART_FRAME = re.compile(
    r"\A#\d{1,4}[ \t]+(?P<call>\S[^\n]{0,300}?)[ \t]+\((?P<file>(?:package:|dart:|file://|[\w./-])[^\s():]{0,400}(?:\:[^\s():\d][^\s():]{0,300})?):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?\)$"
)
SANITIZER_FRAME = re.compile(
    r"\A#\d{1,4}[ \t]++(?:0x[0-9a-f]+ in )?(?P<call>[^\n]{1,600}?)(?: (?P<file>(?:[A-Za-z]:)?[^\s:()+][^\s:()]{0,400}):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?)?"
    r"(?:[ \t]{1,4}\((?P<package>[^()\n]{1,300}\+0x[0-9a-f]+)\))?(?:[ \t]{1,4}\(BuildId: \w{1,80}\))?$"
)
GDB_FRAME = re.compile(
    r"\A(?:frame )?#\d{1,4}:?[ \t]++(?:0x[0-9a-f]+ (?:in )?)?(?:(?P<image>[\w.+-]{1,100})`)?(?P<call>[^\s`](?:[^\n`]{0,300}?[^\s`])?)[ \t]{0,4}(?P<arguments>\([^\n]{0,500}\))?(?: const)?[ \t]{1,4}"
    r"(?:at (?P<file>[^\s:][^\n:]{0,400}):(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?|from (?P<package>\S{1,300}))(?:[ \t]\[opt\])?$"
)
APPLE_FRAME = re.compile(
    r"\A\d{1,4}[ \t]+(?P<package>[\w.+?-][\w.+? -]{0,80}?)[ \t]+0x[0-9a-f]{6,16}[ \t]+(?P<call>\S.{0,500}?)(?: \+ (?P<offset>\d{1,9}))?(?: \((?P<file>[^():\n]{1,200}):(?P<line>\d{1,9})\))?$"
)
TOMBSTONE_FRAME = re.compile(
    r"\A#\d\d (?:pc|abs) [0-9a-f]{6,16}[ \t]+(?P<package>\S[^()\n]{0,300}?)(?: \((?!BuildId)(?P<call>[^\n]{1,400}?)(?:\+\d{1,9})?\))?(?: \(BuildId: \w{1,80}\))?$"
)
ERROR_HEAD = re.compile(
    r"(?:^|[\s>\"(\[|:])(?:[A-Za-z_$][\w$]{0,100}[.:\\]{1,2}){0,12}[A-Z]\w{0,100}(?:Error|Exception|Failure|Panic|Fault|Throwable)\b[^\s:]{0,40}: \S"
)
TELLING = (
    PYTHON_FRAME,
    PYTHON_HEAD,
    JVM_FRAME,
    re.compile(
        r"\A(?>(?:(?!at[ \t])[^\n])*)at[ \t][^\n]*?(?:[A-Za-z/>?=\d]:\d{1,9}:\d{1,9}\)?[ \t]*(?:\{[ \t]*)?$|\(Native Method\))"
    ),
    re.compile(r"(?:at|bei|à) [\w.<>`$+]{3,300}\([^()\n]{0,400}\) (?:in|dans) [^\n]{1,400}:(?:line|Zeile|ligne) \d"),
    GO_HEAD,
    RUST_HEAD,
    re.compile(r"\.(?:rb|erb|rake|haml|slim|ru):\d{1,9}:in [`'\u2018\"]"),
    PHP_HEAD,
    re.compile(r"#\d{1,4} (?:/|[A-Z]:\\)[^\n(]{1,300}\.php\(\d{1,9}\): "),
    BEAM_HEAD,
    re.compile(r"\.(?:exs?|erl|eex):\d{1,9}: [\w.:\"]{1,200}"),
    re.compile(r"in function[ \t]+[\w':.@-]{1,200}/\d"),
    re.compile(r"#\d{1,4}[ \t]+\S[^\n]{0,300} \((?:package|dart|file):[^\s()]{1,300}:\d"),
    re.compile(r"(?:Address|Thread|Memory|Leak|UndefinedBehavior)Sanitizer: "),
    re.compile(
        r"\A(?>(?:(?!#\d{1,4}[ \t])[^\n])*)#\d{1,4}[ \t][^\n]+? [\w./+-]{1,300}\.(?:c|cc|cpp|cxx|h|hh|hpp|m|mm|swift|rs):\d"
    ),
    re.compile(r"\d{1,4}[ \t]+[\w.+-]{1,80}[ \t]+0x[0-9a-f]{6,16}[ \t]+\S.{0,400} \+ \d"),
    re.compile(r"#\d\d pc [0-9a-f]{6,16}[ \t]+\S"),
    re.compile(r"\*\*\* Terminating app due to uncaught exception|terminate called after throwing an instance of"),
    re.compile(r"Exception in thread \"|FATAL EXCEPTION: |Unhandled [Ee]xception[.:] |Found one Java-level deadlock"),
    re.compile(r"@(?:https?|file|webpack|app)://[^\s@]{1,300}:\d{1,9}:\d{1,9}[ \t]*$"),
    re.compile(r"SQLSTATE\[\w{5}\]|\bORA-\d{5}: |\bMsg \d{1,6}, Level \d{1,2}, State |ERROR \d{4} \(\w{5}\)"),
    re.compile(r"\[(?:error|crit|alert|emerg)\] \d{1,9}#\d{1,9}: "),
    re.compile(r"\boom-kill:|Out of memory: Kill"),
    re.compile(r"^\S{0,40}\d\d:\d\d:\d\d\S{0,20} .{0,120}?\b(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC)\b"),
)


def is_trace_line(line: str) -> bool:
    """Whether `line`, perhaps behind a log shipper's prefix, is part of a stack trace or of a program's own error."""
    return any(pattern.search(line[:LINE_CHARS]) for pattern in TELLING)


def names_an_error(line: str) -> bool:
    """Whether `line` is `SomeError: what happened`, as programs print an error without its stack."""
    return ERROR_HEAD.match(line[:LINE_CHARS].strip()) is not None
