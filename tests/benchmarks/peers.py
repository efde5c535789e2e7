"""The far sides of `make bench-agent`: a model that answers at once, and the real tool server over incidents in memory.

`python -m tests.benchmarks.peers model PORT`, `… tools` (needs sealed envelopes, as LogSense has it), `… open-tools`
(takes any call, for the plain loop). The tools' work is the same in both.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from core.domain.tenancy import OrganizationId
from core.mcp_server.masking import Masker
from core.mcp_server.server import HOST_ONLY, build_server
from core.mcp_server.stderr_log import log_started, log_to_stderr
from core.mcp_server.tenancy import Tenant, fixed_tenancy, sealed_tenancy
from tests.fakes.tool_sources import FakeToolContext, FakeTracker

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("get_sentry_issue_details", {"issue_id": "SHOP-1"}),
    ("get_stacktrace", {"issue_id": "SHOP-1"}),
    ("analyze_error_frequency", {"issue_id": "SHOP-1"}),
    ("get_user_impact", {"issue_id": "SHOP-1"}),
    ("search_knowledge_base", {"query": "KeyError"}),
    ("get_stacktrace", {"issue_id": "SHOP-1", "event": "latest"}),
    ("search_knowledge_base", {"query": "price"}),
    ("analyze_error_frequency", {"issue_id": "SHOP-1", "period": "24h"}),
]
_ANALYSIS: dict[str, Any] = {
    "root_cause": "An item of the cart has no price.",
    "cause": "missing_key",
    "culprit": {"file": "shop/cart.py", "function": "total", "line": 41},
    "findings": [{"claim": 'total() reads item["price"], which raises KeyError', "evidence": "E2"}],
    "fixes": [
        {"title": "Refuse items without a price", "steps": ["Check them in total()"], "risk": "low", "effort": "low"}
    ],
    "confidence": 80,
}
SUBMIT = ("submit_analysis", _ANALYSIS)


def reply_to(body: dict[str, Any]) -> bytes:
    """The next of eight calls, then the end; which one follows from the results already sent."""
    done = sum(message["role"] == "tool" for message in body["messages"])
    name, arguments = CALLS[done] if done < len(CALLS) else SUBMIT
    call = {"id": f"c{done}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    whole = {"id": "x", "object": "chat.completion", "created": 1, "model": body["model"]}
    return json.dumps(whole | {"choices": [choice], "usage": usage}).encode()


class _Http(asyncio.Protocol):
    """Just enough HTTP for one kind of request, so that the peer costs little beside what is measured."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in head else 0
            if len(self._received) < end + 4 + length:
                return
            body = self._received[end + 4 : end + 4 + length]
            self._received = self._received[end + 4 + length :]
            answer = reply_to(json.loads(body))
            header = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(answer)}\r\n\r\n"
            self._transport.write(header.encode() + answer)


async def serve_model(port: int) -> None:
    """Answer until killed."""
    server = await asyncio.get_running_loop().create_server(_Http, "127.0.0.1", port, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def serve_tools(*, sealed: bool) -> None:
    """The tool server on stdin and stdout."""
    log_to_stderr()
    tenancy = (
        sealed_tenancy(os.environ.pop("LOGSENSE_MCP_KEY"), HOST_ONLY)
        if sealed
        else fixed_tenancy(Tenant(OrganizationId("benchmark")))
    )
    server = build_server(FakeToolContext(FakeTracker()), Masker("benchmark"), tenancy, with_host_tools=sealed)
    log_started(os.getpid())
    await server.run_stdio_async()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["model", port]:
            asyncio.run(serve_model(int(port)))
        case ["tools"]:
            asyncio.run(serve_tools(sealed=True))
        case ["open-tools"]:
            asyncio.run(serve_tools(sealed=False))
