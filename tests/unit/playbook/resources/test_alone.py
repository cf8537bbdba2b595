"""A ReplicaSet that nobody owns is asked like any workload; what bounds a place besides is named; a full quota is one finding."""

from __future__ import annotations

import pytest

from tests.unit.playbook.making import NOW, REF, deployment, pod, replica_set
from tests.unit.playbook.resources.test_fits import WEB, judged, node, quota, shown, web
from tfdash.judging.judge import judge_all
from tfdash.model.kube import Container, Object, Owner, StatefulSet, Template
from tfdash.model.placement import Placement
from tfdash.model.subject import Subject
from tfdash.model.verdict import Evidence, Level, Verdict
from tfdash.playbook.resources import fits, limits_set
from tfdash.playbook.resources.section import read
from tfdash.playbook.section import Findings

ALONE = Subject(REF, "ReplicaSet", "a", "old")
BARE = Container("main", "web:1")


def alone(container: Container = WEB, owner: Owner | None = None) -> tuple[Object, ...]:
    """One pod of a ReplicaSet."""
    of = Owner("ReplicaSet", "old", "o")
    made = replica_set(
        name="old", uid="o", owner=owner, desired=1, template=Template(containers=(container,))
    )
    return made, pod("old-1", owner=of, containers=(container,), node="n1"), node()


@pytest.mark.parametrize(
    ("container", "level", "words"),
    [(WEB, Level.OK, "each container says what is required"), (BARE, Level.WARN, "says no cpu request")],
)
def test_its_requests_are_asked_for(container: Container, level: Level, words: str) -> None:
    told = judged(*alone(container), rule=limits_set.ID, subject=ALONE)
    assert told is not None and told.level is level and words in told.sentence


def test_whether_one_more_of_it_fits() -> None:
    room = judged(*alone(), subject=ALONE)
    assert room is not None and room.sentence == "old: room for 2 pods"
    full = judged(*alone(), quota({"pods": "1"}, pods="1"), subject=ALONE)
    assert full is not None and full.level is Level.WARN


@pytest.mark.parametrize("owner", [Owner("Deployment", "d", "d"), Owner("Rollout", "r", "r")])
def test_of_one_that_has_an_owner_the_owner_tells(owner: Owner) -> None:
    assert judged(*alone(BARE, owner), rule=limits_set.ID, subject=ALONE) is None
    assert judged(*alone(BARE, owner), subject=ALONE) is None


@pytest.mark.parametrize(
    ("uncounted", "words"),
    [
        ((), "room for 4 pods"),
        (("volumes",), "room for 4 pods by what they ask for (volumes not looked at)"),
        (
            ("pod affinity", "spreading", "host ports"),
            "room for 4 pods by what they ask for (pod affinity, spreading and host ports not looked at)",
        ),
    ],
)
def test_what_is_not_looked_at_is_named_where_there_is_room(uncounted: tuple[str, ...], words: str) -> None:
    told = judged(*web(placement=Placement(uncounted=uncounted)), node())
    assert told is not None and told.sentence == f"web: {words}"
    full = judged(*web(placement=Placement(uncounted=uncounted)), node(room={"pods": "3"}))
    assert full is not None and "not looked at" not in full.sentence, (
        "no room is none, whatever else there is"
    )


def test_a_stateful_sets_own_claims_are_volumes() -> None:
    made = StatefulSet(
        namespace="a", name="db", uid="s", desired=1, template=Template(containers=(WEB,)), claims=("data",)
    )
    told = judged(made, node(), subject=Subject(REF, "StatefulSet", "a", "db"))
    assert told is not None and told.sentence.endswith("(volumes not looked at)")


def workload(name: str) -> tuple[Object, ...]:
    template = Template(containers=(WEB,))
    made = deployment(name=name, uid=name, desired=1, template=template, max_surge="0", max_unavailable="1")
    return made, replica_set(name=f"{name}-1", uid=f"{name}-1", owner=Owner("Deployment", name, name))


def test_a_full_quota_is_one_finding_and_each_workload_keeps_its_verdict() -> None:
    names = ("e", "d", "c", "b", "a")
    full = quota({"pods": "9"}, pods="9")
    told = judge_all(shown(*(o for n in names for o in workload(n)), node(), full), NOW)
    held = [v for some in told.verdicts.values() for v in some if v.rule == fits.ID and v.level is Level.WARN]
    assert sorted(v.subject.name for v in held) == sorted(names)
    [resources] = [s for s in told.sections if s.id == "resources"]
    [found] = [f for f in resources.findings if f.level is Level.WARN]
    assert found.subject is not None and found.subject[1:4] == ("ResourceQuota", "a", "team")
    assert found.sentence == (
        "5 workloads of a find no room in quota team for what they may grow to: a, b, c, d and 1 more"
    )
    assert resources.count == 5
    one = judge_all(shown(*workload("a"), node(), full), NOW)
    [resources] = [s for s in one.sections if s.id == "resources"]
    assert [f.subject.kind for f in resources.findings if f.level is Level.WARN and f.subject] == [
        "Deployment"
    ]


def test_who_has_a_pod_that_waits_for_a_node_besides_is_told_alone() -> None:
    full, waits = Subject(REF, "ResourceQuota", "a", "team"), Subject(REF, "Pod", "a", "web-1")
    told = {
        Subject(REF, "Deployment", "a", name): (
            Verdict(
                level=Level.WARN,
                rule=fits.ID,
                subject=Subject(REF, "Deployment", "a", name),
                sentence=name,
                evidence=Evidence(objects=objects),
            ),
        )
        for name, objects in (("a", (full,)), ("b", (full,)), ("c", (full, waits)), ("d", (waits,)))
    }
    found = read(Findings(told, {}, {}, {}, None)).findings
    assert [f.subject.name for f in found if f.subject] == ["c", "d", "team"], "the gravest first"
