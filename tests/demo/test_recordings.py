"""The recorded incidents are whole, tell nothing of the machine they were recorded on, and hold what is expected."""

from __future__ import annotations

import json
import re

import pytest

from bot.demo.planted import PLANTED
from bot.demo.recordings import Incident, recorded_incidents
from core.domain.causes import Cause
from core.gateways.sentry_payloads import event_from_json

each = pytest.mark.parametrize("incident", recorded_incidents(), ids=lambda incident: incident.short_id)


def test_there_are_enough_of_them_and_some_are_from_node() -> None:
    assert len(recorded_incidents()) >= 12
    assert sum(incident.story.runtime == "node" for incident in recorded_incidents()) >= 4


@each
def test_a_recording_names_no_machine(incident: Incident) -> None:
    text = json.dumps(incident.event)
    assert not re.search(r"/(?:work|root|home|Users|tmp)/", text)
    assert not re.search(r"127\.0\.0\.1:\d{5}", text)
    assert len(text) < 160_000


@each
def test_the_expected_culprit_stands_in_the_recorded_stack(incident: Incident) -> None:
    assert incident.story.cause in set(Cause)
    if incident.story.culprit is None:
        return
    file, function = incident.story.culprit
    event = event_from_json(dict(incident.event))
    frames = [frame for raised in event.exceptions for frame in raised.frames]
    assert any((frame.file or "").endswith(file) and function in (frame.function or "") for frame in frames)


def test_planted_secrets_stand_in_the_hostile_incident_alone() -> None:
    for incident in recorded_incidents():
        text = json.dumps(incident.event)
        assert all((secret in text) is (incident.short_id == "SHOP-6") for secret in PLANTED)
