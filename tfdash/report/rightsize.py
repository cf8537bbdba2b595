"""What workloads should ask for, as a table, as rows, and as changes that can be applied. Pure; texts are safe."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tfdash.model.picture import ClusterPicture, Picture
from tfdash.model.subject import Subject
from tfdash.playbook.releases.managed_by import manager_of
from tfdash.playbook.releases.world import World
from tfdash.playbook.resources.policy import ResourcesPolicy
from tfdash.playbook.resources.rightsize import KINDS, Sized, freed, size
from tfdash.playbook.resources.rightsizing import Sizing, in_manifest
from tfdash.playbook.seen import ClusterLook
from tfdash.text import safe

_HEAD = (
    "NAMESPACE",
    "WORKLOAD",
    "CONTAINER",
    "RESOURCE",
    "REQUEST",
    "PROPOSED",
    "LIMIT",
    "PROPOSED",
    "GAP",
    "WHY",
)
_GROUPS = {"Rollout": ("argoproj.io", "v1alpha1")}
_OWNING = "Argo CD", "Flux Kustomization", "Flux HelmRelease", "Helm"


class SizedWorkload(NamedTuple):
    """``owner``: the tool that owns its manifest, "" where a patch of the object itself stays."""

    subject: Subject
    owner: str
    sized: Sized

    @property
    def changes(self) -> tuple[Sizing, ...]:
        return tuple(s for s in self.sized.sizings if s.worthwhile)


def sized_workloads(
    picture: Picture, policy: ResourcesPolicy, namespaces: Sequence[str] | None
) -> list[SizedWorkload]:
    """Those with a history, by cluster, namespace and name; ``namespaces`` None: of all."""
    found = [one for c in picture.clusters.values() for one in _of_cluster(c, policy, picture.at)]
    return sorted(f for f in found if namespaces is None or f.subject.namespace in namespaces)


def _of_cluster(cluster: ClusterPicture, policy: ResourcesPolicy, now: float) -> Iterable[SizedWorkload]:
    look = ClusterLook(cluster)
    for kind in KINDS:
        for obj in cluster.objects(kind.KIND).values():
            if not isinstance(obj, kind):
                continue
            subject = Subject(cluster.ref, kind.KIND, obj.namespace, obj.name)
            sized = size(look, subject, obj, policy)
            if sized is not None:
                owner = manager_of(World(look, now), obj)
                yield SizedWorkload(
                    subject, owner.tool if owner is not None and owner.tool in _OWNING else "", sized
                )


def table(found: Sequence[SizedWorkload]) -> str:
    """For people: every container and resource, and what all of it would free."""
    rows = [_HEAD, *(row for one in found for row in _rows(one))]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD) - 1)]
    lines = [
        "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    ]
    sums = [(one.subject, freed(one.sized.sizings, one.sized.pods)) for one in found]
    more = [safe(f"{subject.namespace}/{subject.name}{text}") for subject, text in sums if text]
    return "\n".join([*lines, *(["", *more] if more else [])])


def _rows(one: SizedWorkload) -> Iterable[tuple[str, ...]]:
    only = ("current pods only",) if one.sized.history.current_only else ()
    owned = (f"{one.owner} owns it: export kustomize and commit there",) if one.owner and one.changes else ()
    for s in one.sized.sizings:
        to = ("?", "?") if s.to is None else (_text(s, s.to.request), _text(s, s.to.limit))
        why = "; ".join((*s.why, *only, *owned))
        yield tuple(
            map(
                safe,
                (
                    one.subject.namespace,
                    f"{one.subject.kind.lower()}/{one.subject.name}",
                    s.container,
                    s.resource,
                    _text(s, s.now.request),
                    to[0],
                    _text(s, s.now.limit),
                    to[1],
                    s.gap.name,
                    why,
                ),
            )
        )


def _text(sizing: Sizing, nanos: int | None) -> str:
    return "none" if nanos is None else in_manifest(sizing.resource, nanos)


def as_csv(found: Sequence[SizedWorkload]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(
        ("cluster", "namespace", "kind", "name", "container", "resource", "request", "proposed_request",
         "limit", "proposed_limit", "krr_request", "gap", "pods", "owner", "why")
    )  # fmt: skip
    for one in found:
        for s in one.sized.sizings:
            to = ("", "") if s.to is None else (_cell(s, s.to.request), _cell(s, s.to.limit))
            rows.writerow(
                map(
                    _no_formula,
                    (one.subject.cluster.cluster, one.subject.namespace, one.subject.kind, one.subject.name,
                     s.container, s.resource, _cell(s, s.now.request), to[0], _cell(s, s.now.limit), to[1],
                     _cell(s, s.krr), s.gap.name, str(one.sized.pods), one.owner, "; ".join(s.why)),
                )
            )  # fmt: skip
    return text.getvalue().rstrip("\n")


def _cell(sizing: Sizing, nanos: int | None) -> str:
    return "" if nanos is None else in_manifest(sizing.resource, nanos)


def _no_formula(text: str) -> str:
    """A spreadsheet runs what begins like this."""
    made = safe(text)
    return f"'{made}" if made[:1] in ("=", "+", "-", "@") else made


def _resources(one: SizedWorkload) -> dict[str, dict[str, dict[str, str]]]:
    """By container, what is to be set."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for s in one.changes:
        assert s.to is not None
        for which, value in (("requests", s.to.request), ("limits", s.to.limit)):
            if value is not None:
                found.setdefault(s.container, {}).setdefault(which, {})[s.resource] = in_manifest(
                    s.resource, value
                )
    return found


def _strategic(one: SizedWorkload) -> dict[str, Any]:
    containers = [{"name": name, "resources": found} for name, found in _resources(one).items()]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


def _by_index(one: SizedWorkload) -> list[dict[str, Any]]:
    """JSON Patch for kinds whose lists have no merge key: it fails where the container is another."""
    operations: list[dict[str, Any]] = []
    for name, resources in _resources(one).items():
        at = f"/spec/template/spec/containers/{one.sized.places.index(name)}"
        operations.append({"op": "test", "path": f"{at}/name", "value": name})
        for which, values in resources.items():
            for resource, value in values.items():
                operations.append({"op": "add", "path": f"{at}/resources/{which}/{resource}", "value": value})
    return operations


def as_patches(found: Sequence[SizedWorkload]) -> str:
    """One ``kubectl patch`` a workload; what a tool owns is named instead, since it would put its own back."""
    lines = [
        "# Each restarts every pod of its workload: it is a release. kubectl's current context is meant."
    ]
    for one in found:
        if not one.changes:
            continue
        where = f"{one.subject.namespace}/{one.subject.name}"
        if one.owner:
            lines.append(
                f"# {safe(where)}: {one.owner} owns it, and a patch would be put back: export kustomize and commit there"
            )
            continue
        merged = one.subject.kind not in _GROUPS
        patch = json.dumps(_strategic(one) if merged else _by_index(one), separators=(",", ":"))
        lines.append(
            f"kubectl -n {shlex.quote(one.subject.namespace)} patch {one.subject.kind.lower()} "
            f"{shlex.quote(one.subject.name)} --type {'strategic' if merged else 'json'} -p {shlex.quote(patch)}"
        )
    return "\n".join(lines)


def as_kustomize(found: Sequence[SizedWorkload]) -> str:
    """A component (``components: [rightsize]``), as JSON, which is YAML."""
    patches = []
    for one in found:
        if not one.changes:
            continue
        kind, merged = one.subject.kind, one.subject.kind not in _GROUPS
        group, version = _GROUPS.get(kind, ("apps", "v1"))
        target = {
            "group": group,
            "version": version,
            "kind": kind,
            "name": one.subject.name,
            "namespace": one.subject.namespace,
        }
        head = {
            "apiVersion": f"{group}/{version}",
            "kind": kind,
            "metadata": {"name": one.subject.name, "namespace": one.subject.namespace},
        }
        patch: Any = {**head, **_strategic(one)} if merged else _by_index(one)
        patches.append({"target": target, "patch": json.dumps(patch)})
    component = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "patches": patches}
    return json.dumps(component, indent=2)
