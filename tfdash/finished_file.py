"""A file that others read while it is written anew: they find the old one or the new one, whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PRIVATE = 0o600


def write_finished(path: Path, data: bytes) -> None:
    """As ``finished``, of what is there already."""
    with finished(path) as file:
        file.write(data)


@contextlib.contextmanager
def finished(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Written beside ``path`` and renamed; what a link leads to, and not the link. A file that was there keeps its permissions, and
    its owner where we may give it away; a new one has what the umask leaves of ``mode``. One that is for its user alone (``PRIVATE``) is that
    also where another was there. Missing folders are made.

    Raises OSError, whose words name what is wrong; then the old file is as it was. A pipe or a device is refused: a rename would put a
    file in its place.
    """
    path = Path(os.path.realpath(path))
    before = _status(path)
    if before is not None and not stat.S_ISREG(before.st_mode):
        raise OSError(f"it is {'a folder' if stat.S_ISDIR(before.st_mode) else 'no file'}")
    above = next(folder for folder in path.parents if folder.exists())
    if not above.is_dir():
        raise OSError(f"{above} is no folder; give another name")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".tfdash-{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if before is not None and mode != PRIVATE:
                with contextlib.suppress(PermissionError):
                    os.fchown(descriptor, before.st_uid, before.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def _status(path: Path) -> os.stat_result | None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return path.stat()
    return None
