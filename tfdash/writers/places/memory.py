"""What this user of this machine alone remembers of commands that it began: a folder beside the store."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfdash.finished_file import PRIVATE, finished
from tfdash.text import safe
from tfdash.writers.places.names import name_of

_OFF = "off"
CALLED_OFF = "it was called off before it was asked for"


def is_off(noted: Mapping[str, Any]) -> bool:
    """Whether it was called off before anybody asked for it."""
    return noted.get(_OFF) is True


class MemoryOfWork:
    """Blocks: call it in a thread. Raises ``OSError`` where the disk does not take what is to be remembered. ``folder`` is made
    where it is wanted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mark(self) -> dict[str, str]:
        """Which memory this is: its own name, made once, and the machine's, for people."""
        path = self.folder / "name"
        if not path.exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside = self.folder / f".name-{secrets.token_hex(8)}"
            with finished(beside, PRIVATE) as file:
                file.write(secrets.token_hex(16).encode())
            with contextlib.suppress(FileExistsError):
                os.link(beside, path)  # never over another's
            beside.unlink()
        return {"memory": path.read_text().strip(), "machine": socket.gethostname()}

    def elsewhere(self, mark: Mapping[str, str]) -> str:
        """The machine whose memory speaks of it, where that is another one; "" where it is this one, or where nothing was begun. A copy of a
        memory, of a machine that was cloned or a home that was put back, knows nothing of what came later: its name alone says nothing."""
        if not mark.get("memory"):
            return ""
        try:
            mine = self.mark()
            ours = mine["memory"] == mark["memory"] and mark.get("machine") in (None, "", mine["machine"])
        except OSError:
            ours = False
        return "" if ours else safe(mark.get("machine") or "another machine")

    def at(self, key: str) -> Path:
        return self.folder / name_of(key)

    def note(self, key: str, said: Mapping[str, Any]) -> None:
        """Durable when it returns; over what was said before."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with finished(self.at(key).with_suffix(".json"), PRIVATE) as file:
            file.write(json.dumps(dict(said)).encode())
        durable(self.folder)

    def claim(self, key: str, said: Mapping[str, Any]) -> bool:
        """``note`` by whoever comes first; False for all others."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self.folder / f".claim-{secrets.token_hex(8)}"
        try:
            with finished(beside, PRIVATE) as file:
                file.write(json.dumps(dict(said)).encode())
            os.link(beside, self.at(key).with_suffix(".json"))
        except FileExistsError:
            return False
        finally:
            beside.unlink(missing_ok=True)
        durable(self.folder)
        return True

    def noted(self, key: str) -> dict[str, Any] | None:
        """None where nothing was noted. Raises ``OSError`` where something was and cannot be read: that is no proof of anything."""
        path = self.at(key).with_suffix(".json")
        try:
            found = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise OSError(errno.EIO, "it is damaged")
        return found

    def call_off(self, key: str) -> None:
        """What nobody claimed is claimed by nobody any more; what somebody did is left as it is."""
        self.claim(key, {_OFF: True})

    def forget(self, key: str) -> None:
        self.at(key).with_suffix(".json").unlink(missing_ok=True)
        durable(self.folder)


def durable(folder: Path) -> None:
    """What was made, renamed or taken away in it stays so."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path) -> dict[str, Any] | None:
    """An object of JSON; None where there is none that can be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
