"""What belongs to a workload: its pods, ReplicaSets, events, HPA and disruption budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tfdash.model.kube import (
    HorizontalPodAutoscaler,
    Labels,
    Object,
    Pod,
    PodDisruptionBudget,
    ReplicaSet,
    Selector,
    Template,
)
from tfdash.model.kubecluster import Event
from tfdash.model.subject import Key
from tfdash.playbook.seen import Look, Relation, Seen
from tfdash.playbook.staleness import Unread


def _owner(obj: Object) -> tuple[str, ...]:
    return () if obj.owner is None else (obj.owner.uid,)


PODS_OF = Relation(Pod, _owner)
"""By the uid of the owner."""
REPLICA_SETS_OF = Relation(ReplicaSet, _owner)
"""By the uid of the owner."""
EVENTS_ABOUT = Relation(Event, lambda e: (e.involved_uid,))
"""By the uid of what they are about."""
AUTOSCALERS_OF = Relation(
    HorizontalPodAutoscaler, lambda h: ((h.target_kind, Key(h.namespace, h.target_name)),)
)
"""By (kind, key) of what they scale."""
BUDGETS_IN = Relation(PodDisruptionBudget, lambda b: (b.namespace,))
"""By namespace."""
LINKED: tuple[type[Object], ...] = (Pod, ReplicaSet, Event, HorizontalPodAutoscaler, PodDisruptionBudget)
"""The kinds that ``links_of`` looks at."""
_LAYERED = ("Deployment", "Rollout")  # their pods belong to ReplicaSets


@dataclass(frozen=True)
class Links:
    """Of one workload. ``pods`` None means that they are not known (not loaded, forbidden), () that there are none."""

    pods: tuple[Pod, ...] | None = None
    replica_sets: tuple[ReplicaSet, ...] = ()
    events: Iterable[Event] = ()
    autoscaler: HorizontalPodAutoscaler | None = None
    budgets: tuple[PodDisruptionBudget, ...] = ()

    @property
    def newest(self) -> ReplicaSet | None:
        """The ReplicaSet of the newest revision."""
        return max(self.replica_sets, key=lambda r: (r.revision or 0, r.created), default=None)


class _Events:
    """Events about a workload and what is its own, looked for when they are asked for: of what is well nobody asks."""

    def __init__(self, look: Look, uids: Iterable[str]) -> None:
        self._look, self._uids = look, tuple(uids)

    def __iter__(self) -> Iterator[Event]:
        return (e for uid in self._uids for e in self._look.some(EVENTS_ABOUT, uid))


def links_of(look: Look, obj: Object) -> Links:
    """What belongs to one workload, Rollout or Canary: pods, ReplicaSets and events."""
    sets = look.some(REPLICA_SETS_OF, obj.uid) if obj.KIND in _LAYERED else ()
    owners = [s.uid for s in sets] if obj.KIND in _LAYERED else [obj.uid]
    pods = _pods(look, owners)
    known = () if isinstance(pods, Unread) else pods
    return Links(
        pods=None if isinstance(pods, Unread) else pods,
        replica_sets=sets,
        events=_Events(look, (obj.uid, *(s.uid for s in sets), *(p.uid for p in known))),
    )


def all_links_of(look: Look, obj: Object) -> Links:
    """With what bounds it too: autoscaler and disruption budgets."""
    scalers = look.some(AUTOSCALERS_OF, (obj.KIND, Key(obj.namespace, obj.name)))
    template: Template | None = getattr(obj, "template", None)
    budgets = () if template is None else look.some(BUDGETS_IN, obj.namespace)
    return replace(
        links_of(look, obj),
        autoscaler=next(iter(scalers), None),
        budgets=tuple(b for b in budgets if template and selects(b.selector, template.labels)),
    )


def _pods(look: Look, owners: Iterable[str]) -> Seen[Pod]:
    """Those of all owners, by name."""
    pods: list[Pod] = []
    for uid in owners:
        seen = look.seen(PODS_OF, uid)
        if isinstance(seen, Unread):
            return seen
        pods += seen
    return tuple(sorted(pods, key=lambda p: p.name))


def selects(selector: Selector, labels: Labels) -> bool:
    """Kubernetes' label selector semantics; an empty selector selects everything (policy/v1)."""
    for key, value in selector.match.items():
        if labels.get(key) != value:
            return False
    for key, operator, values in selector.expressions:
        there = key in labels
        if operator == "In" and (not there or labels[key] not in values):
            return False
        if operator == "NotIn" and there and labels[key] in values:
            return False
        if operator == "Exists" and not there:
            return False
        if operator == "DoesNotExist" and there:
            return False
    return True
