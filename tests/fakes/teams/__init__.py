"""A Microsoft Teams of our own over HTTP on loopback: its connector, its login services, and people who act.

It keeps what was posted, refuses what Teams refuses (no token, too large, gone), signs what it sends as the Bot
Framework does, and can be told to fail. It draws nothing and is kind about cards' insides; `adapters/teams` has rules
for those in its own tests.
"""

from tests.fakes.teams.peer import FakeTeams
from tests.fakes.teams.state import Message, Person, Place, Tenant

__all__ = ["FakeTeams", "Message", "Person", "Place", "Tenant"]
