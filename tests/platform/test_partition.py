"""A StatefulSet's partition on the real controller: lowered it is a promotion, raised it holds back. kubectl is the witness."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tests.unit.actions.acting import CLOSED, OPEN, Bench, bench
from tfdash.model.action import Result
from tfdash.model.store_state import StoreState
from tfdash.model.subject import Subject

pytestmark = pytest.mark.platform
NS = "tf-partition"
OLD, NEW = "registry.example.com/rows:1.0.0", "registry.example.com/rows:2.0.0"


@pytest.fixture(scope="module")
def seeded(cluster: Cluster) -> Cluster:
    world.add_nodes(cluster, 5)
    world.add_namespaces(cluster, NS)
    made = world.deployment("rows", NS, 4)
    given = {k: v for k, v in made["spec"].items() if k in ("replicas", "selector", "template")}
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 4}}
    document = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "rows", "namespace": NS},
        "spec": {"serviceName": "rows", "updateStrategy": strategy, **given},
    }
    world.create(cluster, f"/apis/apps/v1/namespaces/{NS}/statefulsets", document)
    cluster.kubectl("rollout", "status", "sts/rows", "-n", NS, "--timeout=60s")
    made = datetime.fromisoformat(
        cluster.kubectl(
            "get", "controllerrevisions", "-n", NS, "-o", "jsonpath={.items[0].metadata.creationTimestamp}"
        )
    )
    # of two revisions made in one second nobody can tell which was there first, nor then what is a way back
    cluster.wait(lambda: datetime.now(UTC) >= made + timedelta(seconds=1), "the next second")
    cluster.kubectl("set", "image", "sts/rows", "-n", NS, f"main={NEW}")
    return cluster


@pytest.fixture
def at(seeded: Cluster) -> Iterator[Bench]:
    with bench(seeded.kubeconfig("admin"), "admin") as found:
        yield found


def images(cluster: Cluster) -> list[str]:
    """Of the pods that are and stay, by their number."""
    found = json.loads(cluster.kubectl("get", "pods", "-n", NS, "-l", "app=rows", "-o", "json"))["items"]
    there = {p["metadata"]["name"]: p for p in found if "deletionTimestamp" not in p["metadata"]}
    return [p["spec"]["containers"][0]["image"] for _, p in sorted(there.items())]


def partition(cluster: Cluster) -> str:
    path = "jsonpath={.spec.updateStrategy.rollingUpdate.partition}"
    return cluster.kubectl("get", "sts/rows", "-n", NS, "-o", path).strip()


def calendar(at: Bench, is_open: bool) -> None:
    at.judge.calendar = OPEN if is_open else CLOSED
    at.board.put_store_state(StoreState())  # have it judged by that calendar
    at.until(lambda: at.board.assessment.calendar is at.judge.calendar, "the calendar")


def test_a_partition_is_lowered_and_raised(seeded: Cluster, at: Bench) -> None:
    subject: Subject = at.subject("StatefulSet", NS, "rows")
    at.see(subject)

    def flying() -> bool:
        path = "jsonpath={.status.updateRevision} {.status.currentRevision}"
        return len(set(seeded.kubectl("get", "sts/rows", "-n", NS, "-o", path).split())) == 2

    seeded.wait(flying, "the release to be observed")
    assert images(seeded) == [OLD] * 4

    calendar(at, False)
    lower = at.plan("workload.partition", subject, partition="2")
    assert (lower.plan.freeze, lower.plan.promotes, lower.refused) == ("frozen", True, "closed: blackout")
    assert "rows-2 to rows-3 would be replaced by the new version" in lower.plan.effect
    assert at.act(lower)[0].result is Result.REFUSED
    assert (partition(seeded), images(seeded)) == ("4", [OLD] * 4)

    calendar(at, True)
    done = at.do("workload.partition", subject, partition="2")
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    assert (partition(seeded), images(seeded)) == ("2", [OLD, OLD, NEW, NEW])

    calendar(at, False)
    done = at.do("workload.partition", subject, partition="4")
    assert done.result is Result.APPLIED, done.sentence
    assert (partition(seeded), images(seeded)) == ("4", [OLD, OLD, NEW, NEW])
    seeded.kubectl(
        "delete", "pod/rows-3", "-n", NS
    )  # the plan: it comes back as the old one when it is deleted
    seeded.wait(lambda: images(seeded) == [OLD, OLD, NEW, OLD], "the deleted pod to come back as the old one")


def taken_up(cluster: Cluster) -> bool:
    path = "jsonpath={.metadata.generation} {.status.observedGeneration}"
    return len(set(cluster.kubectl("get", "sts/rows", "-n", NS, "-o", path).split())) == 1


def served(cluster: Cluster) -> bool:
    """The controller calls the newest version the current one: all pods of it were ready. Before that it has served nothing."""
    path = "jsonpath={.status.currentRevision} {.status.updateRevision}"
    return (
        taken_up(cluster) and len(set(cluster.kubectl("get", "sts/rows", "-n", NS, "-o", path).split())) == 1
    )


def test_a_way_back_lowers_the_partition_that_holds_it_and_may_be_brought_to_its_end(
    seeded: Cluster, at: Bench
) -> None:
    """In a closed calendar. The new version is everywhere, and the partition above all of its pods."""
    subject: Subject = at.subject("StatefulSet", NS, "rows")
    for end in ("0", "4"):
        strategy = f'{{"spec":{{"updateStrategy":{{"rollingUpdate":{{"partition":{end}}}}}}}}}'
        seeded.kubectl("patch", "sts/rows", "-n", NS, "-p", strategy)
        seeded.wait(lambda: images(seeded) == [NEW] * 4 and served(seeded), "the new version everywhere")
    known = at.board.picture.clusters[subject.cluster]

    def seen(wanted: int) -> bool:
        nonlocal known
        known = at.board.picture.clusters[subject.cluster]
        obj = known.objects("StatefulSet")[subject.key]
        pods = [p for p in known.objects("Pod").values() if p.namespace == NS]
        told = [p.containers[0].image for p in pods if p.deleting is None]
        return getattr(obj, "partition", None) == wanted and told == [NEW] * 4

    at.until(lambda: seen(4), "that to be seen")
    calendar(at, False)
    back = at.plan("workload.rollback", subject)
    assert back.allowed, back.refused
    assert "its partition goes from 4 to 0 with it" in back.plan.effect
    done = at.act(back)[0]
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    assert (partition(seeded), images(seeded)) == ("0", [OLD] * 4)


def test_the_end_of_a_way_back_that_a_partition_holds_is_exempt(seeded: Cluster, at: Bench) -> None:
    subject: Subject = at.subject("StatefulSet", NS, "rows")
    strategy = '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'
    seeded.kubectl("patch", "sts/rows", "-n", NS, "-p", strategy)
    seeded.kubectl(
        "set", "image", "sts/rows", "-n", NS, f"main={NEW}"
    )  # released, and left again at the half
    seeded.wait(lambda: images(seeded) == [NEW] * 4 and served(seeded), "the new version everywhere")
    for patch in (
        '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}',
        f'{{"spec":{{"template":{{"spec":{{"containers":[{{"name":"main","image":"{OLD}"}}]}}}}}}}}',
    ):
        seeded.kubectl("patch", "sts/rows", "-n", NS, "-p", patch)
    seeded.wait(lambda: images(seeded) == [NEW, NEW, OLD, OLD] and taken_up(seeded), "half of the way back")
    calendar(at, False)

    def exempt() -> bool:
        return at.plan("workload.partition", subject, partition="0").plan.freeze == "exempt"

    seeded.wait(exempt, "the pods to be seen")
    lower = at.plan("workload.partition", subject, partition="0")
    assert lower.allowed and not lower.plan.promotes, lower.refused
    assert "rows-0 to rows-1 go back to" in lower.plan.effect
    done = at.act(lower)[0]
    assert done.result is Result.APPLIED, done.sentence
    assert all(held for _, held in done.posts), done.sentence
    assert images(seeded) == [OLD] * 4
