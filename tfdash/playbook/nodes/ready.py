"""The rule of a node: ready, without pressure, schedulable."""

from __future__ import annotations

from tfdash.model.kubecluster import Node
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.rule import Rule, RuleResult
from tfdash.playbook.serving.causes.finding import shorten
from tfdash.playbook.serving.rollout_status import condition

ID = "node.ready"
_PRESSURE = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")


def judge(ref: ClusterRef, node: Node) -> Verdict:
    subject = Subject(ref, "Node", "", node.name)
    ready = condition(node.conditions, "Ready")
    if ready is None:
        return Verdict(
            level=Level.UNKNOWN,
            rule=ID,
            subject=subject,
            unknown=UnknownKind.NO_DATA,
            sentence=f"{node.name}: reports no Ready condition",
        )
    if ready.status != "True":
        why = f": {shorten(ready.message)}" if ready.message else ""
        lost = "is lost" if ready.status == "Unknown" else "is not ready"
        return Verdict(
            level=Level.BREACH,
            rule=ID,
            subject=subject,
            sentence=f"{node.name} {lost}{why}",
            since=ready.since,
        )
    pressed = [c for c in node.conditions if c.type in _PRESSURE and c.status == "True"]
    if pressed:
        text = f"{node.name}: {', '.join(c.type for c in pressed)}"
        since = min((c.since for c in pressed if c.since), default=None)
        return Verdict(level=Level.WARN, rule=ID, subject=subject, sentence=text, since=since)
    if node.unschedulable:  # since when, the API does not say
        text = f"{node.name} is ready, cordoned"
        return Verdict(level=Level.PAUSED, rule=ID, subject=subject, sentence=text)
    return Verdict(
        level=Level.OK, rule=ID, subject=subject, sentence=f"{node.name} is ready", since=ready.since
    )


RULE = Rule(ID, (Node,), lambda case: RuleResult((judge(case.ref, case.obj),)))
