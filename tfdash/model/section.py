"""One line of the overview: a section of the playbook and how it stands."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tfdash.model.release_answer import ReleaseAnswer
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level

MOST = 200
"""So many findings of a section are told one by one: nobody reads on, and its page has them all."""


class SectionFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a section says of one object, or of a source where ``subject`` is None; ``since`` when it is so (epoch
    seconds). ``page``: the one on which that object has a row, "" for its section's ``target``. ``rule`` and ``about`` are what the same
    finding is known by at another time."""

    level: Level
    sentence: str
    subject: Subject | None = None
    since: float | None = None
    page: str = ""
    cause: str = ""  # why it is not known, where that is its source's and not its own: one cause is told once
    loading: bool = False  # UNKNOWN only because something was not read yet
    spare: bool = False  # only too much: it costs, and harms nobody
    rule: str = ""  # who says it, "" of what was not read
    about: Subject | None = None  # whom it is about, where no row of ours is: else ``subject``
    waived: bool = False  # somebody answers for it until a day, as the sentence says
    many: int = 1  # of so many objects, where one finding stands for several

    @property
    def of(self) -> Subject | None:
        """Whom it is about."""
        return self.subject if self.about is None else self.about


class SectionState(msgspec.Struct, frozen=True, kw_only=True):
    """One result, of which line, badge, gate and report are readings. ``target`` names the screen that shows it.
    ``loading``: UNKNOWN only because nothing was read yet. It is the worst that is known, and at least UNKNOWN where anything
    that it needs is not: ``sentence`` says first the worst, then what is not known. ``unknown`` counts what is not, at
    whatever level the section is."""

    id: str
    title: str
    level: Level
    sentence: str
    detail: str = ""
    target: str = "overview"
    count: int = 0  # subjects at that level
    loading: bool = False
    unknown: int = 0
    subject: Subject | None = None  # of ``detail``, where that is about one object
    answers: Mapping[Subject, ReleaseAnswer] = {}  # what is said of each, where others ask for one
    since: float | None = None  # for how long that has been so (epoch seconds)
    findings: tuple[
        SectionFinding, ...
    ] = ()  # all that is worse than well or goes on, worst first, at most ``MOST``
