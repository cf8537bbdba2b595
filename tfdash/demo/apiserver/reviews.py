"""Questions about oneself and about access: SelfSubjectReview, (Self)SubjectAccessReview, SelfSubjectRulesReview."""

from __future__ import annotations

from tfdash.demo.apiserver.auth import Attributes, User, resource_rules
from tfdash.demo.apiserver.errors import bad_request
from tfdash.demo.apiserver.objects import Obj, dig, stamp
from tfdash.demo.apiserver.request import Call


def _attributes(spec: Obj) -> Attributes:
    path = spec.get("nonResourceAttributes")
    if path:
        return Attributes(path.get("verb", ""), path=path.get("path", ""))
    asked = spec.get("resourceAttributes")
    if not asked:
        raise bad_request(
            "spec: Invalid value: exactly one of resourceAttributes or nonResourceAttributes must be set"
        )
    return Attributes(
        asked.get("verb", ""),
        asked.get("group", ""),
        asked.get("resource", ""),
        asked.get("subresource", ""),
        asked.get("namespace", ""),
        asked.get("name", ""),
    )


def _decided(call: Call, user: User, spec: Obj) -> Obj:
    allowed, reason = call.cluster.authorizer.decide(user, _attributes(spec))
    return {"allowed": allowed, **({"reason": reason} if reason else {})}


def review(call: Call, body: Obj) -> Obj:
    """The answered review, with its kind."""
    kind, spec = call.resource.kind, body.get("spec") or {}
    head: Obj = {"kind": kind, "apiVersion": call.resource.api_version}
    if kind == "SelfSubjectReview":
        meta = {"creationTimestamp": stamp(call.cluster.store.now())}
        return {**head, "metadata": meta, "status": {"userInfo": call.user.document()}}
    if kind == "TokenReview":
        return {
            **head,
            "metadata": {},
            "spec": spec,
            "status": {"user": {}, "error": "[invalid bearer token]"},
        }
    if kind == "SelfSubjectRulesReview":
        namespace = spec.get("namespace", "")
        if not namespace:
            raise bad_request("no namespace on request")
        basic = {
            "verbs": ["create"],
            "apiGroups": ["authorization.k8s.io"],
            "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        }
        resources, paths = resource_rules(call.cluster.authorizer.rules(call.user, namespace))
        whoami = {
            "verbs": ["create"],
            "apiGroups": ["authentication.k8s.io"],
            "resources": ["selfsubjectreviews"],
        }
        status = {
            "resourceRules": [*resources, basic, whoami],
            "nonResourceRules": [
                *paths,
                {
                    "verbs": ["get"],
                    "nonResourceURLs": [
                        "/api",
                        "/api/*",
                        "/apis",
                        "/apis/*",
                        "/healthz",
                        "/livez",
                        "/openapi",
                        "/openapi/*",
                        "/readyz",
                        "/version",
                        "/version/",
                    ],
                },
            ],
            "incomplete": False,
        }
        return {**head, "metadata": {}, "spec": {}, "status": status}
    user = call.user
    if kind in ("SubjectAccessReview", "LocalSubjectAccessReview"):
        groups = spec.get("groups") or []
        user = User(spec.get("user", ""), tuple(groups))
    meta = {"namespace": call.namespace} if call.resource.namespaced and call.namespace else {}
    meta |= {"name": dig(body, "metadata", "name")} if dig(body, "metadata", "name") else {}
    return {**head, "metadata": meta, "spec": spec, "status": _decided(call, user, spec)}
