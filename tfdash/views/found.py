"""All that the sections found, one by one, as the Overview and reports list it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from tfdash.item_place import place_of
from tfdash.model.maintenance import KIND as PROMISE
from tfdash.model.section import SectionFinding, SectionState
from tfdash.model.subject import Subject
from tfdash.model.usage import Usage
from tfdash.model.verdict import Level
from tfdash.text import safe


class FoundRow(NamedTuple):
    section: SectionState
    finding: SectionFinding

    @property
    def page(self) -> str:
        """The page on which its object stands."""
        return self.finding.page or self.section.target

    @property
    def as_section(self) -> SectionState:
        """As if this were the worst of its section: what the next key is said of."""
        finding = self.finding
        return msgspec.structs.replace(
            self.section,
            level=finding.level,
            subject=finding.subject,
            since=finding.since,
            target=self.page,
        )


def gravest_first(sections: Iterable[SectionState]) -> list[SectionState]:
    """The worst first; of equals what only costs stands behind what harms somebody."""
    return sorted(sections, key=lambda s: (-s.level, _spare(s)))


def _spare(section: SectionState) -> bool:
    worst = [f.spare for f in section.findings if f.level is section.level]
    return bool(worst) and all(worst)


def found_rows(sections: Iterable[SectionState]) -> dict[Subject | str, FoundRow]:
    """Worst first, and of equals what only costs behind what harms somebody; of an object the worst that is known of it, and what is not known beside that; of what is not read once. The
    keys stay while words change."""
    found = [FoundRow(section, finding) for section in sections for finding in section.findings]
    found.sort(key=lambda row: (-row.finding.level, row.finding.spare))
    rows: dict[Subject | str, FoundRow] = {}
    for row in found:
        subject = row.finding.subject
        key = subject._replace(uid="") if subject is not None else None
        if key is None or (row.finding.level is Level.UNKNOWN and key in rows):
            # one thing that could not be read takes something from several sections
            rows.setdefault(row.finding.sentence, row)
        else:
            rows.setdefault(key, row)
    return rows


def where(subject: Subject | None, cluster: bool = True) -> str:
    """``Deployment shop/web in eu-1``, without its ``cluster`` where there is one alone; "" of none. Of what is used, the place or workload that uses it: ``NodePool c8 in eu-1``."""
    if subject is None:
        return ""
    if subject.kind == PROMISE:
        return safe(f"{subject.name} · {place_of(subject)}")
    kind, name = subject.kind, subject.name
    if kind == Usage.KIND:  # what it is of, such as a namespace
        kind, _, name = name.partition("/")
    place = f" {subject.namespace}/" if subject.namespace else " " if name else ""
    return safe(f"{kind}{place}{name}" + (f" in {subject.cluster.cluster}" if cluster else ""))
