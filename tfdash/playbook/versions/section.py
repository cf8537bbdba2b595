"""The overview's line of the versions of Kubernetes."""

from __future__ import annotations

import msgspec

from tfdash.model.helm import StoredRelease
from tfdash.model.kubecluster import Node
from tfdash.model.verdict import Level
from tfdash.model.versions import VersionsState
from tfdash.playbook.section import Findings, Reading, Section, worst_of
from tfdash.playbook.versions.production import PRODUCTION, SOAK

_NO_PAGE = ("Environment", StoredRelease.KIND)  # what nothing is opened of but the section's own


def read(findings: Findings) -> Reading:
    state = findings.versions
    if state is None or not state.verdicts:
        return Reading(Level.UNKNOWN, "not known yet")
    update = next((v.sentence for v in state.verdicts if v.rule in (PRODUCTION, SOAK)), "")
    reading = worst_of(state.verdicts, update, "well")
    found = tuple(
        msgspec.structs.replace(f, subject=None, about=f.subject)
        if f.subject is not None and f.subject.kind in _NO_PAGE
        else f
        for f in reading.findings
    )
    subject = reading.subject if reading.subject is None or reading.subject.kind == "Node" else None
    loads = reading.level is Level.UNKNOWN and all(f.loading for f in found if f.level is Level.UNKNOWN)
    return reading._replace(
        sentence=_sentence(state, reading.level), findings=found, subject=subject, loading=loads
    )


def _sentence(state: VersionsState, level: Level) -> str:
    """What runs; where a pause is the worst that is said of it, what waits."""
    held = next((v for v in state.verdicts if v.rule == PRODUCTION and v.level is Level.PAUSED), None)
    if level is not Level.PAUSED or held is None or not state.next:
        return state.running or "not known yet"
    return f"{state.running}; {state.next} waits for {held.subject.name}"


SECTION = Section("versions", "Kubernetes", "versions", read, needs=(Node,))
