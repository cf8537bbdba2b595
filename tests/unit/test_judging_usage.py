"""A poll of what is used concerns every workload: judged piece by piece, and in the end as if in one go."""

from __future__ import annotations

import random

import msgspec

from benchmarks.usage import REF, T0, Bench, drained
from tests.unit.playbook.making import deployment
from tfdash.judging.judge import Judge
from tfdash.model.assessment import Assessment
from tfdash.model.kube import Object
from tfdash.model.picture import Change, Picture
from tfdash.model.subject import Key
from tfdash.model.usage import measured_pod
from tfdash.quantities import parse

NOTHING = Change(keys={}, freshness=frozenset())


def rounds(judge: Judge, picture: Picture, change: Change, now: float) -> tuple[Assessment, int]:
    """Until nothing is left, as the scheduler does it; and how many turns that took."""
    told, turns = judge.assess(picture, change, now)[0], 1
    while True:
        while judge.go_on(now):
            turns += 1
        if judge.due_at() != 0.0:
            return told, turns
        told, turns = judge.assess(picture, NOTHING, now)[0], turns + 1


def measured(bench: Bench, at: float, chance: random.Random) -> dict[Key, Object]:
    """Some hot, some idle, some not measured."""
    found: dict[Key, Object] = {}
    for pod in bench.there["Pod"]:
        if chance.random() < 0.9:
            used = (parse(f"{chance.choice((20, 350, 480, 900))}m"), parse("300Mi"))
            metrics = measured_pod(pod.namespace, pod.name, at, 15.0, ("main",), used)
            found[Key(pod.namespace, pod.name)] = metrics
    return found


def test_piece_by_piece_says_what_one_go_says() -> None:
    bench, chance = Bench(11, 2, 3), random.Random(11)
    whole, pieces = Judge(), Judge(hold=1e-9)
    for number in range(20):
        at = T0 + 60 * number
        bench.metrics = measured(bench, at, chance)
        bench._take(PodMetrics=bench.metrics)
        made = drained(bench.maker.make(bench.cluster, 60.0, True))
        bench._take(Usage=made.objects)
        keys = (
            {(REF, "Usage"): made.changed} if number else dict.fromkeys((REF, k) for k in bench.cluster.kinds)
        )
        picture = Picture(at=at, number=number + 1, clusters={REF: bench.cluster})
        change = Change(keys=keys, freshness=frozenset(keys))
        (one, _), (other, turns) = (rounds(judge, picture, change, at) for judge in (whole, pieces))
        assert (one.verdicts, one.sections, one.workloads) == (
            other.verdicts,
            other.sections,
            other.workloads,
        ), number
        everything = dict.fromkeys((REF, k) for k in bench.cluster.kinds)
        afresh, _ = rounds(Judge(), picture, Change(keys=everything, freshness=frozenset(everything)), at)
        assert (afresh.verdicts, afresh.sections) == (one.verdicts, one.sections), number
    assert turns > 3, "in pieces"


def test_only_what_is_used_may_wait() -> None:
    bench = Bench(30, 2, 5)
    judge = Judge(hold=1e-9)
    keys = dict.fromkeys((REF, kind) for kind in bench.cluster.kinds)
    picture = Picture(at=T0, number=1, clusters={REF: bench.cluster})
    told, _ = judge.assess(picture, Change(keys=keys, freshness=frozenset(keys)), T0)
    assert len(told.workloads) == 30 and not judge.go_on(T0)
    bench._take(PodMetrics=measured(bench, T0, random.Random(1)))
    made = drained(bench.maker.make(bench.cluster, 60.0, True))
    stuck = deployment(namespace="team-0", name="service-0000", available=0, ready=0)
    there = bench.cluster.objects("Deployment")
    bench._take(Usage=made.objects, Deployment={**there, Key("team-0", "service-0000"): stuck})
    news = {(REF, "Usage"): made.changed, (REF, "Deployment"): frozenset({Key("team-0", "service-0000")})}
    picture = msgspec.structs.replace(picture, number=2, clusters={REF: bench.cluster})
    before = told.workloads
    told, changed = judge.assess(picture, Change(keys=news, freshness=frozenset(news)), T0)
    mine = next(s for s in told.workloads if s.name == "service-0000")
    assert mine in changed and told.workloads[mine] != before[mine], "that came first"
    assert judge.go_on(T0) and judge.due_at() != 0.0, "and the rest in pieces"
    while judge.go_on(T0):
        pass
    assert judge.due_at() == 0.0, "which is said when all is judged"
    assert not told.whole and judge.assess(picture, NOTHING, T0)[0].whole, "and until then that it is not all"
