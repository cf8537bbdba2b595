"""What a key is called where it is kept: a folder, a unit, a Job."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterable

from tfdash.text import safe, scrubbed

_LINES, _BYTES = 40, 8000


def name_of(key: str, most: int = 80) -> str:
    """A name for ``key`` of at most ``most`` characters, none but small letters, digits and "-": what files, systemd and Kubernetes
    all take. Two keys never have the same: the digest of the whole key is its end."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    told = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")[: most - 20].strip("-")
    return f"tfdash-{told}-{digest}" if told else f"tfdash-{digest}"


def last_lines(data: bytes | str) -> str:
    """The last of what a command said, safe to show and without the secrets that this process knows."""
    text = data.decode(errors="replace") if isinstance(data, bytes) else data
    lines = [line for line in scrubbed(text[-_BYTES * 2 :]).splitlines() if line.strip()]
    return "\n".join(safe(line) for line in lines[-_LINES:])[-_BYTES:]


def is_text(word: str) -> bool:
    """Whether JSON can carry it: of a word that came in bytes of no text, half a character may be left."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_line(argv: Iterable[str]) -> str:
    """A command as a shell takes it, on one line: a line break in a word is shown, and the line is then not to be copied."""
    return safe(scrubbed(" ".join(shlex.quote(word) for word in argv)))
