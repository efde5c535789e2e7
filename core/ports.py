"""Every port of the core, on one page: what the core needs of the world, and what the world may ask of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from core.domain.conversation import ConversationRef, InboundEvent, MessageRef
from core.domain.home_view import HomeView, Incidents
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
from core.domain.report import Analysis, Answer, Evidence, Usage
from core.domain.tenancy import (
    Actor,
    ChannelSettings,
    Member,
    ModelConnection,
    Organization,
    OrganizationId,
    SentryConnection,
    WorkspaceRef,
)
from core.domain.thread_view import ThreadView

# ---- channels -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of an event: the id of what it made or changed, and what the person should be told at once.

    `joined` is the message that shows the work, when others had asked for the same before.
    """

    id: str
    note: str = ""
    joined: MessageRef | None = None


class Inbox(Protocol):
    """Where adapters hand in what people ask."""

    async def receive(self, event: InboundEvent) -> Receipt:
        """Claim `event` once and queue its work in the same transaction.

        A repeated delivery changes nothing and gets the same receipt.

        Raises:
            Refusal: the text is meant for the person who asked.
            Ignored: it does not concern LogSense.
        """
        ...


class Channel(Protocol):
    """One platform's way of showing views in threads. Methods raise ServiceFailed when the platform did not do it."""

    async def post(
        self, conversation: ConversationRef, view: ThreadView, *, key: str = "", again: bool = False
    ) -> tuple[MessageRef, ...]:
        """Show `view` as a new message, or several when it is long; their addresses have the thread filled in.

        The messages are marked with `key`. With `again` an earlier attempt may have posted some: those that carry the
        key are looked for, where the platform can find them, and not posted a second time.
        """
        ...

    async def turn(self, message: MessageRef) -> None:
        """Returns when `message` may be edited within the platform's limits; only then decide what it shall show."""
        ...

    async def edit(self, message: MessageRef, view: ThreadView, *, final: bool = False) -> None:
        """Replace what `message` shows; the same view twice is harmless. Final views go first and need no turn."""
        ...

    async def illustrate(self, conversation: ConversationRef, view: ThreadView) -> None:
        """Add what `view` is better understood with and no message holds, such as a chart, if there is any."""
        ...

    async def whisper(self, conversation: ConversationRef, person: Actor, view: ThreadView) -> None:
        """Show `view` to that person alone, near the conversation if they can be reached there."""
        ...


class Desk(Protocol):
    """What adapters may look up and change for the organization behind a workspace, beside what they hand in.

    `platform_admin` says that the platform itself counts the person among the workspace's admins. Methods raise
    NotFound for workspaces that lead nowhere, NotAllowed where a role is missing.
    """

    async def investigation(
        self, workspace: WorkspaceRef, investigation_id: str
    ) -> tuple[Investigation, tuple[JournalEntry, ...]]:
        """The investigation and its journal."""
        ...

    async def unfinished(self, workspace: WorkspaceRef) -> Sequence[Investigation]:
        """What is queued or running, oldest first."""
        ...

    async def is_ours(self, conversation: ConversationRef) -> bool:
        """Whether an investigation lives in that thread."""
        ...

    async def incidents(self, workspace: WorkspaceRef, query: str, *, channel: str | None, limit: int) -> Incidents:
        """The tracker's issues matching `query`, of the channel's projects if it has any."""
        ...

    async def home(self, workspace: WorkspaceRef, person: Actor, *, platform_admin: bool) -> HomeView:
        """That person's home page."""
        ...

    async def connections(
        self, workspace: WorkspaceRef, person: Actor, *, platform_admin: bool
    ) -> tuple[SentryConnection | None, ModelConnection | None]:
        """What is connected, without token and key, for somebody who may change it."""
        ...

    async def connect_sentry(
        self, workspace: WorkspaceRef, person: Actor, connection: SentryConnection, *, platform_admin: bool
    ) -> str:
        """Tried, then kept; a sentence on what was reached. An empty token keeps the one there is."""
        ...

    async def connect_model(
        self, workspace: WorkspaceRef, person: Actor, connection: ModelConnection, *, platform_admin: bool
    ) -> str:
        """Tried, then kept; a sentence on what was reached. An empty key keeps the one there is."""
        ...

    async def channel_settings(self, workspace: WorkspaceRef, channel: str) -> ChannelSettings:
        """What was decided about the channel."""
        ...

    async def save_channel_settings(
        self, workspace: WorkspaceRef, person: Actor, channel: str, settings: ChannelSettings, *, platform_admin: bool
    ) -> None:
        """Keep that decision."""
        ...

    async def installed(self, workspace: WorkspaceRef, name: str, installer: Actor, invite: str | None) -> Organization:
        """The workspace leads to an organization: the inviting one, or a new one that the installer owns."""
        ...

    async def uninstalled(self, workspace: WorkspaceRef) -> None:
        """Work for the workspace is cancelled, what the platform gave is forgotten, and it leads nowhere any more."""
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

    async def describe_connection(self) -> ToolResult:
        """Whether the tracker can be read, and what the credentials may do: facts `{"scopes": […]}` if it says."""
        ...

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

    async def toolbox(self, organization_id: OrganizationId, investigation_id: str, event_text: str | None) -> Toolbox:
        """The reasoner's tools for one investigation; with `event_text` they read that one event, not the tracker."""
        ...

    async def host_tools(self, organization_id: OrganizationId) -> HostTools:
        """The tools behind people's actions."""
        ...

    async def writes_allowed(self, organization_id: OrganizationId) -> bool:
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

    async def usual_values(self, issue: IssueDetails, key: str) -> TagDistribution | None:
        """The same of the project's other events over the same time, empty if it has none; None when it cannot tell."""
        ...

    async def suspect_commits(self, issue: IssueDetails, event: ErrorEvent) -> Sequence[Commit]:
        """Commits that the tracker suspects; empty when it has no idea."""
        ...

    async def release(self, version: str) -> Release | None:
        """A release and its commits; None when the tracker does not know it."""
        ...

    async def scopes(self) -> Sequence[str] | None:
        """What our credentials may do, in the tracker's own words; None when it does not say."""
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

    async def claim(self, limit: int, kinds: Collection[str] | None = None) -> Sequence[Run]:
        """Take up to `limit` queued or abandoned runs, least busy organization first, within each one's cap.

        Only those of `kinds`, if given: other versions that share the database may know other kinds.
        """
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


@dataclass(frozen=True, slots=True)
class PostState:
    """What is known of a post: `messages` stand. Without any, `tried` says that an earlier attempt may have posted."""

    messages: tuple[MessageRef, ...] = ()
    tried: bool = False


class OrganizationStore(Protocol):
    """Everything kept for one organization; it cannot name another. Missing things raise NotFound."""

    async def add_investigation(
        self, investigation: Investigation, event_text: str | None, delivery_id: str, *, announced: bool = False
    ) -> str:
        """Claim the delivery, keep the investigation and queue its run, all at once; a repeat returns the first id.

        With `announced` the run of kind `announce` is queued, which posts the progress message first.
        """
        ...

    async def delivered(self, delivery_id: str) -> str | None:
        """The id of what the delivery made, if it was claimed before."""
        ...

    async def queue_announced(self, investigation_id: str, run: Run) -> None:
        """Queue the investigation's own run while the announcing `run` is ours (else LeaseLost), once only."""
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

    async def change_investigation(
        self, investigation_id: str, change: Callable[[Investigation], Investigation]
    ) -> Investigation:
        """The investigation after `change`, which was applied to its newest state with nobody in between."""
        ...

    async def unfinished(self) -> Sequence[Investigation]:
        """Those queued or running, oldest first."""
        ...

    async def usage_since(self, at: datetime) -> Usage:
        """What all turns taken from `at` on cost together."""
        ...

    async def event_text(self, investigation_id: str) -> str | None:
        """The raw event that a person handed over, if they did."""
        ...

    async def add_question(self, question: Question, delivery_id: str) -> str:
        """Claim the delivery, keep the question and queue its run, all at once; a repeat returns the first id.

        While its investigation is under way the question waits for `release_questions`.
        """
        ...

    async def release_questions(self, investigation_id: str) -> None:
        """Questions that waited for the end of the investigation are queued, each once."""
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

    async def begin_post(self, investigation_id: str, role: str, run: Run | None = None) -> PostState:
        """What is known of the post that plays `role` for the investigation; from now on it counts as tried.

        Raises:
            LeaseLost: `run` is no longer ours, so nothing may be posted for it.
        """
        ...

    async def finish_post(self, investigation_id: str, role: str, messages: Sequence[MessageRef]) -> None:
        """Remember the messages that the post became."""
        ...

    async def posted(self, investigation_id: str, role: str) -> tuple[MessageRef, ...]:
        """The messages of that post; empty when it was not made, or is not known to be."""
        ...

    async def investigation_behind(self, message: MessageRef) -> str | None:
        """The id of the investigation that `message` was posted for; its thread does not matter."""
        ...

    async def investigation_in(self, conversation: ConversationRef) -> str | None:
        """The id of the newest investigation with a post in that thread."""
        ...

    async def sentry_connection(self) -> SentryConnection | None:
        """How this organization's Sentry is reached, if it was said."""
        ...

    async def save_sentry_connection(self, connection: SentryConnection | None) -> None:
        """Keep it, its token encrypted; None forgets it."""
        ...

    async def model_connection(self) -> ModelConnection | None:
        """How this organization's language model is reached, if it was said."""
        ...

    async def save_model_connection(self, connection: ModelConnection | None) -> None:
        """Keep it, its key encrypted; None forgets it."""
        ...

    async def member(self, workspace: WorkspaceRef, user_id: str) -> Member | None:
        """The role that person was granted, if any."""
        ...

    async def members(self) -> Sequence[Member]:
        """Everybody with a granted role."""
        ...

    async def grant(self, member: Member) -> None:
        """Keep that person's role, instead of any they had."""
        ...

    async def channel_settings(self, workspace: WorkspaceRef, channel: str) -> ChannelSettings:
        """What was decided about a channel; the defaults when nothing was."""
        ...

    async def save_channel_settings(self, workspace: WorkspaceRef, channel: str, settings: ChannelSettings) -> None:
        """Keep that decision."""
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

    async def ensure_organization(self, organization: Organization, workspace: WorkspaceRef | None = None) -> None:
        """Make the organization and link the workspace, unless they are there; a linked workspace keeps its link."""
        ...

    async def organizations(self) -> Sequence[Organization]:
        """All of them."""
        ...

    async def unlink(self, workspace: WorkspaceRef) -> None:
        """The workspace no longer leads to any organization; what the organization knows stays."""
        ...

    async def add_invite(self, code: str, organization_id: OrganizationId, expires_at: datetime) -> None:
        """Keep an invitation, of whose code only a hash is stored."""
        ...

    async def redeem_invite(self, code: str, at: datetime) -> Organization:
        """The organization that invites with `code`, which works once; raises NotFound when it is no good."""
        ...


class Installations(Protocol):
    """Where an adapter keeps what a platform gave it at install time: opaque JSON, encrypted at rest."""

    async def save(self, workspace: WorkspaceRef, document: str) -> None:
        """Keep the workspace's installation, instead of any before."""
        ...

    async def find(self, workspace: WorkspaceRef) -> str | None:
        """The newest document saved for the workspace."""
        ...

    async def remove(self, workspace: WorkspaceRef) -> None:
        """Nothing is kept of the installation any more."""
        ...

    async def issue_state(self, state: str, document: str, expires_at: datetime) -> None:
        """Remember that an installation was started under `state`, of which only a hash is kept."""
        ...

    async def take_state(self, state: str, at: datetime) -> str | None:
        """The document issued with `state`, once; None when unknown, taken or expired."""
        ...


class Stores(Protocol):
    """The one door to storage."""

    directory: Directory
    installations: Installations
    runs: Runs

    def for_organization(self, organization_id: OrganizationId) -> OrganizationStore:
        """The store of one organization."""
        ...
