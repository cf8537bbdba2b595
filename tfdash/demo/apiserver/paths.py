"""What a request's method and path name: a resource, a verb."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from tfdash.demo.apiserver.errors import ApiError
from tfdash.demo.apiserver.resources import Resource, registry

TRUE = ("1", "true", "True", "TRUE", "t", "T", "")
_BY_METHOD = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}


@dataclass(frozen=True)
class RequestTarget:
    """What a path names. ``resource`` is None for a group, version or resource that is not served."""

    resource: Resource | None
    group: str
    plural: str
    namespace: str
    name: str
    subresource: str


def target(path: str) -> RequestTarget | None:
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
    return RequestTarget(found, group, plural, namespace, name, subresource)


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
    return "watch" in request.query and request.query["watch"] in TRUE
