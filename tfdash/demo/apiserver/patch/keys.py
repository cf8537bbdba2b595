"""How lists of the API merge: which are keyed lists, which are sets, and which are replaced as a whole.

Read from the API's own schema (x-kubernetes-patch-merge-key, x-kubernetes-list-map-keys); a list that is not named
here is atomic.
"""

from __future__ import annotations

# Field name -> keys. A server-side apply takes all keys, a strategic merge patch the first.
_KEYED: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "resourceClaims": ("name",),
    "schedulingGates": ("name",),
    "podIPs": ("ip",),
    "hostIPs": ("ip",),
    "volumesAttached": ("name",),
    "webhooks": ("name",),
    "secrets": ("name",),
    "claims": ("name",),
}
_CONTAINER_PORTS = ("containerPort", "protocol")
_SERVICE_PORTS = ("port", "protocol")
_SETS = frozenset({"finalizers", "podCIDRs"})
# Maps that are one value: an apply owns them whole.
ATOMIC_MAPS = frozenset(
    {"selector", "nodeSelectorTerms", "secretKeyRef", "configMapKeyRef", "fieldRef", "roleRef"}
)
# Maps with free keys: an apply owns the map's entries and, where it made it, the map.
FREE_MAPS = frozenset(
    {
        "labels",
        "annotations",
        "limits",
        "requests",
        "data",
        "stringData",
        "binaryData",
        "hard",
        "nodeSelector",
        "matchLabels",
    }
)


def keys_of(field: str, items: list[object]) -> tuple[str, ...]:
    """The merge keys of list ``field``, () where it is atomic or a set."""
    if field == "ports":
        sample = next((i for i in items if isinstance(i, dict)), {})
        return _CONTAINER_PORTS if "containerPort" in sample else _SERVICE_PORTS if "port" in sample else ()
    if field == "addresses":
        return ("type",) if all(isinstance(i, dict) for i in items) else ()
    return _KEYED.get(field, ())


def schema_extension(parent: str, field: str) -> dict[str, object]:
    """What the API's schema says of list ``field`` of a model, {} for an atomic list."""
    keys = _KEYED.get(field, ())
    if field == "ports":
        keys = {"V1Container": _CONTAINER_PORTS, "V1ServiceSpec": _SERVICE_PORTS}.get(parent, ())
    if not keys:
        return {"x-kubernetes-list-type": "set"} if field in _SETS else {}
    strategy = "merge,retainKeys" if field == "volumes" else "merge"
    return {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": list(keys),
        "x-kubernetes-patch-merge-key": keys[0],
        "x-kubernetes-patch-strategy": strategy,
    }


def is_set(field: str) -> bool:
    return field in _SETS


DEFAULTS = {"protocol": "TCP"}


def key_of(item: dict[str, object], keys: tuple[str, ...]) -> tuple[object, ...]:
    """The identity of a list's item."""
    return tuple(item.get(k, DEFAULTS.get(k)) for k in keys)
