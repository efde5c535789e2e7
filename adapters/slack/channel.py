"""Posts and edits in Slack, within its limits: the only place that writes messages."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.common.chart import frequency_chart
from adapters.common.rate_limits import PROGRESS
from adapters.slack.advice import NOT_OURS, advice_for
from adapters.slack.api_errors import CALL_ERRORS, CLOSED, GONE, UNREADABLE, code_of, explained
from adapters.slack.inbound.ids import METADATA_EVENT
from adapters.slack.render.blocks import messages_of
from adapters.slack.render.message import Message
from adapters.slack.shared_limits import Budgets
from core.domain.conversation import ConversationRef, MessageRef
from core.domain.errors import AccessDenied, MessageGone, RateLimited, ServiceFailed
from core.domain.tenancy import Actor, WorkspaceRef
from core.domain.thread_view import NoticeView, ProgressView, ReportView, ThreadView
from core.ports import Check
from core.telemetry import CHANNEL_CALLS, count

logger = logging.getLogger("logsense.slack")

ClientOf = Callable[[WorkspaceRef], Awaitable[AsyncWebClient]]
"""The client with a workspace's token; raises AccessDenied when there is none."""

MaySpeak = Callable[[AsyncWebClient, ConversationRef, float], Awaitable[None]]
"""Raises AccessDenied where outsiders would read along; what is known may be so many seconds old."""

_LOOKED_THROUGH = 200
_SURE_S = 0.0
"""How old the knowledge may be that nobody else reads a channel, before something is said there: it is asked for."""
_SEEN_S = 300.0
"""The same for progress, which is shown often."""
_OVER = "This channel is shared with another company now, so nothing more is shown here."


class SlackChannel:
    """Implements `core.ports.Channel` for every workspace."""

    def __init__(self, client_of: ClientOf, budgets: Budgets) -> None:
        self._client_of = client_of
        self._budgets = budgets
        self._without_containers: set[str] = set()
        self._may_speak: MaySpeak | None = None

    def speak_only_where(self, may_speak: MaySpeak) -> None:
        """Nothing is posted from now on where `may_speak` refuses it."""
        self._may_speak = may_speak

    async def post(
        self,
        conversation: ConversationRef,
        view: ThreadView,
        *,
        key: str = "",
        again: bool = False,
        check: Check | None = None,
    ) -> tuple[MessageRef, ...]:
        """See the port; a long view flows into further messages of the same thread."""
        client = await self._client_of(conversation.workspace)
        await self._refuse_outsiders(client, conversation, _SEEN_S if isinstance(view, ProgressView) else _SURE_S)
        found = await self._posted_before(client, conversation, key) if again else {}
        posted: list[MessageRef] = []
        for part, message in enumerate(messages_of(view), 1):
            mark = f"{key}/{part}"
            channel, ts = conversation.channel, found.get(mark)
            if ts is None:
                channel, ts, is_root = await self._post(client, conversation, message, mark, check)
                if is_root:
                    conversation = replace(conversation, thread=None)
            # A post to a person lands in a channel that only the answer names.
            conversation = replace(conversation, channel=channel, thread=conversation.thread or ts)
            posted.append(MessageRef(conversation, ts))
        return tuple(posted)

    async def turn(self, message: MessageRef) -> None:
        """See the port."""
        await self._budget("chat.update", message).turn(PROGRESS)

    async def edit(self, message: MessageRef, view: ThreadView, *, final: bool = False) -> None:
        """See the port; a message that Slack lets nobody edit any more stays as it is."""
        client = await self._client_of(message.conversation.workspace)
        try:
            await self._refuse_outsiders(client, message.conversation, _SEEN_S)
        except AccessDenied:
            if not isinstance(view, ProgressView):
                raise
            # It must not look as if something ran for ever, and what runs is none of the outsiders' business.
            view = NoticeView(_OVER)
        if final:
            await self._budget("chat.update", message).turn()
        shown = messages_of(view)[0]
        where: dict[str, Any] = {"channel": message.conversation.channel, "ts": message.message_id}
        try:
            await self._write(
                "chat.update", message.conversation, shown, lambda **it: client.chat_update(**where, parse="none", **it)
            )
        except SlackApiError as error:
            if code_of(error) not in CLOSED:
                raise explained(error) from None
            if final and code_of(error) == "is_inactive":
                # It would look as if something ran for ever; another message says how it ended.
                raise MessageGone("Slack", advice_for("is_inactive")) from None
            logger.info("a message of ours cannot be edited any more; it is left so")

    async def delete(self, message: MessageRef) -> None:
        """See the port."""
        client = await self._client_of(message.conversation.workspace)
        try:
            await client.chat_delete(channel=message.conversation.channel, ts=message.message_id)
        except SlackApiError as error:
            if code_of(error) not in GONE:
                raise explained(error) from None
        except CALL_ERRORS as error:
            raise explained(error) from None

    async def post_ephemeral(self, conversation: ConversationRef, person: Actor, view: ThreadView) -> None:
        """See the port: in the channel for their eyes alone, else in a direct message."""
        await self.tell(conversation, person, messages_of(view)[0])

    async def tell(self, conversation: ConversationRef, person: Actor, message: Message) -> None:
        """The message is shown to that person alone."""
        client = await self._client_of(conversation.workspace)
        shown: dict[str, Any] = {"text": message.text, "blocks": list(message.unfolded or message.blocks)}
        try:
            await client.chat_postEphemeral(
                channel=conversation.channel, user=person.id, thread_ts=conversation.thread, **shown
            )
        except SlackApiError:
            try:
                await self._budgets.of("chat.postMessage", conversation.workspace.key, person.id).turn()
                await client.chat_postMessage(channel=person.id, unfurl_links=False, **shown)
            except CALL_ERRORS as error:
                raise explained(error) from None
        except CALL_ERRORS as error:
            raise explained(error) from None

    async def post_attachments(self, conversation: ConversationRef, view: ThreadView) -> None:
        """See the port: the chart of event frequency, when the series is worth looking at."""
        await self._refuse_outsiders(await self._client_of(conversation.workspace), conversation, _SEEN_S)
        chart = frequency_chart(view.evidence) if isinstance(view, ReportView) else None
        if chart is not None:
            await self.upload(conversation, chart.png, "frequency.png", "Events over time", alt_text=chart.alt_text)

    async def upload(
        self, conversation: ConversationRef, content: bytes, filename: str, title: str, *, alt_text: str | None = None
    ) -> None:
        """The file stands in the thread."""
        client = await self._client_of(conversation.workspace)
        try:
            await client.files_upload_v2(
                channel=conversation.channel,
                thread_ts=conversation.thread,
                content=content,
                filename=filename,
                title=title,
                alt_txt=alt_text,
            )
        except CALL_ERRORS as error:
            raise explained(error) from None

    async def show_typing(self, conversation: ConversationRef) -> None:
        """The thread says that an answer is being looked for, where Slack can show that; the answer ends it."""
        with contextlib.suppress(ServiceFailed, *CALL_ERRORS):
            client = await self._client_of(conversation.workspace)
            await client.assistant_threads_setStatus(
                channel_id=conversation.channel, thread_ts=str(conversation.thread), status="is looking into it …"
            )

    async def unfurl(self, client: AsyncWebClient, event: Mapping[str, Any], unfurls: dict[str, Any]) -> None:
        """What `link_shared` told of shows `unfurls`, by link."""
        composed = {"unfurl_id": event.get("unfurl_id"), "source": event.get("source")}
        posted = {"channel": str(event.get("channel")), "ts": str(event.get("message_ts"))}
        where: dict[str, Any] = composed if event.get("source") == "composer" else posted
        try:
            await client.chat_unfurl(unfurls=unfurls, **where)
        except CALL_ERRORS as error:
            raise explained(error) from None

    async def link(self, message: MessageRef) -> str | None:
        """A link to the message; None when Slack does not tell."""
        try:
            client = await self._client_of(message.conversation.workspace)
            found = await client.chat_getPermalink(channel=message.conversation.channel, message_ts=message.message_id)
        except (ServiceFailed, *CALL_ERRORS):
            return None
        return str(found["permalink"])

    async def _refuse_outsiders(self, client: AsyncWebClient, conversation: ConversationRef, age_s: float) -> None:
        if self._may_speak is not None:
            await self._may_speak(client, conversation, age_s)

    # ---- calls ------------------------------------------------------------------------------------------------------

    async def _post(
        self,
        client: AsyncWebClient,
        conversation: ConversationRef,
        message: Message,
        mark: str,
        check: Check | None,
    ) -> tuple[str, str, bool]:
        """Its channel and ts, and whether it stands at the top level though a thread was asked for."""
        await self._budgets.of("chat.postMessage", conversation.workspace.key, conversation.channel).turn()
        if check is not None:
            await check()
        where: dict[str, Any] = {
            "channel": conversation.channel,
            "thread_ts": conversation.thread,
            "metadata": {"event_type": METADATA_EVENT, "event_payload": {"key": mark}},
            "link_names": False,
            "unfurl_links": False,
            "unfurl_media": False,
        }

        async def send(**shown: Any) -> Any:
            try:
                return await client.chat_postMessage(**where, **shown)
            except SlackApiError as error:
                # Public channels can be joined; only there would reactions and replies reach us, too.
                if code_of(error) != "not_in_channel" or not await _joined(client, conversation.channel):
                    raise
                return await client.chat_postMessage(**where, **shown)

        try:
            answer = await self._write("chat.postMessage", conversation, message, send)
        except SlackApiError as error:
            if code_of(error) == "channel_not_found" and conversation.channel.startswith("D"):
                raise AccessDenied("Slack", NOT_OURS) from None
            raise explained(error) from None
        # Below a message that was deleted Slack posts at the top level, without an error.
        stands = answer.get("message") or {}
        is_root = conversation.thread is not None and bool(stands) and not stands.get("thread_ts")
        return str(answer["channel"]), str(answer["ts"]), is_root

    async def _write(
        self, method: str, conversation: ConversationRef, message: Message, send: Callable[..., Awaitable[Any]]
    ) -> Any:
        """What `send` returns for the message, or where Slack does not take its blocks, for simpler ones."""
        try:
            answer = await self._sent_as_taken(conversation.workspace, message, send)
        except SlackApiError as error:
            count(CHANNEL_CALLS, platform="slack", method=method, outcome=code_of(error))
            if isinstance(failure := explained(error), RateLimited):
                self._budgets.of(method, conversation.workspace.key, *_place(method, conversation)).pause(
                    failure.retry_after_s
                )
            raise
        except CALL_ERRORS as error:
            count(CHANNEL_CALLS, platform="slack", method=method, outcome="unreachable")
            raise explained(error) from None
        else:
            count(CHANNEL_CALLS, platform="slack", method=method, outcome="ok")
            return answer

    async def _sent_as_taken(
        self, workspace: WorkspaceRef, message: Message, send: Callable[..., Awaitable[Any]]
    ) -> Any:
        """Folded where the workspace's Slack takes that, else unfolded, else the text alone."""
        knows_containers = workspace.key not in self._without_containers
        if message.unfolded and knows_containers:
            try:
                return await send(text=message.text, blocks=list(message.blocks))
            except SlackApiError as error:
                if code_of(error) not in UNREADABLE:
                    raise
        try:
            answer = await send(text=message.text, blocks=list(message.unfolded or message.blocks))
        except SlackApiError as error:
            if code_of(error) not in UNREADABLE:
                raise
            logger.error("Slack refused our blocks (%s); the text was sent without them", code_of(error))
            return await send(text=message.text[:3_000], blocks=[])
        if message.unfolded and knows_containers:
            logger.info("Slack takes no containers in workspace %s; messages are sent unfolded there", workspace.key)
            self._without_containers.add(workspace.key)
        return answer

    async def _posted_before(self, client: AsyncWebClient, conversation: ConversationRef, key: str) -> dict[str, str]:
        """The messages of the conversation that carry our key: mark → ts."""
        where: dict[str, Any] = {
            "channel": conversation.channel,
            "limit": _LOOKED_THROUGH,
            "include_all_metadata": True,
        }
        try:
            if conversation.thread is None:
                found = await client.conversations_history(**where)
            else:
                found = await client.conversations_replies(ts=conversation.thread, **where)
        except SlackApiError as error:
            if code_of(error) in GONE | {"not_in_channel", "channel_not_found"}:
                return {}
            raise explained(error) from None
        except CALL_ERRORS as error:
            raise explained(error) from None
        marks = {_mark_of(message): str(message.get("ts")) for message in found.get("messages") or ()}
        return {mark: ts for mark, ts in marks.items() if mark.startswith(f"{key}/")}

    def _budget(self, method: str, message: MessageRef) -> Any:
        return self._budgets.of(method, message.conversation.workspace.key, *_place(method, message.conversation))


def _place(method: str, conversation: ConversationRef) -> tuple[str, ...]:
    """Posts are limited for each channel, everything else for the workspace."""
    return (conversation.channel,) if method == "chat.postMessage" else ()


def _mark_of(message: dict[str, Any]) -> str:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != METADATA_EVENT:
        return ""
    return str((metadata.get("event_payload") or {}).get("key") or "")


async def _joined(client: AsyncWebClient, channel: str) -> bool:
    try:
        await client.conversations_join(channel=channel)
    except SlackApiError:
        return False
    return True
