"""The recorded incidents: complete, real, free of the recording machine, and honest about what they expect."""

import getpass
import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from bot.demo.planted import PLANTED
from bot.demo.record import readable_json
from bot.demo.recordings import Incident, recorded_incidents
from bot.demo.seeds import demo_knowledge
from bot.demo.stories import STORIES
from core.domain.causes import Cause
from core.domain.incident import ErrorEvent, ExceptionInfo, Frame
from core.gateways.sentry.payloads import event_from_json

FOLDER = Path(__file__).parents[2] / "bot" / "demo" / "incidents"
INCIDENTS = recorded_incidents()
BY_ID = {incident.short_id: incident for incident in INCIDENTS}

every_incident = pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: incident.short_id)


def text_of(incident: Incident) -> str:
    return (FOLDER / f"{incident.short_id}.json").read_text(encoding="utf-8")


def event_of(short_id: str) -> ErrorEvent:
    return event_from_json(BY_ID[short_id].event)


def frames_of(event: ErrorEvent) -> list[Frame]:
    return [frame for exception in event.exceptions for frame in exception.frames]


def last_of(short_id: str) -> ExceptionInfo:
    return event_of(short_id).exceptions[-1]


# ---- every file -----------------------------------------------------------------------------------------------------


def test_there_are_at_least_twelve_and_four_of_them_come_from_node() -> None:
    assert len(INCIDENTS) >= 12
    assert sum(incident.event["platform"] == "node" for incident in INCIDENTS) >= 4


@every_incident
def test_a_recorded_file_is_complete(incident: Incident) -> None:
    assert incident.events > 0
    assert incident.title == incident.event["title"]
    assert incident.release.commits
    assert incident.release.version == next(tag["value"] for tag in incident.event["tags"] if tag["key"] == "release")
    assert re.fullmatch(r"[0-9a-f]{32}", incident.event["id"])
    assert incident.event["entries"]
    assert incident.event["sdk"]["name"].startswith("sentry.")
    assert len(text_of(incident)) < 150_000


@every_incident
def test_a_recorded_file_names_nothing_of_the_machine_it_was_recorded_on(incident: Incident) -> None:
    text = text_of(incident)
    paths = set(re.findall(r"(?<![\w:/.<])/(?:home|root|work|tmp|Users|private|opt|var)/[\w./-]+", text))
    assert paths == set()
    assert not re.search(r"127\.0\.0\.1:(?!639[89]\b)\d+|localhost", text)
    for name in (socket.gethostname(), getpass.getuser()):
        assert not re.search(rf'"{re.escape(name)}"|@{re.escape(name)}\b', text)
    assert set(re.findall(r"\bat (0x[0-9a-f]+)", text)) <= {"0x7f00a0"}


@every_incident
def test_writing_a_recorded_file_again_gives_the_same_text(incident: Incident) -> None:
    assert readable_json(json.loads(text_of(incident))) + "\n" == text_of(incident)


@every_incident
def test_the_expected_culprit_stands_in_the_recorded_event(incident: Incident) -> None:
    expected = incident.expected
    assert expected["cause"] in {cause.value for cause in Cause}
    assert expected["root_cause"].endswith(".")
    culprit = expected["culprit"]
    if culprit is None:
        return
    found = [
        frame
        for frame in frames_of(event_from_json(incident.event))
        if (frame.file or "").endswith(culprit["file"]) and frame.line == culprit["line"]
    ]
    assert found
    assert {(frame.function or "").split(".")[-1] for frame in found} == {culprit["function"]}
    assert any(number == culprit["line"] for frame in found for number, _ in frame.source)


@every_incident
def test_a_recorded_file_still_tells_its_story(incident: Incident) -> None:
    story = next(story for story in STORIES if story.short_id == incident.short_id)
    culprit = incident.expected["culprit"]
    assert (incident.hourly, incident.shares) == (story.hourly, story.shares)
    assert (incident.release.version, incident.release.hours_ago) == (story.release.version, story.release.hours_ago)
    assert (culprit and (culprit["file"], culprit["function"])) == story.culprit
    assert (incident.expected["cause"], incident.expected["root_cause"]) == (story.cause, story.answer.root_cause)


@every_incident
def test_planted_secrets_stand_only_in_the_hostile_incident(incident: Incident) -> None:
    found = [secret for secret in PLANTED if secret in text_of(incident)]
    assert found == (list(PLANTED) if incident.short_id == "SHOP-6" else [])


@every_incident
def test_shares_of_a_tag_are_whole_counts_that_sum_to_the_events(incident: Incident) -> None:
    keys = {tag["key"] for tag in incident.event["tags"]} | set(incident.shares)
    for key in keys:
        assert sum(count for _, count in incident.tag_values(key)) == incident.events


@every_incident
def test_the_recorded_tag_is_among_the_values_that_the_issue_has(incident: Incident) -> None:
    for tag in incident.event["tags"]:
        assert tag["value"] in [value for value, _ in incident.tag_values(tag["key"])]


@every_incident
def test_a_suspected_release_went_out_shortly_before_the_first_event(incident: Incident) -> None:
    if incident.release.suspect:
        assert len(incident.hourly) < incident.release.hours_ago < len(incident.hourly) + 1


def test_a_release_means_the_same_in_every_incident() -> None:
    for incident in INCIDENTS:
        alike = [other.release for other in INCIDENTS if other.release.version == incident.release.version]
        assert all(release == incident.release for release in alike)


# ---- what each one is about -----------------------------------------------------------------------------------------


def test_the_first_incident_shows_the_item_that_lacks_the_key() -> None:
    culprit = last_of("SHOP-1").frames[-1]
    assert (culprit.file, culprit.function, culprit.line) == ("shop/pricing.py", "line_total", 9)
    assert any("BUNDLE-7" in value for value in culprit.variables.values())
    event = event_of("SHOP-1")
    assert event.request_method == "POST"
    assert event.user_id == "u-1042"
    assert len(event.breadcrumbs) == 3


def test_the_pool_incident_says_how_many_connections_were_in_use() -> None:
    assert "5 of 5 connections in use" in str(last_of("SHOP-2").value)


def test_the_chain_is_three_deep_with_the_refused_connection_innermost() -> None:
    kinds = [exception.type for exception in event_of("SHOP-3").exceptions]
    assert kinds == ["ConnectionRefusedError", "StockUnavailable", "CheckoutFailed"]


def test_the_rate_limit_incident_met_a_real_429() -> None:
    event = event_of("SHOP-4")
    assert "429" in str(event.exceptions[-1].value)
    assert [crumb.data["http.response.status_code"] for crumb in event.breadcrumbs if crumb.category == "httplib"] == [
        "200",
        "200",
        "429",
    ]


def test_the_bad_deploy_shows_the_order_without_a_customer() -> None:
    culprit = last_of("SHOP-5").frames[-1]
    assert culprit.function == "shippingCountry"
    assert culprit.variables["customer"] == "<undefined>"


def test_the_hostile_incident_carries_every_kind_of_poison() -> None:
    text = json.dumps(BY_ID["SHOP-6"].event, ensure_ascii=False)
    for poison in ("ignore all previous instructions", "<!channel>", "|the official fix>", "](https://", "\u202e"):
        assert poison in text
    assert "\\u001b[31m" in text


def test_the_planted_secrets_stand_in_message_headers_locals_and_breadcrumbs() -> None:
    token, password, email = PLANTED
    event = BY_ID["SHOP-6"].event
    entries = {entry["type"]: json.dumps(entry["data"]) for entry in event["entries"]}
    exception = next(entry for entry in event["entries"] if entry["type"] == "exception")["data"]["values"][-1]
    variables = json.dumps(exception["stacktrace"]["frames"][-1]["vars"])
    assert token in exception["value"]
    assert "\u202e" in exception["value"] and "\x1b[" in exception["value"]
    assert token in entries["request"]
    assert token in variables
    assert password in variables
    assert email in entries["breadcrumbs"]


def test_the_exception_group_is_a_tree_of_one_group_and_two_members() -> None:
    exceptions = event_of("SHOP-7").exceptions
    group = next(exception for exception in exceptions if exception.is_group)
    assert [exception.parent_id for exception in exceptions if not exception.is_group] == [group.id, group.id]


def test_the_minified_incident_has_no_source_and_sentry_says_so() -> None:
    event = event_of("SHOP-9")
    bundled = [frame for frame in frames_of(event) if (frame.file or "").endswith(".min.js")]
    assert {frame.line for frame in bundled} == {1}
    assert all(not frame.source for frame in bundled)
    assert event.problems


def test_the_message_has_parameters_and_no_exception() -> None:
    event = event_of("SHOP-10")
    assert event.exceptions == ()
    assert event.message_params == ("evt_8842", "/webhooks/payments", "412")


def test_the_repeated_query_is_evidence_of_a_performance_issue() -> None:
    incident = BY_ID["SHOP-11"]
    occurrence: dict[str, Any] = incident.event["occurrence"]
    assert incident.issue["category"] == "performance"
    assert occurrence["evidenceData"]["numRepeatingSpans"] == "24"
    assert [span.count for span in event_of("SHOP-11").spans] == [1, 24]


def test_the_recursion_is_deeper_than_250_frames() -> None:
    frames = last_of("SHOP-12").frames
    assert len(frames) > 250
    assert frames[-1].function == frames[-200].function == "path_to_root"


def test_a_cause_in_node_is_kept_with_its_error_code() -> None:
    assert "ECONNREFUSED" in str(event_of("SHOP-13").exceptions[0].value)


# ---- what the demo's people already know ----------------------------------------------------------------------------


def test_every_seed_is_confirmed_by_somebody() -> None:
    entries = demo_knowledge()
    assert len({entry.id for entry in entries}) == len(entries) >= 4
    assert all(entry.status == "confirmed" and entry.confirmed_by and entry.confirmed_at for entry in entries)
    assert all(entry.frames and entry.root_cause and entry.fix for entry in entries)


@pytest.mark.parametrize("short_id", ["SHOP-1", "SHOP-2"])
def test_one_seed_is_truly_like(short_id: str) -> None:
    exception = last_of(short_id)
    newest = f"{exception.frames[-1].file}:{exception.frames[-1].function}"
    alike = [entry for entry in demo_knowledge() if entry.error_type == exception.type and entry.frames[0] == newest]
    assert len(alike) == 1
