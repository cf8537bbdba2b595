"""Thirty workloads of a real control plane go to nothing and come back exactly, though its API server is killed half way of each.

Half of them are under HPAs, five CronJobs stand beside them. The owner applies the manifests on the server's side before and
afterwards, without force; the server's audit log is the witness that no change was sent twice.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platform.harness.cluster import Cluster
from tests.platform.harness.terminals import Terminal, terminal, write_config
from tests.platform.world import add_namespaces, create, deployment, node
from tests.waiting import until
from tfdash.actions.core.protocols import PlanRefused
from tfdash.model.action import Guarded, Progress, Result
from tfdash.model.requests import ReadFailed
from tfdash.playbook.resources.scaled_down import MEMORY

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]

NS = "tf-night"
WORKLOADS, CRON_JOBS = 30, 5
HALF = (
    9  # of the requests; on the way back the last of them brings one up whose fields are not given back yet
)
RAISED = "Deployment w06"  # by a person, in the night
STRIPPED = ("deploy/w28", "sts/w29", "cronjob/c4")  # of their memory: the first terminal's audit log has it
_MORE = 'name = "eu-1"\nproduction = false'
_HOURS = '\n[environments.production.hours]\ndays = []\nvalues = ["staging"]\n'


def kind_of(number: int) -> str:
    return "StatefulSet" if number % 3 == 2 else "Deployment"


def has_hpa(number: int) -> bool:
    return number % 2 == 1


def manifests() -> list[dict[str, Any]]:
    """As the owner keeps them: who has an HPA says no replicas."""
    found: list[dict[str, Any]] = []
    for number in range(WORKLOADS):
        name, kind = f"w{number:02}", kind_of(number)
        made = deployment(name, NS, 1 + number % 4)
        made["kind"] = kind
        made["spec"] |= {"serviceName": name} if kind == "StatefulSet" else {}
        if has_hpa(number):
            del made["spec"]["replicas"]
            found.append(scaler(name, kind, 2 + number % 3))
        found.append(made)
    for number in range(CRON_JOBS):
        spec = {
            "schedule": "0 3 1 1 *",
            "suspend": number == 0,
            "jobTemplate": {"spec": {"template": pod()}},
        }
        meta = {"name": f"c{number}", "namespace": NS}
        found.append({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": spec})
    return found


def pod() -> dict[str, Any]:
    container = {"name": "main", "image": "registry.example.com/job:1"}
    return {"spec": {"restartPolicy": "Never", "containers": [container]}}


def scaler(name: str, kind: str, least: int) -> dict[str, Any]:
    """Its size is more than its minimum, and nothing takes that from it."""
    target = {"type": "Utilization", "averageUtilization": 90}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": NS},
        "spec": {
            "minReplicas": least,
            "maxReplicas": least + 4,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": name},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            "behavior": {"scaleDown": {"selectPolicy": "Disabled"}, "scaleUp": {"selectPolicy": "Disabled"}},
        },
    }


def listed(cluster: Cluster) -> list[dict[str, Any]]:
    out = cluster.kubectl("get", "deploy,sts,cronjob", "-n", NS, "-o", "json", "--show-managed-fields")
    return list(json.loads(out)["items"])


def by_name(cluster: Cluster) -> dict[str, dict[str, Any]]:
    return {f"{o['kind']} {o['metadata']['name']}": o for o in listed(cluster)}


def sizes(cluster: Cluster) -> dict[str, Any]:
    specs = {name: o["spec"] for name, o in by_name(cluster).items()}
    return {name: spec.get("replicas", spec.get("suspend")) for name, spec in specs.items()}


def generations(cluster: Cluster) -> dict[str, int]:
    return {name: o["metadata"]["generation"] for name, o in by_name(cluster).items()}


def memories(cluster: Cluster) -> dict[str, str]:
    notes = {name: o["metadata"].get("annotations") or {} for name, o in by_name(cluster).items()}
    return {name: found[MEMORY] for name, found in notes.items() if MEMORY in found}


def ours(cluster: Cluster) -> set[str]:
    """What has fields that are ours."""
    found = by_name(cluster).items()
    return {
        name for name, o in found if any(m["manager"] == "tfdash" for m in o["metadata"]["managedFields"])
    }


def sent(cluster: Cluster) -> list[tuple[str, int, str]]:
    """(object, status, audit id) of each change of ours that the server's audit log has."""
    events = [json.loads(line) for line in cluster.audit_log.read_text().splitlines()]
    return [
        (e["objectRef"]["resource"] + " " + e["objectRef"]["name"], e["responseStatus"]["code"], e["auditID"])
        for e in events
        if e["verb"] == "patch" and e["objectRef"].get("namespace") == NS
        if "fieldManager=tfdash" in e["requestURI"] and "dryRun" not in e["requestURI"]
    ]


def applied(cluster: Cluster, more: int = 0) -> str:
    """By the owner, on the server's side, without force. Raises with the conflicts."""
    items = manifests()
    for one in items:
        if "replicas" in one["spec"]:
            one["spec"]["replicas"] += more
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    return cluster.kubectl("apply", "--server-side", "--field-manager=owner", "-f", "-", stdin=text)


@pytest.fixture
def seeded(cluster: Cluster) -> Cluster:
    create(cluster, "/api/v1/nodes", node("night-0"), node("night-1"))
    add_namespaces(cluster, NS, labels={"environment": "staging"})
    applied(cluster)
    for number in filter(has_hpa, range(WORKLOADS)):  # what an HPA made of it at noon
        what = f"{kind_of(number).lower()}/w{number:02}"
        cluster.kubectl("scale", what, f"--replicas={4 + number % 3}", "-n", NS)

    def serves() -> bool:
        return all(
            o["spec"]["replicas"] == o["status"].get("availableReplicas", 0)
            for o in listed(cluster)
            if o["kind"] != "CronJob"
        )

    cluster.wait(serves, "the workloads", 120)
    return cluster


def at_night(cluster: Cluster, folder: Path) -> Path:
    config = write_config(folder, cluster.kubeconfig("admin"), "admin", more=_HOURS)
    config.write_text(config.read_text().replace('name = "eu-1"', _MORE))
    return config


@pytest.fixture
def one(seeded: Cluster, tmp_path: Path) -> Iterator[Terminal]:
    with terminal(at_night(seeded, tmp_path / "one")) as found:
        yield found


@pytest.fixture
def other(seeded: Cluster, tmp_path: Path) -> Iterator[Terminal]:
    with terminal(at_night(seeded, tmp_path / "other")) as found:
        yield found


def killed_half_way(cluster: Cluster, at: Terminal, action: str, in_flight: bool) -> Progress:
    """The server is killed with request ``HALF`` in flight, or behind its answer; it is there again afterwards."""
    service: Any = at.actions
    writer = service._parts.writers.clusters[at.subject("Namespace", "", NS).cluster]
    real, count = writer.reviewed, 0

    def reviewed() -> Any:
        bound = real()
        send = bound.send

        async def counting(*args: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count != HALF:
                return await send(*args, **more)
            sending = asyncio.ensure_future(send(*args, **more))
            await asyncio.wait((sending,), timeout=0.003 if in_flight else None)
            cluster.kill_apiserver()
            return await sending

        bound.send = counting
        return bound

    writer.reviewed = reviewed
    plan = planned(at, action)
    try:
        done, _ = at.act(plan)
    finally:
        writer.reviewed = real
        cluster.start_apiserver()
    assert done.result in (Result.FAILED, Result.UNKNOWN), done.sentence
    return done


def planned(at: Terminal, action: str) -> Guarded:
    """Once it knows the server (again)."""
    namespace = at.subject("Namespace", "", NS)
    at.see(namespace)

    def found() -> Guarded | None:
        try:
            guarded = at.plan(action, namespace)
        except (PlanRefused, ReadFailed):
            return None
        return guarded if guarded.allowed else None

    guarded = until(found, f"a plan of {action}", 90, every=0.5)
    assert guarded is not None
    return guarded


def done(at: Terminal, action: str) -> None:
    progress = at.act(planned(at, action))[0]
    assert progress.result is Result.APPLIED and all(held for _, held in progress.posts), progress.sentence


def written(name: str, size: Any) -> int:
    """How often the generation was raised, were nothing done twice: down and up; a Deployment's by each change of its annotations too."""
    if size is True:
        return 0
    return 2 + name.startswith("Deployment") + (2 if name == RAISED else 0)


def test_all_of_it_comes_back_exactly(
    one: Terminal, other: Terminal, seeded: Cluster, figure: Callable[[str], None]
) -> None:
    before, generation = sizes(seeded), generations(seeded)
    assert len(before) == WORKLOADS + CRON_JOBS
    told = [killed_half_way(seeded, one, "namespace.scale-down", in_flight=True).sentence]
    half = memories(seeded)
    assert HALF - 1 <= len(half) <= HALF
    done(one, "namespace.scale-down")
    assert set(sizes(seeded).values()) == {0, True}
    remembered = memories(seeded)
    wanted = {
        name: "running" if size is False else str(size) for name, size in before.items() if size is not True
    }
    assert remembered == wanted and half.items() <= wanted.items()
    kind, name = RAISED.split()
    seeded.kubectl("scale", f"{kind}/{name}", "--replicas=2", "-n", NS)
    done(one, "namespace.scale-down")  # again: what is remembered is of before the first
    assert memories(seeded) == wanted and set(sizes(seeded).values()) == {0, True}
    for what in STRIPPED:
        seeded.kubectl("annotate", what, f"{MEMORY}-", "-n", NS)
    skips = planned(other, "namespace.restore").plan.skips
    assert len([s for s in skips if "neither in it nor in the audit log" in s]) == len(STRIPPED)

    told.append(killed_half_way(seeded, other, "namespace.restore", in_flight=False).sentence)
    up = {name for name, size in sizes(seeded).items() if size == before[name] and size is not True}
    assert len(up) == HALF // 2 + 1 and len(up & set(memories(seeded))) == 1  # one of them not given back
    done(one, "namespace.restore")
    assert sizes(seeded) == before and memories(seeded) == {} and ours(seeded) == set()
    writes = {name: written(name, size) for name, size in before.items()}
    assert {name: now - generation[name] for name, now in generations(seeded).items()} == writes
    applied(seeded)
    applied(seeded, more=1)  # what the owner changes now conflicts with nobody
    found = sent(seeded)
    accepted = Counter(name for name, status, _ in found if status == 200)
    assert len({audit_id for *_, audit_id in found}) == len(found)
    assert (
        max(accepted.values()) <= 4 and sorted(accepted.values())[-2] <= 3
    )  # down, up, given back; one of them twice down
    figure(f"{len(found)} changes in the audit log, no id twice; killed: {'; '.join(told)}")
