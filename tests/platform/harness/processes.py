"""How the real parts run: each in a process group of its own on loopback, none left behind."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import ClassVar, Self

_PR_SET_PDEATHSIG = 1
_MOST_STARTS = 6  # what ends so often does not start at all: a flag, a port that stays taken
ENDED: list[str] = []
"""What ended by itself in this process of the tests, each with the end of its log: pytest prints it when all is over."""


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


class Kept:
    """A part that is started again where it ends by itself, as a kubelet would: one crash of somebody else's controller costs
    the test that it meets, not every test after it. As much of ``Popen`` as the harness asks for."""

    def __init__(self, argv: list[str], folder: Path, log: Path) -> None:
        self._argv, self._folder, self._log = argv, folder, log
        self._stopping = threading.Event()
        self._given_up: int | None = None
        self._begun = threading.Event()
        self._refused: OSError | None = None
        # the thread that starts it must outlive it: PR_SET_PDEATHSIG is about the thread, not the process
        self._thread = threading.Thread(target=self._keep, name=f"keeps {log.stem}", daemon=True)
        self._thread.start()
        self._begun.wait()
        if self._refused is not None:
            raise self._refused

    def _keep(self) -> None:
        for start in range(_MOST_STARTS):
            try:
                self._process = spawn(self._argv, self._folder, self._log)
            except OSError as error:
                self._refused, self._given_up = error, 127
                return
            finally:
                self._begun.set()
            if self._stopping.is_set():  # asked between two starts
                end(self._process)
            code = self._process.wait()
            if self._stopping.is_set():
                return
            ENDED.append(f"{self._log.stem} ended with {code} by itself:\n  {end_of(self._log)}")
            if self._stopping.wait(min(0.2 * 2**start, 5.0)):
                return
        self._given_up = code

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        """None while it runs or is about to be started again, else what it last ended with."""
        return self._process.poll() if self._stopping.is_set() else self._given_up

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def again(self) -> None:
        """Have it ended by force and started anew: one that hangs looks well from outside."""
        if self.poll() is None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self, sig: int = signal.SIGTERM, patience: float = 10.0) -> None:
        self._stopping.set()
        end(self._process, sig, patience)
        self._thread.join(patience)


class Controller:
    """``with`` it somebody's controller runs, and works. ``log`` is its output. What it was given, and made, stays when it ends, as on a
    cluster whose controllers died."""

    name: ClassVar[str]
    works: ClassVar[bytes]
    """What it says once it works."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._process: Kept | None = None

    def prepared(self) -> list[str]:
        """Its command line, after what it needs was made ready."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it also answers where it is asked."""
        return True

    def start(self) -> Self:
        try:
            argv = self.prepared()
            earlier = self.log.stat().st_size if self.log.exists() else 0  # of one that ran before it
            self._process = Kept(argv, self.log.parent, self.log)
            self._wait_until_it_works(self._process, earlier)
        except BaseException:
            self.stop()
            raise
        return self

    def _wait_until_it_works(self, process: Kept, earlier: int, timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        while not (self.works in self.log.read_bytes()[earlier:] and self.answers()):
            ended = process.poll()
            if ended is not None or time.monotonic() > deadline:
                why = "does not work yet" if ended is None else f"ended with {ended}"
                raise RuntimeError(f"{self.name} {why}:\n  {end_of(self.log)}")
            time.sleep(0.05)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


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
