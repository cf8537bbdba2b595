"""The runbook "single service failure" from its start to its close on the real control plane: a service whose new version really crashes.
kubectl is the witness of what is isolated, kept, rolled back and serves; the API server's audit log of what was sent, and how often."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from tests.platform.crashing import AVAILABLE, Crashing
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.terminals import Terminal, write_config
from tests.platform.walking import Walk, changes, exported, walking_terminal
from tests.waiting import until
from tfdash.model.run import RunOutcome, StepStatus
from tfdash.playbook.procedures.library import shipped_texts
from tfdash.procedures.protocols import Given

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1200)]
NS = "tf-fails"
KINDS = (
    "Deployment",
    "ReplicaSet",
    "Pod",
    "Node",
    "Event",
    "Service",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
)


@pytest.fixture(scope="module")
def broken(cluster: Cluster) -> Crashing:
    """Three pods served; the next version takes all of them away, and crashes."""
    found = Crashing(cluster, NS, "shop")
    found.release()
    return found


def config_of(folder: Path, cluster: Cluster) -> Path:
    """The shipped file as it is where evidence is written; else as a company's own that waits for seconds."""
    more = ""
    if not os.environ.get("TFDASH_EVIDENCE"):
        own = folder / "procedures"
        own.mkdir()
        text = shipped_texts()["service-failure"]
        (own / "service-failure.toml").write_text(text.replace('lasts = "5m"', 'lasts = "5s"'))
        more = f"[procedures]\nfolder = {json.dumps(str(own))}"
    return write_config(folder, cluster.kubeconfig("admin"), "admin", more=more)


def test_a_service_is_brought_back_by_its_runbook(broken: Crashing, tmp_path: Path) -> None:
    config, since = (
        config_of(tmp_path, broken.cluster),
        len(broken.cluster.audit_log.read_text().splitlines()),
    )
    failed = broken.pods()[0]
    with walking_terminal(config, KINDS) as at:
        walk = Walk(at)
        at.see(at.subject("Deployment", NS, "shop"))
        walk.start(
            "service-failure",
            {"service": (broken.workload,), "pods": (f"Pod {NS}/{failed}",)},
            "a test: 1.1.0 was released, and crashes",
        )
        run = walk.run
        assert walk.state.targets == (broken.workload,)
        fell = broken.value("deploy/shop", AVAILABLE.format("lastTransitionTime"))
        proof = datetime.fromisoformat(fell).timestamp(), "Kubernetes"
        until(
            lambda: proof in [(c.start, c.by) for c in walk.state.clocks if c.id == "impact"],
            lambda: (proof, walk.state.started_at, walk.state.clocks),
        )
        seen = walk.do("seen")
        assert "shop" in seen.sentence
        walk.skip("told", "a test tells nobody")
        isolated(broken, walk, at, failed)
        walk.sign("cause", note="1.1.0 crashes at its start: exit code 3 since it was released")
        back(broken, walk, failed)
    with walking_terminal(config, KINDS) as at:  # the next person goes on, by what stands in the store
        walk = Walk(at, run)
        walk.do("serves")
        walk.sign("journeys", note="nothing can be called here, its pods are simulated")
        broken.cluster.kubectl("delete", "pod", failed, "-n", NS)
        walk.sign("cleared", note=f"{failed} deleted, three pods as before")
        walk.skip("ended", "a test tells nobody")
        walk.sign("runbook", note="nothing was learned")
        assert walk.close("it serves 1.0.0").outcome is RunOutcome.DONE
    found = changes(broken.cluster, since)
    sent = {
        (verb, what, name): n for (verb, what, name), n in found.items() if what in ("pods", "deployments")
    }
    assert sent == {("patch", "pods", failed): 1, ("patch", "deployments", "shop"): 1}
    told = exported(
        config,
        run,
        "service-failure",
        tmp_path,
        tmp_path,
        broken.cluster.folder,
        broken.cluster.binaries,
        Path(sys.executable).parent,
        Path(__file__).parent,
    )
    assert run in told and "exit code 3" in told


def isolated(broken: Crashing, walk: Walk, at: Terminal, failed: str) -> None:
    """What tells why is kept first; then the pod leaves its Service and ReplicaSet, and stays."""
    kept = walk.do("gathered")
    assert kept.status is StepStatus.DONE
    archives = list(at.folder.rglob("evidence-*"))
    assert len(archives) == 1 and archives[0].name in kept.sentence
    with zipfile.ZipFile(archives[0]) as packed:
        assert any(failed in name for name in packed.namelist()), packed.namelist()
    assert walk.step("isolated--1").began is None
    assert walk.do("isolated--1").status is StepStatus.DONE
    assert (walk.step("isolated--1").began or 0.0) >= (kept.ended or 0.0)
    assert broken.value(f"pod/{failed}", "{.metadata.ownerReferences}") == ""
    until(lambda: len(broken.pods()) == 3, "another in its place")
    assert failed not in broken.pods()


def back(broken: Crashing, walk: Walk, failed: str) -> None:
    walk.ready("fixed", "decide")
    walk.at.run(
        walk.at.runs.do(walk.run, "fixed", Given(branch="rollback", reason="it crashes since it came out"))
    )
    assert walk.do("rollback").status is StepStatus.DONE
    assert broken.value("deploy/shop", "{.spec.template.spec.containers[0].image}") == broken.image("1.0.0")
    assert broken.value("deploy/shop", "{.status.availableReplicas}") == "3"
    assert broken.value(f"pod/{failed}", "{.metadata.deletionTimestamp}") == ""
