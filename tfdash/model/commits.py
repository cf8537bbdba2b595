"""What a code host says of one version of a repository: its commit and its tag, its checks, who approved it, its notes. Plain data."""

from __future__ import annotations

import msgspec


class CommitCheck(msgspec.Struct, frozen=True, kw_only=True):
    """``passed`` None: it has not ended. ``counts``: False of one that was skipped, or may fail: it says nothing, and holds up nothing."""

    name: str
    passed: bool | None
    word: str
    counts: bool = True


class ReleaseNotes(msgspec.Struct, frozen=True, kw_only=True):
    """``what``: as the host calls it, "draft release 7". ``written``: something stands in it."""

    what: str
    written: bool


class SeenCommit(msgspec.Struct, frozen=True, kw_only=True):
    """``tag``: the commit at which the tag of the version points, "" where there is no such tag. ``commit``: which was asked about: the one that
    was named, else that of the tag; "" where there is neither, and then nothing of a commit is told. ``needed``, ``scans`` and ``migrations``: names
    of checks, as configured. ``approved``: who approved just this; ``earlier``: who approved what it was before; ``against``: who asks for changes.
    ``review``: what was reviewed, "" where no review has this commit. ``notes`` None: none were seen, ``no_notes`` says why."""

    pipeline: str
    version: str
    commit: str
    tag: str = ""
    checks: tuple[CommitCheck, ...] = ()
    needed: tuple[str, ...] = ()
    scans: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()
    review: str = ""
    author: str = ""
    approved: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    reviews: int = 1
    notes: ReleaseNotes | None = None
    no_notes: str = ""
    lines: tuple[str, str] = ("", "")  # the same in another tool: of the checks, of the review
    tag_line: str = ""
    notes_line: str = ""


class NewestCommit(msgspec.Struct, frozen=True, kw_only=True):
    """One of the default branch. ``at``: epoch seconds, None where the host does not say."""

    commit: str
    title: str
    author: str = ""
    at: float | None = None


def commit_key(pipeline: str, version: str, commit: str = "") -> str:
    """By which it stands among the signals."""
    return " ".join(filter(None, (pipeline, version, commit)))
