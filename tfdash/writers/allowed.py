"""What the Kubernetes writer may send at all: method, path and content type, one line for each kind of request."""

from __future__ import annotations

import re

from tfdash.model.action import Request

_NAME = r"[^/]+"
_IN = rf"/namespaces/{_NAME}"
_V = r"v[0-9a-z]+"
_JSON_PATCH = "application/json-patch+json"
_JSON = "application/json"
_APPLY = "application/apply-patch+yaml"

_ALLOWED: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (method, content, re.compile(path))
    for method, content, path in (
        (
            "PATCH",
            _JSON_PATCH,
            rf"/apis/apps/v1{_IN}/(?:deployments|statefulsets|daemonsets|replicasets)/{_NAME}",
        ),
        ("PATCH", _JSON_PATCH, rf"/apis/apps/v1{_IN}/(?:deployments|statefulsets)/{_NAME}/scale"),
        ("PATCH", _JSON_PATCH, rf"/apis/autoscaling/v2{_IN}/horizontalpodautoscalers/{_NAME}"),
        ("PATCH", _JSON_PATCH, rf"/apis/keda\.sh/{_V}{_IN}/scaledobjects/{_NAME}"),
        ("PATCH", _JSON_PATCH, rf"/apis/argoproj\.io/{_V}{_IN}/rollouts/{_NAME}(?:/status|/scale)?"),
        ("PATCH", _JSON_PATCH, rf"/apis/argoproj\.io/{_V}{_IN}/(?:analysisruns|applications)/{_NAME}"),
        ("PATCH", _JSON_PATCH, rf"/apis/flagger\.app/{_V}{_IN}/canaries/{_NAME}"),
        ("PATCH", _JSON_PATCH, rf"/apis/kustomize\.toolkit\.fluxcd\.io/{_V}{_IN}/kustomizations/{_NAME}"),
        ("PATCH", _JSON_PATCH, rf"/apis/helm\.toolkit\.fluxcd\.io/{_V}{_IN}/helmreleases/{_NAME}"),
        ("PATCH", _JSON_PATCH, rf"/apis/cert-manager\.io/{_V}{_IN}/certificates/{_NAME}/status"),
        ("PATCH", _JSON_PATCH, rf"/api/v1{_IN}/(?:pods|resourcequotas)/{_NAME}"),
        ("PATCH", _JSON_PATCH, rf"/apis/batch/v1{_IN}/cronjobs/{_NAME}"),
        ("POST", _JSON, rf"/apis/batch/v1{_IN}/jobs"),  # commands of procedures
        ("PATCH", _JSON_PATCH, rf"/apis/batch/v1{_IN}/jobs/tfdash-{_NAME}"),
        ("PATCH", _JSON_PATCH, rf"/api/v1/(?:nodes|namespaces)/{_NAME}"),
        ("DELETE", _JSON, rf"/api/v1{_IN}/pods/{_NAME}"),
        ("POST", _JSON, rf"/api/v1{_IN}/pods/{_NAME}/eviction"),
        ("POST", _JSON, rf"/api/v1{_IN}/events"),
        (
            "POST",
            _JSON,
            r"/apis/certificates\.k8s\.io/v1/certificatesigningrequests",
        ),  # approvals; never signed
        ("PATCH", _APPLY, rf"/api/v1{_IN}/configmaps/tfdash-verified-{_NAME}"),
        ("PATCH", _APPLY, rf"/apis/coordination\.k8s\.io/v1{_IN}/leases/tfdash-acting-{_NAME}"),
        ("DELETE", _JSON, rf"/apis/coordination\.k8s\.io/v1{_IN}/leases/tfdash-acting-{_NAME}"),
        ("PATCH", _APPLY, rf"/apis/coordination\.k8s\.io/v1{_IN}/leases/tfdash-run-{_NAME}"),
        ("DELETE", _JSON, rf"/apis/coordination\.k8s\.io/v1{_IN}/leases/tfdash-run-{_NAME}"),
        ("POST", _JSON, rf"/api/v1{_IN}/services/{_NAME}/proxy/(?:gate|rollback)/(?:open|close)"),
    )
)


class NotAllowed(Exception):
    """A request that no action makes: a bug, never an operator's. Nothing was sent."""


def check_allowed(request: Request) -> None:
    """Raises ``NotAllowed`` for anything but what actions send."""
    if request.argv or ".." in request.path.split("/"):
        raise NotAllowed(f"the Kubernetes writer does not run {request.what or request.path}")
    for method, content, path in _ALLOWED:
        if request.method == method and request.content_type == content and path.fullmatch(request.path):
            if method == "DELETE" and '"preconditions"' not in request.body:
                raise NotAllowed("a deletion without the uid of what is deleted")
            return
    raise NotAllowed(f"the Kubernetes writer does not {request.method} {request.path}")
