"""The rule of requests and limits: who lacks what, by pods or by a template, and who is not asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests.kinds import resources
from tests.unit.playbook.making import (
    NOW,
    REF,
    condition,
    daemon_set,
    deployment,
    picture,
    pod,
    replica_set,
    stateful_set,
)
from tfdash.judging.judge import Judge, judge_all
from tfdash.model.capacity import LimitRange, LimitRangeItem
from tfdash.model.delivery import Rollout
from tfdash.model.kube import Container, CronJob, Job, Object, Owner, Resources, Template
from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.picture import Change
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.policies import Policies
from tfdash.playbook.resources.limits_set import ID
from tfdash.playbook.resources.policy import default_resources_policy
from tfdash.playbook.waivers import FindingWaiver, Waivers

UNSAID = Resources()
ALL = resources(cpu="1", memory="1Gi", cpu_limit="1", memory_limit="1Gi")
BOUNDED = resources(cpu_limit="1", memory_limit="1Gi")
ASKING = resources(cpu="1", memory="1Gi")
CPU = resources(cpu="1", cpu_limit="1")
WELL = "each container says what is required"
NO_LIMITS = "says no cpu limit, no memory limit"
NOTHING = "says no cpu request, no memory request, no cpu limit, no memory limit"


def container(said: Resources = UNSAID, name: str = "main", **over: bool) -> Container:
    return Container(name, "web:1", said, **over)


def limit_range(request: Resources, most: Resources = UNSAID, type_: str = "Container") -> LimitRange:
    item = LimitRangeItem(type_, default_request=request.requests, default_limit=most.limits)
    return LimitRange(namespace="a", name="defaults", items=(item,))


def template(*containers: Container, whole: Resources | None = None) -> Template:
    return Template(containers=containers, resources=whole)


def judged(
    *objects: Object, waivers: tuple[FindingWaiver, ...] = (), blind: str = "", **policy: Any
) -> list[Verdict]:
    """Of the first."""
    given = {"system_namespaces": (), **policy}
    policies = Policies(resources=replace(default_resources_policy(), **given), waivers=Waivers(waivers))
    shown, obj = picture(*objects), objects[0]
    if blind:
        cluster = shown.clusters[REF]
        problem = Problem(kind=ProblemKind.FORBIDDEN, cause="forbidden")
        unseen = msgspec.structs.replace(cluster.kinds[blind], value={}, complete=False, problem=problem)
        cluster = msgspec.structs.replace(cluster, kinds={**cluster.kinds, blind: unseen})
        shown = msgspec.structs.replace(shown, clusters={REF: cluster})
    subject = Subject(REF, obj.KIND, obj.namespace, obj.name)
    told = judge_all(shown, NOW, policies=policies).verdicts.get(subject, ())
    return [v for v in told if v.rule == ID]


def words(*objects: Object, **given: Any) -> str:
    [said] = judged(*objects, **given)
    assert said.level is (Level.OK if said.sentence.endswith(WELL) else Level.WARN)
    return said.sentence.partition(": ")[2]


OF_CONTAINERS = [
    # containers, of the pod as a whole, words
    ((container(ALL),), None, WELL),
    ((container(),), None, f"container main {NOTHING}"),
    ((container(ASKING),), None, f"container main {NO_LIMITS}"),
    ((container(resources(cpu="0", memory="0", cpu_limit="0", memory_limit="0")),), None, WELL),
    ((container(ALL), container(name="b")), None, f"container b {NOTHING}"),
    # one that ends needs no request, and its limit; a sidecar stays
    ((container(BOUNDED, "init", init=True), container(ALL)), None, WELL),
    ((container(name="init", init=True), container(ALL)), None, f"container init {NO_LIMITS}"),
    ((container(ASKING, "proxy", init=True, sidecar=True), container(ALL)), None, f"container proxy {NO_LIMITS}"),
    ((container(ALL, "proxy", init=True, sidecar=True), container(ALL)), None, WELL),
    # said of the pod as a whole: of each resource by itself
    ((container(), container(name="b")), ALL, WELL),
    ((container(),), CPU, "container main says no memory request, no memory limit"),
    ((container(resources(memory="1Gi", memory_limit="1Gi")),), CPU, WELL),
    ((container(),), ASKING, f"container main {NO_LIMITS}"),
]  # fmt: skip


@pytest.mark.parametrize(("containers", "whole", "told"), OF_CONTAINERS)
def test_a_pod_and_a_template_of_the_same_say_the_same(
    containers: tuple[Container, ...], whole: Resources | None, told: str
) -> None:
    bare = pod("bare", owner=None, containers=containers, resources=whole)
    without = template(*containers, whole=whole)
    assert words(bare) == told
    if not any(c.sidecar for c in containers):
        assert words(deployment(template=without)) == told
    newest = replica_set(owner=Owner("Rollout", "web", "ro"), template=without)
    older = replica_set(name="old", uid="o", owner=Owner("Rollout", "web", "ro"), created=1.0)
    rollout = Rollout(namespace="a", name="web", uid="ro")
    for obj in (
        (bare,),
        (deployment(template=without),),
        (stateful_set(template=without),),
        (daemon_set(template=without),),
        (Job(namespace="a", name="j", uid="j", template=without),),
        (CronJob(namespace="a", name="c", uid="c", template=without),),
        (rollout, older, newest),
    ):
        assert words(*obj) == told


FILLED = [
    # containers, of the pod as a whole, limit ranges, words: of a template without pods, as the server would fill it in
    ((container(BOUNDED),), None, (), WELL),
    ((container(),), BOUNDED, (), WELL),
    ((container(),), None, (limit_range(ASKING, BOUNDED),), WELL),
    ((container(name="i", init=True), container()), None, (limit_range(ASKING, BOUNDED),), WELL),
    ((container(),), None, (limit_range(ASKING),), f"container main {NO_LIMITS}"),
    ((container(),), None, (limit_range(ASKING, BOUNDED, "Pod"),), f"container main {NOTHING}"),
    ((container(),), CPU, (limit_range(resources(memory="1Gi"), resources(memory_limit="1Gi")),), WELL),
]


@pytest.mark.parametrize(("containers", "whole", "ranges", "told"), FILLED)
def test_what_the_server_fills_in_counts_where_no_pod_tells(
    containers: tuple[Container, ...], whole: Resources | None, ranges: tuple[LimitRange, ...], told: str
) -> None:
    target = deployment(template=template(*containers, whole=whole))
    assert words(target, *ranges) == told
    mine = (replica_set(), pod(containers=containers, resources=whole))
    if any(c.resources == UNSAID for c in containers) and whole is None:
        assert words(target, *ranges, *mine) != WELL, "the pods tell it where there are any"


def test_the_worst_of_its_pods_is_told_and_which() -> None:
    good, bad = pod("good"), pod("bad", containers=(container(ASKING),))
    gone = (
        pod("leaving", containers=(container(),), deleting=NOW),
        pod("ended", containers=(container(),), phase="Failed"),
    )
    [said] = judged(deployment(), replica_set(), good, bad, *gone)
    assert (said.level, said.evidence.sample) == (Level.WARN, 2)
    assert said.sentence == f"checkout: container main {NO_LIMITS} (1 of 2 pods)"
    assert [s.name for s in said.evidence.objects] == ["bad"]
    [said] = judged(deployment(), replica_set(), bad, *gone)
    assert said.sentence == f"checkout: container main {NO_LIMITS}"
    # all of them leave: its template tells
    assert words(deployment(), replica_set(), *gone) == WELL


SILENT = template(container())
BY = Owner("Prometheus", "main", "p")
ASKED = [
    # of whom it is told; what is owned by what is no workload of ours is told by itself
    (pod("p", owner=None, containers=(container(),)), True),
    *(
        (pod("p", owner=Owner(kind, "x", "x"), containers=(container(),)), told)
        for kind, told in (
            ("ReplicaSet", False), ("StatefulSet", False), ("DaemonSet", False), ("Job", False),
            ("Node", True), ("Workflow", True),
        )
    ),
    (pod("p", owner=None, containers=(container(),), phase="Succeeded"), False),
    (pod("p", owner=None, containers=(container(),), deleting=NOW), False),
    (deployment(template=SILENT, owner=Owner("Canary", "checkout", "c")), True),
    (stateful_set(template=SILENT, owner=BY), True),
    (daemon_set(template=SILENT, owner=BY), True),
    (deployment(template=SILENT, deleting=NOW), False),
    (deployment(template=Template()), False),
    (Rollout(namespace="a", name="web", uid="ro"), False),
    (CronJob(namespace="a", name="c", uid="c", template=SILENT, owner=BY), True),
    (Job(namespace="a", name="j", uid="j", template=SILENT, owner=BY), True),
    (Job(namespace="a", name="j", uid="j", template=SILENT, owner=Owner("CronJob", "c", "c")), False),
    (Job(namespace="a", name="j", uid="j", template=SILENT, completed=NOW), False),
    *(
        (Job(namespace="a", name="j", uid="j", template=SILENT, conditions=(condition(kind, status),)), told)
        for kind, status, told in (
            ("Complete", "True", False), ("Failed", "True", False), ("Failed", "False", True), ("Suspended", "True", True),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("obj", "asked"), ASKED)
def test_each_is_told_once_by_whoever_makes_its_pods(obj: Object, asked: bool) -> None:
    assert [v.level for v in judged(obj)] == ([Level.WARN] if asked else [])


def test_what_ends_is_told_of_no_more() -> None:
    """Found on a cluster whose server was silent: a Job that had ended kept its finding, and without its time."""
    job, at = Job(namespace="a", name="j", uid="j", template=SILENT), Subject(REF, "Job", "a", "j")
    judge, anything = Judge(), Change(keys={}, freshness=frozenset())
    first = judge.assess(picture(job), anything, NOW)[0]
    assert ID in [v.rule for v in first.verdicts[at] if v.level is Level.WARN]
    over = picture(msgspec.structs.replace(job, completed=NOW), number=2)
    assert ID not in [v.rule for v in judge.assess(over, anything, NOW + 1)[0].verdicts.get(at, ())]


def test_what_is_required_is_the_policys() -> None:
    silent = deployment(template=SILENT)
    assert not judged(silent, required=())
    assert words(silent, required=("memory limit",)) == "container main says no memory limit"
    [said] = judged(silent, system_namespaces=("b", "a*"))
    assert said.level is Level.IDLE and said.sentence.endswith("; nothing is required in a")
    [said] = judged(deployment(), system_namespaces=("a",))
    assert said.level is Level.OK


def test_limit_ranges_that_are_not_known_make_no_finding() -> None:
    [said] = judged(deployment(template=SILENT), blind="LimitRange")
    assert (said.level, said.unknown) == (Level.UNKNOWN, UnknownKind.NO_DATA)
    assert said.sentence.startswith(f"checkout: container main {NOTHING}, but for LimitRanges: ")
    [said] = judged(deployment(), blind="LimitRange")
    assert said.level is Level.OK
    assert (
        words(pod("p", owner=None, containers=(container(),)), blind="LimitRange")
        == f"container main {NOTHING}"
    )


def test_a_waiver_covers_it_until_it_ends() -> None:
    def waiver(ends: float) -> FindingWaiver:
        until = datetime.fromtimestamp(ends, UTC).replace(tzinfo=None)
        return FindingWaiver(rule=ID, who="jo", why="ticket 42", until=until)

    silent = deployment(template=SILENT)
    [said] = judged(silent, waivers=(waiver(NOW + 60),))
    assert (said.level, said.waived) == (Level.PAUSED, True)
    assert said.sentence.endswith(f"checkout: container main {NOTHING}")
    [said] = judged(silent, waivers=(waiver(NOW),))
    assert (said.level, said.waived) == (Level.WARN, False)
    [said] = judged(deployment(), waivers=(waiver(NOW + 60),))
    assert (said.level, said.waived) == (Level.OK, False)
