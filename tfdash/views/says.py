"""What a list says of itself: how many, how far it is, how fresh, what cannot be seen, and why it is empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from tfdash.model.observation import ALL_OTHERS, Observation, ProblemKind
from tfdash.model.picture import ClusterPicture, Objects
from tfdash.model.subject import ClusterRef
from tfdash.namespaces import absent
from tfdash.nouns import singular
from tfdash.spelling import closest
from tfdash.text import safe
from tfdash.views.age import FRESH, Freshness, of_observation
from tfdash.views.scope import Restriction

ObservedKind: TypeAlias = tuple[ClusterPicture, str, Observation[Objects] | None]
"""One kind of one cluster, None while nobody has answered."""
Stale: TypeAlias = Mapping[tuple[ClusterRef, str], float]
"""Kinds that nothing proves current any more, and since when, as the assessment says it."""
NONE_STALE: Stale = {}
_WORST = ("dead", "loading", "old", "late", "")


def count(shown: int, total: int, noun: str, *, unread: bool = False) -> str:
    """``2,000 pods``, and under a filter ``20 of 2,000 pods``; one is ``1 pod``; of none that was ``unread`` it is not known."""
    if unread and not total:
        return f"? {noun}"
    word = singular(noun) if total == 1 else noun
    return f"{total:,} {word}" if shown == total else f"{shown:,} of {total:,} {word}"


def unread(seen: Sequence[ObservedKind]) -> bool:
    """Whether something was never read: then no row does not mean that there is none."""

    def never(o: Observation[Objects] | None) -> bool:
        if o is None or o.hidden:
            return True
        return o.problem is not None and not o.complete and o.problem.kind is not ProblemKind.NOT_SERVED

    return any(never(observation) for _, _, observation in seen)


def progress(seen: Sequence[ObservedKind], noun: str) -> str:
    """``loading 1,500 of about 10,000 pods`` while a list is under way, else ""."""
    under_way = [o.progress for _, _, o in seen if o is not None and o.progress is not None]
    if not under_way:
        return ""
    loaded = sum(p.loaded for p in under_way)
    totals = [p.total for p in under_way]
    if any(t is None for t in totals):
        return f"loading {loaded:,} {noun}"
    return f"loading {loaded:,} of about {sum(t or 0 for t in totals):,} {noun}"


def freshness(seen: Sequence[ObservedKind], now: float, stale: Stale = NONE_STALE) -> Freshness:
    """The worst freshness of all; its cluster named where there are several. ``stale``: the assessment's."""
    worst, where = FRESH, ""
    for cluster, kind, observation in seen:
        told = (
            of_observation(observation, now, stale.get((cluster.ref, kind)))
            if observation is not None
            else Freshness("loading", "loading")
        )
        if _WORST.index(told.state) < _WORST.index(worst.state):
            worst, where = told, cluster.ref.cluster if len({c.ref for c, _, _ in seen}) > 1 else ""
    return Freshness(f"{safe(where)}: {worst.text}", worst.state) if where and worst.text else worst


def hidden(seen: Sequence[ObservedKind]) -> str:
    """``2 namespaces hidden: a, b (may not list pods)``; "" where all can be seen."""
    names = {name for _, _, o in seen if o is not None for name in o.hidden}
    causes = sorted(
        {safe(o.problem.cause) for _, _, o in seen if o is not None and o.hidden and o.problem is not None}
    )
    why = f" ({'; '.join(causes)})" if names and causes else ""
    return hidden_names(names) + why


def hidden_names(names: Iterable[str]) -> str:
    """``2 namespaces hidden: a, b``, at most five by name; "" for none."""
    ordered = sorted(names)
    if not ordered:
        return ""
    if ordered == [ALL_OTHERS]:
        return "all other namespaces hidden"
    listed = ", ".join(safe(n) for n in ordered[:5]) + (", …" if len(ordered) > 5 else "")
    return f"{len(ordered)} namespace{'s' if len(ordered) > 1 else ''} hidden: {listed}"


def empty(seen: Sequence[ObservedKind], noun: str, restriction: Restriction, namespaced: bool = True) -> str:
    """Why there is no row: what would be here, why it is not, what to do. Never the same for loading and for none."""
    if not seen:
        return f"No {noun}: no cluster is configured here. Name one in the configuration."
    waiting = [o for _, _, o in seen if o is None or (o.value is None and o.problem is None)]
    failed = [(c, o) for c, _, o in seen if o is not None and o.problem is not None and not o.hidden]
    loading = progress(seen, noun)
    if loading or (waiting and not failed):
        return f"{loading or f'loading {noun}'} …"
    if failed:
        return " ".join(_unread(cluster, observation, noun) for cluster, observation in failed)
    noted = [c for c, _, o in seen if o is not None and o.note]
    if noted and len(noted) == len(seen):
        names = ", ".join(dict.fromkeys(safe(c.ref.cluster) for c in noted))
        note = next(safe(o.note) for _, _, o in seen if o is not None and o.note)
        return f"No {noun} in {names}: {note}."
    nowhere = absent(c for c, _, _ in seen)
    if namespaced and nowhere:
        names = safe(", ".join(map(str, nowhere)))
        return f"No {noun} are known: what is read is restricted, and there is no namespace {names}."
    where = restriction.where if namespaced or restriction.owner or restriction.node else "in this cluster"
    cannot = hidden(seen)
    if cannot:
        return f"No {noun} {where} that you may see: {cannot}."
    if namespaced and restriction.owner is None and restriction.namespaces:
        unknown = unknown_namespace([cluster for cluster, _, _ in seen], restriction.namespaces)
        if unknown:
            return f"No {noun} {where}. {unknown} 0 shows all namespaces."
    return f"No {noun} {where}: {_advice(restriction, namespaced)}"


def namespaces_of(clusters: Iterable[ClusterPicture]) -> set[str]:
    """The namespaces that are known: by name, or because something in them was read."""
    found = set()
    for cluster in clusters:
        found |= {key.name for key in cluster.objects("Namespace")}
        found |= {key.namespace for kind in cluster.kinds for key in cluster.objects(kind) if key.namespace}
    return found


def namespaces_are_known(clusters: Iterable[ClusterPicture]) -> bool:
    """Whether the namespaces themselves were read, whole, everywhere."""
    seen = [cluster.kinds.get("Namespace") for cluster in clusters]
    return bool(seen) and all(o is not None and o.complete and o.problem is None for o in seen)


def unknown_namespace(clusters: Iterable[ClusterPicture], names: tuple[str, ...]) -> str:
    """A sentence on the first of ``names`` that is not known while others are, with the nearest; "" for none."""
    clusters = list(clusters)
    known = namespaces_of(clusters)
    missing = next((name for name in names if name not in known), None)
    if missing is None or not known:
        return ""
    return no_namespace(missing, known, whole=namespaces_are_known(clusters))


def no_namespace(name: str, known: Iterable[str], *, whole: bool) -> str:
    """The sentence on a namespace that is not among those ``known``, with the nearest; ``whole``: there are no others."""
    near = closest(name, known)
    nearest = f"; the nearest is {safe(near)}" if near else ""
    if whole:
        return f"There is no namespace {safe(name)}{nearest}."
    return f"Nothing that was read is in a namespace {safe(name)}{nearest}."


def _unread(cluster: ClusterPicture, observation: Observation[Objects], noun: str) -> str:
    problem = observation.problem
    assert problem is not None
    name = safe(cluster.ref.cluster)
    if problem.kind is ProblemKind.NOT_SERVED:
        return f"No {noun} in {name}: {safe(str(problem))}."
    return f"? The {noun} of {name} cannot be read: {safe(str(problem))}."


def _advice(restriction: Restriction, namespaced: bool) -> str:
    if restriction.owner is not None:
        return "it has created none. Its events and its cause say why, unless it is scaled to 0."
    if restriction.node:
        return "nothing has been scheduled there."
    if restriction.namespaces is not None and namespaced:
        return "the list was read and is empty. 0 shows all namespaces."
    return "the list was read and is empty."


def joined(parts: Iterable[str]) -> str:
    """The parts that say something, one line."""
    return " · ".join(part for part in parts if part)
