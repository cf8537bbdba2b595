"""What a screen may ask the board for, beyond the pictures it is given: single objects, events and logs.

All are reads. The answers are complete texts or streams of lines, already made safe for a terminal where they are
meant to be shown; ``document`` is the decoded object for those who compute with it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tfdash.model.observation import Problem
from tfdash.model.subject import Subject


class ReadFailed(Exception):
    """A read that did not succeed; ``problem`` says why and what to do, in words for an operator."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Document(msgspec.Struct, frozen=True):
    """One object as the server has it, decoded JSON; read at ``read_at`` (epoch seconds)."""

    subject: Subject
    document: dict[str, Any]
    read_at: float


class Managed(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote to one object, by its managedFields, without the object itself.

    ``writes`` are (manager, operation, subresource, time, fields), newest first; the fields are paths without indexes
    ("spec.template.spec.containers[main].image"). ``applied`` is kubectl's last-applied-configuration, where there is one
    and the object is no Secret.
    """

    subject: Subject
    created: float = 0.0
    resource_version: str = ""
    writes: tuple[tuple[str, str, str, float, tuple[str, ...]], ...] = ()
    applied: str = ""


class LogRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Logs of one container of one pod. ``tail`` lines at first, then onward when ``follow``.

    ``limit_bytes``: so many bytes from the beginning, and no more.
    """

    pod: Subject
    container: str
    previous: bool = False
    follow: bool = True
    tail: int | None = 1000
    since_seconds: int | None = None
    limit_bytes: int | None = None


class LogLine(msgspec.Struct, frozen=True, gc=False):
    """``time`` is the server's timestamp in epoch seconds (None for a note of ours: lost, resumed, ended).

    ``colours``: where the program coloured its text, see ``tfdash.sgr``.
    """

    pod: str
    container: str
    time: float | None
    text: str
    note: bool = False
    colours: tuple[tuple[int, int, str], ...] = ()


class Privilege(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a SelfSubjectAccessReview: may we, where (namespace "" = all), and if not, the server's reason.

    ``allowed`` is None where the server would not say.
    """

    verb: str
    resource: str  # e.g. "pods", "deployments.apps", "pods/log"
    namespace: str = ""
    allowed: bool | None = None
    reason: str = ""
