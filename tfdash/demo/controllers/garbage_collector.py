"""What goes with what: dependants of deleted owners, foreground and orphan deletion, the ends of namespaces, claims."""

from __future__ import annotations

from tfdash.demo.apiserver.deleting import remove
from tfdash.demo.apiserver.object_store import ADDED, DELETED, Happened, StoreKey
from tfdash.demo.apiserver.objects import Obj, controller_of, deleting, dig, name_of, with_meta, with_status
from tfdash.demo.apiserver.resources import by_storage
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.root_ca import root_ca

_OWNERS = {
    "deployments.apps": ("replicasets.apps",),
    "replicasets.apps": ("pods",),
    "statefulsets.apps": ("pods", "controllerrevisions.apps"),
    "daemonsets.apps": ("pods", "controllerrevisions.apps"),
    "jobs.batch": ("pods",),
    "cronjobs.batch": ("jobs.batch",),
    "rollouts.argoproj.io": ("replicasets.apps", "analysisruns.argoproj.io", "experiments.argoproj.io"),
    "experiments.argoproj.io": ("replicasets.apps", "analysisruns.argoproj.io"),
    "canaries.flagger.app": ("deployments.apps", "services"),
    "certificates.cert-manager.io": ("certificaterequests.cert-manager.io",),
    "certificaterequests.cert-manager.io": ("orders.acme.cert-manager.io",),
    "orders.acme.cert-manager.io": ("challenges.acme.cert-manager.io",),
}
_PROTECTION = ("kubernetes.io/pvc-protection", "kubernetes.io/pv-protection")
_KEPT_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


class Collector:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel
        for storage in _OWNERS:
            kernel.store.listen(storage, self._owner)
        kernel.store.listen("namespaces", self._namespace)
        kernel.store.listen("pods", self._pod)
        kernel.store.listen("persistentvolumeclaims", self._claim)

    # -- owners -------------------------------------------------------------------------------------------------

    def _owner(self, storage: str, event: Happened) -> None:
        if event.type == DELETED:
            self._k.agenda.after(0.1, self._collect, storage, event.now.obj)
        elif deleting(event.now.obj):
            self._k.agenda.after(0.1, self._finalize, storage, event.now.key)
        elif event.type == ADDED:
            self._k.agenda.after(0.2, self._check_owner, storage, event.now.key)

    def _pod(self, storage: str, event: Happened) -> None:
        if event.type == ADDED:
            self._k.agenda.after(0.2, self._check_owner, storage, event.now.key)
        elif event.type == DELETED:
            owner = controller_of(event.now.obj)
            storages = {
                "ReplicaSet": "replicasets.apps",
                "StatefulSet": "statefulsets.apps",
                "Job": "jobs.batch",
                "DaemonSet": "daemonsets.apps",
            }
            if owner is not None and owner["kind"] in storages:
                key = (event.now.key[0], owner["name"])
                found = self._k.store.find(storages[owner["kind"]], *key)
                if found is not None and deleting(found):
                    self._k.agenda.after(0.1, self._finalize, storages[owner["kind"]], key)

    def _check_owner(self, storage: str, key: StoreKey) -> None:
        """One that was created for an owner that is gone by now goes too."""
        obj = self._k.store.find(storage, *key)
        ref = controller_of(obj) if obj is not None else None
        if obj is None or ref is None:
            return
        owner_resource = next(
            (
                r
                for r in by_storage().values()
                if r.kind == ref["kind"] and r.api_version == ref["apiVersion"]
            ),
            None,
        )
        if owner_resource is None:
            return
        owner = self._k.store.find(
            owner_resource.storage, key[0] if owner_resource.namespaced else "", ref["name"]
        )
        if owner is None or owner["metadata"]["uid"] != ref["uid"]:
            remove(self._k.store, storage, obj)

    def _collect(self, storage: str, owner: Obj) -> None:
        for below in _OWNERS[storage]:
            for obj in self._k.store.owned(below, owner):
                if not deleting(obj):
                    remove(self._k.store, below, obj)

    def _finalize(self, storage: str, key: StoreKey) -> None:
        """Foreground: the dependants first. Orphan: they lose their owner."""
        owner = self._k.store.find(storage, *key)
        if owner is None or not deleting(owner):
            return
        finalizers = list(owner["metadata"].get("finalizers") or ())
        dependants = [(below, o) for below in _OWNERS[storage] for o in self._k.store.owned(below, owner)]
        if "orphan" in finalizers:
            for below, obj in dependants:
                self._k.update(below, with_meta(obj, ownerReferences=None))
            finalizers.remove("orphan")
        elif "foregroundDeletion" in finalizers:
            for below, obj in dependants:
                if not deleting(obj):
                    policy = "Foreground" if below in _OWNERS else "Background"
                    remove(self._k.store, below, obj, policy=policy)
            if any(True for below in _OWNERS[storage] for _ in self._k.store.owned(below, owner)):
                self._k.agenda.after(1.0, self._finalize, storage, key)
                return
            finalizers.remove("foregroundDeletion")
        else:
            return
        if finalizers:
            self._k.update(storage, with_meta(owner, finalizers=finalizers))
        else:
            self._k.store.delete(storage, *key)

    # -- namespaces ---------------------------------------------------------------------------------------------

    def _namespace(self, storage: str, event: Happened) -> None:
        name = event.now.key[1]
        if event.type == ADDED:
            self._k.agenda.after(0.1, self._furnish, name)
        elif event.type != DELETED and deleting(event.now.obj):
            self._k.look(self._empty, event.now.key, 0.3)

    def _furnish(self, name: str) -> None:
        """What each namespace is given."""
        found = self._k.store.find("namespaces", "", name)
        if found is None or deleting(found):
            return
        if self._k.store.get("serviceaccounts", name, "default") is None:
            self._k.store.create("serviceaccounts", {"metadata": {"name": "default", "namespace": name}})
        if self._k.store.get("configmaps", name, "kube-root-ca.crt") is None:
            data = {"ca.crt": root_ca()}
            self._k.store.create(
                "configmaps", {"metadata": {"name": "kube-root-ca.crt", "namespace": name}, "data": data}
            )

    def _empty(self, key: StoreKey) -> None:
        found = self._k.store.find("namespaces", *key)
        if found is None or not deleting(found) or key[1] in _KEPT_NAMESPACES:
            return
        left = 0
        for storage, resource in by_storage().items():
            if resource.namespaced:
                for obj in list(self._k.store.all(storage, key[1])):
                    if not deleting(obj):
                        remove(self._k.store, storage, obj, policy="Background")
                    left += self._k.store.get(storage, key[1], name_of(obj)) is not None
        if left:
            self._k.look(self._empty, key, 2.0)
            return
        self._k.store.delete("namespaces", *key)

    # -- claims -------------------------------------------------------------------------------------------------

    def _claim(self, storage: str, event: Happened) -> None:
        if event.type == DELETED:
            volume = event.now.obj["spec"].get("volumeName")
            if volume:
                self._k.agenda.after(1.0, self._release, volume)
        elif deleting(event.now.obj):
            self._k.look(self._unprotect, event.now.key, 0.5)
        elif dig(event.now.obj, "status", "phase") == "Pending":
            self._k.look(self._bind, event.now.key, 1.0)

    def _unprotect(self, key: StoreKey) -> None:
        claim = self._k.store.find("persistentvolumeclaims", *key)
        if claim is None or not deleting(claim):
            return
        used = any(
            dig(v, "persistentVolumeClaim", "claimName") == key[1]
            for p in self._k.store.all("pods", key[0])
            for v in p["spec"].get("volumes") or ()
        )
        if used:
            self._k.look(self._unprotect, key, 5.0)
            return
        rest = [f for f in claim["metadata"].get("finalizers") or () if f not in _PROTECTION]
        if rest:
            self._k.update("persistentvolumeclaims", with_meta(claim, finalizers=rest))
        else:
            self._k.store.delete("persistentvolumeclaims", *key)

    def _bind(self, key: StoreKey) -> None:
        """A class that exists makes a volume for the claim; another leaves it Pending, with an Event."""
        claim = self._k.store.find("persistentvolumeclaims", *key)
        if claim is None or dig(claim, "status", "phase") != "Pending" or deleting(claim):
            return
        name = claim["spec"].get("storageClassName", "fast")
        if self._k.store.get("storageclasses.storage.k8s.io", "", name) is None:
            message = f'storageclass.storage.k8s.io "{name}" not found'
            self._k.tell(
                "persistentvolumeclaims",
                claim,
                "Warning",
                "ProvisioningFailed",
                message,
                "persistentvolume-controller",
            )
            self._k.look(self._bind, key, 15.0)
            return
        volume, size = (
            f"pvc-{claim['metadata']['uid']}",
            dig(claim, "spec", "resources", "requests", "storage", default="1Gi"),
        )
        modes = claim["spec"].get("accessModes", ["ReadWriteOnce"])
        ref = {
            "kind": "PersistentVolumeClaim",
            "namespace": key[0],
            "name": key[1],
            "uid": claim["metadata"]["uid"],
            "apiVersion": "v1",
        }
        spec = {
            "capacity": {"storage": size},
            "accessModes": modes,
            "claimRef": ref,
            "storageClassName": name,
            "persistentVolumeReclaimPolicy": "Delete",
            "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
            "csi": {"driver": "csi.demo.example", "volumeHandle": volume},
        }
        self._k.store.create(
            "persistentvolumes", {"metadata": {"name": volume}, "spec": spec, "status": {"phase": "Bound"}}
        )
        bound = {**claim, "spec": {**claim["spec"], "volumeName": volume, "storageClassName": name}}
        self._k.update(
            "persistentvolumeclaims",
            with_status(bound, phase="Bound", accessModes=modes, capacity={"storage": size}),
        )
        message = f"Successfully provisioned volume {volume}"
        self._k.tell(
            "persistentvolumeclaims", claim, "Normal", "ProvisioningSucceeded", message, "csi.demo.example"
        )

    def _release(self, volume: str) -> None:
        if self._k.store.get("persistentvolumes", "", volume) is not None:
            self._k.store.delete("persistentvolumes", "", volume)
