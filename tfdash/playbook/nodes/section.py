"""The line of the nodes."""

from __future__ import annotations

from tfdash.model.kubecluster import Node
from tfdash.model.verdict import Level
from tfdash.playbook.nodes import ready
from tfdash.playbook.section import Findings, Reading, Section, worst_of

_READY = (Level.IDLE, Level.OK, Level.MOVING, Level.PAUSED, Level.WARN)


def read(findings: Findings) -> Reading:
    verdicts = findings.by_rule(ready.ID)
    cordoned = sum(v.level is Level.PAUSED for v in verdicts)
    good = sum(v.level in _READY for v in verdicts)
    sentence = f"{good} of {len(verdicts)} ready" + (f", {cordoned} cordoned" if cordoned else "")
    reading = worst_of(verdicts, "no pressure, none cordoned", "ready")
    if not verdicts:
        return reading._replace(
            level=Level.UNKNOWN,
            sentence=sentence,
            detail="no node is listed: where pods could run is not known",
        )
    return reading._replace(sentence=sentence)


SECTION = Section("nodes", "Nodes", "nodes", read, needs=(Node,), rules=(ready.ID,))
