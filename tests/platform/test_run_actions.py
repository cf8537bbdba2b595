"""Actions as steps of runs on the real control plane: killed at every point and sent once, by the API server's own audit log; and the
lines for who is without tfdash, which kubectl carries out with the effect of the plan."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platform.harness.cluster import Cluster
from tests.platform.harness.terminals import terminal, write_config
from tests.platform.world import create, deployment, node
from tests.unit.actions.acting import REF, Bench, bench
from tests.unit.procedures.test_action_step import KINDS, NS, Person, child
from tests.unit.procedures.world import HEAD, step
from tfdash.actions.core.plan_digest import requests_of
from tfdash.actions.kubernetes.sending import read_outcome
from tfdash.model.action import Plan, Result
from tfdash.model.run import StepStatus
from tfdash.model.subject import Subject
from tfdash.views.by_hand import by_hand

pytestmark = pytest.mark.platform
NAMES = ("killed", "scaled", "restarted", "held", "back", "apart", "sized", "taken")


@pytest.fixture(scope="module")
def seeded(cluster: Cluster) -> Cluster:
    create(cluster, "/api/v1/nodes", *(node(f"runs-{i}") for i in range(2)))
    cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": NS}})
    create(cluster, f"/apis/apps/v1/namespaces/{NS}/deployments", *(deployment(n, NS, 2) for n in NAMES))
    ready = ("get", "deploy", "-n", NS, "-o", "jsonpath={.items[*].status.availableReplicas}")
    cluster.wait(lambda: cluster.kubectl(*ready).split() == ["2"] * len(NAMES), "the deployments")
    return cluster


# -- kill -9 ----------------------------------------------------------------------------------------------------------


def config_of(folder: Path, cluster: Cluster) -> Path:
    own = folder / "procedures"
    own.mkdir(parents=True)
    act = step("act", "action", action='"workload.restart"', subject=f'"Deployment {NS}/killed"')
    (own / "p.toml").write_text(HEAD + act)
    more = f"[procedures]\nfolder = {json.dumps(str(own))}"
    return write_config(folder, cluster.kubeconfig("admin"), "admin", more=more)


def sent(cluster: Cluster, since: int) -> list[str]:
    """The Audit-IDs of what changed the Deployment, by the API server's own log."""
    found = []
    for line in cluster.audit_log.read_text().splitlines()[since:]:
        entry = json.loads(line)
        about = entry.get("objectRef", {})
        if (
            entry["verb"] == "patch"
            and (about.get("resource"), about.get("name")) == ("deployments", "killed")
            and "dryRun" not in entry["requestURI"]
        ):
            found.append(str(entry["auditID"]))
    return found


def finished(cluster: Cluster, config: Path, run: str, since: int, where: str) -> str:
    """The next program: it settles what was left without sending anything, and a person goes on to the end."""
    before = sent(cluster, since)
    with terminal(config, kinds=KINDS) as found:
        ann = Person(found)
        found.see(found.subject("Deployment", NS, "killed"))
        over = (StepStatus.DONE, StepStatus.READY, StepStatus.CLAIMED)
        cluster.wait(lambda: ann.step(run).status in over, f"{where}: to be settled", 90)
        assert sent(cluster, since) == before, f"{where}: settling sent something"
        settled = ann.step(run).status is StepStatus.DONE
        if not settled:
            assert not before, f"{where}: it was sent, and is offered again"
            assert ann.do(run, ann.prepare(run)).status is StepStatus.DONE
        assert len(set(sent(cluster, since))) == 1, where
    return "settled as done" if settled else "nothing was sent"


@pytest.mark.timeout(1800)
def test_killed_at_one_point_of_five_it_is_sent_once(seeded: Cluster, tmp_path: Path) -> None:
    """At every one of them: ``tests/trials/test_run_actions_killed.py``."""
    killed(seeded, tmp_path, every=5)


def killed(seeded: Cluster, tmp_path: Path, every: int) -> str:
    """Kill it at one of ``every`` points, and finish each run; what came of them."""

    def lines() -> int:
        return len(seeded.audit_log.read_text().splitlines())

    points, _ = child(config_of(tmp_path / "whole", seeded), 0, "killed")
    ends: Counter[str] = Counter()
    for at in range(1, len(points) + 1, every):
        since = lines()
        config = config_of(tmp_path / str(at), seeded)
        reached, run = child(config, at, "killed")
        before = sent(seeded, since)
        assert len(before) <= 1, reached[-1]
        ends[finished(seeded, config, run, since, reached[-1])] += 1
    assert set(ends) == {"settled as done", "nothing was sent"}
    return f"{sum(ends.values())} kills: {dict(ends)}; each sent once"


# -- by hand ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def at(seeded: Cluster) -> Iterator[Bench]:
    kinds = ("Deployment", "ReplicaSet", "Pod", "Node", "Service", "HorizontalPodAutoscaler", "ResourceQuota")
    with bench(seeded.kubeconfig("admin"), "admin", kinds=kinds) as found:
        yield found


def kubectl(cluster: Cluster) -> tuple[str, ...]:
    program = str(cluster.binaries / "controlplane")
    return (program, "kubectl", f"--kubeconfig={cluster.kubeconfig('admin')}")


def shell(lines: tuple[str, ...], folder: Path) -> subprocess.CompletedProcess[str]:
    text = "\n".join(lines)
    return subprocess.run(["sh", "-euc", text], capture_output=True, text=True, timeout=120, cwd=folder)


def outcomes(at: Bench, plan: Plan) -> list[tuple[Result, str]]:
    """Whether the cluster is as the plan's own requests would have left it, by who sends them."""
    writer: Any = at.actions._parts.writers.clusters[REF]  # type: ignore[attr-defined]
    return [at.run(at.board.on_loop(read_outcome(writer, r))) for r in requests_of(plan)]


def pod_of(at: Bench, name: str) -> Subject:
    pods = at.board.picture.clusters[REF].objects("Pod").values()
    found = next(p for p in pods if p.namespace == NS and p.labels.get("app") == name)
    return at.subject("Pod", NS, found.name)


def deployed(name: str) -> Callable[[Bench], Subject]:
    return lambda at: at.subject("Deployment", NS, name)


CASES: list[tuple[str, Callable[[Bench], Subject], dict[str, str]]] = [
    ("workload.scale", deployed("scaled"), {"replicas": "3"}),
    ("workload.scale", deployed("scaled"), {"replicas": "1"}),
    ("workload.restart", deployed("restarted"), {}),
    ("workload.hold", deployed("held"), {}),
    ("workload.release", deployed("held"), {}),
    ("workload.rollback", deployed("back"), {}),
    ("workload.set-resources", deployed("sized"), {"cpu_request": "150m"}),
    ("pod.isolate", lambda at: pod_of(at, "apart"), {}),
    ("pod.evict", lambda at: pod_of(at, "taken"), {}),
    ("pod.delete", lambda at: pod_of(at, "taken"), {}),
    ("node.cordon", lambda at: at.subject("Node", "", "runs-1"), {}),
    ("node.uncordon", lambda at: at.subject("Node", "", "runs-1"), {}),
    ("quota.hard", lambda at: at.subject("ResourceQuota", NS, "most"), {"hard": "40"}),
]


def prepared(cluster: Cluster, at: Bench, action: str, subject: Subject) -> None:
    """What must be there before."""
    if action == "workload.rollback":
        image = '{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"x:2"}]}}}}'
        name = cluster.kubectl(
            "get", "deploy/back", "-n", NS, "-o", "jsonpath={.spec.template.spec.containers[0].name}"
        )
        cluster.kubectl("patch", "deploy/back", "-n", NS, "-p", image.replace('"main"', json.dumps(name)))
        revision = "jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}"
        cluster.wait(
            lambda: cluster.kubectl("get", "deploy/back", "-n", NS, "-o", revision) == "2", "revision 2"
        )
    if action == "quota.hard":
        quota = {"metadata": {"name": "most"}, "spec": {"hard": {"pods": "50"}}}
        create(cluster, f"/api/v1/namespaces/{NS}/resourcequotas", quota)
    at.see(subject)


@pytest.mark.parametrize(
    ("action", "of", "given"), CASES, ids=[f"{a}-{'-'.join(g.values())}" for a, _, g in CASES]
)
def test_kubectl_has_the_effect_of_the_plan(
    seeded: Cluster,
    at: Bench,
    tmp_path: Path,
    action: str,
    of: Callable[[Bench], Subject],
    given: dict[str, str],
) -> None:
    """And a second time it is refused where the plan would be: what it rests on stands in the line itself."""
    subject = of(at) if action != "quota.hard" else at.subject("ResourceQuota", NS, "most")
    prepared(seeded, at, action, subject)
    guarded = planned(seeded, at, action, subject, given)
    lines = by_hand(requests_of(guarded), kubectl(seeded))
    done = shell(lines, tmp_path)
    assert done.returncode == 0, (lines, done.stderr)
    told = outcomes(at, guarded)
    assert told and all(result is Result.APPLIED for result, _ in told), (lines, told)
    if not action.startswith("pod."):
        again = shell(lines, tmp_path)
        assert again.returncode != 0, (lines, again.stdout)


def planned(cluster: Cluster, at: Bench, action: str, subject: Subject, given: dict[str, str]) -> Plan:
    """Once the board has seen what came before."""
    found: list[Plan] = []

    def made() -> bool:
        try:
            guarded = at.plan(action, subject, **given)
        except Exception as error:
            found[:] = []
            why.append(str(error))
            return False
        found[:] = [guarded.plan]
        return guarded.allowed

    why: list[str] = []
    cluster.wait(made, f"a plan of {action}: {why[-1:]}", 30)
    return found[0]
