"""The nodes of a pool and of the cluster, for rules that judge what these use."""

from __future__ import annotations

from typing import Any

from tfdash.model.kubecluster import Node
from tfdash.model.usage import Usage
from tfdash.node_pools import pool_of
from tfdash.playbook.rule import Case
from tfdash.playbook.seen import Relation, Seen
from tfdash.playbook.staleness import Unread

_BY_LABEL = Relation(Node, lambda node: node.labels.items())
_EVERY = Relation(Node, lambda node: ("",))


def has_nodes(usage: Any) -> bool:
    """Whether it is a use of several nodes, a pool's or the cluster's."""
    return isinstance(usage, Usage) and usage.of in ("Cluster", "NodePool")


def nodes_of(case: Case[Any], usage: Usage) -> Seen[Node] | None:
    """Those that ``usage`` is of; None of what is neither."""
    if usage.of == "Cluster":
        return case.seen(_EVERY, "")
    if usage.of != "NodePool":
        return None
    found: dict[str, Node] = {}
    for label in case.policies.pool_labels:
        seen = case.seen(_BY_LABEL, (label, usage.called))
        if isinstance(seen, Unread):
            return seen
        found.update((n.name, n) for n in seen if pool_of(n, case.policies.pool_labels) == usage.called)
    return tuple(found[name] for name in sorted(found))


def called(case: Case[Usage]) -> str:
    """``pool m5``, or the name of the cluster."""
    return f"pool {case.obj.called}" if case.obj.of == "NodePool" else case.ref.cluster
