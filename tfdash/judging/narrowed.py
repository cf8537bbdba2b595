"""The sections of some namespaces, read from the same findings as the whole: what a page says of the namespace it shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.model.section import MOST, SectionState
from tfdash.model.subject import Subject
from tfdash.model.usage import namespace_of
from tfdash.playbook.registry import SECTIONS
from tfdash.playbook.schedule.local import zone_of
from tfdash.playbook.section import Findings, summarise
from tfdash.playbook.staleness import not_current

T = TypeVar("T")


def sections_within(
    picture: Picture,
    assessment: Assessment,
    namespaces: Collection[str] | None,
    ids: Collection[str] = (),
    most: int = MOST,
) -> tuple[SectionState, ...]:
    """What is cluster-wide stands in each; None: of all. ``ids``: of these sections alone; ``most``: as ``Section.state`` has it."""
    sections = tuple(section for section in SECTIONS if not ids or section.id in ids)

    def there(subject: Subject) -> bool:
        return namespaces is None or (own := namespace_of(subject)) in namespaces or not own

    def inside(found: Mapping[Subject, T]) -> dict[Subject, T]:
        return {s: v for s, v in found.items() if there(s)}

    zone = zone_of(assessment.calendar)
    stale = {at: not_current(since, zone) for at, since in assessment.stale.items()}
    findings = Findings(
        inside(assessment.verdicts),
        inside(assessment.workloads),
        inside(assessment.releases),
        inside(assessment.canaries),
        assessment.calendar,
        tuple(v for v in assessment.failed if there(v.subject)),
        stale,
        maintenance=assessment.maintenance,
        versions=assessment.versions,
        recovery=assessment.recovery,
    )
    return summarise(sections, picture, findings, most)
