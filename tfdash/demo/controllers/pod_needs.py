"""What a pod needs from its namespace before it can start, and the kubelet's words when it is not there."""

from __future__ import annotations

from collections.abc import Iterator

from tfdash.demo.apiserver.object_store import ObjectStore
from tfdash.demo.apiserver.objects import Obj, dig, namespace_of

_PROVIDED = ("kube-root-ca.crt",)


def missing_mount(store: ObjectStore, pod: Obj) -> str:
    """The message of FailedMount, or ""."""
    namespace = namespace_of(pod)
    for volume in pod["spec"].get("volumes") or ():
        for field, storage, key in (("configMap", "configmaps", "name"), ("secret", "secrets", "secretName")):
            source = volume.get(field)
            if not source or source.get("optional"):
                continue
            name = source.get(key, "")
            if name not in _PROVIDED and store.get(storage, namespace, name) is None:
                kind = storage[:-1]
                return f'MountVolume.SetUp failed for volume "{volume["name"]}" : {kind} "{name}" not found'
    return ""


def _references(container: Obj) -> Iterator[tuple[str, str, str]]:
    """(storage, name, key) of what the environment is made from; key "" for a whole object."""
    for entry in container.get("envFrom") or ():
        for field, storage in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            ref = entry.get(field)
            if ref and not ref.get("optional"):
                yield storage, ref.get("name", ""), ""
    for entry in container.get("env") or ():
        for field, storage in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
            ref = dig(entry, "valueFrom", field)
            if ref and not ref.get("optional"):
                yield storage, ref.get("name", ""), ref.get("key", "")


def missing_configuration(store: ObjectStore, pod: Obj, container: Obj) -> str:
    """The message of CreateContainerConfigError, or ""."""
    namespace = namespace_of(pod)
    for storage, name, key in _references(container):
        found = store.find(storage, namespace, name)
        kind = storage[:-1]
        if found is None:
            return f'{kind} "{name}" not found'
        if key and key not in (found.get("data") or {}) and key not in (found.get("binaryData") or {}):
            shown = "Secret" if kind == "secret" else "ConfigMap"
            return f"couldn't find key {key} in {shown} {namespace}/{name}"
    return ""
