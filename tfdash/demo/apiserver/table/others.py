"""Rows of everything that is neither pod nor workload."""

from __future__ import annotations

from typing import Any

from tfdash.demo.apiserver.objects import Obj, dig
from tfdash.demo.apiserver.table.durations import human, since
from tfdash.demo.apiserver.table.workloads import age, pairs, selector

_ROLE = "node-role.kubernetes.io/"
_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _modes(obj: Obj, *path: str) -> str:
    return ",".join(_MODES.get(mode, mode) for mode in dig(obj, *path, default=()))


def named(obj: Obj, now: float) -> list[Any]:
    return [obj["metadata"]["name"], age(obj, now)]


def created_at(obj: Obj, now: float) -> list[Any]:
    return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp", "")]


def namespace(obj: Obj, now: float) -> list[Any]:
    return [obj["metadata"]["name"], dig(obj, "status", "phase", default=""), age(obj, now)]


def node(obj: Obj, now: float) -> list[Any]:
    states = []
    for found in dig(obj, "status", "conditions", default=()):
        if found["type"] == "Ready":
            states.append("Ready" if found["status"] == "True" else "NotReady")
    if not states:
        states.append("Unknown")
    if dig(obj, "spec", "unschedulable"):
        states.append("SchedulingDisabled")
    labels = obj["metadata"].get("labels") or {}
    roles = sorted(
        {key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE) and key != _ROLE}
        | ({labels["kubernetes.io/role"]} if labels.get("kubernetes.io/role") else set())
    )
    addresses = {a["type"]: a["address"] for a in reversed(dig(obj, "status", "addresses", default=[]))}
    info = dig(obj, "status", "nodeInfo", default={})
    return [
        obj["metadata"]["name"],
        ",".join(states),
        ",".join(roles) or "<none>",
        age(obj, now),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", "<none>"),
        addresses.get("ExternalIP", "<none>"),
        info.get("osImage") or "<unknown>",
        info.get("kernelVersion") or "<unknown>",
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def event(obj: Obj, now: float) -> list[Any]:
    micro = since(obj.get("eventTime"), now)
    first = since(obj["firstTimestamp"], now) if obj.get("firstTimestamp") else micro
    last = since(obj["lastTimestamp"], now) if obj.get("lastTimestamp") else first
    count = obj.get("count") or 1
    if obj.get("series"):
        last, count = since(obj["series"].get("lastObservedTime"), now), obj["series"].get("count", 0)
    about = obj.get("involvedObject", {})
    target = about.get("kind", "").lower() + (f"/{about['name']}" if about.get("name") else "")
    component = dig(obj, "source", "component") or obj.get("reportingComponent", "")
    host = dig(obj, "source", "host") or obj.get("reportingInstance", "")
    return [
        last,
        obj.get("type", ""),
        obj.get("reason", ""),
        target,
        about.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        obj.get("message", "").strip(),
        first,
        count,
        obj["metadata"]["name"],
    ]


def service(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    kind = spec.get("type", "ClusterIP")
    external = ",".join(spec.get("externalIPs") or ()) or "<none>"
    if kind == "LoadBalancer":
        ingress = dig(obj, "status", "loadBalancer", "ingress", default=())
        found = ",".join(i.get("ip") or i.get("hostname", "") for i in ingress)
        external = found or ("<pending>" if external == "<none>" else external)
    elif kind == "ExternalName":
        external = spec.get("externalName", "")
    ports = ",".join(
        f"{p['port']}{':' + str(p['nodePort']) if p.get('nodePort') else ''}/{p.get('protocol', 'TCP')}"
        for p in spec.get("ports") or ()
    )
    internal = (spec.get("clusterIPs") or [spec.get("clusterIP") or "<none>"])[0]
    return [
        obj["metadata"]["name"],
        kind,
        internal,
        external,
        ports or "<none>",
        age(obj, now),
        pairs(spec.get("selector")),
    ]


def _limited(items: list[str], most: int, separator: str) -> str:
    text = separator.join(items[:most])
    return f"{text} + {len(items) - most} more..." if len(items) > most else text


def endpoints(obj: Obj, now: float) -> list[Any]:
    found = []
    for part in obj.get("subsets") or ():
        ports: list[Obj] = part.get("ports") or [{}]
        for port in ports:
            for address in part.get("addresses") or ():
                found.append(f"{address['ip']}:{port['port']}" if port else address["ip"])
    return [obj["metadata"]["name"], _limited(found, 3, ",") or "<none>", age(obj, now)]


def endpoint_slice(obj: Obj, now: float) -> list[Any]:
    ports = [str(p["port"]) if p.get("port") is not None else "*" for p in obj.get("ports") or ()]
    addresses = [a for e in obj.get("endpoints") or () for a in e.get("addresses") or ()]
    return [
        obj["metadata"]["name"],
        obj.get("addressType", ""),
        _limited(ports, 3, ",") or "<unset>",
        _limited(addresses, 3, ",") or "<unset>",
        age(obj, now),
    ]


def config_map(obj: Obj, now: float) -> list[Any]:
    return [
        obj["metadata"]["name"],
        len(obj.get("data") or ()) + len(obj.get("binaryData") or ()),
        age(obj, now),
    ]


def secret(obj: Obj, now: float) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("type", "Opaque"), len(obj.get("data") or ()), age(obj, now)]


def claim(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    phase = "Terminating" if "deletionTimestamp" in obj["metadata"] else status.get("phase", "")
    bound = bool(spec.get("volumeName"))
    return [
        obj["metadata"]["name"],
        phase,
        spec.get("volumeName", ""),
        dig(status, "capacity", "storage", default="") if bound else "",
        _modes(status, "accessModes") if bound else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName", "<unset>"),
        age(obj, now),
        spec.get("volumeMode", "<unset>"),
    ]


def volume(obj: Obj, now: float) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    ref = spec.get("claimRef")
    phase = "Terminating" if "deletionTimestamp" in obj["metadata"] else status.get("phase", "")
    return [
        obj["metadata"]["name"],
        dig(spec, "capacity", "storage", default=""),
        _modes(spec, "accessModes"),
        spec.get("persistentVolumeReclaimPolicy", ""),
        phase,
        f"{ref['namespace']}/{ref['name']}" if ref else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName", "<unset>"),
        status.get("reason", ""),
        age(obj, now),
        spec.get("volumeMode", "<unset>"),
    ]


def quota(obj: Obj, now: float) -> list[Any]:
    hard, used = dig(obj, "status", "hard", default={}), dig(obj, "status", "used", default={})
    requests: list[str] = []
    limits: list[str] = []
    for name in sorted(hard):
        text = f"{name}: {used.get(name, '0')}/{hard[name]}"
        (limits if name.startswith("limits") else requests).append(text)
    return [obj["metadata"]["name"], ", ".join(requests), ", ".join(limits), age(obj, now)]


def binding(obj: Obj, now: float) -> list[Any]:
    subjects: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for who in obj.get("subjects") or ():
        name = f"{who.get('namespace', '')}/{who['name']}" if who["kind"] == "ServiceAccount" else who["name"]
        subjects.setdefault(who["kind"], []).append(name)
    role = obj.get("roleRef", {})
    return [
        obj["metadata"]["name"],
        f"{role.get('kind')}/{role.get('name')}",
        age(obj, now),
        *(", ".join(subjects[kind]) for kind in ("User", "Group", "ServiceAccount")),
    ]


def ingress(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec", {})
    hosts = [r["host"] for r in spec.get("rules") or () if r.get("host")]
    found = [
        i.get("ip") or i.get("hostname", "")
        for i in dig(obj, "status", "loadBalancer", "ingress", default=())
    ]
    return [
        obj["metadata"]["name"],
        spec.get("ingressClassName") or "<none>",
        _limited(hosts, 3, ",") or "*",
        ",".join(found),
        "80, 443" if spec.get("tls") else "80",
        age(obj, now),
    ]


def ingress_class(obj: Obj, now: float) -> list[Any]:
    return [
        obj["metadata"]["name"],
        dig(obj, "spec", "controller", default=""),
        dig(obj, "spec", "parameters", "name", default="<none>"),
        age(obj, now),
    ]


def network_policy(obj: Obj, now: float) -> list[Any]:
    return [obj["metadata"]["name"], selector(dig(obj, "spec", "podSelector")), age(obj, now)]


def priority_class(obj: Obj, now: float) -> list[Any]:
    return [
        obj["metadata"]["name"],
        obj.get("value", 0),
        bool(obj.get("globalDefault")),
        age(obj, now),
        obj.get("preemptionPolicy", "PreemptLowerPriority"),
    ]


def storage_class(obj: Obj, now: float) -> list[Any]:
    name = obj["metadata"]["name"]
    annotations = obj["metadata"].get("annotations") or {}
    if annotations.get("storageclass.kubernetes.io/is-default-class") == "true":
        name += " (default)"
    return [
        name,
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy", "Delete"),
        obj.get("volumeBindingMode", "Immediate"),
        bool(obj.get("allowVolumeExpansion")),
        age(obj, now),
    ]


def lease(obj: Obj, now: float) -> list[Any]:
    return [obj["metadata"]["name"], dig(obj, "spec", "holderIdentity", default=""), age(obj, now)]


def signing_request(obj: Obj, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    lasts = human(spec["expirationSeconds"]) if spec.get("expirationSeconds") else "<none>"
    who = [spec.get("signerName") or "<none>", spec.get("username", "")]
    return [obj["metadata"]["name"], age(obj, now), *who, lasts, "Pending"]  # nobody here approves one


def controller_revision(obj: Obj, now: float) -> list[Any]:
    who = "<none>"
    for ref in obj["metadata"].get("ownerReferences") or ():
        if ref.get("controller"):
            group = ref["apiVersion"].partition("/")[0] if "/" in ref["apiVersion"] else ""
            who = f"{ref['kind'].lower()}{'.' + group if group else ''}/{ref['name']}"
    return [obj["metadata"]["name"], who, obj.get("revision", 0), age(obj, now)]


def webhooks(obj: Obj, now: float) -> list[Any]:
    return [obj["metadata"]["name"], len(obj.get("webhooks") or ()), age(obj, now)]


def api_service(obj: Obj, now: float) -> list[Any]:
    service_ref = dig(obj, "spec", "service")
    available: Obj = next(
        (c for c in dig(obj, "status", "conditions", default=()) if c["type"] == "Available"), {}
    )
    state = available.get("status", "Unknown")
    if state == "False":
        state = f"False ({available.get('reason', '')})"
    where = f"{service_ref['namespace']}/{service_ref['name']}" if service_ref else "Local"
    return [obj["metadata"]["name"], where, state, age(obj, now)]
