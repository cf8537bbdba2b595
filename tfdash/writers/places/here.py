"""Commands of this machine. Each has a keeper (``keeper.py``) that outlives this program, and a folder by its key."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tfdash.actions.core.protocols import NotSent, OutcomeUnknown
from tfdash.finished_file import PRIVATE, finished
from tfdash.locked_file import is_locked
from tfdash.procedures.protocols import Work, WorkSeen, WorkState
from tfdash.process import CommandFailed, how_ended, in_thread, run_command
from tfdash.text import safe
from tfdash.writers.places import keeper
from tfdash.writers.places.memory import MemoryOfWork, durable, read_json
from tfdash.writers.places.names import as_line, last_lines

_KEEPER = Path(keeper.__file__)
_PATIENCE = 20.0  # seconds for a keeper to say that it keeps


class HerePlace:
    """``tfdash.procedures.protocols.Place`` of this machine. ``memory``: of this user, on a local disk."""

    def __init__(self, memory: MemoryOfWork, wall: Callable[[], float] = time.time) -> None:
        self._memory, self._folder, self._wall = memory, memory.folder, wall

    def shown(self, work: Work) -> str:
        return as_line(work.argv)

    async def mark(self, work: Work) -> Mapping[str, str]:
        try:
            return await in_thread(self._memory.mark)
        except OSError as error:
            raise NotSent(self._no_memory(error)) from None

    async def start(self, work: Work) -> WorkSeen:
        return await in_thread(lambda: self._start(work))

    async def look(self, work: Work) -> WorkSeen:
        return await in_thread(lambda: self._look(work))

    async def stop(self, work: Work) -> WorkSeen:
        return await in_thread(lambda: self._stop(work))

    # -- in a thread ---------------------------------------------------------------------------------------------------

    def _no_memory(self, error: Exception) -> str:
        words = getattr(error, "strerror", None) or str(error)
        return safe(f"nothing can be written down at {self._folder}: {words}")

    def _start(self, work: Work) -> WorkSeen:
        at = self._memory.at(work.key)
        if self._memory.elsewhere(work.mark):
            return self._look(work)  # it was another machine's to begin
        try:
            self._claim(at, work)
        except (OSError, ValueError) as error:
            raise NotSent(self._no_memory(error)) from None
        before = self._look(work)
        if before.state is not WorkState.NOT_STARTED:
            return before
        try:
            done = run_command([sys.executable, "-I", str(_KEEPER), str(at)], timeout=_PATIENCE)
        except CommandFailed as error:
            seen = self._look(work)
            if seen.state is WorkState.NOT_STARTED:  # and its keeper, if there is one, is told not to
                raise self._never(at, safe(str(error))) from None
            return seen
        seen = self._look(work)
        if seen.state is WorkState.NOT_STARTED:
            words = last_lines(done.stdout) or last_lines(done.stderr)
            raise NotSent(safe(words) or "its keeper ended before it began") from None
        return seen

    def _claim(self, at: Path, work: Work) -> None:
        """The folder of the key with what is to be run, made at once and whole by whoever comes first."""
        if at.exists():
            self._same(at, work)
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        making = self._folder / f".{secrets.token_hex(8)}"
        making.mkdir(mode=0o700)
        said = {
            "key": work.key,
            "argv": list(work.argv),
            "timeout": work.timeout,
            "environment": {"TFDASH_KEY": work.key},
            "cwd": str(Path.home()),
            "host": socket.gethostname(),
            "asked_at": self._wall(),
        }
        try:
            with finished(making / "work.json", PRIVATE) as file:
                file.write(json.dumps(said).encode())
            try:
                os.rename(making, at)
            except OSError:
                if not at.is_dir():
                    raise
            durable(self._folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
        self._same(at, work)

    def _same(self, at: Path, work: Work) -> None:
        found = read_json(at / "work.json")
        if found is not None and found.get("argv") != list(work.argv):
            raise ValueError("another command was begun under this key")

    def _never(self, at: Path, words: str) -> Exception:
        """What cannot be known to be off is told off: where even that fails it is not known what will be."""
        try:
            (at / "stop").touch(mode=0o600)
        except OSError:
            return OutcomeUnknown(f"{words}, and it cannot be called off")
        return NotSent(words) if not (at / "begun").exists() else OutcomeUnknown(words)

    def _look(self, work: Work) -> WorkSeen:
        at = self._memory.at(work.key)
        try:
            return self._kept(work, at)
        except OSError as error:
            return _unknown(f"what is kept at {safe(str(at))} cannot be read: {error.strerror}", str(at))

    def _kept(self, work: Work, at: Path) -> WorkSeen:
        """What comes first is looked at first, so that what comes meanwhile is taken for nothing else: a keeper holds its lock before
        "begun" is made, and lets go of it behind "ended.json". Raises ``OSError``."""
        about = read_json(at / "work.json")
        where = str(at)
        line = as_line(["tail", "-n", "40", *sorted(map(str, at.glob("out.*")), key=_number)[-2:]])
        if about is None:
            if at.exists():
                return _unknown(f"what is kept at {where} cannot be read", where)
            if machine := self._memory.elsewhere(work.mark):
                return _unknown(
                    f"it was begun on {machine}, and this machine knows nothing of it; look there", where
                )
            return WorkSeen(state=WorkState.NOT_STARTED, sentence="it was not begun", where=where)
        if about.get("host") not in (None, socket.gethostname()) and not (at / "ended.json").exists():
            return _unknown(f"it was begun on {safe(str(about['host']))}; look there", where)
        begun, held = (at / "begun").exists(), _held(at / "keeper")
        ended = read_json(at / "ended.json")
        began = read_json(at / "begun") or {}
        common: dict[str, Any] = {
            "output": last_lines(_output(at)),
            "where": where,
            "line": line,
            "started_at": began.get("at"),
        }
        if ended is not None:
            return _ended(ended, common)
        if not begun:
            if held:
                return WorkSeen(state=WorkState.RUNNING, sentence="it is about to begin", **common)
            return WorkSeen(state=WorkState.NOT_STARTED, sentence=self._why_not(at), **common)
        if held:
            return WorkSeen(
                state=WorkState.RUNNING, sentence=f"it runs here as process {began.get('pid', '?')}", **common
            )
        if "pid" not in began:
            return _unknown("its keeper was ended while it began: whether it runs is not known", **common)
        if began.get("boot") != keeper.boot_of():
            return _unknown("this machine was started anew since: how it ended is not known", **common)
        if keeper.start_of(began["pid"]) == began.get("start"):
            words = f"it runs here as process {began['pid']}; its keeper was ended, so that how it ends will not be known"
            return WorkSeen(state=WorkState.RUNNING, sentence=words, **common)
        return _unknown("its keeper was ended before it: how it ended is not known", **common)

    def _why_not(self, at: Path) -> str:
        with contextlib.suppress(OSError):
            return last_lines((at / "refused").read_bytes()) or "it was refused"
        return "it was stopped before it began" if (at / "stop").exists() else "it was not begun yet"

    def _stop(self, work: Work) -> WorkSeen:
        at = self._memory.at(work.key)
        with contextlib.suppress(OSError, ValueError):
            if not self._memory.elsewhere(work.mark):
                self._claim(at, work)  # what was not begun never will be
        if at.exists():
            with contextlib.suppress(OSError):
                (at / "stop").touch(mode=0o600)
            with contextlib.suppress(
                OSError
            ):  # it ended meanwhile, or what is kept cannot be read: that is said below
                _told_to_end(at)
        return self._look(work)


def _told_to_end(at: Path) -> None:
    """Raises ``OSError``."""
    kept = read_json(at / "keeper") or {}
    began = read_json(at / "begun") or {}
    if _held(at / "keeper") and keeper.start_of(kept.get("pid", 0)) == kept.get("start"):
        os.kill(kept["pid"], signal.SIGTERM)
    elif began.get("start") and keeper.start_of(began["pid"]) == began["start"]:
        os.killpg(began["pid"], signal.SIGTERM)


def _ended(ended: Mapping[str, Any], common: Mapping[str, Any]) -> WorkSeen:
    code, why = int(ended.get("code", 0)), str(ended.get("why") or "")
    good = code == 0 and not why
    return WorkSeen(
        state=WorkState.ENDED,
        good=good,
        code=code,
        sentence=safe(f"{why}: it {how_ended(code)}" if why else f"it {how_ended(code)}"),
        ended_at=ended.get("at"),
        **common,
    )


def _unknown(sentence: str, where: str = "", **common: Any) -> WorkSeen:
    return WorkSeen(state=WorkState.UNKNOWN, sentence=sentence, where=where, **common)


def _held(path: Path) -> bool:
    """Whether a keeper lives. No file: none ever did. Raises ``OSError``."""
    try:
        return is_locked(path)
    except FileNotFoundError:
        return False


def _number(path: str) -> int:
    end = path.rpartition(".")[2]
    return int(end) if end.isdecimal() else 0


def _output(at: Path) -> bytes:
    """The last two pieces of what it said."""
    said = b""
    for path in sorted(map(str, at.glob("out.*")), key=_number)[-2:]:
        with contextlib.suppress(OSError):
            said += Path(path).read_bytes()
    return said
