"""Small conversions that all decoders share: times, quantities, and sharing of what many objects have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

from msgspec import Raw

from tfdash.model import kube as m
from tfdash.model import placement as p
from tfdash.quantities import NANO, amounts, parse
from tfdash.sources.kubernetes.decoders import wire as w
from tfdash.text import scrubbed

T = TypeVar("T")
Decoders: TypeAlias = Mapping[str, tuple[type[Any], Callable[[Any], m.Object]]]
"""Of one module: for each kind its wire form and what makes an object of the model of it."""
Again: TypeAlias = Mapping[str, Callable[[Any, m.Object | None], m.Object]]
"""The same for kinds that are listed again and again: with the object that was there before, of which it may keep what is the same,
or which it may be."""
_BOUND = 50_000  # entries of a sharing table before it is emptied: weeks of churn must not fill the memory
_shared: dict[Any, Any] = {}
_labels: dict[tuple[tuple[str, str], ...], m.Labels] = {}


@lru_cache(8192)
def seconds(text: str | None) -> float:
    """RFC 3339 to epoch seconds; 0.0 for none or for what cannot be read."""
    if not text:
        return 0.0
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def optional_seconds(text: str | None) -> float | None:
    return seconds(text) if text else None


def number(text: str | int | float | None) -> float | None:
    """A quantity for what is only shown (cores, bytes, count); None where it is absent. Raises ValueError for what is none."""
    return None if text is None else parse(text) / NANO


def share(value: T) -> T:
    """The one instance of an immutable value."""
    if len(_shared) > _BOUND:
        _shared.clear()
    found: T = _shared.setdefault(value, value)
    return found


def labels(found: dict[str, str] | None) -> m.Labels:
    """One dict for all objects with the same labels; its strings are shared too."""
    if not found:
        return m.EMPTY_LABELS
    key = tuple(sorted(found.items()))
    known = _labels.get(key)
    if known is None:
        if len(_labels) > _BOUND:
            _labels.clear()
        known = _labels[key] = {share(name): share(value) for name, value in found.items()}
    return known


_NOTES = (
    "argocd.argoproj.io/tracking-id",
    "argocd.argoproj.io/managed-by",
    "meta.helm.sh/release-name",
    "meta.helm.sh/release-namespace",
)
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def ownership_notes(annotations: dict[str, str] | None) -> m.Labels:
    """The annotations that tell who owns an object; of kubectl's copy only that it is there."""
    if not annotations:
        return m.EMPTY_LABELS
    kept = {name: annotations[name] for name in _NOTES if name in annotations}
    if _APPLIED in annotations:
        kept[_APPLIED] = ""
    return labels(kept)


def owner(found: list[w.OwnerReference] | None) -> m.Owner | None:
    for reference in found or ():
        if reference.controller:
            return share(m.Owner(share(reference.kind), share(reference.name), share(reference.uid)))
    return None


def meta(found: w.Meta | w.PodMeta) -> dict[str, Any]:
    """The fields of ``model.kube.Object``."""
    return {
        "namespace": share(found.namespace),
        "name": found.name,
        "uid": found.uid,
        "resource_version": found.resource_version,
        "generation": found.generation,
        "created": seconds(found.creation_timestamp),
        "deleting": optional_seconds(found.deletion_timestamp),
        "finalizers": share(tuple(found.finalizers)) if found.finalizers else (),
        "labels": labels(found.labels),
        "owner": owner(found.owner_references),
    }


def conditions(found: list[w.Condition] | None) -> tuple[m.Condition, ...]:
    return tuple(
        m.Condition(
            share(c.type),
            share(c.status),
            share(c.reason or ""),
            words(c.message),
            seconds(c.last_transition_time),
            seconds(c.last_update_time),
        )
        for c in found or ()
    )


def resources(found: w.ResourceRequirements | None) -> m.Resources:
    """Raises ValueError, naming the resource, for what is no quantity."""
    if found is None:
        return share(m.Resources())
    return share(m.Resources(share(amounts(found.requests)), share(amounts(found.limits))))


def containers(spec: w.PodSpec | None) -> tuple[m.Container, ...]:
    """Init containers first, as they run."""
    if spec is None:
        return ()
    found: list[m.Container] = []
    for init, listed in ((True, spec.init_containers), (False, spec.containers)):
        found += (
            m.Container(
                share(c.name),
                share(c.image),
                resources(c.resources),
                init,
                init and c.restart_policy == "Always",
                isinstance(c.readiness_probe, Raw),
                isinstance(c.liveness_probe, Raw),
                isinstance(c.startup_probe, Raw),
            )
            for c in listed or ()
        )
    return share(tuple(found))


def selector(found: w.LabelSelector | None) -> m.Selector:
    if found is None:
        return m.Selector()
    return m.Selector(
        labels(found.match_labels),
        requirements(found.match_expressions),
    )


def template(found: w.Template | None) -> m.Template:
    if found is None:
        return m.Template()
    named = labels(found.metadata.labels if found.metadata else None)
    spec = found.spec
    if spec is None:
        return m.Template(named)
    whole = resources(spec.resources) if spec.resources is not None else None
    return m.Template(named, containers(spec), placement(spec), whole)


def placement(spec: w.TemplateSpec) -> p.Placement:
    affinity = spec.affinity or w.Affinity()
    nodes = affinity.node_affinity
    terms = nodes.required_during_scheduling_ignored_during_execution if nodes is not None else None
    return share(
        p.Placement(
            tuple(sorted((spec.node_selector or {}).items())),
            None if terms is None else tuple(_term(t) for t in terms.node_selector_terms or ()),
            tuple(
                p.Toleration(t.key, t.operator or "Equal", t.value, t.effect) for t in spec.tolerations or ()
            ),
            spec.priority_class_name,
            spec.scheduler_name,
            spec.active_deadline_seconds is not None,
            any(_elsewhere(a) for a in (affinity.pod_affinity, affinity.pod_anti_affinity)),
            _uncounted(spec, affinity),
        )
    )


def _uncounted(spec: w.TemplateSpec, affinity: w.Affinity) -> tuple[str, ...]:
    """What the scheduler's other filters look at."""
    near = (affinity.pod_affinity, affinity.pod_anti_affinity)
    ports = any(p.host_port or spec.host_network for c in spec.containers or () for p in c.ports or ())
    there = {
        "pod affinity": any(a and a.required_during_scheduling_ignored_during_execution for a in near),
        "spreading": any(
            s.when_unsatisfiable == "DoNotSchedule" for s in spec.topology_spread_constraints or ()
        ),
        "host ports": ports,
        "volumes": any(v.persistent_volume_claim for v in spec.volumes or ()),
    }
    return tuple(name for name, is_there in there.items() if is_there)


def requirements(found: list[w.Expression] | None) -> tuple[p.Requirement, ...]:
    return tuple((e.key, e.operator, tuple(e.values or ())) for e in found or ())


def _term(found: w.NodeTerm) -> p.NodeTerm:
    return p.NodeTerm(requirements(found.match_expressions), requirements(found.match_fields))


def _elsewhere(found: w.PodAffinity | None) -> bool:
    """Whether a term of it names namespaces."""
    if found is None:
        return False
    terms = [*(found.required_during_scheduling_ignored_during_execution or ())]
    weighed = found.preferred_during_scheduling_ignored_during_execution or ()
    terms += [t.pod_affinity_term for t in weighed if t.pod_affinity_term is not None]
    return any(t.namespaces or isinstance(t.namespace_selector, Raw) for t in terms)


def words(said: str | None) -> str:
    """What a program says in its status, or the address that it was given: either may hold a password, which goes no further than here."""
    return scrubbed(said) if said else ""


def text(value: str | int | None) -> str:
    return "" if value is None else str(value)
