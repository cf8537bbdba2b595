"""The mark that stands for a value that is not shown: ``<hidden, 12 bytes>``."""

from __future__ import annotations

import base64
import binascii
import re

_MARK = re.compile(r"<hidden, [\d,]+ bytes>")


def hidden(value: object) -> str:
    """It tells the size and nothing else."""
    return _of(len(str(value).encode(errors="replace")))


def hidden_in_secret(value: object, *, encoded: bool) -> str:
    """Of a value of a Secret: ``encoded`` (``data``) tells the size of what the base64 holds. The source hides it and so does
    whatever shows it, so a mark stays what it is."""
    text = str(value)
    if _MARK.fullmatch(text):
        return text
    if encoded:
        try:
            return _of(len(base64.b64decode(text, validate=True)))
        except (binascii.Error, ValueError):
            pass
    return hidden(text)


def _of(size: int) -> str:
    return f"<hidden, {size:,} bytes>"
