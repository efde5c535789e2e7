"""The same trace gives the same exceptions and frames, whatever shippers, terminals and chats put around its lines."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gateways.text.events import event_in_text
from core.gateways.text.reader import read_text

TRACES = {
    "python": """Traceback (most recent call last):
  File "/srv/tide/gauge.py", line 12, in read
    level = int(raw)
ValueError: invalid literal for int() with base 10: 'high'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/tide/app.py", line 40, in show
    return read(raw)
tide.errors.GaugeError: no level""",
    "java": """java.lang.IllegalStateException: no route
\tat dev.tram.Route.find(Route.java:31)
Caused by: java.io.FileNotFoundException: lines.csv
\tat java.base/java.io.FileInputStream.open(FileInputStream.java:216)
\tat dev.tram.Lines.load(Lines.java:18)
\t... 3 more""",
    "node": """TypeError: Cannot read properties of undefined (reading 'name')
    at title (/srv/zine/page.js:8:21)
    at Object.render (/srv/zine/app.js:44:3)""",
    "go": """panic: runtime error: index out of range [3] with length 3

goroutine 7 [running]:
main.pick(0xc000012345, 0x3)
\t/srv/orchard/pick.go:22 +0x1d
main.main()
\t/srv/orchard/main.go:9 +0x25""",
    "dotnet": """Unhandled exception. System.InvalidOperationException: No plan.
 ---> System.FormatException: Bad hour.
   at Plan.Reader.Hour(String text) in C:\\src\\Reader.cs:line 14
   --- End of inner exception stack trace ---
   at Plan.Program.Main(String[] args) in C:\\src\\Program.cs:line 5""",
    "ruby": """/srv/farm/barn.rb:31:in 'open': undefined method 'key' for nil (NoMethodError)
\tfrom /srv/farm/app.rb:9:in 'run'""",
    "php": """PHP Fatal error:  Uncaught TypeError: total(): must be of type int, null given in /srv/till/sum.php:14
Stack trace:
#0 /srv/till/index.php(4): total()
#1 {main}
  thrown in /srv/till/sum.php on line 14""",
    "elixir": """** (ArithmeticError) bad argument in arithmetic expression
    (kiln 0.2.0) lib/kiln/heat.ex:17: Kiln.Heat.mean/2
    (kiln 0.2.0) lib/kiln/app.ex:5: Kiln.App.run/1""",
    "rust": """thread 'main' panicked at src/loom.rs:9:5:
called `Option::unwrap()` on a `None` value""",
    "dart": """Unhandled exception:
type 'Null' is not a subtype of type 'int'
#0      Clock.tick (package:tower/clock.dart:12:7)
#1      main (package:tower/main.dart:3:3)""",
}
PLACES = {
    "python": ("/srv/tide/gauge.py", 12),
    "java": ("Lines.java", 18),
    "node": ("/srv/zine/page.js", 8),
    "go": ("/srv/orchard/pick.go", 22),
    "dotnet": ("C:\\src\\Reader.cs", 14),
    "ruby": ("/srv/farm/barn.rb", 31),
    "php": ("/srv/till/sum.php", 14),
    "elixir": ("lib/kiln/heat.ex", 17),
    "rust": ("src/loom.rs", 9),
    "dart": ("tower/clock.dart", 12),
}


def _each(prefix: str) -> Callable[[str], str]:
    return lambda text: "\n".join(prefix + line for line in text.split("\n"))


WRAPPINGS: dict[str, Callable[[str], str]] = {
    "compose": _each("web-1  | "),
    "journald": _each("Mar 02 09:14:51 host-a tide[7719]: "),
    "kubectl": _each("[pod/tide-7d9f/app] "),
    "cri": _each("2026-03-01T06:00:07.220Z stdout F "),
    "actions": _each("2026-02-20T08:30:04.5550000Z "),
    "concurrently": _each("[0] "),
    "mail": _each("> "),
    "heroku": _each("2026-02-01T00:00:00.000000+00:00 app[web.1]: "),
    "windows line ends": lambda text: text.replace("\n", "\r\n"),
    "colors": _each("\x1b[31m"),
    "code fence": lambda text: f"```\n{text}\n```",
}


def _read(text: str) -> list[tuple[str | None, str | None, list[tuple[str | None, str | None, int | None]]]]:
    event = event_in_text(text)
    assert event is not None
    return [
        (each.type, each.value, [(frame.file, frame.function, frame.line) for frame in each.frames])
        for each in event.exceptions
    ]


@pytest.mark.parametrize("name", TRACES)
def test_the_innermost_exception_has_its_own_frame(name: str) -> None:
    _, _, frames = _read(TRACES[name])[0]
    assert PLACES[name] in [(file, line) for file, _, line in frames]


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("name", TRACES)
def test_a_wrapping_changes_nothing(name: str, wrapping: str) -> None:
    assert _read(WRAPPINGS[wrapping](TRACES[name])) == _read(TRACES[name])


def test_processes_that_print_at_the_same_time_are_told_apart() -> None:
    first = _each("api-1  | ")(TRACES["python"]).split("\n")
    second = _each("job-1  | ")(TRACES["node"]).split("\n")
    mixed = [line for pair in zip(first, [*second, *[""] * 20], strict=False) for line in pair if line]
    types = {each.type for trace in read_text("\n".join(mixed)).traces for each in trace.exceptions}
    assert types == {"ValueError", "tide.errors.GaugeError", "TypeError"}


@given(st.lists(st.sampled_from([line for text in TRACES.values() for line in text.split("\n")]), max_size=60))
def test_lines_of_traces_in_any_order_are_read(lines: list[str]) -> None:
    reading = read_text("\n".join(lines))
    assert sum(len(each.frames) for trace in reading.traces for each in trace.exceptions) <= 4 * len(lines)
