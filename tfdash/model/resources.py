"""What an API server serves, by its own discovery: every kind, those that the program has no table entry for among them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple

import msgspec

from tfdash.model.kind_spec import KindSpec
from tfdash.model.kinds import LISTED


class ApiResource(NamedTuple):
    """One resource in one version. ``group`` is "" for the core group; ``short`` are its short names."""

    group: str
    version: str
    resource: str
    kind: str
    singular: str = ""
    short: tuple[str, ...] = ()
    namespaced: bool = True
    verbs: tuple[str, ...] = ()

    @property
    def api(self) -> str:
        return f"apis/{self.group}/{self.version}" if self.group else f"api/{self.version}"

    @property
    def listable(self) -> bool:
        return "list" in self.verbs

    @property
    def spec(self) -> KindSpec:
        """As the feeds and single reads take it; it has no decoder, so that it is read as the server prints it."""
        watched = "watch" in self.verbs
        return KindSpec(
            self.kind,
            self.api,
            self.resource,
            noun=self.resource,
            namespaced=self.namespaced,
            watched=watched,
        )


class Catalogue(msgspec.Struct, frozen=True, dict=True):
    """``resources`` in the order of discovery: groups as the server orders them, the preferred version of each first.

    ``broken`` are the groups or versions that did not say what they serve, each with the reason; the others are whole.
    """

    resources: tuple[ApiResource, ...] = ()
    broken: tuple[tuple[str, str], ...] = ()

    def hidden(self, id: str) -> str:
        """Why it is not known whether a kind of that id, which is not among them, is served; "" where it is certain."""
        group = id.partition(".")[2]
        for name, why in self.broken:
            of = name.partition("/")[0]  # "" of "/api" and "/apis"
            if not group:
                meant = name == "/api" or of == "the core group" or re.fullmatch(r"v\d\w*", of) is not None
            else:
                meant = name == "/apis" or of == "a group without a name" or f".{group}".endswith(f".{of}")
            if meant:
                return f"{name}: {why}"
        return ""

    @cached_property
    def by_id(self) -> dict[str, ApiResource]:
        """By the id under which a picture holds its objects: "externalsecrets.external-secrets.io", "configmaps"; a version that is not
        the first stands in it ("leases.v1beta1.coordination.k8s.io"). No id is a key of ``tfdash.model.kinds.KINDS``."""
        found: dict[str, ApiResource] = {}
        for r in self.resources:
            plain = f"{r.resource}.{r.group}" if r.group else r.resource
            found.setdefault(plain if plain not in found else f"{r.resource}.{r.version}.{r.group}", r)
        return found

    def get(self, id: str) -> ApiResource | None:
        """Also by a version that another cluster has to name, and this one has first."""
        name, version, group = (*id.split(".", 2), "", "")[:3]
        return self.by_id.get(id) or next(
            (r for r in self.resources if (r.resource, r.version, r.group) == (name, version, group)), None
        )

    @cached_property
    def ids(self) -> dict[ApiResource, str]:
        return {r: id for id, r in self.by_id.items()}


def known_kind(resource: ApiResource, id: str) -> str:
    """The kind of the program's own table that is meant, "" where it has none: its list says more."""
    return next(
        (
            kind
            for kind, spec in LISTED.items()
            if (spec.group, spec.resource) == (resource.group, resource.resource)
            and (id == spec.qualified or spec.version == resource.version)
        ),
        "",
    )
