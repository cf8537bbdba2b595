"""A soak on a real API server: nodes of its version come and go without beginning it anew, one older node does, and a restart knows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tests.platform.test_platform import REF
from tests.unit.store.helpers import opened
from tests.waiting import until
from tfdash.board.board import Board
from tfdash.clock import SystemClock
from tfdash.judging.judge import Judge
from tfdash.model.verdict import Level, Verdict
from tfdash.model.versions import Soak
from tfdash.playbook.policies import Policies
from tfdash.playbook.versions.policy import default_versions_policy
from tfdash.playbook.versions.production import SOAK
from tfdash.playbook.versions.running import SKEW
from tfdash.sources.base import ALL
from tfdash.sources.kubernetes.kubeconfig import resolve
from tfdash.sources.kubernetes.settings import KubernetesSettings
from tfdash.sources.kubernetes.source import KubernetesSource
from tfdash.store.log.reading import read_folder
from tfdash.store.log.verify import verify

pytestmark = pytest.mark.platform


@pytest.fixture(scope="module")
def alone() -> Iterator[Cluster]:
    """Of its own: nodes that other modules leave say nothing of a kubelet's version."""
    with Cluster() as cluster:
        yield cluster


class Terminal:
    """A terminal that records, on the real cluster; its environment is called staging."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        policy = default_versions_policy()
        policy = replace(policy, rules=replace(policy.rules, staging=REF.environment))
        clock = SystemClock()
        self.opened = opened(folder, clock)
        reads = KubernetesSource(REF, resolve(str(cluster.kubeconfig("viewer"))), clock)
        judge = Judge(policies=Policies(versions=policy), stale_after=300.0)
        self.board = Board([reads], judge, clock, sources=[self.opened.source])
        self.board.want("test", {"Node": ALL})
        self.board.start()

    @property
    def nodes(self) -> int:
        return len(self.board.picture.clusters[REF].objects("Node"))

    @property
    def soak(self) -> Soak | None:
        state = self.board.assessment.versions
        return state.soak if state is not None else None

    def said(self, rule: str) -> list[Verdict]:
        state = self.board.assessment.versions
        return [v for v in state.verdicts if v.rule == rule] if state is not None else []

    @property
    def recorded(self) -> set[float]:
        """The beginnings that stand in the log."""
        return {s.since for s in self.board.picture.store_state.versions.sightings}

    def end(self) -> None:
        self.board.stop(10.0)
        self.opened.store.close()


def _node(name: str, version: str) -> dict[str, object]:
    made = world.node(name)
    return {**made, "status": {**made["status"], "nodeInfo": {"kubeletVersion": version}}}


def _delete(cluster: Cluster, *names: str) -> None:
    cluster.kubectl("delete", "node", *names, "--wait=false")


def test_a_soak_on_a_real_server(alone: Cluster, tmp_path: Path) -> None:
    version = json.loads(alone.get("/version"))["gitVersion"]
    major, minor, _ = version.removeprefix("v").split(".", 2)
    older, oldest = (f"v{major}.{int(minor) - n}.0" for n in (1, 4))
    world.create(alone, "/api/v1/nodes", *(_node(f"stays-{n}", version) for n in range(3)))
    at = Terminal(alone, tmp_path)
    until(lambda: at.nodes == 3 and at.soak is not None, "the first nodes")
    began = at.soak
    assert (
        began is not None
        and began.first
        and f"v{began.version}" == version.partition("-")[0].partition("+")[0]
    )
    assert [v.level for v in at.said(SKEW)] == [Level.OK]

    names = [f"passes-{n:02}" for n in range(20)]
    world.create(alone, "/api/v1/nodes", *(_node(name, version) for name in names))
    until(lambda: at.nodes == 23, "twenty nodes to come")
    _delete(alone, *names)
    until(lambda: at.nodes == 3, "twenty nodes to go")
    assert at.soak is not None and (at.soak.since, at.soak.first) == (began.since, True), "it goes on"

    world.create(alone, "/api/v1/nodes", _node("returns", older))
    until(lambda: at.soak is not None and f"v{at.soak.version}" == older, "the older node")
    _delete(alone, "returns")
    until(lambda: at.soak is not None and at.soak.version == began.version, "the older node to go")
    again = at.soak
    assert again is not None and again.since > began.since and not again.first, "it begins anew"
    [verdict] = at.said(SOAK)
    assert verdict.level is Level.MOVING and "of 7 d" in verdict.sentence

    world.create(alone, "/api/v1/nodes", _node("far-behind", oldest))
    [skew] = until(lambda: [v for v in at.said(SKEW) if v.level is Level.BREACH], "the skew")
    assert skew.sentence.startswith(f"far-behind: kubelet {oldest[1:]} is 4 minors behind the API server")
    _delete(alone, "far-behind")
    until(lambda: at.nodes == 3 and at.soak is not None and at.soak.version == began.version, "it to go")
    last = at.soak
    assert last is not None
    until(lambda: last.since in at.recorded, "what began last to be written down")
    at.end()

    assert verify(read_folder(tmp_path)).code == 0
    anew = Terminal(alone, tmp_path)
    until(lambda: anew.soak is not None and not anew.soak.first, "what the log remembers")
    found = anew.soak
    assert found is not None and found.since == pytest.approx(last.since, abs=1e-5), (
        "a restart does not begin it"
    )
    anew.end()


@pytest.mark.parametrize(("identity", "refused"), [("admin", False), ("viewer", True)])
async def test_the_servers_own_metrics_are_read_by_who_may_and_wants(
    alone: Cluster, identity: str, refused: bool
) -> None:
    """Of the real text: since when it counts; of whom may not, that it is a right."""
    tuning = KubernetesSettings(removed_apis=True)
    source = KubernetesSource(REF, resolve(str(alone.kubeconfig(identity))), SystemClock(), tuning=tuning)
    await source.probe()
    seen = await source.probe()
    assert seen.value is not None and (found := seen.value.deprecated) is not None
    assert (found.refused, bool(found.problem), found.since > 0) == (refused, refused, not refused)
    [right] = [p for p in await source.privileges() if p.resource == "/metrics"]
    assert right.allowed is not refused
