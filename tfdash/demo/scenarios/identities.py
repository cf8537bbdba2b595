"""Who exists in the simulated clusters, and the roles that say what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfdash.demo.apiserver.auth import User
from tfdash.demo.apiserver.objects import Obj

if TYPE_CHECKING:
    from tfdash.demo.scenarios.ground import Ground

AUTHENTICATED = "system:authenticated"
USERS: dict[str, User] = {
    "admin": User("admin@corp", ("system:masters", AUTHENTICATED), "admin@corp"),
    "oncall": User("oncall@corp", ("oncall", AUTHENTICATED), "oncall@corp"),
    "colleague": User("colleague@corp", ("oncall", AUTHENTICATED), "colleague@corp"),
    "viewer": User("viewer@corp", ("viewers", AUTHENTICATED), "viewer@corp"),
    "one-namespace": User("billing-dev@corp", ("billing-developers", AUTHENTICATED), "billing-dev@corp"),
}
_READ = ["get", "list", "watch"]
_CORE = [
    "configmaps",
    "endpoints",
    "events",
    "limitranges",
    "namespaces",
    "persistentvolumeclaims",
    "pods",
    "pods/log",
    "pods/status",
    "replicationcontrollers",
    "resourcequotas",
    "serviceaccounts",
    "services",
]
_GROUPS: dict[str, list[str]] = {
    "apps": [
        "controllerrevisions",
        "daemonsets",
        "deployments",
        "deployments/scale",
        "replicasets",
        "replicasets/scale",
        "statefulsets",
        "statefulsets/scale",
    ],
    "autoscaling": ["horizontalpodautoscalers"],
    "batch": ["cronjobs", "jobs"],
    "discovery.k8s.io": ["endpointslices"],
    "events.k8s.io": ["events"],
    "networking.k8s.io": ["ingresses", "networkpolicies"],
    "policy": ["poddisruptionbudgets"],
    "metrics.k8s.io": ["pods"],
    "argoproj.io": [
        "analysisruns",
        "analysistemplates",
        "applications",
        "experiments",
        "rollouts",
        "rollouts/scale",
        "rollouts/status",
    ],
    "flagger.app": ["canaries", "canaries/status"],
    "cert-manager.io": ["certificaterequests", "certificates", "issuers"],
    "acme.cert-manager.io": ["challenges", "orders"],
}
_CLUSTER_READ: list[Obj] = [
    {"verbs": _READ, "apiGroups": [""], "resources": ["nodes", "persistentvolumes"]},
    {"verbs": _READ, "apiGroups": ["metrics.k8s.io"], "resources": ["nodes"]},
    {"verbs": _READ, "apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"]},
    {"verbs": _READ, "apiGroups": ["scheduling.k8s.io"], "resources": ["priorityclasses"]},
    {"verbs": _READ, "apiGroups": ["coordination.k8s.io"], "resources": ["leases"]},
    {"verbs": _READ, "apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"]},
    {
        "verbs": _READ,
        "apiGroups": ["admissionregistration.k8s.io"],
        "resources": ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
    },
    {"verbs": _READ, "apiGroups": ["apiregistration.k8s.io"], "resources": ["apiservices"]},
    {"verbs": _READ, "apiGroups": ["argoproj.io"], "resources": ["clusteranalysistemplates"]},
    {"verbs": _READ, "apiGroups": ["cert-manager.io"], "resources": ["clusterissuers"]},
    {"verbs": _READ, "apiGroups": ["trust.cert-manager.io"], "resources": ["bundles"]},
]


def _view() -> list[Obj]:
    return [
        {"verbs": _READ, "apiGroups": [""], "resources": _CORE},
        *({"verbs": _READ, "apiGroups": [group], "resources": names} for group, names in _GROUPS.items()),
    ]


ROLES: dict[str, list[Obj]] = {
    "cluster-admin": [
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
        {"verbs": ["*"], "nonResourceURLs": ["*"]},
    ],
    "view": _view(),
    "cluster-view": _CLUSTER_READ,
    "edit": [
        *_view(),
        {
            "verbs": ["create", "delete", "deletecollection", "patch", "update"],
            "apiGroups": [""],
            "resources": ["configmaps", "pods", "pods/eviction", "services", "secrets", "events"],
        },
        {
            "verbs": ["create", "delete", "deletecollection", "patch", "update"],
            "apiGroups": ["apps", "batch"],
            "resources": [
                "daemonsets",
                "deployments",
                "deployments/scale",
                "replicasets",
                "statefulsets",
                "statefulsets/scale",
                "jobs",
                "cronjobs",
            ],
        },
        {"verbs": _READ, "apiGroups": [""], "resources": ["secrets"]},
    ],
    "oncall": [
        {
            "verbs": ["patch", "update"],
            "apiGroups": ["apps"],
            "resources": [
                "daemonsets",
                "deployments",
                "deployments/scale",
                "statefulsets",
                "statefulsets/scale",
            ],
        },
        {"verbs": ["delete", "patch"], "apiGroups": [""], "resources": ["pods"]},
        {"verbs": ["patch"], "apiGroups": [""], "resources": ["namespaces", "resourcequotas"]},
        {"verbs": ["patch"], "apiGroups": ["batch"], "resources": ["cronjobs"]},
        {"verbs": ["create"], "apiGroups": [""], "resources": ["pods/eviction"]},
        {"verbs": ["patch"], "apiGroups": [""], "resources": ["nodes"]},
        {"verbs": ["patch"], "apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"]},
        {
            "verbs": ["patch", "update"],
            "apiGroups": ["argoproj.io"],
            "resources": ["analysisruns", "applications", "rollouts", "rollouts/scale", "rollouts/status"],
        },
        {"verbs": ["patch", "update"], "apiGroups": ["flagger.app"], "resources": ["canaries"]},
        {
            "verbs": ["patch", "update"],
            "apiGroups": ["cert-manager.io"],
            "resources": ["certificates/status"],
        },
        {  # by which people approve
            "verbs": ["create", "get", "list"],
            "apiGroups": ["certificates.k8s.io"],
            "resources": ["certificatesigningrequests"],
        },
        {
            "verbs": ["create", "get", "update", "patch"],
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
        },
    ],
}
_BINDINGS = (
    ("cluster-admin", "cluster-admin", "system:masters"),
    ("viewers", "view", "viewers"),
    ("viewers-cluster", "cluster-view", "viewers"),
    ("oncall-view", "view", "oncall"),
    ("oncall-cluster", "cluster-view", "oncall"),
    ("oncall", "oncall", "oncall"),
)
_API = "rbac.authorization.k8s.io"


def one_namespace(environment: str) -> str:
    """The one namespace that the identity ``one-namespace`` may see."""
    return f"tf-{environment}"


def lay_rights(layout: Ground) -> None:
    """Put the roles and their bindings into a cluster."""
    age = 64 * 86_400.0
    for name, rules in ROLES.items():
        layout.put(f"clusterroles.{_API}", {"metadata": {"name": name}, "rules": rules}, age, "")
    for name, role, group in _BINDINGS:
        layout.put(f"clusterrolebindings.{_API}", {"metadata": {"name": name}, **_to(role, group)}, age, "")
    meta = {"name": "billing-developers", "namespace": one_namespace(layout.environment)}
    layout.put(f"rolebindings.{_API}", {"metadata": meta, **_to("edit", "billing-developers")}, age, "")


def _to(role: str, group: str) -> Obj:
    return {
        "roleRef": {"apiGroup": _API, "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "Group", "apiGroup": _API, "name": group}],
    }
