"""A frame that only reports is passed over for the one that called it; the place comes with how far to trust it."""

import json
import os
from pathlib import Path

import pytest

from core.domain.incident import ErrorEvent, ExceptionInfo, Frame
from core.gateways.sentry.payloads import event_from_json
from core.mcp_server.frames import sight
from tests.mcp_server.tool_calls import event_of, stack

MEASURED = (
    Path(os.environ.get("DEFECTS4J", Path(__file__).parents[3] / "shared" / "data" / "defects4j")) / "stacks.jsonl"
)


def own(function: str, module: str, line: int = 1, **more: object) -> Frame:
    return Frame(function, f"{module}.x", module=module, line=line, in_app=True, **more)  # type: ignore[arg-type]


def shown(kind: str, *frames: Frame) -> str:
    frame = sight(event_of(ExceptionInfo(kind, "x", frames=frames))).frame
    assert frame and frame.function
    return frame.function


@pytest.mark.parametrize(
    "messenger",
    [
        own("from", "shop.StockException"),
        own("create", "shop.ShopErrorFactory"),
        own("throwNoStock", "shop.Helper"),
        own("raise_no_stock", "shop.helpers"),
        own("failFast", "shop.Helper"),
        own("reportBadStock", "shop.Context"),
        own("stockException", "shop.Context"),
        own("captureException", "shop.Monitoring"),
        own("error", "shop.Logger"),
        own("notNull", "shop.util.Validate"),
        own("isTrue", "shop.util.Preconditions"),
    ],
    ids=lambda frame: f"{frame.module}.{frame.function}",
)
def test_a_frame_that_only_reports_is_passed_over(messenger: Frame) -> None:
    assert shown("StockException", own("main", "shop.Main"), own("ship", "shop.Order"), messenger) == "ship"


@pytest.mark.parametrize(
    ("kind", "caller", "expected"),
    [
        ("IllegalArgumentException", own("ship", "shop.Order"), "ship"),
        ("IllegalStateException", own("ship", "shop.Order"), "ship"),
        ("IllegalArgumentException", own("ship", "shop.Stock"), "checkStock"),
        ("UnsupportedOperationException", own("ship", "shop.Order"), "checkStock"),
        ("NullPointerException", own("ship", "shop.Order"), "ship"),
        ("ZeroDivisionError", own("ship", "shop.Order"), "checkStock"),
    ],
)
def test_a_check_is_passed_over_only_for_a_refusal_and_a_caller_elsewhere(
    kind: str, caller: Frame, expected: str
) -> None:
    assert shown(kind, caller, own("checkStock", "shop.Stock")) == expected


def test_a_function_that_reports_sales_is_blamed_for_its_own_fault() -> None:
    frames = (own("nightly", "shop.Jobs"), own("reportSales", "shop.Sales"))
    assert shown("NullPointerException", *frames) == "reportSales"


def test_the_start_of_the_program_is_no_better_place_than_a_messenger() -> None:
    assert shown("StockException", own("main", "shop.Main"), own("fail", "shop.Helper")) == "fail"


def test_what_the_sdk_marks_as_ours_beats_the_list_of_libraries() -> None:
    ours = Frame("read", module="org.apache.shop.Reader", line=3, in_app=True)
    caller = Frame("load", module="org.apache.shop.Loader", line=4, in_app=True)
    frames = (Frame("run", module="java.lang.Thread", in_app=False), caller, ours)
    sighting = sight(event_of(ExceptionInfo("E", "x", frames=frames)))
    assert (sighting.frame, sighting.basis) == (ours, "in_app")


async def test_callers_that_the_sdk_marks_as_ours_are_shown() -> None:
    frames = (Frame("load", module="org.apache.shop.Loader", in_app=True), own("read", "org.apache.shop.Reader"))
    text, _ = await stack(event_of(ExceptionInfo("E", "x", frames=frames)))
    assert "org.apache.shop.Loader in load()" in text


@pytest.mark.parametrize(
    ("kind", "last", "trust", "then"),
    [
        ("NullPointerException", own("pack", "shop.Box"), "likely", []),
        ("IllegalArgumentException", own("pack", "shop.Box"), "maybe", ["ship", "run"]),
        ("BoxException", own("throwFull", "shop.Helper"), "a starting point", ["run"]),
    ],
)
async def test_a_place_comes_with_its_trust_and_the_next_two(
    kind: str, last: Frame, trust: str, then: list[str]
) -> None:
    frames = (own("run", "shop.Job"), own("ship", "shop.Order"), last)
    text, facts = await stack(event_of(ExceptionInfo(kind, "x", frames=frames)))
    assert f"Trust in this place: {trust}" in text
    assert facts["trust"] == trust
    assert [place.split(" in ")[1].rstrip("()") for place in facts.get("next_places", [])] == then


async def test_a_place_in_a_library_is_a_starting_point() -> None:
    _, facts = await stack(ErrorEvent(frames=(Frame("send", "node_modules/a.js", line=2, in_app=False),)))
    assert facts["trust"] == "a starting point"


@pytest.mark.skipif(not MEASURED.is_file(), reason="the stacks of defects4j are not beside this checkout")
def test_on_failures_with_known_fixes_messengers_cost_nothing_and_trust_means_what_it_says() -> None:
    right: dict[str, list[bool]] = {}
    gained = lost = 0
    for line in MEASURED.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        event = event_from_json(case["event"])
        sighting = sight(event)
        last = next(frame for frame in reversed(event.exceptions[0].frames) if frame.in_app)
        before, after = (_class_of(frame) in case["fixed_classes"] for frame in (last, sighting.frame))
        gained, lost = gained + (after > before), lost + (before > after)
        right.setdefault(sighting.trust, []).append(after)
    assert gained >= 8 and lost == 0
    shares = {trust: sum(hits) / len(hits) for trust, hits in right.items()}
    assert shares["likely"] > 0.7 > shares["maybe"] > 0.45 > shares["a starting point"]


def _class_of(frame: Frame | None) -> str:
    return (frame.module if frame else None or "").split("$")[0]  # type: ignore[union-attr]
