"""A run that was begun by one person and is finished by another, each at a real ``tfdash`` on a real API server, a machine of their own, one shared
store: the first is killed in the midst of a step. The second has nothing but the screen: the hand-over page, and the keys that are shown."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform.crashing import Crashing
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.terminals import write_config
from tests.platform.seated import Person, dialog
from tests.platform.walking import changes, exported
from tests.unit.store.conftest import Database, database, postgres, template  # noqa: F401
from tests.waiting import until
from tfdash.playbook.procedures.library import shipped_texts

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1200)]
NS, PROCEDURE = "tf-handed", "service-failure"
ANN_SAID = "ann (claimed: admin@corp)"  # the shared store stamps who wrote it, the API server knows her so
ANN, BOB = ("ann", "admin", "admin@corp"), ("bob", "cert-admin", "cert-admin")


@pytest.fixture(scope="module")
def till() -> Iterator[Crashing]:
    """In a cluster of its own: the runbook is proposed by all that is seen there."""
    with Cluster() as cluster:
        found = Crashing(cluster, NS, "till")
        found.release()
        yield found


def config_of(person: tuple[str, str, str], folder: Path, cluster: Cluster, database: Database) -> Path:  # noqa: F811
    """The shipped runbook as it is where evidence is written; else as a company's own that waits for seconds."""
    name, identity, _ = person
    more = ""
    if not os.environ.get("TFDASH_EVIDENCE"):
        own = folder / "procedures"
        own.mkdir(exist_ok=True)
        text = shipped_texts()[PROCEDURE].replace('lasts = "5m"', 'lasts = "5s"')
        (own / f"{PROCEDURE}.toml").write_text(text)
        more = f"[procedures]\nfolder = {json.dumps(str(own))}"
    kubeconfig = cluster.kubeconfig(identity)
    return write_config(folder / name, kubeconfig, identity, url=database.url(name), more=more)


def test_who_did_not_start_a_run_finishes_it_from_the_hand_over_page(
    till: Crashing,
    database: Database,  # noqa: F811
    tmp_path: Path,
) -> None:
    cluster, since = till.cluster, len(till.cluster.audit_log.read_text().splitlines())
    configs = [config_of(one, tmp_path, cluster, database) for one in (ANN, BOB)]
    with (
        cluster.without_controller_manager(),  # what is rolled back is seen by nobody
        Person(configs[0], tmp_path / "ann", "a test's words: 1.1.0 crashes at its start") as ann,
    ):
        begun(ann)
        until(lambda: rolled_back(cluster, since), "the rollback to be accepted")
        assert ann.ended_by(signal.SIGKILL) == -signal.SIGKILL
    run = run_of(cluster)
    with Person(configs[1], tmp_path / "bob", "another test's words: seen by the screen alone") as bob:
        handed_over(bob)
        bob.goes_on(lambda screen: re.search(r"^ ✔ done  single service failure", screen, re.MULTILINE))
        assert bob.ended_by(signal.SIGTERM) == 0
    assert till.value("deploy/till", "{.spec.template.spec.containers[0].image}") == till.image("1.0.0")
    assert till.value("deploy/till", "{.status.availableReplicas}") == "3"
    assert rolled_back(cluster, since) == 1
    kept_out = (tmp_path, cluster.folder, cluster.binaries, Path(sys.executable).parent)
    told = exported(configs[1], run, "handed-over", tmp_path, *kept_out)
    assert "taken over from " in told and "cert-admin" in told


def rolled_back(cluster: Cluster, since: int) -> int:
    return changes(cluster, since)["patch", "deployments", "till"]


def begun(ann: Person) -> None:
    """By the runbook that is proposed, as far as the rollback that is under way."""
    ann.to_recovery()
    ann.shows(
        lambda screen: re.search(r"▲ PROPOSED .* a service fails", screen), "the runbook to be proposed"
    )
    ann.presses(ann.key("start it").typed)
    ann.answers("Start")
    ann.goes_on(lambda screen: "Decide: how is it mended?" in dialog(screen))
    ann.answers("rollback")
    ann.goes_on(lambda screen: "To the background" in dialog(screen))


def handed_over(bob: Person) -> None:
    """From the page of recoveries to the run, by what the hand-over says."""
    bob.to_recovery()
    bob.shows(lambda screen: re.search(r"1 run\b", screen), "the run of the other")
    bob.presses(bob.key("hand-over").typed)
    bob.shows(lambda screen: "Under way:" in screen, "the hand-over page")
    bob.settles()
    told = bob.screen
    assert f"started by {ANN_SAID} " in told and "Said last:" in told, told
    assert f"runs  roll Deployment tf-handed/till back: {ANN_SAID} at " in told, told
    bob.presses(bob.key("to the run").typed)


def run_of(cluster: Cluster) -> str:
    """By the Lease in which its claims stand."""
    leases = json.loads(cluster.kubectl("get", "leases", "-A", "-o", "json"))["items"]
    notes = [one["metadata"].get("annotations", {}) for one in leases]
    (run,) = {one["tfdash.dev/run"] for one in notes if "tfdash.dev/run" in one}
    return str(run)
