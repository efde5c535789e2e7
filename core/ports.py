"""Every port of the core, on one page: what the core needs of the world, and what the world may ask of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.domain.conversation import ConversationRef, InboundEvent, MessageRef
from core.domain.incident import (
    Commit,
    ErrorEvent,
    EventSeries,
    IssueDetails,
    IssueRef,
    KnowledgeEntry,
    KnowledgeMatch,
    Release,
    TagDistribution,
)
from core.domain.investigation import Investigation, Question
from core.domain.journal import JournalEntry, ToolCall, Transcript, Turn
from core.domain.report import Analysis, Answer, Evidence
from core.domain.tenancy import Organization, OrganizationId, WorkspaceRef
from core.domain.thread_view import ThreadView

# ---- channels -------------------------------------------------------------------------------------------------------


class Inbox(Protocol):
    """Where adapters hand in what people ask."""

    async def receive(self, event: InboundEvent) -> str:
        """Claim `event` once and queue its work in the same transaction; the id of what it made or changed.

        A repeated delivery changes nothing and returns the same id.

        Raises:
            Refusal: the text is meant for the person who asked.
        """
        ...


class Channel(Protocol):
    """One platform's way of showing views in threads."""

    async def post(self, conversation: ConversationRef, view: ThreadView) -> MessageRef:
        """Show `view` as a new message; its address has the thread filled in."""
        ...

    async def edit(self, message: MessageRef, view: ThreadView) -> None:
        """Replace what `message` shows; showing the same view twice is harmless."""
        ...


# ---- reasoning ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as offered to a reasoner: `parameters` is its JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


class Reasoner(Protocol):
    """Decides the next turn of an investigation or follow-up."""

    @property
    def name(self) -> str:
        """How reports name it, for example `rules` or `gpt-5-mini`."""
        ...

    async def next_turn(self, transcript: Transcript, tools: Sequence[ToolSpec], *, must_conclude: bool) -> Turn:
        """The next turn; with `must_conclude` no tool may be called any more.

        Cancelling the call stops it at once and costs nothing further.

        Raises:
            ReasonerFailed: after its own retries; the caller goes on with another reasoner.
        """
        ...


class Briefing(Protocol):
    """What a language model is told; pure, and byte-stable for equal transcripts."""

    def system(self, transcript: Transcript) -> str:
        """The system message."""
        ...

    def opening(self, transcript: Transcript) -> str:
        """The first user message: the subject, and for a follow-up the report, the evidence and the question."""
        ...

    def observation(self, evidence: Evidence) -> str:
        """A tool result as the model reads it, with its evidence id."""
        ...

    def conclusion(self, transcript: Transcript) -> ToolSpec:
        """The tool by which the model ends: `submit_analysis`, or `submit_answer` for a follow-up."""
        ...

    def read_conclusion(self, transcript: Transcript, arguments: str) -> Analysis | Answer:
        """The conclusion in a call of that tool; raises ToolRejected with a correction that the model understands."""
        ...


# ---- tools ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool returned: masked, fenced text for the model and the same as fields for rules; `ok` False explains."""

    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    ok: bool = True


class Toolbox(Protocol):
    """The tools that a reasoner may use, bound to one organization and one investigation."""

    async def list_tools(self) -> Sequence[ToolSpec]:
        """The model's tools, in a stable order."""
        ...

    async def call(self, call: ToolCall) -> ToolResult:
        """The result of one call; a read that met a dying server was already tried again once.

        Raises:
            ToolRejected: unknown tool or arguments that do not fit; nothing ran.
            ServiceFailed: the tool could not be reached, in time or at all.
        """
        ...


class HostTools(Protocol):
    """The tools that only people's actions trigger, bound to one organization. They raise like `Toolbox.call`."""

    async def list_incidents(self, query: str, limit: int) -> ToolResult:
        """Issues of the connected tracker, newest first; facts: `{"incidents": [{"short_id", "title", …}]}`."""
        ...

    async def resolve_issue(self, issue_id: str, *, resolved: bool) -> ToolResult:
        """Mark an issue resolved, or unresolved again, in the tracker."""
        ...

    async def add_issue_note(self, issue_id: str, text: str) -> ToolResult:
        """Leave a note on an issue in the tracker."""
        ...

    async def index_knowledge(self, entries: Sequence[KnowledgeEntry]) -> ToolResult:
        """Put entries into the index, replacing those with equal ids."""
        ...

    async def search_knowledge(self, query: str, limit: int) -> ToolResult:
        """What the knowledge base finds for `query`; facts as in `KnowledgeFacts`."""
        ...


class ToolProvider(Protocol):
    """Tools for any organization, with its own connections; what comes out of it is bound to that organization."""

    def toolbox(self, organization_id: OrganizationId, investigation_id: str, event_text: str | None) -> Toolbox:
        """The reasoner's tools for one investigation; with `event_text` they read that one event, not the tracker."""
        ...

    def host_tools(self, organization_id: OrganizationId) -> HostTools:
        """The tools behind people's actions."""
        ...

    def writes_allowed(self, organization_id: OrganizationId) -> bool:
        """Whether people may resolve and comment in the organization's tracker through LogSense."""
        ...


# ---- behind the MCP server ------------------------------------------------------------------------------------------


class IncidentSource(Protocol):
    """Where issues and events come from. Methods raise NotFound, ServiceUnavailable, AccessDenied or RateLimited.

    A source that cannot know something (one pasted event has no history) returns None.
    """

    async def issue(self, ref: IssueRef) -> IssueDetails:
        """The issue; merged and short ids are followed."""
        ...

    async def event(self, ref: IssueRef, which: str = "recommended") -> ErrorEvent:
        """One event: `recommended`, `latest`, `oldest` or an event id."""
        ...

    async def series(self, issue: IssueDetails, period_h: int) -> EventSeries | None:
        """Events per interval over the last `period_h` hours."""
        ...

    async def tag_values(self, issue: IssueDetails, key: str) -> TagDistribution | None:
        """How `key`'s values share the issue's events; None when nobody sends that tag."""
        ...

    async def suspect_commits(self, issue: IssueDetails, event: ErrorEvent) -> Sequence[Commit]:
        """Commits that the tracker suspects; empty when it has no idea."""
        ...

    async def release(self, version: str) -> Release | None:
        """A release and its commits; None when the tracker does not know it."""
        ...

    async def issues(self, query: str, limit: int) -> Sequence[IssueDetails]:
        """Issues matching `query` in the tracker's own search language, newest activity first."""
        ...

    async def set_resolved(self, ref: IssueRef, *, resolved: bool) -> None:
        """Resolve, or reopen, the issue in the tracker."""
        ...

    async def add_note(self, ref: IssueRef, text: str) -> None:
        """Leave a note on the issue."""
        ...


class KnowledgeBase(Protocol):
    """The searchable index of one organization's knowledge entries; their home is SQL."""

    async def search(self, query: str, limit: int) -> Sequence[KnowledgeMatch]:
        """Best matches first; never another organization's."""
        ...

    async def index(self, entries: Sequence[KnowledgeEntry]) -> None:
        """Add or replace entries; visible to the next search."""
        ...


# ---- storage --------------------------------------------------------------------------------------------------------


class Journal(Protocol):
    """The append-only record of one investigation or question."""

    async def entries(self) -> tuple[JournalEntry, ...]:
        """What was committed, oldest first."""
        ...

    async def record(self, entry: JournalEntry) -> None:
        """Commit `entry`; afterwards it survives a kill.

        Raises:
            LeaseLost: another worker has the run, or it was cancelled; nothing was written.
        """
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """A leased row of work: `kind` says what to do with `subject_id`; `attempt` fences every write made for it."""

    id: str
    kind: str
    organization_id: OrganizationId
    subject_id: str
    attempt: int
    crashes: int


class Runs(Protocol):
    """The queue of leased rows that all workers of one database share; times are the database's."""

    async def claim(self, limit: int) -> Sequence[Run]:
        """Take up to `limit` queued or abandoned runs, least busy organization first, within each one's cap."""
        ...

    async def renew(self, runs: Sequence[Run]) -> tuple[frozenset[str], frozenset[str]]:
        """Extend the leases of `runs`: the ids still ours, and among them those somebody wants cancelled."""
        ...

    async def finish(self, run: Run, state: str) -> bool:
        """Close the run as done, failed or cancelled; False when it was no longer ours."""
        ...

    async def hand_back(self, runs: Sequence[Run]) -> None:
        """Give runs back at once, for others to take; does nothing for runs that are no longer ours."""
        ...

    async def take_over_all(self) -> int:
        """Queue every running row again at once; only for the sole owner of a database, at its start."""
        ...

    async def cancel(self, subject_id: str) -> bool:
        """Cancel a queued run, or ask a running one to stop; False when there is nothing to cancel."""
        ...

    async def state_of(self, subject_id: str) -> str | None:
        """The state of the newest run for `subject_id`, if any."""
        ...


@dataclass(frozen=True, slots=True)
class Errand:
    """A small piece of work handed to whoever owns the data directory: `kind` and its input, then the outcome."""

    id: str
    kind: str
    payload: Mapping[str, Any]
    outcome: Mapping[str, Any] | None = None
    failure: str | None = None


class Watch(Protocol):
    """Waits for changes of one stored thing."""

    async def wait(self) -> None:
        """Returns soon after the thing was changed by anybody, perhaps without a change; none is missed."""
        ...


class OrganizationStore(Protocol):
    """Everything kept for one organization; it cannot name another. Missing things raise NotFound."""

    async def add_investigation(self, investigation: Investigation, event_text: str | None, delivery_id: str) -> str:
        """Claim the delivery, keep the investigation and queue its run, all at once; a repeat returns the first id."""
        ...

    async def investigation(self, investigation_id: str) -> Investigation:
        """The investigation with that id, or whose id starts with it when only one does."""
        ...

    async def latest_investigation(self, *, with_report: bool = False) -> Investigation:
        """The newest one; `with_report` skips those that have none."""
        ...

    async def investigations(self, limit: int) -> Sequence[Investigation]:
        """The newest first."""
        ...

    async def save_investigation(self, investigation: Investigation, run: Run | None = None) -> None:
        """Replace the stored investigation; with `run`, only while it is ours.

        Raises:
            LeaseLost: the run is no longer ours; nothing was written.
        """
        ...

    async def event_text(self, investigation_id: str) -> str | None:
        """The raw event that a person handed over, if they did."""
        ...

    async def add_question(self, question: Question, delivery_id: str) -> str:
        """Claim the delivery, keep the question and queue its run, all at once; a repeat returns the first id."""
        ...

    async def question(self, question_id: str) -> Question:
        """The question with that id."""
        ...

    async def save_question(self, question: Question, run: Run | None = None) -> None:
        """Replace the stored question; with `run`, only while it is ours, else LeaseLost."""
        ...

    async def add_errand(self, errand: Errand) -> None:
        """Keep the errand and queue its run."""
        ...

    async def errand(self, errand_id: str) -> Errand:
        """The errand with that id."""
        ...

    async def save_errand(self, errand: Errand, run: Run) -> None:
        """Replace the stored errand while `run` is ours; raises LeaseLost otherwise."""
        ...

    def journal(self, subject_id: str, run: Run | None = None) -> Journal:
        """The journal of an investigation or question; only with a `run` can it be written."""
        ...

    def watch(self, subject_id: str) -> Watch:
        """A watch over an investigation, question or errand, and its journal."""
        ...

    async def put_knowledge(self, entries: Sequence[KnowledgeEntry]) -> None:
        """Add or replace knowledge entries, marked as not yet indexed."""
        ...

    async def knowledge(self, *, unindexed_only: bool = False) -> Sequence[KnowledgeEntry]:
        """Knowledge entries, oldest first."""
        ...

    async def mark_indexed(self, entry_ids: Sequence[str], *, indexed: bool = True) -> None:
        """Remember which entries the index has, or that it has to be given them again."""
        ...


class Directory(Protocol):
    """What must be read before the organization is known."""

    async def organization_of(self, workspace: WorkspaceRef) -> Organization:
        """The organization a workspace belongs to; raises NotFound."""
        ...

    async def ensure_organization(self, organization: Organization, workspace: WorkspaceRef) -> None:
        """Make the organization and link the workspace, unless they are there."""
        ...


class Stores(Protocol):
    """The one door to storage."""

    directory: Directory
    runs: Runs

    def for_organization(self, organization_id: OrganizationId) -> OrganizationStore:
        """The store of one organization."""
        ...
