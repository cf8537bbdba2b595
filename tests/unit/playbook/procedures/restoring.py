"""Services that are restored, for tests: how they are declared, and what is seen of them."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.unit.playbook.making import NOW, REF, deployment
from tests.unit.playbook.procedures.probing import case_of, of
from tfdash.model.kube import HorizontalPodAutoscaler, Object
from tfdash.model.last_good import GoodService, LastGood
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.traffic import Signals
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.policy import RecoveryPolicy
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.recovery_settings import (
    LastGoodSettings,
    RecoverySettings,
    RestoredService,
)

LOST = ClusterRef("production", "eu-2")
SERVICES = {
    "checkout": RestoredService(
        workload="Deployment a/checkout", tier=3, owner="payments", rests_on=("ledger",)
    ),
    "ledger": RestoredService(workload="StatefulSet a/ledger", tier=1, comes_up="signed"),
}


WELL = deployment()


def settings(good_for: float = 900.0, **services: RestoredService) -> RecoverySettings:
    return RecoverySettings(
        last_good=LastGoodSettings(folder="/x", good_for=good_for), services=services or SERVICES
    )


def hpa(**fields: Any) -> HorizontalPodAutoscaler:
    base: dict[str, Any] = {"namespace": "a", "name": "checkout", "target_kind": "Deployment", "current": 3}
    return HorizontalPodAutoscaler(
        **{**base, "target_name": "checkout", "min_replicas": 2, "max_replicas": 8, **fields}
    )


def good(name: str = "checkout", **fields: Any) -> GoodService:
    kind = SERVICES[name].workload.partition(" ")[0]
    base: dict[str, Any] = {"workload": Subject(LOST, kind, "a", name), "tier": SERVICES[name].tier}
    return GoodService(**{**base, "name": name, "at": NOW - 60, "since": NOW - 5000, "replicas": 3, **fields})


def with_good(picture: Picture, *services: GoodService, ref: ClusterRef = LOST) -> Picture:
    seen = Observation(value=LastGood(services=services), observed_at=NOW, complete=True)
    return msgspec.structs.replace(picture, signals=Signals(last_good={ref: seen}))


def _read_at(picture: Picture, now: float) -> Picture:
    """Current at ``now``."""
    cluster = picture.clusters[REF]
    kinds = {
        kind: msgspec.structs.replace(seen, observed_at=now) if seen.observed_at else seen
        for kind, seen in cluster.kinds.items()
    }
    info = msgspec.structs.replace(cluster.info, observed_at=now)
    changed = msgspec.structs.replace(cluster, kinds=kinds, info=info)
    return msgspec.structs.replace(picture, clusters={**picture.clusters, REF: changed})


def case(
    *objects: Object, kept: tuple[GoodService, ...] | None = None, now: float = NOW, **more: Any
) -> ProbeCase:
    """What a probe is asked of, with a last-good picture of another cluster, where there is one."""
    picture = _read_at(of(*objects), now)
    picture = picture if kept is None else with_good(picture, *kept)
    policy = RecoveryPolicy(**{"services": SERVICES, "keeps_last_good": True, **more})
    return msgspec.structs.replace(case_of(picture, now=now), policies=Policies(recovery=policy))
