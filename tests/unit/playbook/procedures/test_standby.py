"""Whether the place in which services are brought up has them and has room: what passes, what is missing, and what is not known."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kinds import resources
from tests.unit.playbook.making import NOW, REF, condition, deployment, picture, pod, replica_set
from tests.unit.playbook.procedures.probing import FORBIDDEN, GONE, ask, seen
from tests.unit.playbook.procedures.restoring import LOST, SERVICES, case, good, hpa
from tfdash.config.problems import ConfigError
from tfdash.model.autoscaling import ClusterAutoscaler, NodeGroup
from tfdash.model.capacity import ResourceQuota
from tfdash.model.kube import Container, Object, Template
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation
from tfdash.model.recovery import RecoveryReadiness
from tfdash.model.room import NodeRoom
from tfdash.model.run import Probed
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.verdict import Level, UnknownKind
from tfdash.playbook.procedures.answering import answered
from tfdash.playbook.procedures.library import library
from tfdash.playbook.procedures.probe import ProbeCase
from tfdash.playbook.procedures.readiness import readiness
from tfdash.playbook.procedures.reading import read_procedure
from tfdash.playbook.procedures.recovery_settings import RestoredService
from tfdash.playbook.procedures.room_for import MorePods, into_quotas, onto_nodes
from tfdash.playbook.resources.room import size_of
from tfdash.quantities import amounts

READY = ask(
    "standby.ready", of=LOST.cluster, cluster=REF.cluster, sync="sync-application", pipeline="bring-up"
)
IDLE = deployment(desired=0, replicas=0, updated=0, ready=0, available=0)
IMAGE = IDLE.template.containers[0].image
ONE = {"checkout": SERVICES["checkout"]}


def node(name: str = "n-1", cpu: str = "2", memory: str = "4Gi", **fields: Any) -> Node:
    base: dict[str, Any] = {"namespace": "", "name": name, "conditions": (condition("Ready", "True"),)}
    return Node(**{**base, "allocatable": amounts({"cpu": cpu, "memory": memory, "pods": "110"}), **fields})


def quota(**hard: str) -> ResourceQuota:
    told = amounts({key.replace("_", "."): value for key, value in hard.items()})
    return ResourceQuota(namespace="a", name="q", wanted=told, hard=told, used=())


def said(*objects: Object, good_now: Any = None, **more: Any) -> Probed:
    kept = (good(),) if good_now is None else good_now
    return answered(READY, case(*objects, kept=kept, **{"services": ONE, **more}))


FULL = pod("other", node="n-1", owner=None, containers=(Container("x", "x", resources(cpu="1800m")),))
PIPED = RestoredService(workload="Deployment a/checkout", tier=3, comes_up="pipeline deploy")
SYNCED = RestoredService(workload="Deployment a/checkout", tier=3, comes_up="sync shop")
FITS = "room for 3 of 3 pods more: they ask for 300m of 2 cpu and 768Mi of 4Gi memory free on 1 node"


@pytest.mark.parametrize(
    ("objects", "more", "passed", "sentence"),
    [
        ((IDLE, node()), {}, True, f"eu-1 has all of 1 service; {FITS}"),
        ((node(),), {}, False, "eu-1 has 0 of 1 service: not there checkout; whether there is room is not known: what a pod of checkout asks for stands nowhere"),
        ((IDLE, node(), FULL), {}, False, "room for 2 of 3 pods more: insufficient cpu: they ask for 300m of 200m cpu"),
        ((IDLE, node(unschedulable=True)), {}, False, "room for 0 of 3 pods more: they ask for 300m of 0 cpu"),
        ((IDLE, node(conditions=(condition("Ready", "False"),))), {}, False, "free on 0 nodes"),
        ((IDLE, node(allocatable=())), {}, None, "n-1 does not say what it has for pods"),
        ((IDLE, node(), quota(pods="2")), {}, False, "room for 2 of 3 pods more: quota q in a has 2 of pods left, and 3 is asked for"),
        ((IDLE, node(), quota(pods="3")), {}, True, FITS),
        ((IDLE, node(), quota(requests_cpu="250m")), {}, False, "quota q in a has 250m of requests.cpu left, and 300m is asked for"),
        ((IDLE, node(), ResourceQuota(namespace="a", name="q", wanted=amounts({"pods": "9"}))), {}, None, "quota q in a was not counted yet"),
        ((deployment(), replica_set(), *(pod(f"c-{i}", node="n-1") for i in range(3)), node()), {}, True, "no more pods are needed"),
        ((IDLE, node()), {"good_now": (good(scaler="checkout", minimum=2, maximum=8),)}, False, "eu-1 has 0 of 1 service: without their HPA checkout"),
        ((IDLE, node(), hpa()), {"good_now": (good(scaler="checkout", minimum=2, maximum=8),)}, True, FITS),
        ((IDLE, node(), hpa(target_name="web")), {"good_now": (good(scaler="checkout", minimum=2, maximum=8),)}, False, "without their HPA checkout"),
        ((IDLE, node()), {"good_now": (good(images=(IMAGE,)),)}, True, FITS),
        ((IDLE, node()), {"good_now": (good(images=("x:1",)),)}, False, "with other images checkout"),
        ((IDLE, node()), {"good_now": ()}, None, "what checkout was is not known: no last-good picture has it"),
        ((IDLE, node()), {"services": {}}, None, "[recovery.services.NAME]"),
        ((IDLE, node()), {"services": {"checkout": PIPED}, "good_now": (good(comes_up="pipeline", by="deploy"),)}, False, "there is no [procedures.commands.bring-up]"),
        ((IDLE, node()), {"services": {"checkout": PIPED}, "good_now": (good(comes_up="pipeline", by="deploy"),), "commands": {"bring-up": ("here",)}}, False, 'may not run in "pipeline deploy"'),
        ((IDLE, node()), {"services": {"checkout": PIPED}, "good_now": (good(comes_up="pipeline", by="deploy"),), "commands": {"bring-up": ("pipeline deploy",)}}, True, FITS),
        ((IDLE, node()), {"services": {"checkout": SYNCED}, "good_now": (good(comes_up="sync", by="shop"),)}, False, "comes up by sync shop, and there is no [procedures.commands.sync-application]"),
        ((IDLE, node()), {"services": {"checkout": SYNCED}, "good_now": (good(comes_up="sync", by="shop"),), "commands": {"sync-application": ("here",)}}, True, FITS),
        ((node(),), {"services": {"ledger": SERVICES["ledger"]}, "good_now": (good("ledger", comes_up="signed"),)}, True, "no more pods are needed; by hand, and not looked at: ledger"),
    ],
)  # fmt: skip
def test_what_is_there_and_what_is_missing(
    objects: tuple[Object, ...], more: dict[str, Any], passed: bool | None, sentence: str
) -> None:
    found = said(*objects, **more)
    assert found.passed is passed and sentence in found.sentence, found
    assert found.line.startswith("kubectl get deployments.apps,") and "kubectl describe nodes" in found.line


def test_what_is_missing_stands_first_with_the_room_that_there_is() -> None:
    services = {
        **ONE,
        **{f"s{i}": RestoredService(workload=f"Deployment a/s{i}", tier=3) for i in range(3)},
    }
    of = ClusterRef("production", "eu-2")
    kept = [good()]
    for name in ("s0", "s1", "s2"):
        workload = kept[0].workload._replace(cluster=of, name=name)
        kept.append(msgspec.structs.replace(kept[0], name=name, workload=workload))
    before = [deployment(name=f"s{i}", uid=f"s{i}") for i in range(3)]
    at = with_lost(case(IDLE, node(cpu="250m"), kept=tuple(kept), services=services), *before)
    found = answered(READY, at)
    assert found.sentence.startswith(
        "eu-1 has 1 of 4 services: not there s0, s1, s2; room for 2 of 12 pods more: insufficient cpu: they ask for 1200m of 250m cpu"
    ), found
    # a part of it that is not known makes it no less missing
    blind = seen(at.picture, "Node", value=None, problem=FORBIDDEN, complete=False)
    found = answered(READY, msgspec.structs.replace(at, picture=blind))
    assert found.passed is False and "not there s0, s1, s2" in found.sentence
    assert "whether there is room is not known: " in found.sentence


@pytest.mark.parametrize(
    "kind", ["Deployment", "HorizontalPodAutoscaler", "Pod", "Node", "ResourceQuota", "LimitRange"]
)
def test_what_is_not_read_is_never_ready(kind: str) -> None:
    kept = (good(scaler="checkout", minimum=2, maximum=8),)
    at = case(IDLE, node(), hpa(), kept=kept, services=ONE)
    assert answered(READY, at).passed is True
    for fields in ({"value": None, "problem": FORBIDDEN, "complete": False}, {"observed_at": NOW - 9000}):
        blind = msgspec.structs.replace(at, picture=seen(at.picture, kind, **fields))
        assert answered(READY, blind).passed is None, (kind, fields)


def test_a_place_that_does_not_answer_is_not_known() -> None:
    at = case(IDLE, node(), kept=(good(),), services=ONE)
    away = msgspec.structs.replace(at, picture=seen(at.picture, "", problem=GONE))
    found = answered(READY, away)
    assert found.passed is None and "eu-1 does not answer" in found.sentence
    nowhere = answered(ask("standby.ready", of=LOST.cluster, cluster="us-9"), at)
    assert (nowhere.passed, nowhere.unknown) == (None, UnknownKind.NOT_WATCHED)


def test_who_may_add_nodes_makes_room_unknown_and_never_there() -> None:
    group = NodeGroup(name="pool", health="Healthy", target=1, least=1, most=9)
    at = case(IDLE, node(), FULL, kept=(good(),), services=ONE)

    def with_scaler(written: float) -> Probed:
        scaler = ClusterAutoscaler(namespace="k", name="s", at=written, health="Healthy", groups=(group,))
        held = Observation(value={Key("k", "s"): scaler}, observed_at=NOW, complete=True)
        cluster = at.picture.clusters[REF]
        cluster = msgspec.structs.replace(cluster, kinds={**cluster.kinds, "ClusterAutoscaler": held})
        return answered(
            READY, msgspec.structs.replace(at, picture=msgspec.structs.replace(at.picture, clusters={REF: cluster}))
        )  # fmt: skip

    found = with_scaler(NOW - 10)
    assert found.passed is None
    assert (
        "room for 2 of 3 pods now, and whether the cluster-autoscaler (node group pool) adds"
        in found.sentence
    )
    assert with_scaler(NOW - 9000).passed is False  # it does not run


# -- readiness -----------------------------------------------------------------------------------------------------------


def with_lost(at: ProbeCase, *objects: Object, ref: ClusterRef = LOST) -> ProbeCase:
    """``at`` with another cluster of the environment, in which these are."""
    other = picture(*objects).clusters[REF]
    clusters = {**at.picture.clusters, ref: other}
    return msgspec.structs.replace(at, picture=msgspec.structs.replace(at.picture, clusters=clusters))


def told(at: ProbeCase, ref: ClusterRef, runbook: str = "environment-failure") -> RecoveryReadiness:
    procedure = msgspec.structs.replace(library().procedures[runbook], rehearse=0.0)
    return readiness(procedure, msgspec.structs.replace(at, cluster=ref))


SERVING = deployment()


def test_the_loss_of_a_cluster_is_about_its_own_picture_and_the_one_that_takes_over() -> None:
    at = with_lost(case(IDLE, node(), kept=(good(),), services=ONE), SERVING)
    found = told(at, LOST)
    assert found.level is Level.OK, found.missing
    sentences = [one.sentence for one in found.asks]
    assert sentences[0].startswith("the last-good picture of eu-2 has all of 1 service")
    assert sentences[1] == f"eu-1 has all of 1 service; {FITS}"
    assert (
        sentences[2] == "the API server of eu-1 answers"
    )  # what its steps need is asked where it takes over
    assert found.asks[1].line.count("kubectl --context eu-1 ") == 2
    # what has room for nothing
    full = with_lost(case(IDLE, node(), FULL, kept=(good(),), services=ONE), SERVING)
    found = told(full, LOST)
    assert found.level is Level.WARN and "room for 2 of 3 pods more" in found.sentence
    # and a third one that has: one place is enough, and what is said of each stands there
    third = with_lost(full, IDLE, node(), ref=ClusterRef("production", "us-1"))
    found = told(third, LOST)
    assert found.level is Level.OK
    assert [
        one.passed for one in found.asks if "service; room" in one.sentence or "more:" in one.sentence
    ] == [True, False]


def test_what_serves_nothing_has_nothing_to_be_brought_up() -> None:
    at = with_lost(case(IDLE, node(), kept=(good(),), services=ONE), SERVING, node())
    idle = told(at, REF)
    assert idle.level is Level.OK, idle.missing
    assert [one.sentence for one in idle.asks][:2] == [
        "eu-1 serves none of 1 service",
        "eu-1 serves none of 1 service: nothing is to be brought up",
    ]
    # it serves, and has no picture: another one's is none of it
    both = with_lost(case(SERVING, node(), kept=(good(),), services=ONE), SERVING, node())
    found = told(both, REF)
    assert found.level is Level.WARN and "no last-good picture of checkout in eu-1" in found.sentence
    # nor is it known to serve nothing where that is not read
    blind = seen(at.picture, "Deployment", value=None, problem=FORBIDDEN, complete=False)
    assert told(msgspec.structs.replace(at, picture=blind), REF).level is Level.WARN


def test_where_nobody_takes_over_it_is_not_known_who_would() -> None:
    at = case(SERVING, node(), kept=(good(),), services=ONE)
    elsewhere = with_lost(at, IDLE, node(), ref=ClusterRef("staging", "eu-3"))
    for one in (at, elsewhere):
        found = told(one, REF)
        assert any("no other cluster of production is watched here" in text for text in found.missing)
        assert found.level is not Level.OK


def test_the_way_back_asks_the_place_to_which_it_goes() -> None:
    at = with_lost(case(SERVING, kept=(good(),), services=ONE), IDLE, node(cpu="250m"))
    found = told(at, REF, "way-back")
    assert found.level is Level.WARN and found.sentence.startswith(
        "eu-2 has 1 of 1 service: room for 2 of 3 pods"
    )
    at = with_lost(case(SERVING, kept=(good(),), services=ONE), IDLE, node())
    found = told(at, REF, "way-back")
    assert found.level is Level.OK, found.missing
    assert any(one.sentence == "the API server of eu-2 answers" for one in found.asks)


# -- room ----------------------------------------------------------------------------------------------------------------


def more(name: str, pods: int, cpu: str) -> MorePods:
    template = Template(containers=(Container("m", "i", resources(cpu=cpu, memory="1Mi")),))
    return MorePods(name, "a", size_of(template, None, ()), pods)


def free(name: str, cpu: str) -> NodeRoom:
    return NodeRoom(name, {}, (), False, amounts({"cpu": cpu, "memory": "1Gi", "pods": "20"}))


SIZES = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 6)), max_size=5)


@given(SIZES, st.lists(st.integers(0, 30), max_size=5))
def test_all_of_it_fits_only_where_there_is_as_much(wanted: list[tuple[int, int]], nodes: list[int]) -> None:
    sizes = [more(f"s{i}", pods, f"{cpu}00m") for i, (cpu, pods) in enumerate(wanted)]
    found = onto_nodes(sizes, [free(f"n{i}", f"{cpu}00m") for i, cpu in enumerate(nodes)])
    of, asked = sum(pods for _, pods in wanted), sum(cpu * pods for cpu, pods in wanted)
    assert found.of == of and 0 <= found.pods <= of
    if asked > sum(nodes) or of > 20 * len(nodes):
        assert found.short
    if all(pods == 0 or (of <= 20 and asked <= cpu) for _, pods in wanted for cpu in nodes) and nodes:
        assert not found.short  # each node alone would take all of it


@given(st.integers(1, 9), st.integers(0, 40), st.lists(st.integers(0, 30), max_size=5))
def test_of_one_size_it_is_exact(cpu: int, pods: int, nodes: list[int]) -> None:
    rooms = [free(f"n{i}", f"{held}00m") for i, held in enumerate(nodes)]
    found = onto_nodes([more("s", pods, f"{cpu}00m")], rooms)
    assert found.pods == min(pods, sum(min(held // cpu, 20) for held in nodes))


@given(SIZES, st.integers(0, 40), st.integers(0, 20))
def test_a_quota_counts_all_of_its_namespace_together(
    wanted: list[tuple[int, int]], cpu: int, used: int
) -> None:
    hard = amounts({"requests.cpu": f"{cpu}00m"})
    held = ResourceQuota(
        namespace="a", name="q", wanted=hard, hard=hard, used=amounts({"requests.cpu": f"{used}00m"})
    )
    found = into_quotas([more(f"s{i}", pods, f"{c}00m") for i, (c, pods) in enumerate(wanted)], [held])
    asked = sum(c * pods for c, pods in wanted)
    assert found.short is (asked > 0 and used + asked > cpu)
    other = msgspec.structs.replace(held, namespace="b")
    assert not into_quotas([more("s", 3, "900m")], [other]).short


READS = """
title = "x"
[[inputs]]
id = "lost"
title = "what is lost"
type = "cluster"
[[inputs]]
id = "service"
title = "which"
type = "workload"
[scenario]
title = "x"
loses = [{loses}]
[[ready]]
probe = "last-good.fresh"
of = "{of}"
[[steps]]
id = "a"
title = "a"
kind = "manual"
text = "a"
"""


@pytest.mark.parametrize(
    ("loses", "of", "right"),
    [
        ('"cluster"', "{lost}", True),
        ('"cluster"', "{cluster}", True),
        ('"cluster"', "{service}", False),
        ("", "{lost}", False),
        ("", "{cluster}", True),
    ],
)
def test_beforehand_only_clusters_are_known(loses: str, of: str, right: bool) -> None:
    text = READS.replace("{loses}", loses).replace("{of}", of)
    if right:
        read_procedure("x", text)
        return
    with pytest.raises(ConfigError, match="asks before anything was chosen"):
        read_procedure("x", text)
