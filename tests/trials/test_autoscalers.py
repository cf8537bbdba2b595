"""A real autoscaler: it grows, rests at none and comes back, and is called blind only where metrics-server is away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.platform import world
from tests.platform.boards import LONG, USED, objects, started, told
from tests.platform.harness.cluster import Cluster
from tests.platform.test_platform import REF
from tests.waiting import until
from tfdash.board.board import Board
from tfdash.model.kube import HorizontalPodAutoscaler, Pod
from tfdash.model.usage import Usage, usage_key
from tfdash.model.verdict import Level, Verdict
from tfdash.quantities import amount
from tfdash.views.kinds import view_of
from tfdash.views.kinds.base import Context

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]
SPACE = "tf-autoscalers"
KINDS = (*USED, "HorizontalPodAutoscaler")
HPA = """
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: %(name)s, namespace: %(space)s}
spec:
  minReplicas: 2
  maxReplicas: 4
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: %(name)s}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
"""


def scaled(name: str, replicas: int) -> dict[str, object]:
    """A Deployment whose pods use 89 % of the CPU that they ask for."""
    container = {"resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}
    made = world.deployment(name, SPACE, replicas, container=container)
    made["spec"]["template"]["metadata"]["annotations"]["kwok.x-k8s.io/usage-cpu"] = "89m"
    return made


@pytest.fixture(scope="module")
def seeded(cluster: Cluster) -> Iterator[Cluster]:
    world.add_namespaces(cluster, SPACE)
    world.create(cluster, "/api/v1/nodes", world.node("scaled-0"))
    apps = f"/apis/apps/v1/namespaces/{SPACE}/deployments"
    world.create(cluster, apps, scaled("grows", 3), scaled("sleeps", 0))
    cluster.apply("".join(HPA % {"name": name, "space": SPACE} for name in ("grows", "sleeps")))
    yield cluster
    cluster.kubectl("delete", "namespace", SPACE, "--wait=false")


@pytest.fixture(scope="module")
def board(seeded: Cluster) -> Iterator[Board]:
    board = started(seeded, KINDS)
    until(lambda: not board.unsettled(), "the first lists", LONG)
    yield board
    board.stop()


class Watched:
    """What is said of the autoscalers, every sentence that was ever looked at."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.said: list[str] = []

    def look(self, name: str) -> Verdict | None:
        found = told(self.board, "resources.hpa", HorizontalPodAutoscaler.KIND, SPACE, name)
        self.said += [v.sentence for v in found if v.sentence not in self.said]
        return found[0] if found else None

    def until(self, name: str, true: Callable[[Verdict], bool], what: str) -> None:
        def so() -> bool:
            found = [v for other in ("grows", "sleeps") if (v := self.look(other)) is not None]
            return any(true(v) for v in found if v.sentence.startswith(f"{name}: "))

        until(so, lambda: f"{name}: {what}; said so far: {self.said}", LONG)


def test_an_autoscaler_grows_rests_at_none_and_comes_back_and_is_blind_only_without_metrics(
    seeded: Cluster, board: Board
) -> None:
    watched = Watched(board)
    watched.until("sleeps", lambda v: v.level is Level.IDLE, "idle at 0 replicas")
    seeded.kubectl("scale", "deployment/sleeps", "-n", SPACE, "--replicas=3")
    watched.until(
        "grows", lambda v: v.measured == 4 and "pinned at its maximum, 4 of 2-4" in v.sentence, "4 pods"
    )
    assert (
        seeded.request("GET", f"/apis/apps/v1/namespaces/{SPACE}/deployments/grows")["spec"]["replicas"] == 4
    )
    watched.until(
        "sleeps", lambda v: (v.measured or 0) >= 3 and "cpu 8" in v.sentence, "to be back and to see"
    )
    seeded.kubectl("scale", "deployment/sleeps", "-n", SPACE, "--replicas=0")
    watched.until("sleeps", lambda v: v.level is Level.IDLE, "idle again")
    assert not [sentence for sentence in watched.said if "blind" in sentence]

    def use() -> Usage | None:
        return objects(board, Usage).get(usage_key("Deployment", SPACE, "grows"))

    until(lambda: (found := use()) is not None and found.measured == 4, "all four to be counted", LONG)
    before = use()
    with seeded.without_metrics_server():
        watched.until("grows", lambda v: v.level is Level.WARN and "blind, stays at 4" in v.sentence, "blind")
        kinds = board.picture.clusters[REF].kinds
        until(
            lambda: board.picture.clusters[REF].kinds["Usage"].problem is not None,
            "its loss to be said",
            LONG,
        )
        kept = use()
        assert before is not None
        assert kept is not None
        assert kept.used == before.used or kept.at > before.at, "what was measured stays, with its age"
        assert (amount(kept.used, "cpu") or 0) > 0
        late = started(seeded, KINDS)
        try:
            until(lambda: not late.unsettled(), "a board that begins now", LONG)
            kinds = late.picture.clusters[REF].kinds
            assert kinds["Usage"].problem is not None
            assert "metrics.k8s.io" in str(kinds["Usage"].problem)
            assert objects(late, Usage) == {}
            pod = next(p for p in objects(late, Pod).values() if p.labels.get("app") == "grows")
            context = Context(
                time.time(), REF, "Pod", measured=late.picture.clusters[REF].objects("PodMetrics")
            )
            cells = {f.id: f for f in view_of("Pod").fields}
            assert [cells[i].text(pod, context) for i in ("cpu", "mem", "cpu_request")] == ["-", "-", "-"]
        finally:
            late.stop()
    watched.until("grows", lambda v: "blind" not in v.sentence, "to see again")
    until(
        lambda: board.picture.clusters[REF].kinds["Usage"].problem is None,
        "what is used to be read again",
        LONG,
    )
