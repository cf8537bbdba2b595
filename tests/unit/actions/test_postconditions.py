"""Postconditions as a table of what is seen, and how they are followed: on a clock that only the following moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.actions.things import NOW, REF, subject
from tfdash.actions.core import verification
from tfdash.actions.core.plan_digest import STAMP
from tfdash.actions.core.postconditions import Postcondition, PostconditionFacts, parts_of
from tfdash.actions.core.verification import Verification, Verified
from tfdash.actions.kubernetes import postconditions as posts
from tfdash.actions.kubernetes.quotas import IN_FORCE
from tfdash.model.action import Plan, Post, Request
from tfdash.model.kube import Condition, Owner, Pod
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import ClusterPicture, Picture, ServerInfo
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Key, Subject

WEB = subject("Deployment", "web")._replace(uid="u")
EMPTY = Picture(at=NOW, number=1, clusters={})
Look = Mapping[str, Any] | None


def plan(of: Subject = WEB, **over: Any) -> Plan:
    given: dict[str, Any] = {"id": "p", "action": "x", "title": "x: y", "effect": "e", "requests": ()}
    return Plan(**(given | {"subject": of} | over))


def facts(document: Look, of: Subject = WEB, **over: Any) -> PostconditionFacts:
    """``document`` gets the plan's uid where it names none."""
    if document is not None and "metadata" not in document:
        document = {"metadata": {"uid": "u"}, **document}
    given = {"plan": plan(of), "document": document, "picture": EMPTY, "since": NOW}
    return PostconditionFacts(**(given | over))


@pytest.mark.parametrize(
    ("document", "same", "spec", "status"),
    [
        (None, False, {}, {}),
        ({}, True, {}, {}),
        ({"metadata": {"uid": "other"}}, False, {}, {}),
        ({"metadata": {}}, False, {}, {}),
        ({"spec": {"a": 1}, "status": {"b": 2}}, True, {"a": 1}, {"b": 2}),
        ({"spec": None, "status": None}, True, {}, {}),
    ],
)
def test_what_is_seen_of_an_object(document: Look, same: bool, spec: Any, status: Any) -> None:
    seen = facts(document)
    assert (seen.same, seen.spec, seen.status) == (same, spec, status)
    # an object that is gone is not one without a uid
    assert not facts(None, WEB._replace(uid="")).same


def test_a_post_names_its_postcondition_and_a_value() -> None:
    plain, valued = posts.GONE.post("gone"), posts.SIZE.post("sized", 5.0, "Pod/a/b:1:2")
    assert plain == Post(id="gone", text="gone", within=600.0)
    assert valued == Post(id="size:Pod/a/b:1:2", text="sized", within=5.0)
    assert [parts_of(p) for p in (plain, valued)] == [("gone", ""), ("size", "Pod/a/b:1:2")]


def rolled(
    kind: str, generation: int = 2, seen: int = 2, spec: Any = None, **status: int
) -> PostconditionFacts:
    meta = {"uid": "u", "generation": generation}
    document = {"metadata": meta, "spec": {"replicas": 3} if spec is None else spec}
    return facts(document | {"status": {"observedGeneration": seen, **status}}, WEB._replace(kind=kind))


DONE = {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "readyReplicas": 3}
EVERYWHERE = {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}
KEPT = {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}


@pytest.mark.parametrize(
    ("seen", "out"),
    [
        (rolled("Deployment", **DONE), True),
        (rolled("Deployment", seen=1, **DONE), False),  # of the spec before
        (rolled("Deployment", seen=3, **DONE), True),
        (rolled("Deployment", **{**DONE, "updatedReplicas": 2}), False),
        (rolled("Deployment", **{**DONE, "replicas": 4}), False),  # an old one is there
        (rolled("Deployment", **{**DONE, "availableReplicas": 2}), False),
        (
            rolled(
                "Deployment", spec={}, **{**DONE, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
            ),
            True,
        ),
        (rolled("Deployment", spec={}), False),  # one is wanted where nothing says how many
        (rolled("Deployment", spec={"replicas": 0}), True),
        (rolled("Deployment", spec={"replicas": 0}, replicas=1), False),
        (rolled("StatefulSet", **{**DONE, "availableReplicas": 0}), True),
        (rolled("StatefulSet", **{**DONE, "readyReplicas": 2}), False),
        (rolled("StatefulSet", **{**DONE, "updatedReplicas": 2}), False),
        (rolled("StatefulSet", spec=KEPT, **{**DONE, "updatedReplicas": 1}), True),  # the partition keeps two
        (rolled("StatefulSet", spec=KEPT, **{**DONE, "updatedReplicas": 0}), False),
        (rolled("StatefulSet", spec={**KEPT, "replicas": 1}, readyReplicas=1), True),
        (rolled("StatefulSet", spec={"replicas": 3, "updateStrategy": None}, **DONE), True),
        (rolled("DaemonSet", **EVERYWHERE), True),
        (rolled("DaemonSet", **{**EVERYWHERE, "updatedNumberScheduled": 1}), False),
        (rolled("DaemonSet", **{**EVERYWHERE, "numberAvailable": 1}), False),
        (rolled("DaemonSet", **{**EVERYWHERE, "numberAvailable": 3}), True),
        (rolled("DaemonSet"), True),  # no node for it
        (rolled("DaemonSet", desiredNumberScheduled=1), False),
        (rolled("DaemonSet", desiredNumberScheduled=1, updatedNumberScheduled=1), False),
        # what its controller has not counted yet is none
        (rolled("Deployment", spec={"replicas": 1}, replicas=1, updatedReplicas=1), False),
        (rolled("StatefulSet", spec={"replicas": 1}, replicas=1, updatedReplicas=1), False),
        (rolled("DaemonSet", desiredNumberScheduled=1, numberAvailable=1), False),
        (facts(None), False),
        (facts({"spec": {"replicas": 0}}), True),  # one without generations
    ],
)
def test_rolled_out_as_kubectl_says(seen: PostconditionFacts, out: bool) -> None:
    assert posts.ROLLED_OUT.holds(seen, "") is out


def test_an_unobserved_generation_is_none() -> None:
    document = {"metadata": {"uid": "u", "generation": 1}, "spec": {"replicas": 0}}
    assert posts.ROLLED_OUT.holds(facts(document), "") is False


STATEFUL = WEB._replace(kind="StatefulSet")
STAMPED = plan(arguments=(("other", "x"), (STAMP, "7")))


@pytest.mark.parametrize(
    ("post", "seen", "value", "holds"),
    [
        (posts.REPLICAS, facts({"status": {"replicas": 2}}), "2", True),
        (posts.REPLICAS, facts({"status": {"replicas": 3}}), "2", False),
        (posts.REPLICAS, facts({}), "0", True),
        (posts.REPLICAS, facts(None), "0", False),
        (posts.AVAILABLE, facts({"spec": {"replicas": 2}, "status": {"availableReplicas": 2}}), "", True),
        (posts.AVAILABLE, facts({"spec": {"replicas": 2}, "status": {"availableReplicas": 1}}), "", False),
        (posts.AVAILABLE, facts({"spec": {"replicas": 2}, "status": {"readyReplicas": 2}}), "", False),
        (
            posts.AVAILABLE,
            facts({"spec": {"replicas": 2}, "status": {"readyReplicas": 2}}, STATEFUL),
            "",
            True,
        ),
        (posts.AVAILABLE, facts({"status": {"availableReplicas": 1}}), "", True),
        (posts.AVAILABLE, facts({}), "", False),
        (posts.AVAILABLE, facts({"spec": {"replicas": 0}}), "", True),
        (posts.AVAILABLE, facts(None), "", False),
        (posts.SIZE, facts(None, other={"status": {"replicas": 2}}), "x:2:4", True),
        (posts.SIZE, facts(None, other={"status": {"replicas": 4}}), "x:2:4", True),
        (posts.SIZE, facts(None, other={"status": {"replicas": 1}}), "x:2:4", False),
        (posts.SIZE, facts(None, other={"status": {"replicas": 5}}), "x:2:4", False),
        (posts.SIZE, facts(None, other={"status": None}), "x:y:0:0", True),
        (posts.SIZE, facts({}, other=None), "x:0:4", False),
        (posts.GONE, facts(None), "", True),
        (posts.GONE, facts({"metadata": {"uid": "another"}}), "", True),
        (posts.GONE, facts({}), "", False),
        (posts.DISOWNED, facts({}), "", True),
        (posts.DISOWNED, facts({"metadata": {"uid": "u", "ownerReferences": [{"uid": "o"}]}}), "", True),
        (
            posts.DISOWNED,
            facts({"metadata": {"uid": "u", "ownerReferences": [{}, {"controller": True}]}}),
            "",
            False,
        ),
        (posts.DISOWNED, facts(None), "", False),
        (posts.HELD, facts({"spec": {"paused": True}}), "", True),
        (posts.HELD, facts({}), "", False),
        (posts.HELD, facts({"metadata": {}, "spec": {"paused": True}}), "", False),
        (posts.NOT_HELD, facts({}), "", True),
        (posts.NOT_HELD, facts({"spec": {"paused": True}}), "", False),
        (posts.NOT_HELD, facts(None), "", False),
        (posts.CORDONED, facts({"spec": {"unschedulable": True}}), "", True),
        (posts.CORDONED, facts({}), "", False),
        (posts.UNCORDONED, facts({}), "", True),
        (posts.UNCORDONED, facts({"spec": {"unschedulable": True}}), "", False),
        (posts.RESTARTED, facts({"status": {"restartedAt": "7"}}, plan=STAMPED), "", True),
        (posts.RESTARTED, facts({"status": {"restartedAt": "6"}}, plan=STAMPED), "", False),
        (posts.RESTARTED, facts({}, plan=STAMPED), "", False),
        (posts.RESTARTED, facts({"status": {"restartedAt": ""}}), "", True),
        (posts.RESTARTED, facts({"metadata": {}, "status": {"restartedAt": "7"}}, plan=STAMPED), "", False),
    ],
)
def test_what_each_asks(post: Postcondition, seen: PostconditionFacts, value: str, holds: bool) -> None:
    assert post.holds(seen, value) is holds


def test_which_stay_so_and_which_look_elsewhere() -> None:
    every = [p for p in vars(posts).values() if isinstance(p, Postcondition)]
    assert {p.id for p in every if p.lasts} == {"written", "held", "cordoned", "not-held", "uncordoned"}
    assert {p.id for p in every} == {
        *(
            "written",
            "rolled-out",
            "replicas",
            "available",
            "size",
            "gone",
            "disowned",
            "replaced",
            "drained",
        ),
        *("held", "not-held", "cordoned", "uncordoned", "restarted"),
    }
    assert posts.SIZE.other(plan(), "ReplicaSet/shop/web-1:2:4") == Subject(
        REF, "ReplicaSet", "shop", "web-1"
    )
    assert [p.other(plan(), "x/y/z:1:2") for p in every if p is not posts.SIZE] == [None] * (len(every) - 1)


def patch(value: str, **over: Any) -> Request:
    body = f'[{{"op":"replace","path":"/spec/x","value":"{value}"}}]'
    given: dict[str, Any] = {"subject": WEB, "content_type": "application/json-patch+json"}
    return Request(method="PATCH", path="/x", body=body, **(given | over))


@pytest.mark.parametrize(
    ("requests", "written"),
    [
        ((patch("1"),), True),
        ((patch("2"),), False),
        ((patch("1"), patch("2")), False),
        ((patch("1"), patch("2", subject=subject("Deployment", "other"))), True),  # not about this one
        ((patch("1"), patch("2", after=Post(id="x", text=""))), True),  # an order, used up by then
        ((Request(method="POST", path="/x", subject=WEB),), True),  # nothing to be seen of it
    ],
)
def test_written_is_what_was_sent_to_this_object(requests: tuple[Request, ...], written: bool) -> None:
    made = plan(requests=requests)
    assert posts.WRITTEN.holds(facts({"spec": {"x": "1"}}, plan=made), "") is written
    assert posts.WRITTEN.holds(facts({"metadata": {}, "spec": {"x": "1"}}, plan=made), "") is False


def seen_pods(*pods: Pod) -> Picture:
    kinds = {
        "Pod": Observation(value={Key(p.namespace, p.name): p for p in pods}, complete=True, observed_at=NOW)
    }
    info = Observation(value=ServerInfo(version="v1"), observed_at=NOW)
    return Picture(at=NOW, number=1, clusters={REF: ClusterPicture(ref=REF, info=info, kinds=kinds)})  # type: ignore[dict-item]


def a_pod(**over: Any) -> Pod:
    given: dict[str, Any] = {"owner": Owner("ReplicaSet", "rs", "r"), "created": NOW, "uid": "new"}
    ready = (Condition("Initialized", "True"), Condition("Ready", "True"))
    return Pod(**({"namespace": "shop", "name": "p", "conditions": ready} | given | over))


@pytest.mark.parametrize(
    ("over", "replaced"),
    [
        ({}, True),
        ({"created": NOW - 2}, True),  # clocks tell whole seconds, and differ a little
        ({"created": NOW - 2.1}, False),
        ({"owner": None}, False),
        ({"owner": Owner("ReplicaSet", "other", "r")}, False),
        ({"owner": Owner("StatefulSet", "rs", "r")}, False),
        ({"namespace": "else"}, False),
        ({"conditions": (Condition("Ready", "False"), Condition("Initialized", "True"))}, False),
        ({"conditions": ()}, False),
    ],
)
def test_replaced_by_a_younger_pod_that_is_ready(over: dict[str, Any], replaced: bool) -> None:
    older = a_pod(name="old", created=NOW - 500)
    assert posts.REPLACED.holds(facts(None, picture=seen_pods(older, a_pod(**over))), "rs") is replaced
    assert posts.REPLACED.holds(facts(None, picture=seen_pods()), "rs") is False


@pytest.mark.parametrize(
    ("there", "drained"),
    [
        ((), True),
        ((a_pod(uid="old"),), False),
        ((a_pod(uid="new"),), True),  # another of its name
        ((a_pod(uid=""),), False),  # one that cannot be read may be the very one
        ((a_pod(name="q", uid="old"),), True),
        ((a_pod(namespace="else", uid="old"),), True),
    ],
)
def test_drained_of_what_was_evicted(there: tuple[Pod, ...], drained: bool) -> None:
    evicted = Request(method="POST", path="/e", subject=Subject(REF, "Pod", "shop", "p", "old"))
    cordon = Request(method="PATCH", path="/n", subject=Subject(REF, "Node", "", "n", "n"))
    another = Request(method="POST", path="/e", subject=Subject(REF, "Pod", "shop", "gone", "g"))
    made = plan(requests=(cordon, Request(method="POST", path="/y"), another, evicted))
    assert posts.DRAINED.holds(facts(None, plan=made, picture=seen_pods(*there)), "") is drained


# how they are followed


class Course:
    """A target whose state is a function of the seconds since the following began; the clock moves while it waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock, self.begun = 1000.0, 1000.0
        self.waits: list[float] = []
        self.shown: list[tuple[bool | None, ...]] = []
        self.since: set[float] = set()
        self.others: list[Look] = []
        self.writer = ""
        self.document_at: Callable[[float], Look] = lambda t: {"t": t}
        self.picture = EMPTY
        monkeypatch.setattr(verification, "time", SimpleNamespace(monotonic=lambda: self.clock))
        monkeypatch.setattr(verification, "asyncio", SimpleNamespace(sleep=self.sleep))

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock += seconds
        assert len(self.waits) < 1000, "it follows for ever"

    async def document(self, of: Subject) -> Look:
        if of.name == "other":
            return {"other": True}
        return self.document_at(self.clock - self.begun)

    def wrote(self, plan: Plan, document: Mapping[str, Any]) -> str:
        assert document is not None
        return self.writer

    async def follow(
        self, *wanted: tuple[str, Callable[[float], bool], float], lasts: bool = False, **how: Any
    ) -> Verified:
        """Each of ``wanted``: an id, whether it holds at a time, and the seconds it is given."""

        def one(holds: Callable[[float], bool]) -> Callable[[PostconditionFacts, str], bool]:
            def asked(seen: PostconditionFacts, value: str) -> bool:
                self.since.add(seen.since)
                self.others.append(seen.other)
                return holds((seen.document or {}).get("t", -1.0))

            return asked

        known = {i: Postcondition(i, one(holds), lasts=lasts) for i, holds, _ in wanted}
        known["elsewhere"] = Postcondition(
            "elsewhere", one(lambda t: t >= 0), lambda plan, value: subject("ReplicaSet", value)
        )
        named = tuple(known[i].post(f"{i} is so", within, how.get("value", "")) for i, _, within in wanted)
        if how.get("value"):
            named = (known["elsewhere"].post("there", 5.0, how["value"]),)
        found = Verification(plan(posts=named), self, self, known)  # type: ignore[arg-type]
        self.begun = self.clock + 100  # before: no time of the following
        await found.look_before()
        self.begun = self.clock
        show = lambda states: self.shown.append(tuple(s for _, s in states))  # noqa: E731
        return await found.follow(NOW, show, **{k: v for k, v in how.items() if k == "waited"})


@pytest.fixture
def course(monkeypatch: pytest.MonkeyPatch) -> Course:
    return Course(monkeypatch)


def never(t: float) -> bool:
    return False


def from_second(n: float) -> Callable[[float], bool]:
    return lambda t: t >= n


def unread(t: float) -> Look:
    raise ReadFailed(Problem(kind=ProblemKind.UNREACHABLE, cause="gone"))


async def test_it_is_looked_at_each_second_until_it_is_so(course: Course) -> None:
    end = await course.follow(("a", from_second(2), 5.0))
    assert (end.good, end.sentence, [s for _, s in end.states]) == (True, "seen: a is so", [True])
    assert course.waits == [1.0, 1.0]
    end = await course.follow(("a", never, 5.0))
    assert len(course.waits) == 2 + 6  # where nothing says otherwise its time begins now
    assert course.since == {0.0, NOW}  # nothing was sent yet when it was looked at before


@pytest.mark.parametrize(("waited", "seconds"), [(0.0, 6), (3.0, 3), (100.0, 0)])
async def test_what_is_not_so_in_its_time(course: Course, waited: float, seconds: int) -> None:
    """Its time is five seconds: at five there is still a look, and not one more than needed after."""
    end = await course.follow(("a", never, 5.0), waited=waited)
    assert (end.good, end.sentence) == (False, "NOT seen in time: a is so")
    assert (len(course.waits), [s for _, s in end.states]) == (seconds, [False])


@pytest.mark.parametrize("waited", [0.0, 600.0])
async def test_what_cannot_be_read_is_looked_at_for_half_a_minute_more(course: Course, waited: float) -> None:
    course.document_at = unread
    end = await course.follow(("a", from_second(0), 5.0), waited=waited)
    assert (end.good, end.sentence, len(course.waits)) == (False, "NOT seen in time: a is so", 30)


async def test_each_change_is_shown_once(course: Course) -> None:
    await course.follow(("a", from_second(2), 9.0), ("b", from_second(4), 9.0))
    assert course.shown == [(None, None), (True, None)]


async def test_several_that_are_missing_are_all_said_with_who_wrote(course: Course) -> None:
    course.writer = "argocd"
    end = await course.follow(("a", never, 2.0), ("b", from_second(1), 4.0), ("c", never, 4.0))
    assert end.sentence == "NOT seen in time: a is so; c is so; written last by argocd"
    assert ([s for _, s in end.states], len(course.waits)) == ([False, True, False], 5)


@pytest.mark.parametrize(
    ("writer", "sentence"),
    [("", "seen: a is so; b is so"), ("kubectl", "seen: a is so; b is so; written by kubectl")],
)
async def test_who_wrote_what_was_seen(course: Course, writer: str, sentence: str) -> None:
    course.writer = writer
    end = await course.follow(("a", from_second(1), 5.0), ("b", from_second(1), 5.0))
    assert (end.good, end.sentence) == (True, sentence)


@pytest.mark.parametrize("document", [None, unread])
async def test_where_nothing_says_who_wrote_nobody_is_named(course: Course, document: Any) -> None:
    course.document_at, course.writer = document or (lambda t: None), "nobody"
    end = await course.follow(("a", lambda t: False, 2.0))
    assert end.sentence == "NOT seen in time: a is so"


@pytest.mark.parametrize(
    ("writer", "sentence"),
    [("", "UNDONE: no longer so: a is so"), ("argocd", "UNDONE by argocd: no longer so: a is so")],
)
async def test_what_lasts_and_is_not_so_any_more_was_undone(
    course: Course, writer: str, sentence: str
) -> None:
    course.writer = writer
    end = await course.follow(("a", lambda t: 1 <= t < 3, 99.0), ("b", never, 99.0), lasts=True)
    assert (end.good, end.sentence, len(course.waits)) == (False, sentence, 3)
    assert [s for _, s in end.states] == [False, None]


async def test_what_cannot_be_read_or_may_change_again_was_not_undone(course: Course) -> None:
    course.document_at = lambda t: unread(t) if 2 <= t < 4 else {"t": t}
    end = await course.follow(("a", from_second(1), 99.0), ("b", from_second(6), 99.0), lasts=True)
    assert (end.good, end.sentence) == (True, "seen: a is so; b is so")
    end = await course.follow(("a", lambda t: t in (1, 8), 99.0), ("b", from_second(5), 99.0))
    assert end.good


@pytest.mark.parametrize(
    ("wanted", "good", "sentence", "states"),
    [
        ((("a", lambda t: True, 5.0),), False, "NOT verified, it was so before: a is so", [False]),
        (
            (("a", lambda t: True, 5.0), ("b", from_second(1), 5.0)),
            True,
            "seen: a is so; b is so",
            [True, True],
        ),
        ((), True, "seen: ", []),
    ],
)
async def test_what_was_so_before_proves_nothing(
    course: Course, wanted: tuple[Any, ...], good: bool, sentence: str, states: list[bool]
) -> None:
    end = await course.follow(*wanted)
    assert (end.good, end.sentence, [s for _, s in end.states]) == (good, sentence, states)


async def test_some_look_at_another_object(course: Course) -> None:
    await course.follow(("a", from_second(1), 5.0))
    assert set(map(str, course.others)) == {"None"}
    course.others.clear()
    await course.follow(value="other")
    assert course.others[-1] == {"other": True}


@pytest.mark.parametrize(
    ("document", "holds"),
    [
        ({"status": {"hard": {"requests.cpu": "2000m"}}}, True),
        ({"status": {"hard": {"requests.cpu": "1"}}}, False),
        ({"status": {}}, False),
        ({"metadata": {"uid": "other"}, "status": {"hard": {"requests.cpu": "2"}}}, False),
    ],
)
def test_a_quota_is_in_force_once_its_controller_says_it_of_the_same_object(
    document: Look, holds: bool
) -> None:
    assert IN_FORCE.holds(facts(document), "requests.cpu=2") is holds
