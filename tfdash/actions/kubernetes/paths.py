"""Where the API serves what actions change, and what a request asks of the authorizer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from tfdash.model.action import Request
from tfdash.model.kind_spec import KindSpec
from tfdash.model.kinds import KINDS
from tfdash.model.subject import Subject

_SERVED = {
    **KINDS,
    "PodTemplate": KindSpec("PodTemplate", "api/v1", "podtemplates"),  # of a Rollout's workloadRef
}
_VERBS = {
    "GET": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}


def path_of(subject: Subject, document: Mapping[str, Any] | None = None, subresource: str = "") -> str:
    """The path of an object, in the version in which ``document`` was read (else the usual one)."""
    spec = _SERVED[subject.kind]
    version = str((document or {}).get("apiVersion") or spec.api_version)
    api = f"/apis/{version}" if "/" in version else f"/api/{version}"
    inside = f"/namespaces/{quote(subject.namespace, safe='')}" if subject.namespace else ""
    tail = f"/{subresource}" if subresource else ""
    return f"{api}{inside}/{spec.resource}/{quote(subject.name, safe='')}{tail}"


class Attributes(NamedTuple):
    """What an authorizer is asked: as a SelfSubjectAccessReview's ``resourceAttributes`` has it."""

    verb: str
    group: str
    resource: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        sub = f"/{self.subresource}" if self.subresource else ""
        group = f".{self.group}" if self.group else ""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{group}{sub}{where}"


def attributes_of(request: Request) -> Attributes | None:
    """Of a request to the API server; None of one that goes elsewhere (a command, a URL)."""
    parts = [unquote(p) for p in request.path.split("/") if p]
    if len(parts) < 3 or parts[0] not in ("api", "apis"):
        return None
    group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
    namespace = ""
    if len(rest) >= 3 and rest[0] == "namespaces":
        namespace, rest = rest[1], rest[2:]
    resource, name = rest[0], rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    return Attributes(
        _VERBS.get(request.method, request.method.lower()), group, resource, subresource, namespace, name
    )
