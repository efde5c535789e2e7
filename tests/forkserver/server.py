"""The forking process: `python -m tests.forkserver.server SOCKET OWNER`, started by the first client."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any, NoReturn, cast

from core.gateways.mcp import process as mcp_process
from tests.forkserver import client_command

_PRELOADED = (
    "bot.server.serve",
    "bot.cli.investigate",
    "bot.cli.organizations",
    "bot.cli.knowledge",
    "bot.cli.audit",
    "bot.cli.status",
    "bot.cli.backup",
    "bot.cli.check",
    "core.mcp_server.__main__",
    "tests.fakes.tool_server",
)
_RUN = ("core.mcp_server.__main__", "tests.fakes.tool_server")


class ForkServer:
    """Forks a child for each client, hands it their signals, and tells them how it ended."""

    def __init__(self, listener: socket.socket, owner: int) -> None:
        """Serve until the process `owner` ends."""
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._selector.register(owner, selectors.EVENT_READ, self._end)
        self._listener = listener
        self._folder = Path(cast(str, listener.getsockname())).parent
        self._clients: dict[int, socket.socket] = {}

    def serve(self) -> NoReturn:
        """Answer clients; never returns in this process."""
        while True:
            for key, _ in self._selector.select():
                key.data(key.fileobj)

    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        client.setblocking(True)
        with contextlib.suppress(ConnectionError, ValueError):
            length, files, _, _ = socket.recv_fds(client, 4, 3)
            request = json.loads(_exactly(client, int.from_bytes(length, "big")))
            pid = os.fork()
            if not pid:
                self._become(request, files, client)
            for file in files:
                os.close(file)
            (self._folder / str(_peer(client))).write_text(str(pid))
            self._clients[pid] = client
            self._selector.register(client, selectors.EVENT_READ, lambda _: self._signal(pid))
            self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, lambda file: self._reap(pid, file))

    def _signal(self, pid: int) -> None:
        """Hand on a signal; who was killed says nothing any more."""
        told = self._clients[pid].recv(1)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, told[0] if told else signal.SIGKILL)
        if not told:
            self._selector.unregister(self._clients[pid])

    def _reap(self, pid: int, pidfd: int) -> None:
        _, status = os.waitpid(pid, 0)
        self._selector.unregister(pidfd)
        os.close(pidfd)
        client = self._clients.pop(pid)
        with contextlib.suppress(KeyError):
            self._selector.unregister(client)
        with contextlib.suppress(ConnectionError):
            client.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))
        client.close()

    def _end(self, _: int) -> None:
        for pid in self._clients:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)
        os._exit(0)

    def _become(self, request: dict[str, Any], files: list[int], client: socket.socket) -> NoReturn:
        """Be, in the child, the process that the client asked for."""
        self._selector.close()
        for held in (self._listener, client, *self._clients.values()):
            held.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        encoding = request["environment"].get("PYTHONIOENCODING", "utf-8")
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), encoding, "surrogateescape")
        sys.stdout = _written(1, encoding, "strict")
        sys.stderr = _written(2, encoding, "backslashreplace")
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        module, *arguments = request["arguments"]
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        sys.exit()


def _exactly(client: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        data += client.recv(size - len(data))
    return bytes(data)


def _peer(client: socket.socket) -> int:
    pid, _, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return cast(int, pid)


def _written(file: int, encoding: str, errors: str) -> io.TextIOWrapper:
    is_terminal = os.isatty(file)
    raw = io.BufferedWriter(io.FileIO(file, "w", closefd=False))
    return io.TextIOWrapper(raw, encoding, errors, line_buffering=is_terminal or file == 2)


def main(path: str, owner: int) -> None:
    """Load what children need, then fork them; what they start themselves is forked as well."""
    for module in _PRELOADED:
        __import__(module)
        if module in _RUN:
            # It is run under another name; what it imports stays.
            del sys.modules[module]
    mcp_process.TOOL_SERVER_COMMAND = client_command(path, owner, "core.mcp_server")
    # What is loaded stays shared with the children: their collector leaves it alone.
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(f"{path}.new")
    listener.listen(64)
    os.rename(f"{path}.new", path)
    ForkServer(listener, os.pidfd_open(owner)).serve()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
