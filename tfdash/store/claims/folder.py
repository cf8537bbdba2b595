"""Claims in the store's folder, for the programs of this machine: one small file a run, changed under a lock."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.finished_file import PRIVATE, finished
from tfdash.store.claims.keeping import KeeperAway, KeptClaim
from tfdash.store.claims.words import kept_in, words_of
from tfdash.store.log.thread import StoreThread

T = TypeVar("T")
_LARGEST = 4 * 1024 * 1024


class FolderKeeper:
    """``tfdash.store.claims.keeping.ClaimKeeper``. ``thread``: the one that touches the disk, whose deadline holds."""

    id, shared = "folder", False

    def __init__(self, folder: Path, thread: StoreThread) -> None:
        self._folder, self._thread = folder / "claims", thread

    def problem(self, run: str = "") -> str:
        return ""

    async def look(self, run: str, step: str) -> KeptClaim:
        return await self._do(lambda: kept_in(self._read(run), step), "looking up a claim")

    async def put(self, run: str, step: str, before: KeptClaim, after: KeptClaim) -> bool:
        def put() -> bool:
            with self._locked():
                told = self._read(run)
                if kept_in(told, step) != before:
                    return False
                self._write(run, {**told, step: words_of(after)})
                return True

        return await self._do(put, "claiming a step")

    async def forget(self, run: str) -> None:
        await self._do(lambda: self._path(run).unlink(missing_ok=True), "letting the claims of a run go")

    async def _do(self, work: Callable[[], T], what: str) -> T:
        try:
            return await self._thread.call(work, what)
        except (LedgerUnavailable, OSError) as error:
            raise KeeperAway(f"the folder of the store: {error}") from None

    def _path(self, run: str) -> Path:
        plain = re.sub(r"[^a-z0-9-]+", "-", run.lower())[:80]
        return (
            self._folder
            / f"{plain}-{hashlib.sha256(run.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}.json"
        )

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._folder / "lock", flags, PRIVATE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self, run: str) -> dict[str, Any]:
        try:
            with self._path(run).open("rb") as file:
                told = json.loads(file.read(_LARGEST))
        except FileNotFoundError:
            return {}
        except (ValueError, RecursionError):
            return {}  # the next one has a fence above what the journal knows
        return told if isinstance(told, dict) else {}

    def _write(self, run: str, told: dict[str, Any]) -> None:
        with finished(self._path(run), PRIVATE) as file:
            file.write(json.dumps(told, sort_keys=True).encode("utf-8", "surrogatepass"))
