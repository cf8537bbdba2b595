"""One request, understood: which resource, which verb, by whom, with which options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from tfdash.demo.apiserver.auth import Attributes, User
from tfdash.demo.apiserver.errors import ApiError, bad_request, invalid
from tfdash.demo.apiserver.negotiate import Shape, shape
from tfdash.demo.apiserver.resources import Resource, registry

if TYPE_CHECKING:
    from tfdash.demo.cluster import Cluster

_TRUE = ("1", "true", "True", "TRUE", "t", "T", "")
_BY_METHOD = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}


@dataclass
class Call:
    """``name`` and ``subresource`` are "" where the path names none; ``verb`` as authorization knows it."""

    request: web.Request
    cluster: Cluster
    user: User
    resource: Resource
    namespace: str
    name: str
    subresource: str
    verb: str
    shape: Shape = field(default_factory=Shape)

    @property
    def storage(self) -> str:
        return self.resource.storage

    def text(self, option: str) -> str:
        return self.request.query.get(option, "")

    def flag(self, option: str) -> bool:
        return option in self.request.query and self.request.query[option] in _TRUE

    def number(self, option: str) -> int | None:
        """A whole number given as an option; 400 for what is none."""
        text = self.text(option)
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None

    @property
    def dry_run(self) -> bool:
        found = self.request.query.getall("dryRun", [])
        if any(value != "All" for value in found):
            kind = {"create": "CreateOptions", "patch": "PatchOptions", "update": "UpdateOptions"}.get(
                self.verb, "DeleteOptions"
            )
            shown = found[0]
            message = f'Unsupported value: "{shown}": supported values: "All"'
            raise invalid(kind, "meta.k8s.io", "", [("FieldValueNotSupported", message, "dryRun")])
        return bool(found)

    @property
    def manager(self) -> str:
        """The field manager: what the client says, else the first part of its User-Agent."""
        agent = self.request.headers.get("User-Agent", "unknown").split("/")[0]
        return self.text("fieldManager") or agent or "unknown"

    def attributes(self) -> Attributes:
        return Attributes(
            self.verb, self.resource.group, self.resource.plural, self.subresource, self.namespace, self.name
        )


@dataclass(frozen=True)
class Target:
    """What a path names. ``resource`` is None for a group, version or resource that is not served."""

    resource: Resource | None
    group: str
    plural: str
    namespace: str
    name: str
    subresource: str


def target(path: str) -> Target | None:
    """The resource that a path names; None for a path that names none (discovery, health, ...)."""
    parts = [p for p in path.split("/") if p]
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    elif rest[0] == "namespaces" and len(rest) >= 2:
        namespace = rest[1]  # a Namespace is authorized inside itself
    plural, name, subresource = (*rest[:3], "", "")[:3] if len(rest) < 3 else rest[:3]
    found = registry().get((group, version, plural))
    return Target(found, group, plural, namespace, name, subresource)


def verb_of(method: str, name: str, watching: bool) -> str:
    verb = _BY_METHOD.get(method)
    if verb is None:
        raise ApiError(
            405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {}
        )
    if verb == "get" and not name:
        return "watch" if watching else "list"
    if verb == "get" and watching:
        return "watch"
    if verb == "delete" and not name:
        return "deletecollection"
    return verb


def watching(request: web.Request) -> bool:
    return "watch" in request.query and request.query["watch"] in _TRUE


def shape_of(request: web.Request) -> Shape:
    return shape(request.headers.get("Accept", "*/*"))
