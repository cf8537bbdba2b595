"""Flagger's Canaries, Argo CD's Applications and the scenarios of releases in the simulated world."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.demo.worlds import NAMESPACE, START, Stage, deployment, template
from tfdash.demo.apiserver import discovery
from tfdash.demo.apiserver.auth import Tokens
from tfdash.demo.apiserver.deleting import remove
from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.clock import SimulatedClock
from tfdash.demo.cluster import Cluster
from tfdash.demo.options import SCENARIOS, DemoOptions
from tfdash.demo.scenarios.scenario import Scenario, ScenarioError, load
from tfdash.demo.scenarios.step import Step
from tfdash.demo.world import World, settle

CANARIES, APPLICATIONS, DEPLOYMENTS = "canaries.flagger.app", "applications.argoproj.io", "deployments.apps"
PROBED = {"readinessProbe": {"httpGet": {"port": 80}}}
GATE = {"name": "gate", "type": "confirm-promotion", "url": "http://flagger-loadtester.test/gate/check"}
BACK = {"name": "back", "type": "rollback", "url": "http://flagger-loadtester.test/rollback/check"}


@pytest.fixture(scope="module")
def world() -> Stage:
    return Stage()


@pytest.fixture
def stage(world: Stage) -> Iterator[Stage]:
    """The module's world, with nothing left of the test before."""
    yield world
    for kind in ("gate", "rollback"):
        world.cluster.gates.set(kind, NAMESPACE, "web", False)
    for storage in (CANARIES, DEPLOYMENTS, "events"):
        for found in list(world.store.all(storage, NAMESPACE)):
            with world.cluster.agenda.pretending(world.time):
                remove(world.store, storage, found)
    world.run(60)


def canary(stage: Stage, *, hooks: tuple[Obj, ...] = (), **analysis: object) -> None:
    stage.put(DEPLOYMENTS, "web", spec=deployment("web", 3, container=PROBED))
    plan = {
        "interval": "30s",
        "threshold": 2,
        "stepWeight": 25,
        "maxWeight": 50,
        "webhooks": list(hooks),
        **analysis,
    }
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    stage.put(CANARIES, "web", spec={"targetRef": target, "service": {"port": 80}, "analysis": plan})
    stage.run(90)


def told(stage: Stage) -> Obj:
    found: Obj = stage.get(CANARIES, "web")["status"]
    return found


def release(stage: Stage, version: int, behaviour: str = "") -> None:
    found = stage.get(DEPLOYMENTS, "web")
    after = template("web", behaviour=behaviour, **PROBED, image=f"registry.example/web:{version}")
    stage.change(DEPLOYMENTS, {**found, "spec": {**found["spec"], "template": after}})


def replicas(stage: Stage, name: str) -> int:
    return int(stage.get(DEPLOYMENTS, name)["spec"]["replicas"])


def image(stage: Stage, name: str) -> str:
    return str(stage.get(DEPLOYMENTS, name)["spec"]["template"]["spec"]["containers"][0]["image"])


def test_a_canary_is_initialized_with_a_primary_and_a_target_at_nothing(stage: Stage) -> None:
    canary(stage)
    assert told(stage)["phase"] == "Initialized"
    assert (replicas(stage, "web"), replicas(stage, "web-primary")) == (0, 3)
    assert told(stage)["lastAppliedSpec"] == told(stage)["lastPromotedSpec"]
    (condition,) = told(stage)["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == (
        "Promoted",
        "True",
        "Initialized",
    )
    owner = stage.get(DEPLOYMENTS, "web-primary")["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"]) == ("Canary", "web")


def test_a_release_walks_its_weights_waits_at_the_gate_and_is_promoted(stage: Stage) -> None:
    canary(stage, hooks=(GATE,))
    release(stage, 2)
    weights = []
    for _ in range(9):
        stage.run(30)
        weights.append((told(stage)["phase"], told(stage)["canaryWeight"]))
    assert ("Progressing", 25) in weights
    assert ("Progressing", 50) in weights
    assert weights[-1] == ("WaitingPromotion", 0)
    assert image(stage, "web-primary").endswith(":1")
    stage.cluster.gates.set("gate", NAMESPACE, "web", True)
    stage.run(120)
    assert told(stage)["phase"] == "Succeeded"
    assert image(stage, "web-primary").endswith(":2")
    assert (replicas(stage, "web"), replicas(stage, "web-primary")) == (0, 3)
    assert told(stage)["lastAppliedSpec"] == told(stage)["lastPromotedSpec"]


def test_failed_checks_add_up_and_roll_back(stage: Stage) -> None:
    metric = {"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "1m"}
    canary(stage, metrics=[metric])  # no traffic: no values, which is a failed check
    release(stage, 2)
    stage.run(300)
    assert told(stage)["phase"] == "Failed"
    assert (replicas(stage, "web"), replicas(stage, "web-primary")) == (0, 3)
    assert image(stage, "web-primary").endswith(":1")
    assert any(m.startswith("Halt advancement no values found") for m in stage.said("Synced"))
    assert any("failed checks threshold reached 2" in m for m in stage.said("Synced"))
    stage.run(120)
    assert told(stage)["phase"] == "Failed"  # the same version is not tried again
    release(stage, 3)
    stage.run(60)
    assert told(stage)["phase"] == "Progressing"


def test_the_rollback_gate_ends_a_release(stage: Stage) -> None:
    canary(stage, hooks=(GATE, BACK))
    release(stage, 2)
    stage.run(75)
    assert told(stage)["phase"] == "Progressing"
    stage.cluster.gates.set("rollback", NAMESPACE, "web", True)
    stage.run(40)
    assert told(stage)["phase"] == "Failed"


def test_suspended_it_does_nothing_and_skipping_the_analysis_promotes_at_once(stage: Stage) -> None:
    canary(stage)
    found = stage.get(CANARIES, "web")
    stage.change(CANARIES, {**found, "spec": {**found["spec"], "suspend": True}})
    release(stage, 2)
    stage.run(120)
    assert told(stage)["phase"] == "Initialized"
    found = stage.get(CANARIES, "web")
    stage.change(CANARIES, {**found, "spec": {**found["spec"], "suspend": False, "skipAnalysis": True}})
    stage.run(150)
    assert told(stage)["phase"] == "Succeeded"
    assert image(stage, "web-primary").endswith(":2")


def test_the_gates_answer_as_the_load_tester_does(stage: Stage) -> None:
    gates = stage.cluster.gates
    assert not gates.ask("/gate/check", "n", "a")
    gates.set("gate", "n", "a", True)
    assert gates.ask("/gate/check", "n", "a")
    assert not gates.ask("/rollback/check", "n", "a")
    assert not gates.ask("/gate/check", "n", "b")
    assert gates.ask("/gate/approve", "n", "b")
    assert not gates.ask("/gate/halt", "n", "a")
    gates.set("gate", "n", "a", False)
    assert not gates.ask("/gate/check", "n", "a")


# -- Argo CD ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deployed() -> Stage:
    """A world in which Argo CD deploys checkout; its steps are called by name."""
    steps = [
        Step(do="release", name="release", service="checkout", version="2.14.0"),
        Step(do="undo", name="undo", service="checkout"),
    ]
    return Stage(Scenario(applications=["checkout"], step=steps))


def application(stage: Stage) -> Obj:
    return stage.get(APPLICATIONS, "checkout", "argocd")


def step(stage: Stage, name: str) -> None:
    with stage.cluster.agenda.pretending(stage.time):
        stage.world.run(next(s for s in stage.world.scenario.step if s.name == name))


def version(stage: Stage) -> str:
    found = stage.get(DEPLOYMENTS, "checkout", "tf-production")
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2])


def test_a_commit_is_deployed_and_a_roll_back_is_put_back_until_it_is_paused(deployed: Stage) -> None:
    stage = deployed
    note = stage.get(DEPLOYMENTS, "checkout", "tf-production")["metadata"]["annotations"]
    assert note["argocd.argoproj.io/tracking-id"] == "checkout:apps/Deployment:tf-production/checkout"
    assert application(stage)["status"]["sync"]["status"] == "Synced"
    step(stage, "release")
    assert version(stage) == "2.13.4"  # what git deploys is released by a commit
    stage.run(5)
    assert version(stage) == "2.14.0"
    stage.run(200)
    assert application(stage)["status"]["health"]["status"] == "Healthy"
    assert len(application(stage)["status"]["history"]) == 2
    step(stage, "undo")
    stage.run(2)
    assert version(stage) == "2.13.4"
    assert application(stage)["status"]["sync"]["status"] == "OutOfSync"
    stage.run(10)
    assert version(stage) == "2.14.0"
    assert application(stage)["status"]["sync"]["status"] == "Synced"
    found = application(stage)
    stage.change(APPLICATIONS, {**found, "spec": {**found["spec"], "syncPolicy": {}}})
    step(stage, "undo")
    stage.run(300)
    assert version(stage) == "2.13.4"
    assert application(stage)["status"]["sync"]["status"] == "OutOfSync"
    stage.change(APPLICATIONS, {**application(stage), "operation": {"sync": {}}})
    stage.run(5)
    assert version(stage) == "2.14.0"
    assert "operation" not in application(stage)


# -- scenarios ------------------------------------------------------------------------------------------------------


def test_every_shipped_scenario_is_read_and_those_of_releases_begin_when_they_say() -> None:
    assert {
        "bad-canary",
        "good-canary",
        "low-traffic",
        "prometheus-down",
        "blackout",
        "gitops",
        "flagger",
    } <= set(SCENARIOS)
    zone = ZoneInfo("America/New_York")
    for name in SCENARIOS:
        begins = load(name).begins
        if begins is None:
            continue
        at = datetime.fromtimestamp(begins, zone)
        assert at.weekday() in (1, 3)
        assert 10 <= at.hour < 12
        assert (at.day >= 28 or at.day <= 3) is (name == "blackout")


def test_a_start_without_a_zone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('start = "2026-11-24T15:05:00"\n')
    with pytest.raises(ScenarioError, match="has no zone"):
        load(str(path))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("titel = 'x'", 'there is no key titel; did you mean "title"?'),
        ("argo = 'yes'", 'argo = "yes": write true or false'),
        ("title = 3", 'title = 3: write a text, "..."'),
        ("rollouts = 'web'", 'rollouts = "web": write a list of texts, ["..."]'),
        ("rollouts = [3]", 'rollouts = [3]: write a list of texts, ["..."]'),
        ("bulk = 3", "bulk = 3: write a table, [bulk]"),
        ("[bulk]\nreplicas = 'x'", 'bulk.replicas = "x": write a whole number'),
        ("[bulk]\nreplica = 3", 'there is no key bulk.replica; did you mean "replicas"?'),
        ("[step]\ndo = 'release'", "step is one table; write [[step]]"),
        ("step = [3]", "step[1] = 3: write a table"),
        ("[[step]]\nname = 'x'", 'step[1].do is missing; write do = a text, "..."'),
        ("[[step]]\ndo = 'release'\n[[step]]\ndo = 'scale'\nreplicas = 'two'", 'step[2].replicas = "two": write a whole number'),
        ("[[step]]\ndo = 'release'\nat = [1]", 'step[1].at = [1]: write a duration, "90s" or 90'),
        ("[[step]]\ndo = 'release'\nat = 'soon'", "'soon' is no duration; write 90s, 5m or 1h30m"),
        ("[[step]]\ndo = 'release'\nenv = { A = 1 }", 'step[1].env = {"A":1}: write a table'),
        ("[[behaviour]]\npods = 'all'", 'behaviour[1].pods = "all": write a whole number'),
        ("start = 'noon'", 'start = "noon" is no time; write 2026-11-24T15:05:00Z'),
        ("start = 2026-11-24T15:05:00Z", 'start = "2026-11-24T15:05:00Z": write a text'),
        ("title = ", "is no TOML: "),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_scenario_of_ones_own_is_said_with_where_and_what_to_write(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError) as raised:
        load(str(path))
    assert str(raised.value).startswith(str(path)) and told in str(raised.value)


def world_of(name: str) -> World:
    clock = SimulatedClock(START)
    clock.set(running=False)
    cluster = Cluster("production", DemoOptions(start=START), clock, Tokens({}))
    world = World(cluster, load(name))
    world.begin(START)
    settle(world, START)
    return world


def test_the_bad_canary_stands_at_a_fifth_and_its_errors_rise(deployed: Stage) -> None:
    world = world_of("bad-canary")
    settle(world, START + 240)
    found = world.cluster.store.find("rollouts.argoproj.io", "tf-production", "checkout")
    assert found is not None
    assert (found["status"]["phase"], found["status"]["currentStepIndex"]) == ("Paused", 1)
    assert found["status"]["canary"]["weights"]["canary"]["weight"] == 20
    query = (
        'sum by (pod) (rate(http_requests_total{app="checkout",code=~"5.."}[2m])) '
        '/ sum by (pod) (rate(http_requests_total{app="checkout"}[2m]))'
    )
    with world.cluster.agenda.pretending(START + 240):
        api = world.cluster.prometheus.api
        rows = api.answer("GET", "/api/v1/query", {"query": [query]}).document["data"]["result"]
    canary = found["status"]["currentPodHash"]
    ratios = {r["metric"]["pod"]: float(r["value"][1]) for r in rows}
    bad = [v for pod, v in ratios.items() if canary in pod]
    good = [v for pod, v in ratios.items() if canary not in pod]
    assert min(bad) > 0.04
    assert sum(good) / len(good) < 0.03


def test_without_argo_nothing_of_it_is_served() -> None:
    stage = Stage(Scenario(argo=False, rollouts=["checkout"]))
    assert not stage.cluster.custom
    assert stage.store.find(DEPLOYMENTS, "tf-production", "checkout") is not None
    names = {item["metadata"].get("name") for item in discovery.aggregated(False, False)["items"]}
    assert not names & {"argoproj.io", "flagger.app"}
    assert discovery.group("argoproj.io", False) is None
    assert discovery.group("argoproj.io") is not None


def test_a_step_that_was_called_does_not_come_again_by_itself() -> None:
    """What was done about it meanwhile stands: a region that came back at call was emptied a second time, two hours on."""
    steps = [
        Step(do="release", name="early", at="10m", service="checkout", version="2.14.0"),
        Step(do="undo", at="2m", service="checkout"),
    ]
    stage = Stage(Scenario(step=steps))
    before = version(stage)
    step(stage, "early")
    assert version(stage) == "2.14.0"
    stage.run(5 * 60)
    assert version(stage) == before
    stage.run(10 * 60)
    assert version(stage) == before
