"""Relations that several rules of resources ask by: each is one index, however many ask. Those of all sections are in ``serving/links``."""

from __future__ import annotations

from tfdash.model.capacity import LimitRange, ResourceQuota
from tfdash.model.kube import Pod
from tfdash.model.subject import Key
from tfdash.playbook.seen import Relation
from tfdash.pod_requests import ENDED

QUOTAS_IN = Relation(ResourceQuota, lambda quota: (quota.namespace,))
"""By namespace; which of them count a pod says ``room.applies``."""
LIMIT_RANGES_IN = Relation(LimitRange, lambda one: (one.namespace,))
"""By namespace."""
PODS_WITH = Relation(
    Pod, lambda pod: (Key(pod.namespace, c) for c in pod.claims) if pod.phase not in ENDED else ()
)
"""By the claim's key: those that have it, or will."""
PODS_NAMING = Relation(Pod, lambda pod: (Key(pod.namespace, claim) for claim in pod.claims))
"""Likewise, with those that ended: the claim of a CronJob has its use between two runs, too."""
