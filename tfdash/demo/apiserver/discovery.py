"""Discovery: aggregated (v2) and legacy documents, made from the registry of resources."""

from __future__ import annotations

from functools import cache

from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.apiserver.resources import Resource, groups, registry

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
ENDING = "+demo"
"""By which everybody sees that a version is a simulated one."""


def version(of: str) -> dict[str, str]:
    """The answer of ``/version`` of a server that runs ``v1.37.2``."""
    major, minor, _ = of.removeprefix("v").split(".", 2)
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": f"{of}{ENDING}",
        **_BUILD,
    }


_BUILD = {
    "gitCommit": "simulated",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "simulated",
    "compiler": "simulated",
    "platform": "linux/amd64",
}


def _of(group: str, version: str) -> list[Resource]:
    return [r for r in registry().values() if (r.group, r.version) == (group, version)]


def _aggregated_resource(resource: Resource) -> Obj:
    def response_kind(kind: str, group: str = "", version: str = "") -> Obj:
        return {"group": group, "version": version, "kind": kind}

    found: Obj = {
        "resource": resource.plural,
        "responseKind": response_kind(resource.kind),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short:
        found["shortNames"] = list(resource.short)
    if resource.categories:
        found["categories"] = list(resource.categories)
    if resource.subresources:
        found["subresources"] = [
            {
                "subresource": name,
                "responseKind": response_kind(sub["kind"], sub["group"], sub["version"]),
                "verbs": sub["verbs"],
            }
            for name, sub in resource.subresources.items()
        ]
    return found


@cache
def aggregated(core: bool, custom: bool = True) -> Obj:
    """The APIGroupDiscoveryList of /api (``core``) or /apis."""
    items = []
    for group, versions in groups(custom).items():
        if (group == "") is core:
            entries = [
                {
                    "version": version,
                    "resources": [_aggregated_resource(r) for r in _of(group, version)],
                    "freshness": "Current",
                }
                for version in versions
            ]
            items.append({"metadata": {"name": group} if group else {}, "versions": entries})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _group(name: str) -> Obj:
    versions = [{"groupVersion": f"{name}/{v}", "version": v} for v in groups()[name]]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


@cache
def group_list(custom: bool = True) -> Obj:
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(g) for g in groups(custom) if g]}


def group(name: str, custom: bool = True) -> Obj | None:
    return (
        {"kind": "APIGroup", "apiVersion": "v1", **_group(name)} if name and name in groups(custom) else None
    )


def api_versions(address: str) -> Obj:
    where = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": where}


@cache
def resource_list(group_name: str, version: str) -> Obj | None:
    """The legacy APIResourceList of one group version; None where it is not served."""
    resources = []
    for resource in _of(group_name, version):
        entry: Obj = {
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": list(resource.verbs),
        }
        if resource.short:
            entry["shortNames"] = list(resource.short)
        if resource.categories:
            entry["categories"] = list(resource.categories)
        resources.append(entry)
        for name, sub in resource.subresources.items():
            kind = sub["kind"]
            about = {k: sub[k] for k in ("group", "version") if sub[k]}
            resources.append(
                {
                    "name": f"{resource.plural}/{name}",
                    "singularName": "",
                    "namespaced": resource.namespaced,
                    **about,
                    "kind": kind,
                    "verbs": sub["verbs"],
                }
            )
    if not resources:
        return None
    name = f"{group_name}/{version}" if group_name else version
    head: Obj = {"kind": "APIResourceList"}
    if group_name:
        head["apiVersion"] = "v1"
    return {**head, "groupVersion": name, "resources": resources}
