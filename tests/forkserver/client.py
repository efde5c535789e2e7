"""Asks the forking process for a child with this process's files, and stands in for it: signals in, exit code out.

`python -I -S client.py SOCKET OWNER MODULE ARGUMENTS…`; OWNER is the process whose end ends the forking process. It
imports little, since it is started thousands of times.
"""

import fcntl
import json
import os
import signal
import socket
import sys
import time

_STARTS_WITHIN_S = 60.0


def main(path: str, owner: str, *arguments: str) -> None:
    """Run a module in a forked process; never returns."""
    connection = _connected(path, owner)
    request = json.dumps({"arguments": arguments, "environment": dict(os.environ), "folder": os.getcwd()}).encode()
    socket.send_fds(connection, [len(request).to_bytes(4, "big")], [0, 1, 2])
    connection.sendall(request)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: connection.send(bytes([received])))
    # Only the child holds them now: who reads its output sees the end when it ends.
    empty = os.open(os.devnull, os.O_RDWR)
    for file in range(3):
        os.dup2(empty, file)
    answer = connection.recv(4)
    status = int.from_bytes(answer, "big", signed=True) if answer else 1
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def _connected(path: str, owner: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with open(f"{path}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
            environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": root}
            command = [sys.executable, "-m", "tests.forkserver.server", path, owner]
            with open(f"{path}.log", "wb") as log:
                files = [(os.POSIX_SPAWN_DUP2, log.fileno(), 1), (os.POSIX_SPAWN_DUP2, log.fileno(), 2)]
                os.posix_spawn(command[0], command, environment, file_actions=files, setsid=True)
            _wait_for(path)
    connection.connect(path)
    return connection


def _wait_for(path: str) -> None:
    until = time.monotonic() + _STARTS_WITHIN_S
    while not os.path.exists(path):
        if time.monotonic() > until:
            raise SystemExit(f"the forking process does not start; see {path}.log")
        time.sleep(0.01)


main(*sys.argv[1:])
