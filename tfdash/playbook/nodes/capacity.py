"""The rule of what a node's pods ask for: how much of it they hold, beside what they use, and what is free on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tfdash.model import resource_rules
from tfdash.model.kube import Pod
from tfdash.model.kubecluster import Node
from tfdash.model.room import NodeRoom
from tfdash.model.usage import Usage, usage_key
from tfdash.model.verdict import Evidence, Level, Verdict
from tfdash.playbook.resources.room import as_scheduled
from tfdash.playbook.resources.wording import written
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.seen import Relation
from tfdash.playbook.staleness import Unread
from tfdash.pod_requests import ENDED, requested
from tfdash.quantities import Amounts, amount, reaches, share

ID = resource_rules.NODE
PODS_ON = Relation(Pod, lambda p: (p.node,) if p.node and p.phase not in ENDED else ())
"""By the name of their node: what the scheduler holds against it, terminating ones among them."""
_PACKED = ("cpu", "memory")  # of which much may be asked for: the bands judge how much of that is used


def held(pods: Iterable[Pod]) -> Amounts:
    """What pods on one node ask for together, as the scheduler adds it up."""
    found: dict[str, int] = {}
    for asked, alike in Counter(map(requested, pods)).items():
        for name, value in as_scheduled(asked):
            found[name] = found.get(name, 0) + value * alike
    return tuple(sorted(found.items()))


def _judge(case: Case[Node]) -> RuleResult | None:
    node = case.obj
    pods = case.seen(PODS_ON, node.name)
    if isinstance(pods, Unread) or not node.allocatable:
        return None
    if not case.whole(Pod):  # what others hold of it is not known: no sum, and no room
        sentence = f"{node.name}: what is asked of it is not known: the pods of other namespaces are not read"
        return RuleResult(
            (
                Verdict(
                    level=Level.IDLE, rule=ID, subject=case.subject, sentence=f"{sentence}{_used(case, node)}"
                ),
            )
        )
    asked = held(pods)
    taken = dict(asked)
    free = tuple((name, value - taken.get(name, 0)) for name, value in node.allocatable)
    room = NodeRoom(node.name, node.labels, node.taints, node.unschedulable, free)
    return RuleResult((_verdict(case, node, asked),), room)


def _verdict(case: Case[Node], node: Node, asked: Amounts) -> Verdict:
    alert = case.policies.resources.alert_at
    found = []
    for name, value in asked:
        there = amount(node.allocatable, name)
        if value <= 0:
            continue
        if there is None or value > there:
            found.append((name, value, there or 0))
        elif name not in _PACKED and reaches(value, there, alert):
            found.append((name, value, there))
    level = Level.WARN if found else Level.OK
    told = [_held(*one) for one in found] or [
        f"{_share(asked, node, 'cpu')} of cpu, {_share(asked, node, 'memory')} of memory and "
        f"{written('pods', amount(asked, 'pods') or 0)} of {node.pods} pods are asked for"
    ]
    cpu, room = amount(asked, "cpu") or 0, amount(node.allocatable, "cpu")
    return Verdict(
        level=level,
        rule=ID,
        subject=case.subject,
        sentence=f"{node.name}: {'; '.join(told)}{_used(case, node)}",
        measured=share(cpu, room) if room else None,
        limit=100.0,
        unit="%",
        evidence=Evidence(sample=(amount(asked, "pods") or 0) // 10**9),
    )


def _held(name: str, value: int, there: int) -> str:
    much = "" if not there else f" ({share(value, there):.0f} %)"
    more = ", more than it has" if value > there else ""
    return f"{written(name, value)} of {written(name, there)} {name} are asked for{much}{more}"


def _share(asked: Amounts, node: Node, name: str) -> str:
    there = amount(node.allocatable, name)
    return f"{share(amount(asked, name) or 0, there):.0f} %" if there else "?"


def _used(case: Case[Node], node: Node) -> str:
    """``, 41 % and 66 % used``: beside what is asked for, where it was measured."""
    usage = case.maybe(Usage, usage_key("Node", "", node.name))
    if usage is None or not usage.used:
        return ""
    cpu, memory = (
        f"{share(amount(usage.used, name) or 0, there):.0f} %"
        if (there := amount(node.allocatable, name))
        else "?"
        for name in _PACKED
    )
    return f"; {cpu} of cpu and {memory} of memory are used"


RULE = Rule(ID, (Node,), _judge, uses=(Pod, Usage), tells=NodeRoom)
