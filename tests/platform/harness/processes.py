"""How the real parts run: each in a process group of its own on loopback, none left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def free_ports(count: int) -> list[int]:
    """``count`` ports that were free a moment ago, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [int(sock.getsockname()[1]) for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(
    argv: list[str], folder: Path, log: Path, *, survive_parent: bool = False
) -> subprocess.Popen[bytes]:
    """Start ``argv`` in ``folder`` with its output at the end of ``log``; it ends with its parent at the latest."""
    with log.open("ab") as out:
        return subprocess.Popen(
            argv,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=None if survive_parent else _die_with_parent,
        )


def end(process: subprocess.Popen[bytes] | None, sig: int = signal.SIGTERM, patience: float = 10.0) -> None:
    """End a part and its children with ``sig``, and by force after ``patience`` seconds."""
    if process is None or process.poll() is not None:
        return
    os.killpg(process.pid, sig)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def end_of(log: Path, lines: int = 12) -> str:
    """The last lines of a log, for the message of an error."""
    return "\n  ".join(log.read_text(errors="replace").splitlines()[-lines:])
