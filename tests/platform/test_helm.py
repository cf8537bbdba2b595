"""Releases that the real helm stored on a real API server: what we read of them, whether helm can upgrade those, and what the server serves of the table."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.helm import helm
from tests.platform.test_platform import REF
from tests.waiting import until
from tfdash.board.board import Board
from tfdash.clock import SystemClock
from tfdash.judging.judge import Judge
from tfdash.model.helm import StoredRelease
from tfdash.model.observation import ProblemKind
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.policies import Policies
from tfdash.playbook.versions.removed_apis import shipped_removals
from tfdash.playbook.versions.stored import HELM
from tfdash.sources.base import ALL
from tfdash.sources.helm.settings import HelmSettings
from tfdash.sources.helm.source import StoredReleasesSource
from tfdash.sources.kubernetes.kubeconfig import resolve
from tfdash.sources.kubernetes.source import KubernetesSource

pytestmark = pytest.mark.platform
NAMESPACE, PLANTED = "tf-helm", "hunter2-planted-hunter2"
CHART = """\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: {{ .Release.Name }}}
spec: {minAvailable: 1, selector: {matchLabels: {app: {{ .Release.Name }}}}}
---
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}}
stringData: {password: {{ .Values.password | quote }}}
{{- if .Values.breaks }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: "No Name"}
{{- end }}
"""


@pytest.fixture(scope="module")
def alone() -> Iterator[Cluster]:
    with Cluster() as cluster:
        world.add_namespaces(cluster, NAMESPACE)
        yield cluster


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("chart")
    (folder / "templates").mkdir()
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 0.1.0\n")
    (folder / "values.yaml").write_text(f"password: {PLANTED}\nbreaks: false\n")
    (folder / "templates" / "all.yaml").write_text(CHART)
    return str(folder)


class Terminal:
    def __init__(self, cluster: Cluster, identity: str, *stored_in: Any) -> None:
        clock = SystemClock()
        reads = KubernetesSource(REF, resolve(str(cluster.kubeconfig(identity))), clock)
        settings = HelmSettings(stored_in=stored_in)

        async def listed(kind: str) -> Any:
            return await reads.singly.list_stored(kind)

        async def read(kind: str, at: Any) -> Any:
            return await reads.singly.read_stored(kind, at)

        self.source = StoredReleasesSource(REF, settings, clock, listed, read)
        self.board = Board(
            [reads], Judge(policies=Policies(), stale_after=300.0), clock, sources=[self.source]
        )
        self.board.want("test", {"Node": ALL})
        self.board.start()
        until(lambda: self.said, "the stored releases to be judged")

    @property
    def said(self) -> list[Verdict]:
        state = self.board.assessment.versions
        return [v for v in state.verdicts if v.rule == HELM] if state is not None else []

    @property
    def found(self) -> dict[str, StoredRelease]:
        seen = self.board.picture.clusters[REF].kinds[StoredRelease.KIND].value or {}
        return {one.called: one for one in seen.values() if isinstance(one, StoredRelease)}

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc: object) -> None:
        self.board.stop(10.0)


def _made_old(cluster: Cluster, release: str) -> None:
    """As if it had been installed before 1.25: its manifest has what that removed."""
    path = f"/api/v1/namespaces/{NAMESPACE}/secrets/sh.helm.release.v1.{release}.v1"
    found = cluster.request("GET", path)
    text = gzip.decompress(base64.b64decode(base64.b64decode(found["data"]["release"]))).decode()
    release_ = json.loads(text)
    assert "policy/v1\n" in release_["manifest"]
    release_["manifest"] = release_["manifest"].replace("policy/v1\n", "policy/v1beta1\n")
    packed = base64.b64encode(gzip.compress(json.dumps(release_).encode()))
    found["data"]["release"] = base64.b64encode(packed).decode()
    cluster.request("PUT", path, found)


def test_what_helm_stored_is_read_and_helm_cannot_upgrade_what_we_say_it_cannot(
    alone: Cluster, chart: str
) -> None:
    at = ("--namespace", NAMESPACE)
    for release in ("well", "old", "failed"):
        helm(alone, "install", release, chart, *at)
    helm(alone, "upgrade", "well", chart, *at)
    helm(alone, "install", "mapped", chart, *at, driver="configmap")
    helm(alone, "install", "gone", chart, *at)
    helm(alone, "uninstall", "gone", "--keep-history", *at)
    assert helm(alone, "upgrade", "failed", chart, "--set", "breaks=true", *at, check=False).returncode
    _made_old(alone, "old")

    with Terminal(alone, "admin", "Secret", "ConfigMap") as terminal:
        told = {name: (one.of, one.revision, one.odd) for name, one in terminal.found.items()}
        assert told == {
            "well": ("Secret", 2, ""),
            "old": ("Secret", 1, ""),
            "failed": ("Secret", 1, ""),
            "mapped": ("ConfigMap", 1, ""),
        }
        kinds = {(k.api_version, k.kind, k.first) for k in terminal.found["well"].kinds}
        assert kinds == {("policy/v1", "PodDisruptionBudget", "well"), ("v1", "Secret", "well")}
        breach, well = sorted(terminal.said, key=lambda v: -v.level)
        assert breach.level is Level.BREACH and breach.subject.name == "old"
        assert "PodDisruptionBudget old of policy/v1beta1 (removed in 1.25; use policy/v1)" in breach.sentence
        assert well.level is Level.OK and well.sentence.startswith("3 of 4 stored Helm releases have nothing")
        everything = repr((terminal.board.picture, terminal.board.assessment, vars(terminal.source)))
        assert "PodDisruptionBudget" in everything and PLANTED not in everything
        assert base64.b64encode(PLANTED.encode()).decode() not in everything

    refused = helm(alone, "upgrade", "old", chart, *at, check=False)
    assert (
        refused.returncode
        and 'no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"' in refused.stderr
    )
    for release in ("well", "failed"):
        helm(alone, "upgrade", release, chart, *at)


def test_who_may_not_is_told_and_what_may_be_read_is(alone: Cluster, chart: str) -> None:
    """A viewer may read ConfigMaps, and no Secret."""
    helm(alone, "install", "seen", chart, "--namespace", NAMESPACE, driver="configmap")
    with Terminal(alone, "viewer", "Secret", "ConfigMap") as terminal:
        assert "seen" in terminal.found
        assert {one.of for one in terminal.found.values()} == {"ConfigMap"}
        problem = terminal.source.status.problem
        assert problem is not None and problem.kind is ProblemKind.FORBIDDEN
        assert problem.cause.startswith("Secrets: secrets is forbidden")
        [verdict] = terminal.said
        assert verdict.level is Level.UNKNOWN and verdict.unknown is not None
    with Terminal(alone, "viewer", "ConfigMap") as terminal:
        assert [v.level for v in terminal.said] == [Level.OK]


def test_the_server_serves_nothing_that_the_table_says_was_removed(alone: Cluster) -> None:
    version = alone.request("GET", "/version")
    here = (int(version["major"]), int(version["minor"].rstrip("+")))
    served = set()
    for group in alone.request("GET", "/apis")["groups"]:
        for one in group["versions"]:
            api = one["groupVersion"]
            served |= {(api, r["kind"]) for r in alone.request("GET", f"/apis/{api}")["resources"]}
    removals = shipped_removals().removals
    assert served & {what for what, one in removals.items() if one.at <= here} == set()
    instead = {(one.use, kind) for (_, kind), one in removals.items() if one.use and one.at <= here}
    assert instead <= served, "what takes its place is there"
