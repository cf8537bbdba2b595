"""What a code host says of one version of a repository: its checks, and who approved it. Plain data."""

from __future__ import annotations

import msgspec


class CommitCheck(msgspec.Struct, frozen=True, kw_only=True):
    """``passed`` None: it has not ended. ``counts``: False of one that was skipped, or may fail: it says nothing, and holds up nothing."""

    name: str
    passed: bool | None
    word: str
    counts: bool = True


class SeenCommit(msgspec.Struct, frozen=True, kw_only=True):
    """``needed`` and ``scans``: names of checks, as configured. ``approved``: who approved just this; ``earlier``: who approved what it was
    before; ``against``: who asks for changes. ``review``: what was reviewed, "" where no review has this commit."""

    pipeline: str
    version: str
    commit: str
    checks: tuple[CommitCheck, ...] = ()
    needed: tuple[str, ...] = ()
    scans: tuple[str, ...] = ()
    review: str = ""
    author: str = ""
    approved: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    reviews: int = 1
    lines: tuple[str, str] = ("", "")  # the same in another tool: of the checks, of the review


def commit_key(pipeline: str, version: str) -> str:
    """By which it stands among the signals."""
    return f"{pipeline} {version}"
