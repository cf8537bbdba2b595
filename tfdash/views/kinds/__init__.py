"""For each kind: its columns, and how a row of it is written, sorted and searched.

``VIEWS`` holds every view by its id; ``view_of(kind)`` finds the one of a kind.
"""

from __future__ import annotations

from tfdash.views.kinds.base import Context, Field, KindView, NodeUse
from tfdash.views.kinds.basics import EVENTS, NAMESPACES
from tfdash.views.kinds.delivery import (
    ANALYSIS_RUNS,
    APPLICATIONS,
    CANARIES,
    EXPERIMENTS,
    HELM_RELEASES,
    KUSTOMIZATIONS,
    ROLLOUTS,
)
from tfdash.views.kinds.jobs import CRON_JOBS, JOBS
from tfdash.views.kinds.network import ENDPOINTS, SERVICES
from tfdash.views.kinds.nodes import NODES
from tfdash.views.kinds.pods import PODS
from tfdash.views.kinds.scaling import AUTOSCALERS, BUDGETS
from tfdash.views.kinds.workloads import DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, WORKLOADS

__all__ = ["VIEWS", "Context", "Field", "KindView", "NodeUse", "view_named", "view_of"]

VIEWS: dict[str, KindView] = {
    view.id: view
    for view in (
        WORKLOADS,
        PODS,
        NODES,
        DEPLOYMENTS,
        STATEFUL_SETS,
        DAEMON_SETS,
        REPLICA_SETS,
        JOBS,
        CRON_JOBS,
        NAMESPACES,
        EVENTS,
        AUTOSCALERS,
        BUDGETS,
        SERVICES,
        ENDPOINTS,
        ROLLOUTS,
        ANALYSIS_RUNS,
        EXPERIMENTS,
        CANARIES,
        APPLICATIONS,
        KUSTOMIZATIONS,
        HELM_RELEASES,
    )
}
_BY_KIND: dict[str, KindView] = {view.kinds[0]: view for view in VIEWS.values() if len(view.kinds) == 1}


def view_of(kind: str) -> KindView:
    """The view of one kind of the model. Raises KeyError for any other."""
    return _BY_KIND[kind]


_ALIASES: dict[str, str] = {
    "workload": "workloads",
    "wl": "workloads",
    "po": "pods",
    "no": "nodes",
    "deploy": "deployments",
    "sts": "statefulsets",
    "ds": "daemonsets",
    "rs": "replicasets",
    "cj": "cronjobs",
    "ns": "namespaces",
    "ev": "events",
    "event": "events",
    "hpa": "hpas",
    "pdb": "pdbs",
    "svc": "services",
    "eps": "endpointslices",
    "ro": "rollouts",
    "ar": "analysisruns",
    "exp": "experiments",
    "app": "applications",
    "apps": "applications",
    "ks": "kustomizations",
    "hr": "helmreleases",
}


def view_named(name: str) -> KindView | None:
    """The view that a person means by ``name``: its id, its kind, or kubectl's plural, singular or short name."""
    wanted = name.strip().lower()
    wanted = _ALIASES.get(wanted, wanted)
    for view in VIEWS.values():
        kinds = {kind.lower() for kind in view.kinds} if len(view.kinds) == 1 else set()
        if wanted in (view.id, *kinds, *(f"{kind}s" for kind in kinds)):
            return view
    return None
