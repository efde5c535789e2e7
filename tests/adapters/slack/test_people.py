"""Who somebody is, from what Slack says of them."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.slack.people import People, Person
from core.domain.tenancy import Platform, WorkspaceRef

HERE = WorkspaceRef(Platform.SLACK, "T1")


class OneUser:
    """A client that knows one user."""

    def __init__(self, user: dict[str, Any]) -> None:
        self._user = user

    async def users_info(self, *, user: str) -> dict[str, Any]:
        return {"user": {"id": user, **self._user}}


async def seen(**user: Any) -> Person:
    """The person as the workspace T1 sees them."""
    client: Any = OneUser(user)
    return await People().person(client, HERE, "T1", "U1", patience_s=0.0)


@pytest.mark.parametrize(
    ("user", "is_stranger"),
    [
        ({"team_id": "T1"}, False),
        ({"team_id": "T2", "enterprise_user": {"enterprise_id": "E1", "teams": ["T2", "T1"]}}, False),
        ({"team_id": "T2", "enterprise_user": {"enterprise_id": "E1", "teams": ["T2"]}}, True),
        ({"team_id": "T2"}, True),
        ({"team_id": "T1", "is_stranger": True}, True),
    ],
)
async def test_members_of_a_grid_team_are_members_wherever_their_home_is(user: Any, is_stranger: bool) -> None:
    assert (await seen(**user)).is_stranger is is_stranger


async def test_admins_of_the_organization_are_admins_and_guests_are_known() -> None:
    assert (await seen(team_id="T1", enterprise_user={"is_admin": True})).is_admin
    assert (await seen(team_id="T1", enterprise_user={"is_owner": True})).is_admin
    assert not (await seen(team_id="T1")).is_admin
    assert (await seen(team_id="T1", is_ultra_restricted=True)).is_guest
