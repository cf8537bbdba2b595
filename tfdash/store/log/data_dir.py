"""Where the local store lies: a private folder on a disk of this machine, one file and one lock for each terminal."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.locked_file import is_locked

SLOTS = 64
_REMOTE = frozenset(
    (
        "nfs",
        "nfs3",
        "nfs4",
        "cifs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "afpfs",
        "ceph",
        "lustre",
        "beegfs",
        "glusterfs",
        "gpfs",
        "ocfs2",
        "gfs2",
        "ncpfs",
        "coda",
        "davfs",
        "webdav",
        "pvfs2",
        "orangefs",
        "panfs",
        "wekafs",
        "autofs",
        "macfuse",
        "osxfuse",
    )
)
_LOCAL_FUSE = frozenset(
    ("fuseblk", "fuse.ext4", "fuse.ntfs-3g", "fuse.fuse-overlayfs", "fuse-overlayfs", "fuse.grpcfuse")
)


class TerminalSlot(NamedTuple):
    """One terminal's place: its number, its file, and the descriptor that holds the lock as long as the process lives."""

    number: int
    path: Path
    lock: int


def default_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_state_dir("tfdash", appauthor=False)) / "store"


def remote_type(path: Path) -> str:
    """The type of the file system that ``path`` lies on where it is one of another machine, else ""."""
    kind = _linux_type(path) if sys.platform.startswith("linux") else _mount_type(path)
    if kind in _REMOTE or (kind.startswith("fuse") and kind not in _LOCAL_FUSE):
        return kind
    return ""


def _linux_type(path: Path) -> str:
    try:
        text = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
    return type_in_mountinfo(text, _existing(path))


def type_in_mountinfo(text: str, path: Path) -> str:
    """The type of the mount that ``path`` lies on; the last of equally long mount points is on top."""
    best, kind = -1, ""
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        if len(fields) < 5 or not right:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), fields[4])
        if _within(str(path), point) and len(point) >= best:
            best, kind = len(point), right.split(" ")[0]
    return kind


def _mount_type(path: Path) -> str:  # macOS and the BSDs: "/dev/disk on / (apfs, local)"
    try:
        done = subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    best, kind = -1, ""
    for point, named in re.findall(r"(?m)^.* on (.+) \((\w+)", done.stdout):
        if _within(str(_existing(path)), point) and len(point) >= best:
            best, kind = len(point), named
    return kind


def _within(path: str, point: str) -> bool:
    return path == point or point == "/" or path.startswith(point.rstrip("/") + "/")


def _existing(path: Path) -> Path:
    path = path.resolve()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def prepare(folder: Path) -> None:
    """Make the folder, private. Raises ``LedgerUnavailable`` where it cannot be used, with the remedy."""
    try:
        kind = remote_type(folder)
    except (OSError, ValueError) as error:  # a path that no file system takes
        said = why(error) if isinstance(error, OSError) else str(error)
        raise LedgerUnavailable(
            f"the store's folder {folder}: {said}; set [store] path to another one"
        ) from None
    if kind:
        raise LedgerUnavailable(
            f"{folder} lies on a network file system ({kind}), where neither locks nor fsync can be trusted; "
            "set [store] path to a folder on a local disk"
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        seen = folder.stat()
    except OSError as error:
        raise LedgerUnavailable(f"the store's folder {folder}: {why(error)}") from None
    if not stat.S_ISDIR(seen.st_mode):
        raise LedgerUnavailable(f"the store's folder {folder} is not a folder")
    if seen.st_uid != os.getuid():
        raise LedgerUnavailable(
            f"the store's folder {folder} belongs to another user (uid {seen.st_uid}); set [store] path to one of yours"
        )
    if stat.S_IMODE(seen.st_mode) & 0o077:
        try:
            folder.chmod(0o700)
        except OSError as error:
            raise LedgerUnavailable(f"others may enter {folder}: {why(error)}; chmod 700 it") from None


def take_slot(folder: Path) -> TerminalSlot:
    """The first place that no living terminal holds. The lock goes with the process, however it ends."""
    for number in range(SLOTS):
        held = _lock(folder, number)
        if held is not None:
            return TerminalSlot(number, folder / f"terminal-{number}.db", held)
    raise LedgerUnavailable(f"{SLOTS} terminals of this user hold all places in {folder}")


def try_slot(folder: Path, number: int) -> TerminalSlot | None:
    """That place, where no living terminal holds it: a terminal that ended left its file there."""
    held = _lock(folder, number)
    return None if held is None else TerminalSlot(number, folder / f"terminal-{number}.db", held)


def is_held(folder: Path, number: int) -> bool:
    """Whether a living terminal holds that place. Nothing is made or written to find out."""
    path = folder / f"terminal-{number}.lock"
    try:
        return is_locked(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise LedgerUnavailable(f"{path}: {why(error)}") from None


def why_unreadable(folder: Path) -> str:
    """Why what terminals left in a folder cannot be looked up, ""  where it can, or where there is no folder yet."""
    try:
        seen = folder.stat()
    except FileNotFoundError:
        # the default one is made by the first terminal that acts, with what lies above it, in a home that is there
        made_here = folder == default_folder() and Path.home().is_dir()
        return "" if made_here or folder.parent.is_dir() else f"{folder.parent} is not there"
    except (OSError, ValueError) as error:
        return f"{folder}: {why(error) if isinstance(error, OSError) else error}"
    if not stat.S_ISDIR(seen.st_mode):
        return f"{folder} is not a folder"
    return "" if os.access(folder, os.R_OK | os.X_OK) else f"{folder}: permission denied"


def _lock(folder: Path, number: int) -> int | None:
    path = folder / f"terminal-{number}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LedgerUnavailable(f"{path}: {why(error)}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return None
        raise LedgerUnavailable(f"{path}: {why(error)}") from None
    return descriptor


def release(slot: TerminalSlot) -> None:
    os.close(slot.lock)


def files(folder: Path) -> list[Path]:
    """The files of all terminals of this user, in the order of their places. Raises LedgerUnavailable."""
    try:
        found = [
            (int(m[1]), path)
            for path in folder.glob("terminal-*.db")
            if (m := re.match(r"terminal-(\d+)\.db\Z", path.name))
        ]
    except OSError as error:
        raise LedgerUnavailable(f"{folder}: {why(error)}") from None
    except ValueError as error:  # a name with a null byte
        raise LedgerUnavailable(f"{str(folder)!r}: {error}") from None
    return [path for _, path in sorted(found)]


def widowed(folder: Path) -> list[Path]:
    """The files that are gone while what was written to them last still lies beside: no terminal leaves that."""
    try:
        wals = sorted(folder.glob("terminal-*.db-wal"))
        return [file for wal in wals if not (file := wal.with_name(wal.name[:-4])).exists()]
    except (OSError, ValueError):
        return []


def create_private(path: Path) -> None:
    """An empty file that only its user reads; SQLite gives its companions the same mode."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o600)
    except OSError as error:
        raise LedgerUnavailable(f"{path}: {why(error)}") from None


def identity(path: Path) -> str:
    """What tells a file from its copies: the machine, the device and the inode."""
    machine = ""
    for name in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            machine = Path(name).read_text("ascii").strip()
            break
        except (OSError, ValueError):
            continue
    seen = path.stat()
    return f"{machine or os.uname().nodename}:{seen.st_dev}:{seen.st_ino}"


def why(error: OSError) -> str:
    """The cause in words, with what to do."""
    remedies = {
        errno.EROFS: "the file system is read-only",
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EACCES: "permission denied",
        errno.EPERM: "not permitted",
        errno.ELOOP: "it is a symbolic link; it must be the file itself",
        errno.ENOTDIR: "a part of the path is not a folder",
    }
    return remedies.get(error.errno or 0, error.strerror or str(error))
