"""What there is to choose for an input, out of the live picture."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from tests.unit.playbook.making import (
    NOW,
    REF,
    condition,
    deployment,
    picture,
    pod,
    replica_set,
    running,
    stateful_set,
    waiting,
)
from tests.unit.playbook.releases.making import rollout, state_of, versions
from tfdash.judging.judge import judge_all
from tfdash.model.commits import NewestCommit, SeenCommit
from tfdash.model.kube import Container, Owner, Template
from tfdash.model.kubecluster import Namespace, Node
from tfdash.model.observation import Observation
from tfdash.model.procedure import Input
from tfdash.model.release import Carrier, Phase, ReleaseState, Side
from tfdash.model.subject import Subject
from tfdash.model.workload import Serving
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.candidates import Candidate, InputCase, coming_versions
from tfdash.playbook.procedures.inputs import INPUT_TYPES, unfit_value

OLD = Template(containers=(Container("main", "registry.example.com/checkout:2.13.4"),))
OBJECTS = (
    deployment(ready=0, available=0, unavailable=3),
    replica_set(),
    replica_set(name="checkout-0", uid="r0", template=OLD, created=NOW - 90_000),
    pod("checkout-1-bad", waiting("CrashLoopBackOff"), conditions=(condition("Ready", "False"),)),
    pod("checkout-1-good", running(), conditions=(condition("Ready", "True"),)),
    pod("checkout-1-done", phase="Succeeded"),
    pod("db-0", running(), owner=Owner("StatefulSet", "db", "s"), conditions=(condition("Ready", "True"),)),
    stateful_set(),
    Node(namespace="", name="n1", conditions=(condition("Ready", "True"),), kubelet_version="v1.37.2"),
    Node(namespace="", name="n2", conditions=(condition("Ready", "False"),), unschedulable=True),
    Namespace(namespace="", name="a"),
)
SEEN = picture(*OBJECTS)
JUDGED = judge_all(SEEN, NOW, stale_after=180.0)


def there(type: str, **chosen: tuple[str, ...]) -> Sequence[Candidate]:
    case = InputCase(
        wanted=Input(id="x", title="x", type=type, choices=("a", "b") if type == "choice" else ()),
        cluster=REF,
        picture=SEEN,
        assessment=JUDGED,
        policies=Policies(environments=("production", "staging")),
        chosen=chosen,
    )
    return INPUT_TYPES[type].candidates(case)


def values(type: str, **chosen: tuple[str, ...]) -> list[str]:
    return [one.value for one in there(type, **chosen)]


def test_what_wants_attention_stands_first() -> None:
    first, *_ = there("workload")
    assert values("workload") == ["Deployment a/checkout", "StatefulSet a/db"]
    assert first.sentence.startswith("DOWN")
    bad, *_ = there("pod", service=("Deployment a/checkout",))
    assert bad == Candidate("Pod a/checkout-1-bad", "CrashLoopBackOff")


def test_a_rollout_is_there_to_be_chosen_as_what_is_released() -> None:
    carried = state_of("Rollout", rollout(), *versions())
    carried = msgspec.structs.replace(
        carried, subject=Subject(REF, "Rollout", "a", "web"), serving=Serving.OK
    )
    case = InputCase(
        wanted=Input(id="x", title="x", type="workload"),
        cluster=REF,
        picture=SEEN,
        assessment=msgspec.structs.replace(JUDGED, releases={carried.subject: carried}),
    )
    found = [one.value for one in INPUT_TYPES["workload"].candidates(case)]
    assert found == ["Deployment a/checkout", "StatefulSet a/db", "Rollout a/web"]


def test_pods_are_those_of_what_was_chosen() -> None:
    assert values("pod", service=("Deployment a/checkout",)) == [
        "Pod a/checkout-1-bad",
        "Pod a/checkout-1-good",
    ]
    assert values("pod", service=("StatefulSet a/db",)) == ["Pod a/db-0"]
    assert len(values("pod")) == 3


def test_versions_are_those_that_it_had() -> None:
    assert values("version", service=("Deployment a/checkout",))[-1] == "2.13.4"
    assert values("version") == []


def test_the_rest_of_what_there_is() -> None:
    assert [one.sentence for one in there("node")] == ["ready, v1.37.2", "not ready, cordoned"]
    assert values("namespace") == ["a"] and values("cluster") == ["eu-1"]
    assert values("environment") == ["production", "staging"] and values("choice") == ["a", "b"]
    assert values("text") == values("number") == values("duration") == []


def test_every_candidate_can_be_chosen() -> None:
    chosen = {"service": ("Deployment a/checkout",)}
    for type in INPUT_TYPES:
        wanted = Input(id="x", title="x", type=type)
        assert not [one for one in values(type, **chosen) if unfit_value(wanted, one)], type
        assert not unfit_value(wanted, INPUT_TYPES[type].example), type


def test_where_nothing_is_known_there_is_none() -> None:
    nothing = picture()
    judged = judge_all(nothing, NOW, stale_after=180.0)
    for type, one in INPUT_TYPES.items():
        case = InputCase(
            wanted=Input(id="x", title="x", type=type),
            cluster=REF._replace(cluster="other"),
            picture=nothing,
            assessment=judged,
        )
        assert all(type in ("cluster", "environment") for _ in one.candidates(case))


def test_what_stays_as_it_is_beside_the_new_version_is_not_being_released() -> None:
    def side(*images: str) -> Side:
        return Side(images=images)

    state = ReleaseState(
        subject=Subject(REF, "Rollout", "shop", "web"),
        carrier=Carrier.ROLLOUT,
        phase=Phase.PAUSED,
        message="",
        canary=side("r.example/web:2.14.0", "r.example/proxy:1.36.2"),
        stable=side("r.example/web:2.13.4", "r.example/proxy:1.36.2"),
    )
    assert state.in_flight and coming_versions(state) == ("2.14.0",)
    over = msgspec.structs.replace(state, phase=Phase.COMPLETE)
    assert coming_versions(over) == ()


def test_commits_are_the_newest_of_the_default_branches_and_what_is_asked_for() -> None:
    one, two = "a" * 40, "b" * 40
    newest = (
        NewestCommit(commit=one, title="the tax line", author="ann", at=NOW - 60),
        NewestCommit(commit=two, title=""),
    )
    asked = SeenCommit(pipeline="deploy", version="2.14.0", commit="c" * 40)
    signals = msgspec.structs.replace(
        SEEN.signals,
        newest={"deploy": Observation(value=newest), "tag": Observation(value=newest), "away": Observation()},
        commits={
            "deploy 2.14.0": Observation(value=asked),
            "deploy 2.15.0": Observation(value=msgspec.structs.replace(asked, commit="")),  # not tagged yet
        },
    )
    case = InputCase(
        wanted=Input(id="x", title="x", type="commit"),
        cluster=REF,
        picture=msgspec.structs.replace(SEEN, signals=signals),
        assessment=JUDGED,
    )
    found = INPUT_TYPES["commit"].candidates(case)
    assert [each.value for each in found] == [one, two, "c" * 40]
    assert found[0].sentence.startswith("the tax line, ann, ") and found[2].sentence == "asked for as 2.14.0"


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("abcdef0", True),
        ("A" * 40, True),
        ("0" * 64, True),
        ("abcdef", False),
        ("0" * 65, False),
        ("-abcdef0", False),
        ("main", False),
        ("abcdef0/..", False),
        ("abcdef0 ", False),
    ],
)
def test_a_commit_is_digits_and_never_an_option(value: str, fits: bool) -> None:
    assert (not unfit_value(Input(id="c", title="c", type="commit"), value)) is fits
