"""What the simulated API server serves: groups, versions, resources, their verbs, names and subresources.

The table is data (``data/resources.json``), read from a real API server's aggregated discovery; its custom resources
are those of Argo Rollouts, Flagger and Argo CD.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from tfdash.demo.apiserver.objects import Obj


@dataclass(frozen=True)
class Resource:
    """One resource in one version. ``storage`` names where its objects live: versions of one kind share it."""

    group: str
    version: str
    plural: str
    kind: str
    singular: str
    namespaced: bool
    verbs: tuple[str, ...]
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: dict[str, Obj] = field(default_factory=dict)
    custom: bool = False  # of a CustomResourceDefinition, with its printer columns
    columns: tuple[Obj, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def storage(self) -> str:
        return storage_key(self.group, self.plural)


def storage_key(group: str, plural: str) -> str:
    if plural == "events":
        return "events"
    return f"{plural}.{group}" if group else plural


def data(name: str) -> Any:
    """One of the shipped JSON tables."""
    return json.loads(files("tfdash.demo").joinpath("data", name).read_text(encoding="utf-8"))


@cache
def registry() -> dict[tuple[str, str, str], Resource]:
    """All resources by (group, version, plural), in the order of discovery."""
    found = {}
    for entry in data("resources.json"):
        resource = Resource(
            group=entry["group"],
            version=entry["version"],
            plural=entry["plural"],
            kind=entry["kind"],
            singular=entry["singular"],
            namespaced=entry["namespaced"],
            verbs=tuple(entry["verbs"]),
            short=tuple(entry.get("short", ())),
            categories=tuple(entry.get("categories", ())),
            subresources=entry.get("subresources", {}),
            custom=entry.get("custom", False),
            columns=tuple(entry.get("columns", ())),
        )
        found[resource.group, resource.version, resource.plural] = resource
    return found


@cache
def by_storage() -> dict[str, Resource]:
    """The preferred version of each stored kind: the first that discovery names."""
    found: dict[str, Resource] = {}
    for resource in registry().values():
        if "list" in resource.verbs and resource.group != "metrics.k8s.io":
            found.setdefault(resource.storage, resource)
    return found


@cache
def by_kind() -> dict[tuple[str, str], Resource]:
    """By (group, kind)."""
    found: dict[tuple[str, str], Resource] = {}
    for resource in registry().values():
        if resource.group != "metrics.k8s.io":
            found.setdefault((resource.group, resource.kind), resource)
    return found


@cache
def groups(custom: bool = True) -> dict[str, list[str]]:
    """Versions of each group, preferred first, in the order of discovery; without the custom ones where not ``custom``."""
    found: dict[str, list[str]] = {}
    for resource in registry().values():
        if resource.custom and not custom:
            continue
        versions = found.setdefault(resource.group, [])
        if resource.version not in versions:
            versions.append(resource.version)
    return found
