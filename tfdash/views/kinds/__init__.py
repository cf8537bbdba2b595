"""For each kind: its columns, and how a row of it is written, sorted and searched.

``VIEWS`` holds every view by its id; ``view_of(kind)`` finds the one of a kind.
"""

from __future__ import annotations

from tfdash.views.kinds.base import Context, Field, KindView, NodeUse
from tfdash.views.kinds.basics import EVENTS, NAMESPACES
from tfdash.views.kinds.jobs import CRON_JOBS, JOBS
from tfdash.views.kinds.network import ENDPOINTS, SERVICES
from tfdash.views.kinds.nodes import NODES
from tfdash.views.kinds.pods import PODS
from tfdash.views.kinds.scaling import AUTOSCALERS, BUDGETS
from tfdash.views.kinds.workloads import DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, WORKLOADS

__all__ = ["VIEWS", "Context", "Field", "KindView", "NodeUse", "view_of"]

VIEWS: dict[str, KindView] = {
    view.id: view
    for view in (
        WORKLOADS, PODS, NODES, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, REPLICA_SETS, JOBS, CRON_JOBS, NAMESPACES,
        EVENTS, AUTOSCALERS, BUDGETS, SERVICES, ENDPOINTS,
    )
}  # fmt: skip
_BY_KIND: dict[str, KindView] = {view.kinds[0]: view for view in VIEWS.values() if len(view.kinds) == 1}


def view_of(kind: str) -> KindView:
    """The view of one kind of ``tfdash.model.kube``. Raises KeyError for any other."""
    return _BY_KIND[kind]
