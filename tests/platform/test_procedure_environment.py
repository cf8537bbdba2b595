"""The runbook "complete environment failure" from its start to its close on two real control planes: one is killed with all that it has, and its
thirty services come up in the other, whose API server is killed in the midst of it. kubectl is the witness that they are what they were, the API
server's audit log that each thing was asked for once."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.platform.harness.cluster import Cluster
from tests.platform.harness.terminals import REF, Terminal, terminal, write_config
from tests.platform.regions import SERVICES, seed, settings, witnessed
from tests.platform.walking import LONGEST, OVER, Walk, changes, exported
from tests.unit.actions.acting import TestJudge
from tests.waiting import until
from tfdash.cli.compose import policies_of
from tfdash.config.load import load
from tfdash.model.run import RunOutcome, StepStatus
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.last_good import restored_parts
from tfdash.procedures.protocols import Given, Prepared, RunRefused

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1200)]
RUNBOOK = "environment-failure"
HERE = ClusterRef(REF.environment, "us-1")
KINDS = (
    *("Deployment", "StatefulSet", "ReplicaSet", "Pod", "Node", "HorizontalPodAutoscaler"),
    *("ResourceQuota", "LimitRange"),
)
SIGNED = "database-0"
CUT = 3  # the tier in whose midst the API server is killed
IN_THE_AIR = 2  # of its sizes are accepted by then


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


def test_an_environment_comes_up_elsewhere_just_as_it_was(regions: Regions, tmp_path: Path) -> None:
    config, here = config_of(tmp_path, regions), regions.here
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
            brought_up(walk, tier)
        cut_short(walk, here)
        brought_up(walk, CUT)
    with opened(config) as at:  # the next person goes on, by what stands in the store
        walk = Walk(at, run, HERE)
        for tier in (4, 5):
            brought_up(walk, tier)
        assert witnessed(here) == was
        switched(walk, tmp_path)
        assert walk.close("it serves from us-1").outcome is RunOutcome.DONE
    assert witnessed(here) == was
    once(here, since)
    told = exported(
        config,
        run,
        RUNBOOK,
        tmp_path,
        tmp_path,
        here.folder,
        regions.lost.folder,
        here.binaries,
        Path(sys.executable).parent,
    )
    assert run in told and SIGNED in told


def opened(config: Path) -> AbstractContextManager[Terminal]:
    """Judging by the policies of its configuration: what is proposed, and when."""
    return terminal(config, kinds=KINDS, judge=TestJudge(policies=policies_of(load(config))))


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
    walk.start(RUNBOOK, {"lost": (REF.cluster,)}, "eu-1 serves nobody since 10:02")
    assert len(walk.state.inputs["services"]) == len(SERVICES)
    walk.do("seen")
    walk.do("secondary")
    walk.skip("told", "a test tells nobody")
    walk.sign("owners", note="all five teams answered")
    walk.sign("fenced", note="its addresses are out of the balancer")
    walk.alone("go", "the commander does not answer")
    return walk


def steps_of(walk: Walk, tier: int) -> dict[str, list[str]]:
    """By the name of each service of the tier, its steps that change something, in their order."""
    found: dict[str, list[str]] = {}
    for number, text in enumerate(walk.state.inputs["services"], 1):
        parts = restored_parts(text)
        if parts["tier"] == str(tier):
            words = (*(("bounds",) if parts["scaler"] else ()), "size")
            found[parts["name"]] = [f"{word}-{tier}--{number}" for word in words]
    return found


def brought_up(walk: Walk, tier: int) -> None:
    """The services of a tier side by side, and its gate. Before that nothing of the next is offered."""
    steps = steps_of(walk, tier)

    def one(name: str) -> None:
        if name == SIGNED:
            number = steps[name][0].rpartition("--")[2]
            walk.sign(f"hand-{tier}--{number}", note="promoted by its team")
        for id in steps[name]:
            done(walk, id)
        walk.do(steps[name][-1].replace("size", "image"))

    with ThreadPoolExecutor(len(steps)) as pool:
        list(pool.map(one, steps))
    assert not [id for id in walk.state.next if id.startswith(("bounds-", "size-"))]
    assert "serves, sized as it was" in gate(walk, tier)
    walk.skip(f"told-{tier}", "a test tells nobody")


def gate(walk: Walk, tier: int) -> str:
    """Once what it asks is so: that a service is sized as it was does not say that its pods are there yet."""
    id = f"gate-{tier}"

    def passes() -> bool:
        return all(probed.passed for probed in walk.at.runs.probes(walk.run, id))

    until(passes, lambda: f"{id}: {walk.at.runs.probes(walk.run, id)}", LONGEST)
    done(walk, id)
    return walk.step(id).sentence


def done(walk: Walk, id: str) -> None:
    """Whatever a cut left of it; and where what came of it was not seen in time, on a busy machine, it is passed once it is."""
    until(lambda: gone_on(walk, id) in OVER, lambda: f"{id} to be done: {walk.step(id)}", LONGEST)


def gone_on(walk: Walk, id: str) -> StepStatus:
    if walk.step(id).status not in (StepStatus.RUNNING, *OVER):
        with suppress(RunRefused):
            if walk.step(id).status is StepStatus.UNKNOWN:
                walk.at.run(walk.at.runs.settle(walk.run, id, Given()))
            else:
                walk.carried(walk.ready(id, "do", "pass"))
    return walk.step(id).status


def cut_short(walk: Walk, cluster: Cluster) -> None:
    """The API server is killed while the tier's sizes are being sent, and comes back."""
    steps = steps_of(walk, CUT)
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
    walk.sign("critical", note="logged in and paid, by the address of us-1")
    walk.alone("switch-agreed", "the commander does not answer")
    assert walk.do("switched", no_return=True).status is StepStatus.DONE
    assert (folder / "switched").read_text() == "['eu-1', 'us-1']\n"
    walk.sign("arrived", note="400 requests a second, none failed")
    walk.skip("ended", "a test tells nobody")
    walk.sign("way-back", note="planned by the commander, on Monday")


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
    objects = json.loads(cluster.kubectl("get", "deploy", "-A", "-o", "json"))["items"]
    assert {one["metadata"]["generation"] for one in objects} == {2}
