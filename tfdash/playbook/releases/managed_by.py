"""Who owns an object, and whether it puts its own version back: Argo CD, Flux, Helm, or a person's kubectl.

Sources: argo-cd docs/user-guide/resource_tracking.md (tracking-id is "APP:GROUP/KIND:NAMESPACE/NAME", APP is
"NAMESPACE_NAME" for an Application outside Argo CD's own namespace), fluxcd.io/flux/components/kustomize and helm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tfdash.model.delivery import Application, HelmRelease, Kustomization
from tfdash.model.kube import EMPTY_LABELS, Object
from tfdash.model.release import ManagedBy
from tfdash.model.subject import Subject
from tfdash.playbook.releases.world import World

TRACKING = "argocd.argoproj.io/tracking-id"
INSTANCE = "app.kubernetes.io/instance"
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_FLUX = (
    ("kustomize.toolkit.fluxcd.io", Kustomization, "Flux Kustomization"),
    ("helm.toolkit.fluxcd.io", HelmRelease, "Flux HelmRelease"),
)
CONTROLLERS = frozenset(
    {"kube-controller-manager", "rollouts-controller", "flagger", "kubelet", "kube-scheduler"}
)
"""Managers of fields that are no person's and no pipeline's: they apply nothing."""


def manager_of(world: World, obj: Object) -> ManagedBy | None:
    """From labels and annotations; None where nothing tells."""
    notes: Mapping[str, str] = getattr(obj, "notes", EMPTY_LABELS)
    return (
        _argo(world, obj, notes)
        or _flux(world, obj)
        or _helm(world, obj, notes)
        or (
            ManagedBy(tool="kubectl", reconciles=False, sentence="applied with kubectl; nobody puts it back")
            if _APPLIED in notes
            else None
        )
    )


def _argo(world: World, obj: Object, notes: Mapping[str, str]) -> ManagedBy | None:
    tracked = notes.get(TRACKING, "").partition(":")[0]
    if tracked and notes[TRACKING].partition(":")[2] and not _is_of(obj, notes[TRACKING]):
        tracked = ""  # the annotation was copied from another object, e.g. to a pod template's child
    named = tracked or obj.labels.get(INSTANCE, "")
    if not named:
        return None
    found = _application(world, named)
    if found is None:
        if not tracked:  # Helm charts carry that label too
            return None
        why = world.unread(Application)
        remark = f"its Application cannot be read: {why}" if why else "its Application is not in this cluster"
        return ManagedBy(tool="Argo CD", sentence=f"Argo CD Application {tracked}; {remark}")
    name = f"Argo CD Application {found.name}"
    if not found.automated:
        return ManagedBy(
            tool="Argo CD",
            subject=world.subject(found),
            reconciles=False,
            suspended=True,
            sentence=f"{name} syncs only when somebody asks it to",
        )
    if not found.self_heal:
        remark = "syncs by itself at the next commit; it does not undo what is changed past it until then"
    else:
        remark = "undoes what is changed past it"
    return ManagedBy(
        tool="Argo CD", subject=world.subject(found), reconciles=found.self_heal, sentence=f"{name} {remark}"
    )


def _is_of(obj: Object, tracking: str) -> bool:
    """``app:apps/Deployment:namespace/name`` names this object (argo-cd controller/state.go: isSelfReferencedObj)."""
    _, _, rest = tracking.partition(":")
    what, _, where = rest.partition(":")
    return what.rpartition("/")[2] == obj.KIND and where == f"{obj.namespace}/{obj.name}"


def _application(world: World, name: str) -> Application | None:
    found = world.applications(name)
    if not found and "_" in name:
        namespace, _, rest = name.partition("_")
        found = tuple(a for a in world.applications(rest) if a.namespace == namespace)
    return found[0] if found else None


def _flux(world: World, obj: Object) -> ManagedBy | None:
    for prefix, kind, tool in _FLUX:
        name, namespace = obj.labels.get(f"{prefix}/name"), obj.labels.get(f"{prefix}/namespace", "")
        if not name:
            continue
        subject = Subject(world.ref, kind.KIND, namespace, name)
        found = world.get(kind, namespace, name)
        if not isinstance(found, Kustomization | HelmRelease):
            why = world.unread(kind)
            remark = f"it cannot be read: {why}" if why else "it is not in this cluster"
            return ManagedBy(tool=tool, subject=subject, sentence=f"{tool} {namespace}/{name}; {remark}")
        return _flux_found(found, subject, tool)
    return None


def _flux_found(found: Kustomization | HelmRelease, subject: Subject, tool: str) -> ManagedBy:
    name = f"{tool} {found.namespace}/{found.name}"
    every = f" every {found.interval}" if found.interval else ""
    if found.suspend:
        return ManagedBy(
            tool=tool, subject=subject, reconciles=False, suspended=True, sentence=f"{name} is suspended"
        )
    if isinstance(found, HelmRelease) and found.drift != "enabled":
        remark = "upgrades by itself at the next version; it does not undo what is changed past it until then"
        return ManagedBy(tool=tool, subject=subject, reconciles=False, sentence=f"{name} {remark}")
    return ManagedBy(
        tool=tool, subject=subject, reconciles=True, sentence=f"{name} undoes what is changed past it{every}"
    )


def _helm(world: World, obj: Object, notes: Mapping[str, str]) -> ManagedBy | None:
    release = notes.get("meta.helm.sh/release-name", "")
    if obj.labels.get("app.kubernetes.io/managed-by") != "Helm" and not release:
        return None
    name = f"Helm release {release}".rstrip() if release else "Helm"
    return ManagedBy(
        tool="Helm", reconciles=False, sentence=f"{name}; the next helm upgrade sets its own version"
    )


def manager_by_fields(managers: Sequence[tuple[str, str, float]]) -> ManagedBy | None:
    """From managedFields, as (manager, subresource, time): the last one who is no controller and wrote no status."""
    people = [m for m in managers if not m[1] and m[0] not in CONTROLLERS]
    last = max(people, key=lambda m: m[2], default=None)
    if last is None:
        return None
    tool = "kubectl" if last[0].startswith("kubectl") else last[0]
    return ManagedBy(tool=tool, sentence=f"last changed with {last[0]}")
