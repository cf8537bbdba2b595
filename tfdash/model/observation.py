"""A value with where it came from, when, and what is wrong with it. A failed read keeps the last value."""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from tfdash.text import scrubbed

T = TypeVar("T")


class ProblemKind(StrEnum):
    """Why a source does not deliver. Each has one remedy that the source words for its case."""

    LOGIN_EXPIRED = "login expired"
    FORBIDDEN = "forbidden"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timed out"
    THROTTLED = "throttled"
    SERVER_ERROR = "server error"
    BAD_ANSWER = "unreadable answer"
    NOT_SERVED = "not served"  # the kind's API is absent from this cluster
    STALE = "stale"  # it answers, and with what is old
    CONFIG = "configuration"
    INTERNAL = "internal error"
    NOT_WRITTEN = "not written"  # what is kept for later cannot be
    NOT_RECORDED = "not recorded"  # a recording is played, and does not hold it


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, in one sentence (``cause``), and what to do about it (``remedy``, may be "")."""

    kind: ProblemKind
    cause: str
    remedy: str = ""
    since: float = 0.0  # epoch seconds at which it began
    retry_at: float | None = None  # epoch seconds of the next try
    transient: bool = True  # False: retrying will not mend it by itself (a right, the configuration)

    def __post_init__(self) -> None:
        """What others say may repeat what we sent them: no secret goes further than here, wherever it is shown."""
        for name in ("cause", "remedy"):
            said = getattr(self, name)
            if (clean := scrubbed(said)) != said:
                msgspec.structs.force_setattr(self, name, clean)

    def __str__(self) -> str:
        return f"{self.cause}; {self.remedy}" if self.remedy else self.cause


ALL_OTHERS = "all others"
"""Among the ``hidden``: no namespace, but all that were not asked singly, where all at once is forbidden."""


class ListProgress(msgspec.Struct, frozen=True):
    """A list that is under way: ``loaded`` objects of about ``total`` (None while unknown)."""

    loaded: int
    total: int | None


class Observation(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """The newest value of one thing.

    ``value`` is None until the first success. ``observed_at`` (epoch seconds, UTC) is the time of the last proof that
    the value is current: for a watch its last byte or bookmark, not its last change. ``provisional`` marks a value
    that came from a server-printed Table: names and cells, no uid, no object. ``hidden`` names namespaces that could
    not be seen, with the reason in ``problem``.
    """

    value: T | None = None
    source: str = ""
    observed_at: float | None = None
    problem: Problem | None = None
    progress: ListProgress | None = None
    provisional: bool = False
    complete: bool = False  # the whole scope has been listed at least once
    unreadable: int = 0  # items of it that could not be read: rows that say so, and those without a name
    hidden: tuple[str, ...] = ()
    partial: bool = False  # of some namespaces alone, asked for or allowed: a sum over all of it is none
    note: str = ""  # what is to be said of a value that is whole: "not installed"
    interval: float = 60.0  # seconds within which the next proof is due; older than that shows its age

    @property
    def unasked(self) -> bool:
        """Whether neither an answer nor a failure came yet."""
        return self.observed_at is None and self.problem is None

    @property
    def absent(self) -> bool:
        """Whether it is not served there and never was, which is nobody's fault."""
        return (
            self.problem is not None
            and self.problem.kind is ProblemKind.NOT_SERVED
            and self.observed_at is None
        )
