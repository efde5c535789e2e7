"""Everything kept for one organization. Every statement here names the organization that the store is bound to."""

from __future__ import annotations

from core.ports import OrganizationStore
from core.storage.stores.decisions import Decisions
from core.storage.stores.knowledge import Knowledge
from core.storage.stores.posts import Posts
from core.storage.stores.requests import Requests
from core.storage.stores.retention import Retention


class SqlOrganizationStore(Requests, Posts, Decisions, Knowledge, Retention, OrganizationStore):
    """The store of one organization; it cannot read or change another's rows."""
