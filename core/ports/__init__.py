"""Every port of the core: what the core needs of the world, and what the world may ask of it."""

from core.ports.chat import Channel, Desk, Inbox, Receipt
from core.ports.reasoning import Briefing, Reasoner, ToolSpec
from core.ports.sources import IncidentSource, KnowledgeBase
from core.ports.storage import Directory, Installations, OrganizationStore, PostState, Stores
from core.ports.tools import HostTools, Toolbox, ToolProvider, ToolResult
from core.ports.work import Depth, Errand, Journal, Run, Runs, Watch

__all__ = [
    "Briefing",
    "Channel",
    "Depth",
    "Desk",
    "Directory",
    "Errand",
    "HostTools",
    "Inbox",
    "IncidentSource",
    "Installations",
    "Journal",
    "KnowledgeBase",
    "OrganizationStore",
    "PostState",
    "Reasoner",
    "Receipt",
    "Run",
    "Runs",
    "Stores",
    "ToolProvider",
    "ToolResult",
    "ToolSpec",
    "Toolbox",
    "Watch",
]
