"""Every port of the core: what the core needs of the world, and what the world may ask of it."""

from core.ports.chat import Channel, Check, Inbox, Receipt, WorkspaceServices
from core.ports.coordination import Leadership, Rate, Schedules, Turns
from core.ports.directory import Directory, Installations
from core.ports.logs import AttachedLog, AttachedLogs
from core.ports.reasoning import Briefing, Reasoner, ToolSpec
from core.ports.sources import Embedder, IncidentSource, KnowledgeBase
from core.ports.storage import Accepted, OrganizationStore, PostState, Stores
from core.ports.tools import HostTools, Toolbox, ToolProvider, ToolResult
from core.ports.work import BackgroundTask, Depth, Journal, Run, Runs, Watch

__all__ = [
    "Accepted",
    "AttachedLog",
    "AttachedLogs",
    "BackgroundTask",
    "Briefing",
    "Channel",
    "Check",
    "Depth",
    "Directory",
    "Embedder",
    "HostTools",
    "Inbox",
    "IncidentSource",
    "Installations",
    "Journal",
    "KnowledgeBase",
    "Leadership",
    "OrganizationStore",
    "PostState",
    "Rate",
    "Reasoner",
    "Receipt",
    "Run",
    "Runs",
    "Schedules",
    "Stores",
    "ToolProvider",
    "ToolResult",
    "ToolSpec",
    "Toolbox",
    "Turns",
    "Watch",
    "WorkspaceServices",
]
