"""ControllerRevisions: the remembered templates of StatefulSets and DaemonSets."""

from __future__ import annotations

from tfdash.demo.apiserver.object_store import ObjectStore
from tfdash.demo.apiserver.objects import Obj, hashed, name_of, namespace_of, owner_reference

STORAGE = "controllerrevisions.apps"


def revision_data(owner: Obj) -> Obj:
    return {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}


def digest_of(owner: Obj) -> str:
    return hashed(owner["spec"]["template"], 10)


def find_revision(store: ObjectStore, owner: Obj) -> Obj | None:
    """The revision of the owner's present template."""
    data = revision_data(owner)
    return next((r for r in store.owned(STORAGE, owner) if r.get("data") == data), None)


def make_revision(store: ObjectStore, kind: str, owner: Obj, number: int, at: float | None = None) -> str:
    """Store one; returns the hash label's value: with the name for a StatefulSet, without it for a DaemonSet."""
    digest = digest_of(owner)
    name = f"{name_of(owner)}-{digest}"
    shown = name if kind == "StatefulSet" else digest
    labels = {
        **(owner["spec"]["template"].get("metadata", {}).get("labels") or {}),
        "controller.kubernetes.io/hash": digest,
    }
    if kind == "DaemonSet":
        labels["controller-revision-hash"] = digest
    meta = {
        "name": name,
        "namespace": namespace_of(owner),
        "labels": labels,
        "ownerReferences": [owner_reference("apps/v1", kind, owner)],
    }
    cause = (owner["metadata"].get("annotations") or {}).get("kubernetes.io/change-cause")
    if cause:
        meta["annotations"] = {"kubernetes.io/change-cause": cause}
    store.create(STORAGE, {"metadata": meta, "data": revision_data(owner), "revision": number}, at)
    return shown


def newest(store: ObjectStore, owner: Obj) -> list[Obj]:
    """All revisions of an owner, oldest first."""
    return sorted(store.owned(STORAGE, owner), key=lambda r: int(r["revision"]))
