"""A claim as JSON, in a file or an annotation, and back. What stands there may have been written by anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfdash.store.claims.keeping import KeptClaim

_MOST = 2**53


def words_of(kept: KeptClaim) -> dict[str, Any]:
    return {"fence": kept.fence, "holder": kept.holder, "terminal": kept.terminal}


def kept_in(told: Mapping[str, Any], step: str, version: str = "") -> KeptClaim:
    """What stands there of a step; nobody's where that cannot be read."""
    one = told.get(step)
    if isinstance(one, Mapping):
        fence, holder, terminal = one.get("fence"), one.get("holder"), one.get("terminal")
        counts = isinstance(fence, int) and not isinstance(fence, bool) and 0 <= fence < _MOST
        if counts and isinstance(holder, str) and isinstance(terminal, str):
            return KeptClaim(fence=int(str(fence)), holder=holder, terminal=terminal, version=version)
    return KeptClaim(version=version)
