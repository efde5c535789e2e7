"""A language model behind any endpoint that speaks chat completions with plain tools, as a Reasoner."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

from core.domain.errors import ReasonerFailed, ServiceFailed, ToolRejected
from core.domain.journal import ToolCall, Transcript, Turn
from core.domain.report import Usage
from core.gateways.openai.endpoint import EndpointRefused, ModelEndpoint
from core.gateways.openai.messages import (
    Message,
    call_message,
    made_call,
    messages_of,
    offered,
    result_message,
    tool_of,
)
from core.gateways.openai.prices import Price, load_prices, price_of
from core.gateways.openai.replies import MAX_THOUGHT, Reply, RequestedCall, read_reply
from core.ports import Briefing, ToolSpec
from core.telemetry import MODEL_SECONDS, observe

__all__ = ["OpenAIReasoner", "load_prices"]

_SHORTER = "Your last answer was cut off because it was too long. Answer again, much shorter."
_TOO_EARLY = "Nothing was read yet, so nothing can be concluded. Call the other tools first."


class OpenAIReasoner:
    """One model as a Reasoner; safe to share between investigations."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None,
        model: str,
        briefing: Briefing,
        timeout_s: float = 60.0,
        prices: Mapping[str, Price],
        only_hosts: frozenset[str] | None = None,
    ) -> None:
        """`base_url` None is OpenAI itself; a model without a price costs tokens only.

        `only_hosts` as in ModelEndpoint.
        """
        self._endpoint = ModelEndpoint(
            api_key=api_key, base_url=base_url, model=model, timeout_s=timeout_s, only_hosts=only_hosts
        )
        self._model = model
        self._briefing = briefing
        self._price = price_of(model, prices)
        self._can_force_tools = True
        self._made_tools: dict[str, tuple[Mapping[str, Any], Message]] = {}

    @property
    def name(self) -> str:
        """See the port."""
        return self._model

    async def close(self) -> None:
        """Connections are closed."""
        await self._endpoint.close()

    async def check(self) -> str:
        """A sentence on the endpoint and the model, which were reached.

        Raises:
            ServiceFailed: the text says what to mend.
        """
        listed = await self._endpoint.listed_models()
        if listed is not None and self._model in listed:
            return f"{self._endpoint.host} answers and offers {self._model}"
        # Not every server lists its models; the shortest question shows whether it serves this one.
        await self._endpoint.complete({"messages": [{"role": "user", "content": "Say OK."}]})
        return f"{self._endpoint.host} answers as {self._model}"

    async def next_turn(self, transcript: Transcript, tools: Sequence[ToolSpec], *, must_conclude: bool) -> Turn:
        """See the port; an answer that cannot be used is asked for once more, and both are counted."""
        conclusion = self._briefing.conclusion(transcript)
        specs = offered(transcript, tools, conclusion, must_conclude=must_conclude)
        messages = messages_of(transcript, self._briefing, self._model)
        usage = Usage()
        for is_last_try in (False, True):
            asked_at = monotonic()
            reply = await self._ask(messages, specs, conclusion.name if must_conclude else None)
            observe(MODEL_SECONDS, monotonic() - asked_at, model=self._model)
            usage += self._usage(reply)
            try:
                return replace(self._turn(transcript, reply, conclusion, specs), usage=usage)
            except _Unusable as unusable:
                if is_last_try:
                    raise ReasonerFailed(f"{self._model} {unusable}") from None
                messages = [*messages, *unusable.repair]
        raise AssertionError("the loop returns or raises")

    # ---- asking -----------------------------------------------------------------------------------------------------

    async def _ask(self, messages: Sequence[Message], tools: Sequence[ToolSpec], forced: str | None) -> Reply:
        body: dict[str, Any] = {"messages": list(messages), "tools": self._offered(tools)}
        try:
            completion = await self._complete(body, forced)
        except EndpointRefused as refused:
            if refused.filtered:
                raise ReasonerFailed(f"the content filter of {self._model} stopped the request") from None
            raise ReasonerFailed(str(refused).rstrip(".")) from None
        except ServiceFailed as failure:
            raise ReasonerFailed(str(failure).rstrip(".")) from None
        return read_reply(completion, prompt_chars=lambda: len(json.dumps(body, ensure_ascii=False)))

    def _offered(self, tools: Sequence[ToolSpec]) -> list[Message]:
        """The tools as the endpoint takes them; every turn of every run offers the same few."""
        for spec in tools:
            known = self._made_tools.get(spec.name)
            if known is None or known[0] is not spec.parameters:
                self._made_tools[spec.name] = (spec.parameters, tool_of(spec))
        return [self._made_tools[spec.name][1] for spec in tools]

    async def _complete(self, body: Mapping[str, Any], forced: str | None) -> Mapping[str, Any]:
        """Where the endpoint does not let a tool be forced, offering nothing else has to do, from then on."""
        if forced is not None and self._can_force_tools:
            choice = {"type": "function", "function": {"name": forced}}
            try:
                return await self._endpoint.complete({**body, "tool_choice": choice})
            except EndpointRefused as refused:
                if refused.filtered:
                    raise
            completion = await self._endpoint.complete(body)
            self._can_force_tools = False
            return completion
        return await self._endpoint.complete(body)

    def _usage(self, reply: Reply) -> Usage:
        usd = None
        if self._price is not None:
            usd = self._price.usd(reply.prompt_tokens, reply.cached_tokens, reply.completion_tokens)
        return Usage(1, reply.prompt_tokens, reply.completion_tokens, usd)

    # ---- reading ----------------------------------------------------------------------------------------------------

    def _turn(self, transcript: Transcript, reply: Reply, conclusion: ToolSpec, specs: Sequence[ToolSpec]) -> Turn:
        """The turn in `reply`. A conclusion that was offered wins over other calls; offered alone, they are ignored."""
        thought = reply.text[:MAX_THOUGHT]
        if reply.refusal:
            raise ReasonerFailed(f"{self._model} refused to answer")
        if reply.finish == "content_filter":
            raise ReasonerFailed(f"the content filter of {self._model} stopped the answer")
        submitted = next((call for call in reply.calls if call.tool == conclusion.name), None)
        if submitted is not None and conclusion in specs:
            return Turn(thought, conclusion=self._conclusion(transcript, submitted))
        if reply.finish == "length":
            raise _Unusable("was cut off because its answer was too long", [{"role": "user", "content": _SHORTER}])
        if not reply.calls and not thought:
            raise _Unusable("gave an empty answer", [])
        must_conclude = list(specs) == [conclusion]
        calls = [] if must_conclude else [call for call in reply.calls if call.tool != conclusion.name]
        if submitted is not None and not calls:
            repair = _answered(transcript, submitted, _TOO_EARLY)
            raise _Unusable("submitted a result before it had read anything", repair)
        return Turn(thought, _numbered(calls, transcript.turns() + 1))

    def _conclusion(self, transcript: Transcript, submitted: RequestedCall) -> Any:
        try:
            return self._briefing.read_conclusion(transcript, submitted.arguments)
        except ToolRejected as rejection:
            repair = _answered(transcript, submitted, str(rejection))
            raise _Unusable("submitted a result that cannot be read", repair) from None


class _Unusable(Exception):
    """An answer that another try may mend; `repair` are the messages to add before it."""

    def __init__(self, what: str, repair: list[Message]) -> None:
        super().__init__(what)
        self.repair = repair


def _answered(transcript: Transcript, submitted: RequestedCall, correction: str) -> list[Message]:
    call_id = f"t{transcript.turns() + 1}r"
    # Sent back as an object even where it was none: endpoints refuse a history with malformed arguments.
    sent_back = made_call(call_id, submitted.tool, json.dumps(submitted.read_arguments()))
    return [call_message([sent_back]), result_message(call_id, correction)]


def _numbered(calls: Sequence[RequestedCall], turn: int) -> tuple[ToolCall, ...]:
    """Calls under ids of our own: servers repeat theirs."""
    return tuple(ToolCall(f"t{turn}c{n}", call.tool, call.read_arguments()) for n, call in enumerate(calls, 1))
