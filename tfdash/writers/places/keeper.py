"""Keeps one command of this machine: starts it once, takes its output, and writes down how it ended. A process of its own, which
outlives the program that asked for it, however that ends. ``here.py`` makes its folder and reads it.

Run by its path, so that it imports nothing of tfdash and starts at once. Its folder holds

    work.json      what is run: argv, seconds that it may take, environment, folder
    keeper         locked while this process lives: {pid, start}
    begun          made before the command is started, and never twice; {pid, start, boot, at} behind it
    out.N          what it said, in pieces: the first, and the two last
    ended.json     {code, at, why}: written whole, its room taken before the command is started
    refused        why it could not be run at all: nothing was started
    stop           it is not to be started any more
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

PIECE = 128 << 10  # bytes of one piece of the output
ROOM = 4096  # bytes that how it ended may take
PATIENCE = 10.0  # seconds between asking a command to end and ending it
DISK = 6 * 3600.0  # seconds for which a disk that takes nothing is asked again
CHUNK = 65536
LEFT = 32  # chunks that are read of what a command said before it ended: more than a pipe holds (a megabyte at most, pipe(7))


class ToldToEnd:
    """Somebody wants it to end. A signal only notes that: nothing is torn by it; ``wake`` becomes readable."""

    def __init__(self) -> None:
        self.yes = False
        self.wake, self._write = os.pipe()
        os.set_blocking(self._write, False)

    def __call__(self, _number: int, _frame: object) -> None:
        self.yes = True
        with contextlib.suppress(OSError):
            os.write(self._write, b"x")

    def wait(self, stream: int, patience: float) -> bool:
        """Seconds at most, or until there is something to read of ``stream`` (-1: nothing is awaited), or somebody asks."""
        awaited = [self.wake] if stream < 0 else [stream, self.wake]
        ready = select.select(awaited, [], [], patience)[0]
        if self.wake in ready:
            os.read(self.wake, CHUNK)
        return stream in ready


def start_of(pid: int) -> str:
    """When a process started, as its system says it: with its id it is that very process. "" where there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return "" if fields[0] in (b"Z", b"X") else fields[19].decode()
    except FileNotFoundError:
        if os.path.isdir("/proc/self"):
            return ""
    except (OSError, IndexError):
        return ""
    told = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return told.stdout.strip()


def boot_of() -> str:
    """Which start of the machine this is, "" where that is not told."""
    with contextlib.suppress(OSError), open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()
    return ""


def write(path: str, data: bytes) -> None:
    """Whole and durable, or not at all."""
    with open(path + ".part", "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".part", path)
    durable(os.path.dirname(path))


def durable(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Output:
    """The beginning of what is said, and its end: never more than three pieces on the disk. A disk that takes nothing loses
    what is said then, and holds nobody up."""

    def __init__(self, folder: str) -> None:
        self.folder, self.number, self.size = folder, 0, 0
        self.file = open(self._name(0), "wb", buffering=0)  # noqa: SIM115

    def _name(self, number: int) -> str:
        return os.path.join(self.folder, f"out.{number}")

    def take(self, data: bytes) -> None:
        while data:
            if self.size >= PIECE:
                self.turn()
            part, data = data[: PIECE - self.size], data[PIECE - self.size :]
            self.size += len(part)
            with contextlib.suppress(OSError):
                self.file.write(part)

    def turn(self) -> None:
        self.file.close()
        self.number, self.size = self.number + 1, 0
        if self.number > 3:
            with contextlib.suppress(OSError):
                os.unlink(self._name(self.number - 2))
        try:
            self.file = open(self._name(self.number), "wb", buffering=0)  # noqa: SIM115
        except OSError:
            self.file = open(os.devnull, "wb", buffering=0)  # noqa: SIM115


class Keeper:
    def __init__(self, folder: str, tell: Callable[[str], None], asked: ToldToEnd) -> None:
        self.folder, self.tell, self.asked = folder, tell, asked
        with open(self.at("work.json"), "rb") as file:
            self.work = json.load(file)

    def at(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def keep(self) -> None:
        if os.path.exists(self.at("stop")):
            self.tell("it was stopped before it began")
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.at("refused"))
        try:
            self.make_room()
            output = Output(self.folder)
            begun = os.open(self.at("begun"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            self.tell("")  # by another keeper, and it is never begun again
            return
        except OSError as error:
            self.refuse(f"nothing can be written down at {self.folder}: {error.strerror}")
            return
        try:
            os.fsync(begun)
            durable(self.folder)
            child = self.launch()
        except (OSError, ValueError) as error:
            os.close(begun)
            os.unlink(self.at("begun"))
            self.refuse(self.words_of(error))
            return
        about = {"pid": child.pid, "start": start_of(child.pid), "boot": boot_of(), "at": time.time()}
        with contextlib.suppress(OSError):
            os.write(begun, json.dumps(about).encode())
            os.fsync(begun)
        os.close(begun)
        self.tell("")
        code, why = self.watch(child, output)
        self.write_end({"code": code, "at": time.time(), "why": why})

    def make_room(self) -> None:
        """The room of the last word, while there is some: a disk that is full later takes no word away."""
        with open(self.at("ended.part"), "wb") as file:
            file.write(b" " * ROOM)
            file.flush()
            os.fsync(file.fileno())

    def launch(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.work["argv"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=self.work.get("cwd") or None,
            env={**os.environ, **self.work.get("environment", {})},
        )

    def words_of(self, error: Exception) -> str:
        name = self.work["argv"][0]
        if isinstance(error, FileNotFoundError):
            return f"{name} is not installed or not on PATH"
        if isinstance(error, OSError) and error.errno == errno.E2BIG:
            return f"{name} cannot be run: its arguments are too long for this system"
        return f"{name} cannot be run: {getattr(error, 'strerror', None) or error}"

    def refuse(self, words: str) -> None:
        with contextlib.suppress(OSError):
            write(self.at("refused"), words.encode())
        self.tell(words)

    def watch(self, child: subprocess.Popen[bytes], output: Output) -> tuple[int, str]:
        """Its code, and why it was ended where that was not its own doing."""
        limit = float(self.work.get("timeout") or 0.0)
        until = time.monotonic() + limit if limit else None
        assert child.stdout is not None
        stream = child.stdout.fileno()
        os.set_blocking(stream, False)
        why, kill_at = "", None
        while child.poll() is None:
            now = time.monotonic()
            if not why and self.asked.yes:
                why, kill_at = "it was stopped", self.end(child, signal.SIGTERM)
            elif not why and until is not None and now >= until:
                why, kill_at = f"it took longer than {limit:g} s", self.end(child, signal.SIGTERM)
            elif kill_at is not None and now >= kill_at:
                kill_at = self.end(child, signal.SIGKILL)
            left = 0.2 if until is None else max(0.0, min(0.2, until - now))
            if self.asked.wait(stream, left) and not self.read(stream, output):
                stream = -1
        for _ in range(
            LEFT
        ):  # what it started may go on, and say something for ever: it has ended all the same
            if stream < 0 or not self.asked.wait(stream, 0.0) or not self.read(stream, output):
                break
        return child.returncode, why

    def read(self, stream: int, output: Output) -> bool:
        """Whether more can come."""
        try:
            data = os.read(stream, CHUNK)
        except BlockingIOError:
            return True
        output.take(data)
        return bool(data)

    def end(self, child: subprocess.Popen[bytes], sig: int) -> float:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, sig)
        return time.monotonic() + PATIENCE

    def write_end(self, said: dict[str, Any]) -> None:
        data = json.dumps(said).encode()
        until = time.monotonic() + DISK
        while True:
            try:
                # over what was kept free: it needs no new room
                with open(self.at("ended.part"), "r+b") as file:
                    file.write(data.ljust(ROOM))
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(self.at("ended.part"), self.at("ended.json"))
                durable(self.folder)
                return
            except OSError:
                if time.monotonic() >= until:
                    return
            time.sleep(2.0)


def held(lock: int, begun: str) -> bool:
    """Whether the lock is ours now. Who only looks holds it for a moment; another keeper until the command has ended."""
    for _ in range(100):
        if os.path.exists(begun):
            return False
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False


def main(folder: str) -> None:
    """Start it behind us and say on our standard output why it was not started; nothing where it was, or was before."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        with os.fdopen(reading, "rb") as told:
            sys.stdout.buffer.write(told.read(CHUNK))
        sys.stdout.flush()
        return
    os.close(reading)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)

    def tell(words: str) -> None:
        nonlocal writing
        if writing >= 0:
            with contextlib.suppress(OSError):
                os.write(writing, words.encode()[:4000])
            os.close(writing)
            writing = -1

    try:
        lock = os.open(os.path.join(folder, "keeper"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        tell(f"nothing can be written down at {folder}: {error.strerror}")
        os._exit(0)
    if not held(lock, os.path.join(folder, "begun")):
        tell("")  # another keeper has it
        os._exit(0)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        about = json.dumps({"pid": os.getpid(), "start": start_of(os.getpid())}).encode()
        with contextlib.suppress(OSError):
            os.ftruncate(lock, 0)
            os.pwrite(lock, about, 0)
        asked = ToldToEnd()
        signal.signal(signal.SIGTERM, asked)
        Keeper(folder, tell, asked).keep()
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
