"""Words that contain a sign, and values that only look like one, say nothing of the cause."""

import pytest

from core.agent.rules.causes import classify
from core.agent.rules.classified_text import classified_text
from core.domain.causes import Cause
from core.domain.tool_facts import ExceptionFacts, StackFacts

_ENDINGS = ("Error", "Exception", "Failure", "Rejected", "State")
_STEMS = (
    *("PreloadPicture", "ThumbnailUpload", "Payload", "PdfDownload", "WorkloadPlan", "Unloading", "CargoOffload"),
    *("LedgerImport", "ReceiptImport", "BulkImport", "AccessLogic", "LessLikely", "WirelessLink", "GlasslikeFinish"),
    *("Plan", "Scan", "CleanRequest", "SwanRoute", "PlanRevision", "OceanRoute", "UrbanRoad", "LoanRate"),
    *("Bloom", "ChatRoom", "Mushroom", "Zoomed", "Groomer", "FormData", "SmtpData", "SurveyData", "TitleScan"),
    *("BinderException2", "Hitless", "MattressOrder", "Sharednsync", "PostalService", "Settlsback"),
)
_TYPES = [stem + ending for stem in _STEMS for ending in _ENDINGS]
_MESSAGES = (
    *("meeting room 4 is taken", "zoom level 7 has no tile", "the mushroom is off", "bloom filter is sealed"),
    *("ticket 429 is unknown", "invoice 429 was closed", "parcel 503 has an error in its label", "seat 401 is broken"),
    *("FaceAccessDto has no id", "createPipe(2) gave nothing", "voicePipe has no singer", "deviceAccessPlan expired"),
    *(
        "fileNotFoundHandler was skipped",
        "planRevision needs a hand",
        "corporate limit of 5 people",
        "the belt is slow",
    ),
    *(
        "the order 'connection refused by buyer' is closed",
        'the note "rate limit" has no owner',
        "label `ENOENTRY` odd",
    ),
    *("cannot book https://shop.example/no-such-host/timed-out now", "see http://a.example/rate-limit for the plan"),
    *("while running SELECT a FROM b WHERE c IS NULL", "while running UPDATE carts SET a = 1 WHERE b IS NULL"),
    *("while running DELETE FROM timeouts WHERE state = deadlock", "while running INSERT INTO t VALUES (NULL, 429)"),
    *("order 0x429 is late", "parcel 3f2504e0-4f89-11d3-9a0c-0305e82c3301 is late", "group class 5b was not found"),
    *(
        "the anoomaly is green",
        "cancellsslice is odd",
        "a dnserrand went by",
        "the lamp is oomph",
        "malformedness of 3",
    ),
    *("quota of letters is spent", "the quota reached 7", "a throttlebody is loose", "unauthorised2 is a colour"),
    *("Nonetype2 is a font", "beacon null2 is lit", "nilpointers2 is a band", "the segfaulty lamp", "gate 500 is shut"),
)
_INNOCENT = [(kind, "odd value") for kind in _TYPES] + [("Blorp", message) for message in _MESSAGES]


def _raised(kind: str, value: str) -> StackFacts:
    return StackFacts(exceptions=[ExceptionFacts(type=kind, value=value, role="root")])


def test_there_are_enough_innocent_texts() -> None:
    assert len(_INNOCENT) >= 200


@pytest.mark.parametrize(("kind", "message"), _INNOCENT)
def test_an_innocent_name_or_message_stays_unknown(kind: str, message: str) -> None:
    assert classify(_raised(kind, message), {}) is Cause.UNKNOWN


@pytest.mark.parametrize(
    ("kind", "message", "cause"),
    [
        ("Error", "write EPIPE", Cause.CONNECTION_REFUSED),
        ("Errno::ENOENT", "config/app.yml", Cause.MISSING_FILE),
        ("java.net.UnknownHostException", "stock.example", Cause.DNS),
        ("javax.net.ssl.SSLHandshakeException", "no cipher", Cause.TLS),
        ("READ_TIMEOUT", "30 s", Cause.TIMEOUT),
        ("Worker", "OOM killed", Cause.OUT_OF_MEMORY),
        ("E", "deadlock detected while running UPDATE carts … WHERE closed_at IS NULL", Cause.CONCURRENCY),
        ("E", "deadlock detected while running SELECT * FROM carts WHERE closed_at IS NULL", Cause.CONCURRENCY),
        ("HTTPError", "response: {'error': 'rate limit exceeded'}", Cause.RATE_LIMITED),
        ("AxiosError", "Request failed with status code 429", Cause.RATE_LIMITED),
        ("QuotaExceededError", "the quota has been exceeded", Cause.DISK_FULL),
        ("E", "Max retries (Caused by NewConnectionError('<c>: Connection refused'))", Cause.CONNECTION_REFUSED),
    ],
)
def test_a_sign_that_is_a_word_of_its_own_is_seen(kind: str, message: str, cause: Cause) -> None:
    assert classify(_raised(kind, message), {}) is cause


def test_a_long_text_is_classified_in_bounded_time_and_size() -> None:
    for part in ("'", "select ", "update a ", "(a ", "0x", "note: ", "http://"):
        assert len(classified_text(part * 50_000)) <= 4_000


@pytest.mark.parametrize(
    "hint",
    [
        "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
        "hint: the environment variable SHOP_HOME must be set",
        "  = help: the deadline is missing; connection refused otherwise",
        "(set SHOP_TRACE_LEVEL environment variable to see more)",
    ],
)
def test_a_runtimes_hint_decides_nothing(hint: str) -> None:
    assert classify(_raised("Blorp", f"odd value\n{hint}"), {}) is Cause.UNKNOWN
    assert classify(_raised("panic", f"index out of bounds: 8\n{hint}"), {}) is Cause.INDEX_ERROR
