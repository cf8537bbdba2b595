"""What is read of the verdict journal: the words that changed, and the spans in which terminals were watching. Pure types.

Times are epoch seconds; spans are half-open. What no span covers was not watched, and nothing is said of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level

SECTION = "section"
"""The rule under which the level of a section is written, of the subject that ``section_subject`` makes."""
CANARY = "canary"
"""The rule under which the word of the rollback triggers is written. What was crossed stays crossed until something ends it, so that not to
know before and after is no doubt of when it was so."""


class Ended(StrEnum):
    """How a span ended. All but CLOSED and LIVING end where the terminal was last heard."""

    CLOSED = "closed"
    LIVING = "still watching"
    SILENT = "was not heard again"  # killed, or the machine lost its power
    SLEPT = "slept"  # suspended, stopped, or held up
    CLOCK = "its clock was set"
    DAMAGED = "what it wrote next cannot be read"


class Cover(msgspec.Struct, frozen=True):
    """What a watcher saw of one cluster (of a whole environment where the cluster's name is ""): the rules that it judged with
    all that they need before them. ``namespaces``: those alone, () for all; ``hidden``: (rule, namespace) that it
    could not see; ``without``: (rule, kind) likewise."""

    rules: frozenset[str]
    namespaces: tuple[str, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    without: tuple[tuple[str, str], ...] = ()

    def has(self, kind: str, namespace: str, rule: str) -> bool:
        if rule not in self.rules or (rule, kind) in self.without:
            return False
        return not namespace or (
            (rule, namespace) not in self.hidden and (not self.namespaces or namespace in self.namespaces)
        )


Covers = Mapping[ClusterRef, Cover]


def both(one: Covers, other: Covers) -> Covers:
    """What is seen in both, of terminals that look at the same namespaces."""
    found = {}
    for ref in one.keys() & other.keys():
        rules = one[ref].rules & other[ref].rules
        if rules:
            hidden = tuple(sorted({*one[ref].hidden, *other[ref].hidden}))
            without = tuple(sorted({*one[ref].without, *other[ref].without}))
            found[ref] = Cover(
                rules,
                one[ref].namespaces,
                tuple(h for h in hidden if h[0] in rules),
                tuple(w for w in without if w[0] in rules),
            )
    return found


class JournalWord(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's word on one subject (without its uid) from ``at`` on. ``level`` None: nothing is said any more. ``first``: it was so
    already when that watcher began to look; ``before`` is known only otherwise. ``flapped``: so many changes within a minute each
    were not told one by one; the worst of them held."""

    at: float
    subject: Subject
    rule: str
    level: Level | None
    before: Level | None = None
    first: bool = False
    sentence: str = ""
    cause: str = ""
    waived: bool = False
    flapped: int = 0


class WatchSpan(msgspec.Struct, frozen=True, kw_only=True):
    """One watcher, from ``begin`` to ``end``. ``covers``: what it saw, from each time on. ``words``: in the order of their times;
    of what is covered and not named nothing worse than well was said."""

    watcher: str
    begin: float
    end: float
    ended: Ended = Ended.LIVING
    covers: tuple[tuple[float, Covers], ...] = ()
    words: tuple[JournalWord, ...] = ()
    version: str = ""  # of the program

    def of(self, environment: str) -> bool:
        """Whether it watched any of that environment; of any where it is ""."""
        return not environment or any(ref.environment == environment for _, c in self.covers for ref in c)


class JournalView(msgspec.Struct, frozen=True, kw_only=True):
    """What is on record of ``[since, until)``. ``doubts``: one sentence each of what could not be read."""

    since: float
    until: float
    spans: tuple[WatchSpan, ...] = ()
    doubts: tuple[str, ...] = ()

    def changes(self) -> Iterator[JournalWord]:
        """What changed while somebody looked, oldest first; the same change that two saw comes twice."""
        yield from sorted((w for s in self.spans for w in s.words if not w.first), key=lambda w: w.at)


def plain(subject: Subject) -> Subject:
    """As the journal knows it: one that was made anew goes on under its name."""
    return subject._replace(uid="") if subject.uid else subject


def section_subject(
    environment: str, clusters: tuple[str, ...], namespaces: tuple[str, ...], id: str
) -> Subject:
    """A section as seen of these clusters and namespaces: two terminals that see different parts say two things."""
    return Subject(ClusterRef(environment, ",".join(sorted(clusters))), "Section", ",".join(namespaces), id)
