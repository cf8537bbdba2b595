"""Keeps a pod template's literal values out of files and tables: they are sealed with a key that lies beside them, or that
the people of one shared store have in common."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.store.log.data_dir import why


def local_key(folder: Path) -> bytes:
    """This user's own key, made at the first start. A copy of the store's files without it tells no value."""
    path = folder / "key"
    try:
        if (
            not path.exists()
        ):  # made aside and linked, so that a terminal that starts beside us never reads half a key
            aside = folder / f"key-{secrets.token_hex(6)}"
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            try:
                os.write(descriptor, base64.urlsafe_b64encode(os.urandom(32)))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            with contextlib.suppress(FileExistsError):
                os.link(aside, path)
            aside.unlink()
        key = path.read_bytes()
    except OSError as error:
        raise LedgerUnavailable(f"{path}: {why(error)}") from None
    if len(key) != 44:
        raise LedgerUnavailable(f"{path} is not a key; remove it, and what was sealed with it is lost")
    return key


def key_from(secret: str) -> bytes:
    """A key out of a passphrase that several people share."""
    raw = hashlib.scrypt(
        secret.encode(), salt=b"tfdash store", n=1 << 14, r=8, p=1, maxmem=64 << 20, dklen=32
    )
    return base64.urlsafe_b64encode(raw)


def close_up(key: bytes, text: str) -> bytes:
    from cryptography.fernet import Fernet

    return Fernet(key).encrypt(text.encode("utf-8", "surrogatepass"))


def open_up(key: bytes, sealed: bytes) -> str:
    """ "" where it was sealed with another key, or changed."""
    from cryptography.fernet import Fernet, InvalidToken

    try:
        return Fernet(key).decrypt(sealed).decode("utf-8", "surrogatepass")
    except (InvalidToken, ValueError):
        return ""
