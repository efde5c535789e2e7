"""What is kept: for one organization, and for finding out which one it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.domain.conversation import ConversationRef, MessageRef
from core.domain.investigation import Investigation, Question
from core.domain.knowledge import KnowledgeEntry
from core.domain.report import Usage
from core.domain.tenancy import (
    AuditEntry,
    ChannelSettings,
    Limits,
    Member,
    ModelConnection,
    OrganizationId,
    PersonalData,
    SentryConnection,
    WorkspaceRef,
)
from core.ports.coordination import Leadership, Schedules, Turns
from core.ports.directory import Directory, Installations
from core.ports.work import BackgroundTask, Journal, Run, Runs, Watch


@dataclass(frozen=True, slots=True)
class PostState:
    """What is known of a post: `messages` stand. Without any, `tried` says that an earlier attempt may have posted."""

    messages: tuple[MessageRef, ...] = ()
    tried: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The investigation that a request led to: its own, or with `joined` one of the same subject under way."""

    id: str
    joined: bool = False


class OrganizationStore(Protocol):
    """Everything kept for one organization; it cannot name another. Missing things raise NotFound."""

    async def add_investigation(
        self, investigation: Investigation, event_text: str | None, delivery_id: str, *, announced: bool = False
    ) -> Accepted:
        """Claim the delivery, keep the investigation and queue its run, all at once; a repeat returns the first id.

        With `announced` the run of kind `announce` is queued, which posts the progress message first. While the same
        subject is being investigated the request joins that: its id is returned, and who asked elsewhere follows it.
        """
        ...

    async def followers(self, investigation_id: str) -> Sequence[ConversationRef]:
        """Where else the investigation was asked for while it was under way, in order."""
        ...

    async def delivered(self, delivery_id: str) -> str | None:
        """The id of what the delivery made, if it was claimed before."""
        ...

    async def claim(self, delivery_id: str, subject_id: str) -> bool:
        """Remember what the delivery made; False when it was claimed before."""
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

    async def add_background_task(self, task: BackgroundTask) -> None:
        """Keep the task and queue its run."""
        ...

    async def background_task(self, task_id: str) -> BackgroundTask:
        """The task with that id."""
        ...

    async def save_background_task(self, task: BackgroundTask, run: Run) -> None:
        """Replace the stored task while `run` is ours; raises LeaseLost otherwise."""
        ...

    def journal(self, subject_id: str, run: Run | None = None) -> Journal:
        """The journal of an investigation or question; only with a `run` can it be written."""
        ...

    def watch(self, subject_id: str) -> Watch:
        """A watch over an investigation, question or task, and its journal."""
        ...

    async def begin_post(self, investigation_id: str, role: str, run: Run | None = None) -> PostState:
        """What is known of the post that plays `role` for the investigation; from now on it counts as tried.

        Raises:
            LeaseLost: `run` is no longer ours, so nothing may be posted for it.
        """
        ...

    async def finish_post(
        self, investigation_id: str, role: str, messages: Sequence[MessageRef]
    ) -> tuple[MessageRef, ...]:
        """Remember the messages that the post became; returns those that were remembered first."""
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

    async def knowledge_entry(self, entry_id: str) -> KnowledgeEntry:
        """The entry with that id."""
        ...

    async def knowledge_about(self, fingerprint: str) -> KnowledgeEntry | None:
        """The oldest entry about that very error, if there is one."""
        ...

    async def change_knowledge(
        self, entry_id: str, change: Callable[[KnowledgeEntry | None], KnowledgeEntry | None]
    ) -> KnowledgeEntry | None:
        """The entry after `change`, which saw its newest state with nobody in between; None leaves all as it is."""
        ...

    async def drop_knowledge(self, entry_ids: Sequence[str]) -> int:
        """Those entries are gone for good; how many there were."""
        ...

    async def mark_indexed(self, entries: Sequence[KnowledgeEntry]) -> int:
        """Remember that the index has these, but for those that have changed since; how many are still known."""
        ...

    async def mark_unindexed(self) -> None:
        """Remember that the index has to be given every entry again."""
        ...

    async def limits(self) -> Limits:
        """What was decided, and the defaults where nothing was."""
        ...

    async def masked_personal_data(self) -> frozenset[PersonalData] | None:
        """The kinds of personal data that were chosen to be masked; None when nothing was chosen."""
        ...

    async def record(self, entry: AuditEntry) -> None:
        """Append to the audit log, which nobody can change."""
        ...

    async def audit_log(self, limit: int, *, since: datetime | None = None) -> Sequence[AuditEntry]:
        """The newest first."""
        ...

    async def forget_evidence(self, before: datetime) -> int:
        """What tools and people brought into investigations that began before then is gone; how many pieces."""
        ...

    async def forget_transcripts(self, before: datetime) -> int:
        """The steps and questions of investigations that began before then are gone; how many."""
        ...

    def export(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every row that is kept here, with its table's name; secrets are left out."""
        ...

    async def reseal(self) -> int:
        """Every secret is sealed with the newest key; how many were not."""
        ...

    async def revoke(self, workspace: WorkspaceRef, user_id: str) -> None:
        """That person has no role of their own any more."""
        ...

    async def holds(self, run: Run) -> bool:
        """Whether `run` is still ours, so that we may speak for it."""
        ...

    async def cancel_run(self, subject_id: str) -> bool:
        """Cancel a queued run, or ask a running one to stop; False when there is nothing to cancel."""
        ...

    async def run_state(self, subject_id: str) -> str | None:
        """The state of the newest run for `subject_id`, if any."""
        ...


class Stores(Protocol):
    """The one door to storage."""

    directory: Directory
    installations: Installations
    runs: Runs
    leadership: Leadership
    turns: Turns
    schedules: Schedules

    def for_organization(self, organization_id: OrganizationId) -> OrganizationStore:
        """The store of one organization."""
        ...
