"""What a command answered that is kept as its step's evidence: the link of what it opened, else its id. Pure."""

from __future__ import annotations

import re

from tfdash.procedures.protocols import WorkSeen

_LINK = re.compile(r"https?://[^\s\"'<>\\]+")
_LONGEST = 2_000


def is_link(text: str) -> bool:
    """Whether it is one address that a browser opens, and nothing beside it."""
    return _LINK.fullmatch(text.strip()) is not None


def answer_of(seen: WorkSeen) -> dict[str, str]:
    """``link``: the first address in its output; else ``note``: its last line, which names what it opened; else where it ran, where that
    is an address. {} where it told nothing."""
    found = _LINK.search(seen.output)
    if found is not None:
        return {"link": found[0].rstrip(".,;:)]}")[:_LONGEST]}
    lines = [line.strip() for line in seen.output.splitlines() if line.strip()]
    if lines:
        return {"note": lines[-1][:_LONGEST]}
    return {"link": seen.where[:_LONGEST]} if is_link(seen.where) else {}
