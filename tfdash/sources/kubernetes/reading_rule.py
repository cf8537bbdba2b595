"""What the reading client may ask for: a rule on the path alone, held before anything leaves.

GET of a resource of our own table, or of one that the server's discovery named with the verb list (for lists) or get (for single
objects); no subresource but the log of a pod. Never exec, attach, portforward or proxy, whatever a server calls its resources;
but the one service that is configured. The server's own /metrics where that is opted in to. POST of the SelfSubject reviews.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tfdash.model.kind_spec import KindSpec
from tfdash.model.kinds import KINDS
from tfdash.model.resources import ApiResource

_NAME = r"[^/]+"
_ABOUT_THE_SERVER = re.compile(rf"/(?:version|readyz|livez|api|apis|api/{_NAME}|apis/{_NAME}/{_NAME})")
METRICS = "/metrics"
"""The API server's own, where that is opted in to."""
_REVIEWS = re.compile(
    r"/apis/(?:authorization\.k8s\.io/v1/(?:selfsubjectaccessreviews|selfsubjectrulesreviews)"
    r"|authentication\.k8s\.io/v1/selfsubjectreviews)"
)
_PROXIED = re.compile(r"/api/v1/(?:[a-z_]+|status/buildinfo|label/[a-zA-Z0-9_]+/values)")
_NEVER = frozenset({"exec", "attach", "portforward", "proxy"})
_OURS: Mapping[tuple[str, str], KindSpec] = {(spec.group, spec.resource): spec for spec in KINDS.values()}
_POD_LOG = ("api/v1", "pods")


class Refused(Exception):
    """A request that the reading client does not make. A bug in the caller, never an operator's."""


class Served:
    """What a server's discovery named, as the rule asks for it. ``take`` replaces what was known."""

    def __init__(self, resources: Iterable[ApiResource] = ()) -> None:
        self._found: dict[tuple[str, str], ApiResource] = {}
        self.metrics = False  # whether the server's own may be read
        self.take(resources)

    def take(self, resources: Iterable[ApiResource]) -> None:
        self._found = {(r.api, r.resource): r for r in resources}

    def allows(self, api: str, resource: str, verb: str, *, namespaced: bool) -> bool:
        found = self._found.get((api, resource))
        return found is not None and verb in found.verbs and (found.namespaced or not namespaced)


class _Path(NamedTuple):
    api: str  # "api/v1", "apis/GROUP/VERSION"
    namespace: str
    resource: str
    name: str
    rest: tuple[str, ...]  # behind the name

    @property
    def group(self) -> str:
        return self.api.split("/")[1] if self.api.startswith("apis/") else ""


def check_allowed(method: str, path: str, *, proxied: str = "", served: Served | None = None) -> None:
    """Raises ``Refused`` for anything but the reads of this program. ``path`` is decoded.

    ``proxied`` is the path of the one service that may be read through the API server (Prometheus, where configured).
    """
    if method == "GET":
        if proxied and path.startswith(proxied) and _PROXIED.fullmatch(path.removeprefix(proxied)):
            return
        if _ABOUT_THE_SERVER.fullmatch(path):
            return
        if path == METRICS and served is not None and served.metrics:
            return
        at = _parts(path)
        if at is not None and _readable(at, served):
            return
    elif method == "POST" and _REVIEWS.fullmatch(path):
        return
    raise Refused(f"the reading client does not {method} {path}")


def _parts(path: str) -> _Path | None:
    parts = path.removeprefix("/").split("/")
    if not path.startswith("/") or any(p in ("", ".", "..") for p in parts):
        return None
    size = {"api": 2, "apis": 3}.get(parts[0], 0)
    api, rest = "/".join(parts[:size]), parts[size:]
    if not size or not rest:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    resource, name, *more = (*rest, "") if len(rest) == 1 else rest
    return _Path(api, namespace, resource, name, tuple(more))


def _readable(at: _Path, served: Served | None) -> bool:
    if at.resource in _NEVER:
        return False
    if at.rest:
        return at.rest == ("log",) and (at.api, at.resource) == _POD_LOG and bool(at.namespace)
    ours = _OURS.get((at.group, at.resource))
    if ours is not None and (ours.namespaced or not at.namespace) and re.fullmatch(ours.pattern, at.api):
        return True
    verb = "get" if at.name else "list"
    return served is not None and served.allows(at.api, at.resource, verb, namespaced=bool(at.namespace))
