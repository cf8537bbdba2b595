"""The line of the nodes."""

from __future__ import annotations

from tfdash.model.kubecluster import Node
from tfdash.model.verdict import Level
from tfdash.playbook.nodes import ready
from tfdash.playbook.section import Findings, Reading, Section

_READY = (Level.IDLE, Level.OK, Level.MOVING, Level.PAUSED, Level.WARN)


def read(findings: Findings) -> Reading:
    verdicts = findings.by_rule(ready.ID)
    worst = min(verdicts, key=lambda v: (-v.level, v.subject), default=None)
    level = worst.level if worst is not None else Level.UNKNOWN
    cordoned = sum(v.level is Level.PAUSED for v in verdicts)
    good = sum(v.level in _READY for v in verdicts)
    return Reading(
        level,
        f"{good} of {len(verdicts)} ready" + (f", {cordoned} cordoned" if cordoned else ""),
        "no pressure, none cordoned" if worst is None or level is Level.OK else worst.sentence,
        sum(v.level is level for v in verdicts),
    )


SECTION = Section("nodes", "Nodes", "nodes", read, needs=(Node,))
