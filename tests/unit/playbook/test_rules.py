"""The table of rules: nothing is judged by what was not read, and what was looked at decides who is judged again."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.playbook.making import (
    NOW,
    REF,
    condition,
    deployment,
    picture,
    pod,
    replica_set,
    running,
    waiting,
)
from tfdash.judging.judge import Judge
from tfdash.model.assessment import Assessment
from tfdash.model.kube import Container, Job, Object, Owner, Pod, Resources, Template, Unreadable
from tfdash.model.kubecluster import Event, Node
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import Change, Picture
from tfdash.model.section import SectionState
from tfdash.model.subject import Key, Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.model.workload import Release, Serving
from tfdash.playbook import releases
from tfdash.playbook.nodes import ready
from tfdash.playbook.registry import SECTIONS
from tfdash.playbook.resources import limits_set
from tfdash.playbook.rule import Case, Rule, RuleResult
from tfdash.playbook.section import Reading, worst_of
from tfdash.playbook.seen import Relation
from tfdash.playbook.serving import workload
from tfdash.playbook.staleness import Unread

PODS_ON = Relation(Pod, lambda p: (p.node,))
READY = (condition("Ready", "True"),)
NODE = Node(namespace="", name="n1", conditions=READY)
SUBJECT = Subject(REF, "Node", "", "n1")


def crowded(case: Case[Node]) -> RuleResult:
    """At most one pod on a node: a rule that needs another kind than its subjects'."""
    pods = case.seen(PODS_ON, case.obj.name)
    assert not isinstance(pods, Unread), "what a rule needs is there when it is asked"
    level = Level.OK if len(pods) < 2 else Level.WARN
    return RuleResult(
        (Verdict(level=level, rule="t.crowded", subject=case.subject, sentence=f"{len(pods)} pods"),)
    )


RULES = (workload.RULE, releases.RULE, ready.RULE)
CROWDED = Rule("t.crowded", (Node,), crowded, needs=(Pod,))


def change(p: Picture) -> Change:
    kinds = frozenset((REF, kind) for kind in p.clusters[REF].kinds)
    return Change(keys=dict.fromkeys(kinds), freshness=kinds)


def with_kind(p: Picture, kind: str, seen: Observation[Any] | None) -> Picture:
    cluster = p.clusters[REF]
    kinds = {k: v for k, v in cluster.kinds.items() if k != kind} | ({} if seen is None else {kind: seen})
    return msgspec.structs.replace(p, clusters={REF: msgspec.structs.replace(cluster, kinds=kinds)})


def told(judge: Judge, p: Picture, now: float = NOW) -> Assessment:
    return judge.assess(p, change(p), now)[0]


def on(name: str, **fields: Any) -> Pod:
    return pod(name, running(), **{"node": "n1", **fields})


@pytest.mark.parametrize(
    ("seen", "unknown", "cause"),
    [
        (None, UnknownKind.LOADING, "not asked for"),
        (Observation(), UnknownKind.LOADING, "still loading"),
        (Observation(value={}, progress=None), UnknownKind.LOADING, "still loading"),
        (Observation(value={}, complete=True, provisional=True), UnknownKind.LOADING, "still loading"),
        *(
            (Observation(problem=Problem(kind=kind, cause="why", remedy="do so")), unknown, "why; do so")
            for kind, unknown in (
                (ProblemKind.FORBIDDEN, UnknownKind.NO_PRIVILEGE),
                (ProblemKind.LOGIN_EXPIRED, UnknownKind.NO_PRIVILEGE),
                (ProblemKind.BAD_ANSWER, UnknownKind.QUERY_ERROR),
                (ProblemKind.SERVER_ERROR, UnknownKind.QUERY_ERROR),
                (ProblemKind.UNREACHABLE, UnknownKind.NO_DATA),
                (ProblemKind.NOT_SERVED, UnknownKind.NO_DATA),
            )
        ),
    ],
)
def test_without_what_it_needs_a_rule_says_a_named_unknown(
    seen: Any, unknown: UnknownKind, cause: str
) -> None:
    judge = Judge(rules=(CROWDED,))
    good = picture(NODE, on("a"))
    assert [v.level for v in told(judge, good).verdicts[SUBJECT]] == [Level.OK]
    fresh = Judge(rules=(CROWDED,))
    [verdict] = told(fresh, with_kind(good, "Pod", seen)).verdicts[SUBJECT]
    assert (verdict.level, verdict.rule, verdict.unknown) == (Level.UNKNOWN, "t.crowded", unknown)
    assert verdict.sentence == f"n1: Pods are not known: {cause}"
    # and when it comes, it is judged
    assert [v.level for v in told(fresh, good).verdicts[SUBJECT]] == [Level.OK]


def test_a_list_that_came_whole_and_is_listed_anew_stands() -> None:
    judge = Judge(rules=(CROWDED,))
    good = picture(NODE, on("a"), on("b"))
    before = told(judge, good).verdicts
    assert told(judge, with_kind(good, "Pod", Observation(value={}))).verdicts == before


def test_a_rule_sees_only_the_kinds_that_it_names(caplog: pytest.LogCaptureFixture) -> None:
    for rule in (
        Rule("t.sneaky", (Node,), lambda case: RuleResult(case.seen(PODS_ON, "n1") and ())),
        Rule("t.sneaky", (Node,), lambda case: RuleResult(case.some(PODS_ON, "n1") and ())),
        Rule("t.sneaky", (Node,), lambda case: RuleResult(case.maybe(Pod, Key("a", "b")) and ())),
        Rule("t.sneaky", (Node,), lambda case: RuleResult(case.unread(Pod) and ())),
    ):
        (verdict,) = told(Judge(rules=(rule,)), picture(NODE)).verdicts[SUBJECT]
        assert verdict.level is Level.UNKNOWN
        assert "a fault of tfdash itself (LookupError)" in verdict.sentence
        assert "LookupError: rule t.sneaky looks at Pod and does not say so" in caplog.text
        caplog.clear()


def test_a_rule_hears_only_the_words_that_it_names(caplog: pytest.LogCaptureFixture) -> None:
    for judge in (lambda case: case.workload(SUBJECT), lambda case: list(case.rooms())):
        rule = Rule("t.sneaky", (Node,), judge)
        (verdict,) = told(Judge(rules=(rule,)), picture(NODE)).verdicts[SUBJECT]
        assert verdict.level is Level.UNKNOWN
        assert "LookupError: rule t.sneaky hears a " in caplog.text
        caplog.clear()


def test_a_rule_that_fails_for_one_subject_takes_nothing_from_the_others() -> None:
    """Neither what is said of them in the same turn, nor afterwards; and no section calls that well."""

    def careless(case: Case[Node]) -> RuleResult | None:
        if case.obj.name == "n2" and case.obj.resource_version == "2":
            raise ValueError("[red] no such label")
        return None

    def seen(well: bool, version: str) -> Picture:
        state = (condition("Ready", "True" if well else "False"),)
        return picture(
            Node(namespace="", name="n1", resource_version=version, conditions=state),
            Node(namespace="", name="n2", resource_version=version, conditions=READY),
        )

    def line(assessment: Assessment) -> SectionState:
        return next(s for s in assessment.sections if s.id == "nodes")

    nodes = tuple(dataclasses.replace(s, behind=None) for s in SECTIONS if s.id == "nodes")
    judge = Judge(rules=(*RULES, Rule("t.careless", (Node,), careless)), sections=nodes)
    assert line(told(judge, seen(True, "1"))).level is Level.OK
    failed = told(judge, seen(True, "2"))
    assert line(failed).level is Level.UNKNOWN
    assert "n2: rule t.careless failed: a fault of tfdash itself (ValueError)" in line(failed).detail
    down = told(judge, seen(False, "2"))
    assert (line(down).level, line(down).sentence) == (Level.BREACH, "1 of 2 ready; 1 not known")
    well = told(judge, seen(True, "3"))
    assert line(well).level is Level.OK and all(len(v) == 1 for v in well.verdicts.values())


def test_several_rules_on_one_subject_are_all_said_in_the_order_of_the_table() -> None:
    both = (*RULES, CROWDED)
    p = picture(NODE, on("a"), on("b"))
    assert [v.rule for v in told(Judge(rules=both), p).verdicts[SUBJECT]] == ["node.ready", "t.crowded"]
    assert [v.rule for v in told(Judge(rules=both[::-1]), p).verdicts[SUBJECT]] == ["t.crowded", "node.ready"]


def asked_by(rules: tuple[Rule, ...]) -> tuple[tuple[Rule, ...], list[tuple[str, str]]]:
    """The rules, and a list of who is judged by which."""
    asked: list[tuple[str, str]] = []

    def noting(rule: Rule) -> Rule:
        def judge(case: Case[Any]) -> RuleResult | None:
            asked.append((rule.id, case.subject.name))
            return rule.judge(case)

        return dataclasses.replace(rule, judge=judge)

    return tuple(noting(rule) for rule in rules), asked


def test_only_who_looked_at_what_changed_is_judged_again() -> None:
    rules, asked = asked_by((*RULES, CROWDED))
    judge = Judge(rules=rules)
    other = Node(namespace="", name="n2", conditions=READY)
    p = picture(
        NODE, other, deployment(), replica_set(), on("a"), on("b", node="n2"), deployment(name="api", uid="x")
    )
    told(judge, p)

    def after(*objects: Object) -> set[tuple[str, str]]:
        nonlocal p
        for obj in objects:
            seen = p.clusters[REF].kinds[obj.KIND]
            value = {**(seen.value or {}), Key(obj.namespace, obj.name): obj}
            p = with_kind(p, obj.KIND, msgspec.structs.replace(seen, value=value))
        asked.clear()
        told(judge, p)
        return set(asked)

    assert after() == set()
    serving = {("workload.serves", "checkout"), ("release.state", "checkout")}
    assert after(on("a", created=1.0)) == {*serving, ("t.crowded", "n1")}
    moved = after(on("a", node="n2"))
    assert moved == {*serving, ("t.crowded", "n1"), ("t.crowded", "n2")}, "where it was, and where it is"
    assert after(on("c", node="n3", owner=None)) == set(), "nobody asked for such pods"
    assert after(msgspec.structs.replace(other, labels={"a": "b"})) == {
        ("node.ready", "n2"),
        ("t.crowded", "n2"),
    }
    event = Event(namespace="a", name="e", involved_kind="Pod", involved_name="a", involved_uid="a")
    assert after(event) == set(), "of what is well no event is asked for"
    assert ("workload.serves", "checkout") in after(deployment(available=2))
    assert ("workload.serves", "checkout") in after(msgspec.structs.replace(event, reason="Unhealthy"))


def test_stale_data_loses_its_green_and_keeps_its_red() -> None:
    sick = Node(namespace="", name="sick", conditions=(condition("Ready", "False"),))
    p = picture(NODE, sick, deployment(), replica_set())
    judge = Judge(rules=RULES, stale_after=60.0)
    assert judge.due_at() is None
    told(judge, picture(NODE))
    assert judge.due_at() == NOW + 60.0, "without an event"
    fresh = told(judge, p)
    quiet = Change(keys={}, freshness=frozenset())
    assert judge.assess(p, quiet, NOW + 59.9)[0].verdicts == fresh.verdicts
    stale, changed = judge.assess(p, quiet, NOW + 60.0)
    node, web = stale.verdicts[SUBJECT][0], stale.verdicts[Subject(REF, "Deployment", "a", "checkout")][0]
    assert (node.level, node.unknown) == (Level.UNKNOWN, UnknownKind.STALE)
    assert (web.level, web.unknown) == (Level.UNKNOWN, UnknownKind.STALE)
    assert node.sentence == "n1 is ready, not proven current since 08:46 EST"
    red, was = (a.verdicts[SUBJECT._replace(name="sick")][0] for a in (stale, fresh))
    assert red == msgspec.structs.replace(was, sentence=f"{was.sentence}, as of 08:46 EST")
    lines = {s.id: s for s in stale.sections}
    assert (lines["nodes"].level, lines["nodes"].sentence) == (
        Level.BREACH,
        "0 of 2 ready; Nodes of eu-1 not proven current since 08:46 EST",
    )
    assert (lines["nodes"].count, lines["nodes"].unknown) == (1, 1), "the sick one, and the other"
    assert lines["serving"].sentence.startswith(
        "DaemonSets of eu-1 not proven current since 08:46 EST and 3 more"
    )
    well = [s.id for s in stale.sections if s.level < Level.UNKNOWN]
    assert well == ["recovery"], "nothing is called well; no runbook is there"
    state = stale.workloads[web.subject]
    assert (state.serving, state.release, state.as_of) == (Serving.UNKNOWN, Release.UNKNOWN, NOW)
    assert SUBJECT in changed
    # one proof that it is current, and all is as it was
    kinds = {k: msgspec.structs.replace(o, observed_at=NOW + 61.0) for k, o in p.clusters[REF].kinds.items()}
    again = msgspec.structs.replace(p, clusters={REF: msgspec.structs.replace(p.clusters[REF], kinds=kinds)})
    assert judge.assess(again, quiet, NOW + 61.0)[0].verdicts == fresh.verdicts


def test_what_a_rule_only_uses_takes_no_red_away_when_it_is_stale() -> None:
    broken = pod("p", waiting("CrashLoopBackOff", last_exit_code=3))
    p = picture(deployment(available=0, updated=1), replica_set(), broken)
    old = msgspec.structs.replace(p.clusters[REF].kinds["Pod"], observed_at=NOW - 100)
    subject = Subject(REF, "Deployment", "a", "checkout")
    assert told(Judge(stale_after=60.0), p).workloads[subject].cause is not None
    stale = told(Judge(stale_after=60.0), with_kind(p, "Pod", old))
    assert stale.workloads[subject].cause is not None
    assert stale.verdicts[subject][0].sentence.endswith(", as of 08:45 EST")
    # what was never read told nothing of it, and has no time
    never = msgspec.structs.replace(old, observed_at=None)
    assert (
        told(Judge(stale_after=60.0), with_kind(p, "Pod", never)).verdicts[subject][0].sentence.count("as of")
        == 0
    )
    # and what is well by what is needed is well without it
    good = told(Judge(stale_after=60.0), with_kind(picture(deployment()), "Pod", old))
    assert good.verdicts[subject][0].level is Level.OK


def test_what_could_not_be_read_of_some_hides_none_of_the_others_and_nothing_is_well() -> None:
    odd = Unreadable(
        namespace="a", name="odd", kind="Deployment", cells=(), field="spec.replicas: Expected `int`"
    )
    lost = Unreadable(namespace="a", name="lost", kind="Pod", cells=(), field="status.phase")
    p = picture(NODE, deployment(available=2), replica_set())
    seen = p.clusters[REF].kinds
    value = {**(seen["Deployment"].value or {}), Key("a", "odd"): odd}
    p = with_kind(p, "Deployment", msgspec.structs.replace(seen["Deployment"], value=value, unreadable=2))
    p = with_kind(
        p, "Pod", msgspec.structs.replace(seen["Pod"], value={Key("a", "lost"): lost}, unreadable=1)
    )
    judge = Judge(rules=RULES)
    told(judge, picture(NODE, deployment(name="odd", uid="o"), pod("lost")))
    said = told(judge, p)
    (verdict, *_) = said.verdicts[Subject(REF, "Deployment", "a", "odd")]
    assert (verdict.level, verdict.unknown) == (Level.UNKNOWN, UnknownKind.QUERY_ERROR)
    assert verdict.sentence == "odd: unreadable: spec.replicas: Expected `int`"
    assert said.verdicts[Subject(REF, "Deployment", "a", "checkout")][0].level is Level.WARN
    lines = {s.id: s for s in said.sections}
    assert lines["serving"].sentence == "0 of 1 workloads serve; 2 Deployments of eu-1 cannot be read"
    assert (lines["serving"].level, lines["serving"].unknown) == (Level.WARN, 2)
    assert (lines["releases"].level, lines["releases"].sentence) == (
        Level.UNKNOWN,
        "1 in flight; 2 Deployments of eu-1 cannot be read",
    )
    assert said.sections == told(Judge(rules=RULES), p).sections
    # and back
    assert told(judge, picture(NODE, deployment(name="odd", uid="o"))).workloads


def test_a_kind_that_nobody_wants_any_more_is_as_if_it_had_never_been_read() -> None:
    judge = Judge(rules=RULES, stale_after=60.0)
    p = picture(NODE, deployment())
    told(judge, p)
    kinds = {k: o for k, o in p.clusters[REF].kinds.items() if k != "Node"}
    gone = msgspec.structs.replace(p, clusters={REF: msgspec.structs.replace(p.clusters[REF], kinds=kinds)})
    after = told(judge, gone, NOW + 59.0)
    assert SUBJECT not in after.verdicts
    assert next(s for s in after.sections if s.id == "nodes").loading
    assert after.sections == told(Judge(rules=RULES, stale_after=60.0), gone, NOW + 59.0).sections


def test_a_plain_section_of_verdicts() -> None:
    def verdict(level: Level, name: str) -> Verdict:
        return Verdict(level=level, rule="r", subject=SUBJECT._replace(name=name), sentence=f"{name} it is")

    assert worst_of([], "all well", "nodes ready") == Reading(Level.OK, "0 of 0 nodes ready", "all well")
    several = [verdict(Level.OK, "a"), verdict(Level.WARN, "c"), verdict(Level.WARN, "b")]
    told = worst_of(several, "all well", "nodes ready")
    assert told._replace(findings=()) == Reading(
        Level.WARN, "1 of 3 nodes ready", "b it is", 2, subject=SUBJECT._replace(name="b")
    )
    assert [f.sentence for f in told.findings] == ["b it is", "c it is"]


_SETS = st.sampled_from([replica_set(name=f"rs{i}", uid=f"r{i}", revision=i) for i in range(2)])
_PODS = st.builds(
    lambda i, bad, node: pod(
        f"p{i}",
        waiting("CrashLoopBackOff", last_exit_code=1) if bad else running(),
        owner=Owner("ReplicaSet", f"rs{i % 2}", f"r{i % 2}"),
        node=node,
    ),
    st.integers(0, 3),
    st.booleans(),
    st.sampled_from(["n1", "n2"]),
)


_EVENTS = st.builds(
    lambda i, why: Event(
        namespace="a", name=f"e{i}", involved_kind="ReplicaSet", involved_uid=f"r{i}", reason=why, message=why
    ),
    st.integers(0, 1),
    st.sampled_from(["FailedCreate", "Unhealthy"]),
)
_NODES = st.sampled_from([NODE, Node(namespace="", name="n2", unschedulable=True, conditions=READY)])
_DEPLOYMENTS = st.builds(
    lambda a, u: deployment(available=a, updated=u), st.integers(0, 3), st.integers(0, 3)
)
_JOBS = st.builds(  # that one is over takes it out of a rule that had told of it
    lambda ended: Job(
        namespace="a",
        name="import",
        uid="j",
        template=Template(containers=(Container("main", "import:1", Resources()),)),
        completed=NOW if ended else None,
    ),
    st.booleans(),
)
_STATES = st.dictionaries(
    st.sampled_from(["Pod", "ReplicaSet", "Event", "Deployment", "Node", "Job"]),
    st.sampled_from(["old", "denied", "absent"]),
    max_size=2,
)
_STEP = st.tuples(
    st.lists(st.one_of(_SETS, _PODS, _EVENTS, _NODES, _DEPLOYMENTS, _JOBS), max_size=7),
    _STATES,
    st.integers(0, 90),
)


@pytest.mark.long
@settings(max_examples=80)
@given(st.lists(_STEP, min_size=1, max_size=6))
def test_whatever_comes_goes_and_grows_old_following_is_judging_afresh(steps: list[Any]) -> None:
    """Also where kinds cannot be read for a while or are stale, and where time alone passes."""
    rules = (*RULES, CROWDED, limits_set.RULE)
    judge, now, seen_whole = Judge(rules=rules, stale_after=60.0), NOW, set[str]()
    for number, (objects, states, seconds) in enumerate(steps, 1):
        now += seconds
        p = picture(*objects, number=number)
        for kind, observation in p.clusters[REF].kinds.items():
            state = states.get(kind)
            seen = msgspec.structs.replace(observation, observed_at=now - (70 if state == "old" else 0))
            if state in ("denied", "absent") and kind not in seen_whole:
                why = ProblemKind.FORBIDDEN if state == "denied" else ProblemKind.NOT_SERVED
                seen = Observation(problem=Problem(kind=why, cause="no"))
            else:
                seen_whole.add(kind)
            p = with_kind(p, kind, seen)
        followed = told(judge, p, now)
        afresh = told(Judge(rules=rules, stale_after=60.0), p, now)
        assert dict(followed.verdicts) == dict(afresh.verdicts)
        assert dict(followed.workloads) == dict(afresh.workloads)
        assert dict(followed.releases) == dict(afresh.releases)
        assert followed.sections == afresh.sections
