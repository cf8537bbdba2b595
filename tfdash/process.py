"""Runs a command of somebody else's: no shell, no terminal, a time-out, its whole process group ended, output capped.

Where we are killed by SIGKILL nobody ends it, as with kubectl's own plug-ins: PR_SET_PDEATHSIG would have to be set between fork
and exec, which is not safe beside threads, and follows the thread that started it, not us.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, NamedTuple, TypeVar

T = TypeVar("T")
_running: set[subprocess.Popen[bytes]] = set()
_starting = threading.RLock()  # while one is started: a signal may come to the thread that does


@dataclass(frozen=True)
class Completed:
    """What a command did. ``stdout`` may hold a secret: it is kept out of ``repr``."""

    returncode: int
    stdout: bytes
    stderr: str

    def __repr__(self) -> str:
        return f"Completed(returncode={self.returncode}, stdout={len(self.stdout)} bytes)"


class LoginCommand(NamedTuple):
    """What a person runs on the terminal to log in. ``take`` gets what it prints, which may be a secret and is never shown; it
    raises an exception with one sentence where that is no credential. ``environment`` None: ours."""

    argv: list[str]
    environment: Mapping[str, str] | None = None
    take: Callable[[bytes], None] | None = None


class CommandFailed(Exception):
    """It could not be started, ran too long, or said too much; one sentence that names the program."""


class CommandNotStarted(CommandFailed):
    """Nothing was run: it is not there, or the system cannot run it."""


class CommandTimedOut(CommandFailed):
    """It ran too long, and was ended."""


def how_ended(code: int) -> str:
    """A return code in words: "ended with 3"; one below zero is a signal."""
    if code >= 0:
        return f"ended with {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def run_command(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    timeout: float = 30.0,
    max_output: int = 1 << 20,
    given: bytes = b"",
    answer: Callable[[bytes], bytes] | None = None,
) -> Completed:
    """Run ``argv`` and wait. Blocking: call it in a thread. Raises ``CommandFailed``.

    The command gets ``given`` as its standard input (nothing: none), or what ``answer`` makes of all that it printed so far, once that is
    anything, and a session of its own, so that neither it nor what it starts
    can reach the terminal; all of them are ended at the time-out (seconds) or when more than ``max_output`` bytes came.
    """
    try:
        with _starting, _input(given) as stdin:
            process = subprocess.Popen(
                list(argv),
                env=dict(env) if env is not None else None,
                stdin=stdin if answer is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            _running.add(process)
    except FileNotFoundError:
        raise CommandNotStarted(f"{argv[0]} is not installed or not on PATH") from None
    except OSError as error:
        raise CommandNotStarted(f"{argv[0]} cannot be run: {error.strerror}") from None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        heard = partial(_hear, process.stdin, answer)
        until = time.monotonic() + timeout
        out, err = _drain(process.stdout, process.stderr, argv[0], until, timeout, max_output, heard)
        code = process.wait(max(0.1, timeout))
    except subprocess.TimeoutExpired:
        raise CommandTimedOut(f"{argv[0]} did not end within {timeout:g} s") from None
    finally:
        _end_group(process)
        _running.discard(process)
        process.stdout.close()
        process.stderr.close()
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
    return Completed(code, out, _short(err.decode(errors="replace")))


@contextlib.contextmanager
def _input(given: bytes) -> Iterator[int]:
    """A file and no pipe: a command may not read it, or end before it has."""
    if not given:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as file:
        file.write(given)
        file.seek(0)
        yield file.fileno()


def _short(told: str, most: int = 4000) -> str:
    """Its beginning, where the cause stands, and its end."""
    return told if len(told) <= most else f"{told[: most // 2]} ... {told[-most // 2 :]}"


def _hear(stdin: IO[bytes] | None, answer: Callable[[bytes], bytes] | None, said: bytes) -> None:
    if stdin is None or stdin.closed or answer is None or not (told := answer(said)):
        return
    with contextlib.suppress(OSError):  # it ended meanwhile
        stdin.write(told)
        stdin.close()


def _drain(
    stdout: IO[bytes],
    stderr: IO[bytes],
    name: str,
    deadline: float,
    timeout: float,
    cap: int,
    heard: Callable[[bytes], None],
) -> tuple[bytes, bytes]:
    chunks: dict[int, bytearray] = {stdout.fileno(): bytearray(), stderr.fileno(): bytearray()}
    with selectors.DefaultSelector() as waiting:
        for descriptor in chunks:
            waiting.register(descriptor, selectors.EVENT_READ)
        while waiting.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                raise CommandTimedOut(f"{name} did not end within {timeout:g} s")
            for key, _ in waiting.select(left):
                data = os.read(key.fd, 65536)
                if not data:
                    waiting.unregister(key.fd)
                chunks[key.fd] += data
                if len(chunks[key.fd]) > cap:
                    raise CommandFailed(f"{name} printed more than {cap} bytes")
                if data and key.fd == stdout.fileno():
                    heard(bytes(chunks[key.fd]))
    return bytes(chunks[stdout.fileno()]), bytes(chunks[stderr.fileno()])


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End whatever is left of the group: also children that outlived the command itself."""
    for sig, patience in ((signal.SIGTERM, 0.5), (signal.SIGKILL, 2.0)):
        try:
            os.killpg(process.pid, sig)
        except ProcessLookupError:
            break
        except PermissionError:
            break
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    process.poll()


def end_commands() -> None:
    """End all that still run: in sessions of their own they would outlive us, and our time-outs end with us."""
    waited = _starting.acquire(
        timeout=2.0
    )  # one that is being started runs already and is not among them yet
    found = list(_running)
    if waited:
        _starting.release()
    for sig, patience in ((signal.SIGTERM, 0.5), (signal.SIGKILL, 0.0)):
        for process in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, sig)
        deadline = time.monotonic() + patience
        for process in found:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))


async def in_thread(work: Callable[[], T]) -> T:
    """``work`` in a daemon thread: unlike asyncio's own executor, one that hangs does not hold the exit."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(tell: Callable[[], None]) -> None:
        if not done.cancelled():
            tell()

    def run() -> None:
        try:
            tell = partial(done.set_result, work())
        except BaseException as error:
            tell = partial(done.set_exception, error)
        try:
            loop.call_soon_threadsafe(settle, tell)
        except RuntimeError:
            return  # the loop is gone: nobody waits any more

    threading.Thread(target=run, daemon=True, name="tfdash-work").start()
    return await done
