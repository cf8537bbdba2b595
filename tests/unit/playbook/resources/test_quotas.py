"""The rule of quotas at its edges: each resource of one, counted or not, and a namespace that has none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.unit.playbook.making import NOW, REF, picture
from tests.unit.playbook.resources.test_bands import usage
from tfdash.judging.judge import judge_all
from tfdash.model.capacity import ResourceQuota
from tfdash.model.kube import Object
from tfdash.model.kubecluster import Namespace
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.policies import Policies
from tfdash.playbook.resources.policy import default_resources_policy
from tfdash.playbook.resources.quotas import ID
from tfdash.quantities import amounts

Said = dict[str, str]
Told = tuple[str, Level, str, UnknownKind | None]
TEAM = Subject(REF, "ResourceQuota", "a", "team")
NOTHING_MORE = "nothing more is admitted"
LOST = f"{NOTHING_MORE}, and what is lost does not come back"
OLD = ", as its controller last counted it: its spec says another"


def quota(used: Said, hard: Said, wanted: Said | None = None, **over: Any) -> ResourceQuota:
    given: dict[str, Any] = {
        "created": NOW - 9000,
        "wanted": amounts(hard if wanted is None else wanted),
        "hard": amounts(hard),
        "used": amounts(used),
        "hard_text": tuple(sorted(hard.items())),
        "used_text": tuple(sorted(used.items())),
    }
    return ResourceQuota(namespace="a", name="team", **(given | over))


def judged(*objects: Object, subject: Subject = TEAM, **policy: Any) -> list[Verdict]:
    policies = Policies(resources=replace(default_resources_policy(), **policy))
    told = judge_all(picture(*objects), NOW, policies=policies).verdicts.get(subject, ())
    return [v for v in told if v.rule == ID]


SHARES = [
    # used, hard, alert, level, words after the resource
    ("7999m", "10", 80, Level.OK, "79.99 %, 7999m of 10"),
    ("8", "10", 80, Level.WARN, "80 %, 8 of 10: alert at 80 %"),
    ("8100m", "10", 80, Level.WARN, "81 %, 8100m of 10: alert at 80 %"),
    # one byte away from it: no words that say 80 % and mean less
    ("8589934591", "10Gi", 80, Level.OK, "79.99999999 %, 8589934591 of 10Gi"),
    ("8Gi", "10Gi", 80, Level.WARN, "80 %, 8Gi of 10Gi: alert at 80 %"),
    ("8589934593", "10Gi", 80, Level.WARN, "80.00000001 %, 8589934593 of 10Gi: alert at 80 %"),
    # a bound that no float is
    ("801m", "1", 80.1, Level.WARN, "80.1 %, 801m of 1: alert at 80.1 %"),
    ("0", "10", 80, Level.OK, "0 %, 0 of 10"),
    # nearly full, full, over
    ("9999m", "10", 80, Level.WARN, "99.99 %, 9999m of 10: alert at 80 %"),
    ("10", "10", 80, Level.WARN, f"full, 10 of 10: {NOTHING_MORE}"),
    ("10000m", "10", 100, Level.WARN, f"full, 10000m of 10: {NOTHING_MORE}"),
    ("9999m", "10", 100, Level.OK, "99.99 %, 9999m of 10"),
    ("10001m", "10", 80, Level.BREACH, f"over, 10001m of 10: {LOST}"),
    # nothing is allowed
    ("0", "0", 80, Level.OK, "0: none are allowed, none are there"),
    ("1", "0", 80, Level.BREACH, f"over, 1 of 0: {LOST}"),
]


@pytest.mark.parametrize(("used", "hard", "alert", "level", "words"), SHARES)
def test_each_resource_at_its_edges(used: str, hard: str, alert: float, level: Level, words: str) -> None:
    [said] = judged(quota({"pods": used}, {"pods": hard}), alert_at=alert)
    assert (said.level, said.sentence, said.unknown) == (level, f"team: pods {words}", None)
    assert (said.limit, said.band, said.evidence.query) == (100.0, (None, alert), "pods")
    assert (said.measured is None) == (hard == "0")


UNCOUNTED = [
    # used, hard, wanted, seconds since it was made, level, words
    ({}, {}, {"pods": "3"}, 0.0, Level.MOVING, "pods not counted yet"),
    ({}, {"pods": "3"}, {"pods": "3"}, 59.9, Level.MOVING, "pods not counted yet"),
    ({}, {}, {"pods": "3"}, 60.0, Level.UNKNOWN, "pods not counted yet by its controller"),
    # its spec was changed and its status is as it was: admission goes by the status
    ({"pods": "8"}, {"pods": "10"}, {"pods": "4"}, 9000.0, Level.WARN, f"pods 80 %, 8 of 10: alert at 80 %{OLD}"),
    ({"pods": "8"}, {"pods": "5"}, {"pods": "9"}, 9000.0, Level.BREACH, f"pods over, 8 of 5: {LOST}{OLD}"),
    ({"pods": "0"}, {"pods": "0"}, {"pods": "9"}, 9000.0, Level.OK, f"pods 0: none are allowed, none are there{OLD}"),
    # what nobody can have counted
    ({"pods": "-5"}, {"pods": "10"}, None, 9000.0, Level.UNKNOWN, "pods cannot be: its controller counted -5 of 10"),
    ({"pods": "0"}, {"pods": "-1"}, None, 9000.0, Level.UNKNOWN, "pods cannot be: its controller counted 0 of -1"),
    ({"cpu": "1e400"}, {"cpu": "10"}, None, 9000.0, Level.BREACH, f"cpu over, 1e400 of 10: {LOST}"),
    # the same amount, written otherwise
    ({"cpu": "1"}, {"cpu": "2"}, {"cpu": "2000m"}, 9000.0, Level.OK, "cpu 50 %, 1 of 2"),
]  # fmt: skip


@pytest.mark.parametrize(("used", "hard", "wanted", "age", "level", "words"), UNCOUNTED)
def test_what_its_controller_has_not_counted(
    used: Said, hard: Said, wanted: Said | None, age: float, level: Level, words: str
) -> None:
    [said] = judged(quota(used, hard, wanted, created=NOW - age))
    assert (said.level, said.sentence) == (level, f"team: {words}")
    assert said.unknown == (UnknownKind.NO_DATA if level is Level.UNKNOWN else None)


def test_resources_stand_by_name_and_each_by_itself() -> None:
    """One came into the spec, one went out of it, one stays."""
    [memory, pods] = judged(
        quota({"cpu": "9", "pods": "1"}, {"cpu": "1", "pods": "4"}, {"pods": "4", "memory": "1Gi"})
    )
    assert memory.sentence == "team: memory not counted yet by its controller"
    assert (pods.level, pods.sentence, pods.measured) == (Level.OK, "team: pods 25 %, 1 of 4", 25.0)


@pytest.mark.parametrize(
    ("scopes", "named"),
    [
        ((), "team: "),
        (("BestEffort",), "team (BestEffort): "),
        (("Terminating", "PriorityClass In (high,low)"), "team (Terminating, PriorityClass In (high,low)): "),
    ],
)
def test_a_scope_is_named(scopes: tuple[str, ...], named: str) -> None:
    [said] = judged(quota({"pods": "1"}, {"pods": "4"}, scopes=scopes))
    assert said.sentence == f"{named}pods 25 %, 1 of 4"


NONE = "namespace a: no quota"
NAMESPACES = [
    # objects, required, system, what is said
    ((), False, (), (Level.IDLE, f"{NONE}, and needs none")),
    ((), True, (), (Level.WARN, NONE)),
    ((), True, ("a*",), (Level.IDLE, f"{NONE}, and needs none")),
    ((quota({}, {}),), True, (), None),
    ((ResourceQuota(namespace="b", name="team"),), True, (), (Level.WARN, NONE)),
]


@pytest.mark.parametrize(("objects", "required", "system", "told"), NAMESPACES)
def test_a_namespace_without_one(
    objects: tuple[Object, ...], required: bool, system: tuple[str, ...], told: tuple[Level, str] | None
) -> None:
    subject = Subject(REF, "Namespace", "", "a")
    given = {"quota_required": required, "system_namespaces": system}
    said = judged(Namespace(namespace="", name="a"), *objects, subject=subject, **given)
    assert [(v.level, v.sentence) for v in said] == ([] if told is None else [told])
    assert not judged(Namespace(namespace="", name="a", deleting=NOW), subject=subject, **given)


REFUSED = Observation[Any](problem=Problem(kind=ProblemKind.FORBIDDEN, cause="403", since=NOW))
UNLISTED = "whether each namespace has a quota is not known: Namespaces: "


def of_uses(required: bool, of_namespaces: Observation[Any] | None, partial: bool = False) -> set[Told]:
    """What is said of what namespaces a (without a quota) and b, a system's, and the cluster use; that of a node is no business of it."""
    uses = [
        usage(70.0, of=of, namespace="", name=name)
        for of, name in (("Namespace", "a"), ("Namespace", "b"), ("Cluster", ""), ("Node", "n"))
    ]
    quotas = ResourceQuota(namespace="c", name="team")
    seen = picture(quotas, *uses)
    cluster = seen.clusters[REF]
    kinds = {k: v for k, v in cluster.kinds.items() if k != "Namespace"}
    kinds["ResourceQuota"] = msgspec.structs.replace(kinds["ResourceQuota"], partial=partial)
    kinds |= {} if of_namespaces is None else {"Namespace": of_namespaces}
    seen = msgspec.structs.replace(seen, clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)})
    policy = replace(default_resources_policy(), quota_required=required, system_namespaces=("b",))
    said = judge_all(seen, NOW, policies=Policies(resources=policy)).verdicts.values()
    return {(v.subject.name, v.level, v.sentence, v.unknown) for told in said for v in told if v.rule == ID}


def test_where_namespaces_cannot_be_listed_that_is_said_and_what_is_known_all_the_same() -> None:
    lacks = ("Namespace/a", Level.WARN, NONE, None)
    system = ("Namespace/b", Level.IDLE, "namespace b: no quota, and needs none", None)
    refused = ("Cluster/", Level.UNKNOWN, f"eu-1: {UNLISTED}403", UnknownKind.NO_PRIVILEGE)
    loading = ("Cluster/", Level.UNKNOWN, f"eu-1: {UNLISTED}still loading", UnknownKind.LOADING)
    assert of_uses(True, REFUSED) == {lacks, system, refused}
    assert of_uses(True, Observation()) == {lacks, system, loading}
    assert of_uses(True, REFUSED, partial=True) == {lacks, system}
    there = Observation[Any](value={}, complete=True, observed_at=NOW)
    assert of_uses(True, there) == of_uses(False, REFUSED) == of_uses(False, None) == set()
