"""The runbooks "complete environment failure" and "the way back" from their start to their close on two real control planes: one is killed with all
that it has, and its thirty services come up in the other, whose API server is killed in the midst of it; then it comes back with what it had, and
takes the traffic again. kubectl is the witness that they are what they were, the API servers' audit logs that each thing was asked for once."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.platform.harness.cluster import Cluster
from tests.platform.harness.terminals import REF, Terminal, write_config
from tests.platform.regions import SERVICES, seed, settings, witnessed
from tests.platform.restoring import brought_up, by_service, done, side_by_side, sizes
from tests.platform.walking import Walk, changes, exported, walking_terminal
from tests.waiting import until
from tfdash.durations import parse_duration
from tfdash.model.procedure import Step
from tfdash.model.run import RunOutcome, StepStatus
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.walk import leaves, steps_by_id
from tfdash.procedures.protocols import Given, Prepared, RunRefused

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1200)]
RUNBOOK, BACK = "environment-failure", "way-back"
HERE = ClusterRef(REF.environment, "us-1")
KINDS = (
    *("Deployment", "StatefulSet", "ReplicaSet", "Pod", "Node", "HorizontalPodAutoscaler"),
    *("ResourceQuota", "LimitRange"),
)
SIGNED = "database-0"
CUT = 3  # the tier in whose midst the API server is killed
IN_THE_AIR = 2  # of its sizes are accepted by then
TTL = "10s"


class Regions(NamedTuple):
    lost: Cluster
    here: Cluster


@pytest.fixture(scope="module")
def regions() -> Iterator[Regions]:
    """Of their own: one of them is lost."""
    with ThreadPoolExecutor(2) as pool, Cluster() as lost:
        here = Cluster()
        try:
            coming = pool.submit(here.start)
            seed(lost, serving=True)
            coming.result()
            seed(here, serving=False)
            yield Regions(lost, here)
        finally:
            here.stop()


def config_of(folder: Path, regions: Regions) -> Path:
    switch = [sys.executable, "-c", "import sys; open(sys.argv[1], 'a').write(f'{sys.argv[2:]}\\n')"]
    command = [*switch, str(folder / "switched"), "{from}", "{to}"]
    apart = folder / "apart"
    apart.mkdir()
    services = settings(str(apart), lambda one: "signed" if one.name == SIGNED else "scaled")
    return write_config(
        folder,
        regions.lost.kubeconfig("admin"),
        "admin",
        more=f"[procedures.commands.switch-traffic]\ncommand = {json.dumps(command)}\n{services}",
        others={HERE.cluster: regions.here.kubeconfig("admin")},
    )


class Recovered(NamedTuple):
    """``was``: what was lost; ``at_rest``: what stood by; as kubectl showed them before."""

    config: Path
    run: str
    was: dict[str, Any]
    at_rest: dict[str, Any]


@pytest.fixture(scope="module")
def recovered(regions: Regions, tmp_path_factory: pytest.TempPathFactory) -> Recovered:
    folder = tmp_path_factory.mktemp("recovered")
    config, here = config_of(folder, regions), regions.here
    was, at_rest = witnessed(regions.lost), witnessed(here)
    assert set(was) == set(at_rest) and len(was) == len(SERVICES) + sum(
        one.scaler is not None for one in SERVICES
    )
    assert not [name for name in was if was[name] == at_rest[name]]
    since = lines(here)
    with opened(config) as at:
        picture(at)
        ready_beforehand(at, here)
        regions.lost.lose()
        walk = begun(at)
        run = walk.run
        for tier in (1, 2):
            tier_of(walk, tier)
        cut_short(walk, here)
        tier_of(walk, CUT)
    with opened(config) as at:  # the next person goes on, by what stands in the store
        walk = Walk(at, run, HERE)
        for tier in (4, 5):
            tier_of(walk, tier)
        assert witnessed(here) == was
        switched(walk, folder)
        assert walk.close("it serves from us-1").outcome is RunOutcome.DONE
    once(here, since)
    return Recovered(config, run, was, at_rest)


def test_an_environment_comes_up_elsewhere_just_as_it_was(
    regions: Regions, recovered: Recovered, tmp_path: Path
) -> None:
    assert witnessed(regions.here) == recovered.was
    told = told_of(recovered.config, recovered.run, RUNBOOK, regions, tmp_path)
    assert recovered.run in told and SIGNED in told


def test_the_way_back_leaves_both_as_they_were(
    regions: Regions, recovered: Recovered, tmp_path: Path
) -> None:
    lost, here = regions
    lost.come_back()
    assert witnessed(lost) == recovered.was  # it serves again, with what is old by now
    since = lines(lost), lines(here)
    with opened(recovered.config) as at:
        walk = fenced(at)
        run = walk.run
        assert {one["spec"]["replicas"] for one in deployments(lost)} == {0}
        for tier in range(1, 6):
            brought_up(walk, tier)
    with opened(recovered.config) as at:  # the next person goes on, by what stands in the store
        walk = Walk(at, run, HERE)
        assert witnessed(lost) == recovered.was and witnessed(here) == recovered.was
        goes_back(walk, recovered.config.parent)
        assert walk.close("it serves from eu-1 again").outcome is RunOutcome.DONE
    assert witnessed(lost) == recovered.was
    assert witnessed(here) == recovered.at_rest
    sized = Counter(("deployments/scale", one.name) for one in SERVICES)
    bounded = Counter(("horizontalpodautoscalers", one.name) for one in SERVICES if one.scaler)
    assert asked(changes(lost, since[0])) == sized + sized  # to nothing, and back; its HPAs had their bounds
    assert asked(changes(here, since[1])) == sized + bounded
    assert run in told_of(recovered.config, run, BACK, regions, tmp_path)


def opened(config: Path) -> AbstractContextManager[Terminal]:
    return walking_terminal(config, KINDS)


def told_of(config: Path, run: str, name: str, regions: Regions, folder: Path) -> str:
    kept_out = (
        config.parent,
        *(one.folder for one in regions),
        regions.here.binaries,
        Path(sys.executable).parent,
    )
    return exported(config, run, name, folder, folder, *kept_out)


def deployments(cluster: Cluster) -> list[dict[str, Any]]:
    return list(json.loads(cluster.kubectl("get", "deploy", "-A", "-o", "json"))["items"])


def lines(cluster: Cluster) -> int:
    return len(cluster.audit_log.read_text().splitlines())


def picture(at: Terminal) -> None:
    """What all of it was, once it was seen to serve for a minute."""

    def taken() -> int:
        seen = at.board.picture.signals.last_good.get(REF)
        return len(seen.value.services) if seen is not None and seen.value is not None else 0

    until(lambda: taken() == len(SERVICES), lambda: f"{taken()} services in the last-good picture", 300.0)


def ready_beforehand(at: Terminal, here: Cluster) -> None:
    """What is said of the loss of the first region while nothing is wrong: the other one has all of it, and room as long as its nodes take pods."""
    pods, nodes = sum(one.replicas for one in SERVICES), here.request("GET", "/api/v1/nodes")["items"]

    def told(passed: bool, fit: int) -> bool:
        state = at.board.assessment.recovery
        rows = state.readiness if state is not None else ()
        row = next((one for one in rows if (one.procedure, one.cluster) == (RUNBOOK, REF)), None)
        room = f"room for {fit} of {pods} pods more: "
        return row is not None and any(one.passed is passed and room in one.sentence for one in row.asks)

    def cordoned(all_of_them: bool) -> None:
        for one in nodes:
            patch = {"spec": {"unschedulable": all_of_them}}
            path = f"/api/v1/nodes/{one['metadata']['name']}"
            here.request("PATCH", path, patch, "application/merge-patch+json")

    def said() -> str:
        return f"what is ready: {at.board.assessment.recovery}"

    until(lambda: told(True, pods), said, 180.0)
    cordoned(True)
    until(lambda: told(False, 0), said, 180.0)
    cordoned(False)
    until(lambda: told(True, pods), said, 180.0)


def begun(at: Terminal) -> Walk:
    """Proposed by what is seen, and begun in the other region."""

    def proposed() -> bool:
        state = at.board.assessment.recovery
        found = state.proposals if state is not None else ()
        return any(one.procedure == RUNBOOK and one.cluster == REF and one.proposed for one in found)

    until(proposed, lambda: f"the runbook to be proposed: {at.board.assessment.recovery}", 180.0)
    walk = Walk(at, cluster=HERE)
    walk.start(RUNBOOK, {"lost": (REF.cluster,)}, "a test: eu-1 was killed with all that it has")
    assert len(walk.state.inputs["services"]) == len(SERVICES)
    walk.do("seen")
    walk.do("secondary")
    walk.skip("told", "a test tells nobody")
    walk.sign("owners", note="nobody was called")
    walk.sign("fenced", note="all of it was killed; there is no balancer")
    walk.alone("go", "there is no commander")
    return walk


def tier_of(walk: Walk, tier: int) -> None:
    brought_up(walk, tier)
    walk.skip(f"told-{tier}", "a test tells nobody")


def cut_short(walk: Walk, cluster: Cluster) -> None:
    """The API server is killed while the tier's sizes are being sent, and comes back."""
    steps = sizes(walk, CUT)
    for ids in steps.values():
        for id in ids[:-1]:
            done(walk, id)
    shown = [walk.ready(ids[-1], "do") for ids in steps.values()]
    since = lines(cluster)

    def sent(one: Prepared) -> None:
        with suppress(RunRefused):
            walk.carried(one)

    with ThreadPoolExecutor(len(shown)) as pool:
        going = [pool.submit(sent, one) for one in shown]
        until(lambda: len(asked(changes(cluster, since))) >= IN_THE_AIR, "the first of them to be accepted")
        cluster.kill_apiserver()
        until(lambda: answers(walk) is False, "that it is away to be seen")
        cluster.start_apiserver()
        for one in going:
            one.result()
    until(lambda: answers(walk) is True, "that it is back to be seen")


def answers(walk: Walk) -> bool | None:
    probed = walk.at.runs.probes(walk.run, "secondary")[0]
    return probed.passed


def switched(walk: Walk, folder: Path) -> None:
    """The traffic goes by the company's own command, once."""
    walk.sign("critical", note="nothing can be called here, its pods are simulated")
    walk.alone("switch-agreed", "there is no commander")
    assert walk.do("switched", no_return=True).status is StepStatus.DONE
    assert (folder / "switched").read_text() == "['eu-1', 'us-1']\n"
    walk.sign("arrived", note="nobody arrives, its pods are simulated")
    walk.skip("ended", "a test tells nobody")
    walk.sign("way-back", note="it is begun next")


def fenced(at: Terminal) -> Walk:
    """Begun where it serves; nothing of it runs in what came back, and data flows there."""
    walk = Walk(at, cluster=HERE)
    walk.start(
        BACK, {"home": (REF.cluster,), "ttl": (TTL,)}, "a test: eu-1 was started again, with what it had"
    )
    assert len(walk.state.inputs["services"]) == len(walk.state.inputs["standby"]) == len(SERVICES)
    walk.sign("writers", note="nothing writes, its pods are simulated")
    walk.do("answers")
    walk.ready("runs-there", "decide")
    walk.at.run(
        walk.at.runs.do(walk.run, "runs-there", Given(branch="stopped-first", reason="all of it runs there"))
    )
    side_by_side(walk, by_service(walk, group(walk, "stopped")))
    walk.do("fenced")
    walk.skip("told", "a test tells nobody")
    walk.sign("data", note="there is no data")
    return walk


def group(walk: Walk, id: str) -> Step:
    return steps_by_id(walk.state.procedure)[id]


def goes_back(walk: Walk, folder: Path) -> None:
    """The traffic in a window, by the company's own command, once; then what stood by stands by again."""
    walk.sign("critical", note="nothing can be called here, its pods are simulated")
    walk.sign("ttl-known", note=f"there are no names; they are taken to live {TTL}")
    walk.alone("switch-agreed", "there is no commander")
    walk.do("window")
    walk.skip("told-switch", "a test tells nobody")
    walk.sign("held", note="nothing writes, its pods are simulated")
    walk.sign("promoted", note="there is no database, its pods are simulated", no_return=True)
    assert walk.do("switched", no_return=True).status is StepStatus.DONE
    assert (folder / "switched").read_text().splitlines() == ["['eu-1', 'us-1']", "['us-1', 'eu-1']"]
    passed = walk.do("ttl-passed")
    assert (passed.ended or 0.0) - (passed.began or 0.0) >= parse_duration(TTL)
    walk.sign("arrived", note="nobody arrives, its pods are simulated")
    walk.sign("critical-again", note="nothing can be called here, its pods are simulated")
    for step in leaves(group(walk, "back").steps):
        done(walk, step.id)
    walk.sign("stands-by", note="there is no database, its pods are simulated")
    walk.skip("ended", "a test tells nobody")
    walk.sign("learned", note="nothing was learned")
    walk.sign("closed", note="there is no incident")


def asked(found: Counter[tuple[str, str, str]]) -> Counter[tuple[str, str]]:
    """What was asked of the services, by resource and name."""
    mine = ("deployments", "horizontalpodautoscalers")
    return Counter({(what, name): n for (_, what, name), n in found.items() if what.startswith(mine)})


def once(cluster: Cluster, since: int) -> None:
    """Each size and each pair of bounds was asked for once. Of what was under way when the server was killed it may have written no line: then the object
    tells, of which one thing was changed since it was made."""
    wanted = {("deployments/scale", one.name) for one in SERVICES}
    wanted |= {("horizontalpodautoscalers", one.name) for one in SERVICES if one.scaler}
    found = asked(changes(cluster, since))
    assert found == Counter(set(found)) and set(found) <= wanted
    assert wanted - set(found) <= {("deployments/scale", one.name) for one in SERVICES if one.tier == CUT}
    assert {one["metadata"]["generation"] for one in deployments(cluster)} == {2}
