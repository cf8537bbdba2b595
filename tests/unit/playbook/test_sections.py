"""The overview's lines: what each section says of a picture, and that what cannot be seen is never well."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.tui import canaryworld as cw
from tests.unit.playbook.making import NOW, REF, condition, deployment, picture, pod, replica_set, waiting
from tfdash.judging.judge import judge_all
from tfdash.model.delivery import Canary, Rollout
from tfdash.model.kubecluster import Node
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import ClusterPicture, Objects, Picture
from tfdash.model.release import Phase, Weight
from tfdash.model.section import SectionState
from tfdash.model.subject import ClusterRef, Key
from tfdash.model.verdict import Level
from tfdash.nouns import plural
from tfdash.playbook.registry import SECTIONS
from tfdash.playbook.releases import section as releases_section
from tfdash.playbook.section import Findings
from tfdash.playbook.staleness import not_current

ZONE = ZoneInfo("UTC")
OTHER = ClusterRef("production", "us-1")
READY = (condition("Ready", "True"),)
DEAD = Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused", remedy="is it up?")
DENIED = Problem(kind=ProblemKind.FORBIDDEN, cause="may not list")
ABSENT = Problem(kind=ProblemKind.NOT_SERVED, cause="not installed")


def node(name: str = "n1", **fields: Any) -> Node:
    given = {"namespace": "", "name": name, "conditions": READY, "kubelet_version": "v1.37.2"}
    return Node(**(given | fields))


def down(**fields: Any) -> Any:
    """None is there, of a revision that is not its first."""
    return deployment(available=0, conditions=(condition("Progressing", "True"),), **fields)


def with_kind(p: Picture, kind: str, seen: Observation[Objects] | None) -> Picture:
    cluster = p.clusters[REF]
    kinds = {k: v for k, v in cluster.kinds.items() if k != kind} | ({} if seen is None else {kind: seen})
    return msgspec.structs.replace(
        p, clusters={**p.clusters, REF: msgspec.structs.replace(cluster, kinds=kinds)}
    )


def beside(p: Picture, cluster: ClusterPicture) -> Picture:
    return msgspec.structs.replace(p, clusters={**p.clusters, cluster.ref: cluster})


def unreachable() -> ClusterPicture:
    return ClusterPicture(ref=OTHER, info=Observation(problem=DEAD), kinds={})


def sections(p: Picture) -> dict[str, SectionState]:
    return {s.id: s for s in judge_all(p, NOW).sections}


def told(p: Picture, id_: str) -> tuple[int, str, str, int]:
    s = sections(p)[id_]
    return s.level, s.sentence, s.detail, s.count


def test_they_stand_in_one_order_with_their_screens() -> None:
    found = judge_all(picture(deployment(), node()), NOW).sections
    assert [(s.id, s.title, s.target) for s in found][:5] == [
        ("releases", "Releases", "deployments"),
        ("serving", "Serving", "deployments"),
        ("resources", "Resources", "resources"),
        ("quotas", "Quotas", "resources"),
        ("nodes", "Nodes", "nodes"),
    ]


MOVING = deployment(name="api", uid="a", updated=1, available=3)
PAUSED = deployment(name="cart", uid="c", updated=1, available=3, paused=True)
STUCK = deployment(updated=1, available=2)
BROKEN = (STUCK, replica_set(), pod("p", waiting("CrashLoopBackOff", last_exit_code=1)))
CRASH = "container main keeps crashing in 1 pod: last exit 1"
WAITS = 'Waiting for deployment "api" rollout to finish: 1 out of 3 new replicas have been updated...'


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ((), (Level.OK, "none in flight", "", 0)),
        ((deployment(),), (Level.OK, "none in flight", "", 0)),
        ((MOVING,), (Level.MOVING, "1 in flight", f"api: {WAITS}", 1)),
        ((PAUSED,), (Level.PAUSED, "1 in flight, 1 paused", "cart: waits for a person", 1)),
        ((MOVING, PAUSED), (Level.MOVING, "2 in flight, 1 paused", f"api: {WAITS}", 1)),
        (BROKEN, (Level.WARN, "1 in flight, 1 stuck", f"checkout: {CRASH}", 1)),
        (
            (*BROKEN, MOVING, PAUSED),
            (Level.WARN, "3 in flight, 1 stuck, 1 paused", f"checkout: {CRASH}", 1),
        ),
    ],
)
def test_releases(objects: Any, expected: tuple[int, str, str, int]) -> None:
    level, sentence, detail, count = told(picture(*objects), "releases")
    if not expected[2]:  # the calendar has the word then
        detail = ""
    assert (level, sentence, detail, count) == expected


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ((), (Level.OK, "no workloads", "no workload lacks a pod", 0)),
        ((deployment(),), (Level.OK, "1 of 1 workloads serve", "no workload lacks a pod", 0)),
        (
            (
                deployment(),
                deployment(name="x", uid="x", desired=0, replicas=0, updated=0, ready=0, available=0),
            ),
            (Level.OK, "1 of 1 workloads serve", "no workload lacks a pod", 0),
        ),
        (
            (down(), deployment(name="x", uid="x", available=2)),
            (Level.BREACH, "0 of 2 workloads serve", "checkout: 0 of 3 available", 1),
        ),
        (
            (down(), down(name="api", uid="x")),
            (Level.BREACH, "0 of 2 workloads serve", "api: 0 of 3 available", 2),
        ),
    ],
)
def test_serving(objects: Any, expected: tuple[int, str, str, int]) -> None:
    level, sentence, detail, count = told(picture(*objects), "serving")
    assert (level, sentence, detail.partition(", W")[0], count) == expected


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ((), (Level.UNKNOWN, "0 of 0 ready", "no node is listed: where pods could run is not known", 0)),
        ((node(),), (Level.OK, "1 of 1 ready", "no pressure, none cordoned", 1)),
        (
            (node(), node("n2", unschedulable=True)),
            (Level.PAUSED, "2 of 2 ready, 1 cordoned", "n2 is ready, cordoned", 1),
        ),
        (
            (node(), node("n2", conditions=(*READY, condition("DiskPressure", "True")))),
            (Level.WARN, "2 of 2 ready", "n2: DiskPressure", 1),
        ),
        (
            (node("n3", conditions=()), node()),
            (Level.UNKNOWN, "1 of 2 ready", "n3: reports no Ready condition", 1),
        ),
        (
            (
                node("b", conditions=(condition("Ready", "False"),)),
                node("a", conditions=(condition("Ready", "Unknown"),)),
                node("n3", conditions=()),
                node("c", unschedulable=True),
            ),
            (Level.BREACH, "1 of 4 ready, 1 cordoned", "a is lost", 2),
        ),
    ],
)
def test_nodes(nodes: Any, expected: tuple[int, str, str, int]) -> None:
    assert told(picture(*nodes), "nodes") == expected


@pytest.mark.parametrize(
    ("section", "kinds"),
    [
        ("releases", ("Deployment",)),
        ("serving", ("Deployment", "StatefulSet", "DaemonSet", "Rollout")),
        ("nodes", ("Node",)),
    ],
)
def test_what_a_section_needs_and_cannot_read(section: str, kinds: tuple[str, ...]) -> None:
    good = picture(deployment(), node())
    for kind in kinds:
        denied = told(with_kind(good, kind, Observation(problem=DENIED)), section)
        assert denied == (Level.UNKNOWN, f"{plural(kind)} of eu-1 cannot be read", "may not list", 1)
        for seen in (None, Observation(), Observation(value={}, progress=None)):
            assert told(with_kind(good, kind, seen), section) == (Level.UNKNOWN, "loading", "", 0)
        # a problem with what had come whole before leaves the facts
        kept = good.clusters[REF].kinds[kind]
        again = msgspec.structs.replace(kept, problem=DEAD)
        assert told(with_kind(good, kind, again), section) == told(good, section)


def test_one_unreachable_cluster_makes_every_section_of_clusters_unknown_and_hides_nothing() -> None:
    good = picture(deployment(), node())
    of_eu = {id: state.sentence for id, state in sections(good).items()}
    of_clusters = {section.id for section in SECTIONS if section.kinds}
    for id, state in sections(beside(good, unreachable())).items():
        if id not in of_clusters:
            assert state.sentence == of_eu[id]
            continue
        assert state.level is Level.UNKNOWN
        assert state.sentence == f"{of_eu[id]} in eu-1; us-1 cannot be reached"
        assert state.detail == "connection refused; is it up?"
    # one that hangs hides nothing of the others, however many they are
    hangs = ClusterPicture(ref=OTHER, info=Observation(), kinds={})
    three = beside(good, msgspec.structs.replace(good.clusters[REF], ref=ClusterRef("production", "eu-2")))
    four = beside(three, msgspec.structs.replace(good.clusters[REF], ref=ClusterRef("production", "eu-3")))
    for p, where in ((good, "1 of 1 ready in eu-1"), (three, "2 of 2 ready in eu-1 and eu-2"),
                     (four, "3 of 3 ready in 3 of 4 clusters")):  # fmt: skip
        state = sections(beside(p, hangs))["nodes"]
        assert (state.level, state.sentence, state.loading) == (
            Level.UNKNOWN,
            f"{where}; us-1 is loading",
            True,
        )
    # and none of those that hang is left out
    others = [ClusterRef("production", name) for name in ("us-1", "us-2", "us-3")]
    for many, more, said in ((2, (), "us-1 and us-2 are loading"), (3, (), "3 clusters are loading"),
                             (1, (unreachable(),), "us-1 cannot be reached, us-2 is loading")):  # fmt: skip
        p = good
        for cluster in (
            *more,
            *(ClusterPicture(ref=ref, info=hangs.info, kinds={}) for ref in others[bool(more) :][:many]),
        ):
            p = beside(p, cluster)
        assert sections(p)["nodes"].sentence == f"1 of 1 ready in eu-1; {said}"
    # half of one that was read may be in the count
    half = msgspec.structs.replace(hangs, kinds={"Deployment": good.clusters[REF].kinds["Deployment"]})
    assert sections(beside(good, half))["serving"].sentence == "loading"
    # what is known of the others is said first, whatever else is not
    broken = beside(
        picture(down(), *BROKEN[1:], node(conditions=(condition("Ready", "False"),))), unreachable()
    )
    assert told(broken, "serving")[:2] == (Level.BREACH, "0 of 1 workloads serve; us-1 cannot be reached")
    assert told(broken, "nodes")[:2] == (Level.BREACH, "0 of 1 ready; us-1 cannot be reached")
    assert told(broken, "serving")[2].startswith("checkout: release 4 is stuck, 0 of 3 available")
    assert (sections(broken)["nodes"].count, sections(broken)["nodes"].unknown) == (1, 1)
    # one that was reached before and is not just now keeps what was read
    lost = msgspec.structs.replace(good.clusters[REF], ref=OTHER)
    lost = msgspec.structs.replace(lost, info=msgspec.structs.replace(lost.info, problem=DEAD))
    assert max(s.level for id, s in sections(beside(good, lost)).items() if id in of_clusters) is Level.OK


@pytest.mark.parametrize("kind", ["Rollout", "Canary"])
@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Observation(), (Level.UNKNOWN, "loading", "")),
        (Observation(problem=DENIED), (Level.UNKNOWN, "{} of eu-1 cannot be read", "may not list")),
        (None, (Level.UNKNOWN, "loading", "")),
        (Observation(problem=ABSENT), (Level.OK, "none in flight", None)),
        (Observation(value={}, complete=True), (Level.OK, "none in flight", None)),
        (Observation(value={}, complete=True, problem=DEAD), (Level.OK, "none in flight", None)),
    ],
)
def test_none_in_flight_is_said_only_where_every_carrier_was_read(
    kind: str, seen: Any, expected: Any
) -> None:
    level, sentence, detail, _ = told(with_kind(picture(deployment()), kind, seen), "releases")
    assert (level, sentence) == (expected[0], expected[1].format(plural(kind)))
    if expected[2] is not None:
        assert detail == expected[2]
    # but what is in flight is said whatever else cannot be read
    level, sentence, detail, _ = told(with_kind(picture(MOVING), kind, seen), "releases")
    more = "" if expected[0] is Level.OK else f"; {expected[1].format(plural(kind))}"
    assert (level, sentence) == (Level.UNKNOWN if more else Level.MOVING, f"1 in flight{more}")
    assert detail == f"api: {WAITS}"


def whole(kind: str, *objects: Any) -> Observation[Objects]:
    return Observation(value={Key(o.namespace, o.name): o for o in objects}, complete=True, observed_at=NOW)


def test_rollouts_and_canaries_are_counted_with_the_deployments() -> None:
    canary = Canary(
        namespace="a", name="web", uid="k", target_kind="Deployment", target_name="web", phase="Progressing"
    )
    moving = with_kind(picture(MOVING), "Canary", whole("Canary", canary))
    level, sentence, _, count = told(moving, "releases")
    assert (level, sentence, count) == (Level.UNKNOWN, "2 in flight, 1 undecided", 1)
    quiet = with_kind(picture(deployment()), "Canary", whole("Canary", canary))
    assert told(quiet, "releases")[1] == "1 in flight, 1 undecided"
    assert sections(quiet)["releases"].target == "canary"


def test_a_rollout_that_serves_badly_is_said_with_the_workloads() -> None:
    rollout = Rollout(
        namespace="a", name="web", uid="w", desired=3, replicas=3, updated=0, ready=0, available=0
    )
    level, sentence, _, _ = told(
        with_kind(picture(deployment()), "Rollout", whole("Rollout", rollout)), "serving"
    )
    assert (level, sentence) == (Level.BREACH, "1 of 2 workloads serve")


@pytest.mark.parametrize(
    ("phase", "weight", "expected"),
    [
        (Phase.PAUSED, 20.0, (Level.BREACH, "1 must roll back, 1 in flight, 1 paused")),
        (Phase.ABORTED, 20.0, (Level.BREACH, "1 must roll back, none in flight, 1 aborted")),
        (Phase.ABORTED, 0.0, (Level.WARN, "none in flight, 1 aborted")),
    ],
)
def test_a_breach_is_said_first_and_is_over_for_what_is_back(
    phase: Phase, weight: float, expected: tuple[Level, str]
) -> None:
    release, said = cw.release(), cw.BREACH
    release = msgspec.structs.replace(release, phase=phase, weight=Weight(wanted=weight, actual=weight))
    findings = Findings({}, {}, {release.subject: release}, {said.subject: said}, None)
    found = releases_section.read(findings)
    assert (found.level, found.sentence) == expected


def test_what_was_never_read_is_not_dated() -> None:
    assert not_current(0.0, ZONE).cause == "never proven current"
    assert not_current(NOW, ZONE).cause.startswith("not proven current since ")
