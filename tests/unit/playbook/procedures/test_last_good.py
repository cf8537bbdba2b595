"""The last-good picture: what is declared, when it is taken, what a run is told of it, and what is asked of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.playbook.making import CONTAINER, NOW, REF, deployment, stateful_set
from tests.unit.playbook.procedures.probing import FORBIDDEN, ask, seen
from tests.unit.playbook.procedures.restoring import (
    LOST,
    SERVICES,
    WELL,
    case,
    good,
    hpa,
    settings,
    with_good,
)
from tfdash.model.delivery import Rollout
from tfdash.model.kube import Template
from tfdash.model.last_good import LastGood
from tfdash.model.verdict import Level, UnknownKind
from tfdash.playbook.procedures.answering import answered
from tfdash.playbook.procedures.candidates import InputCase
from tfdash.playbook.procedures.expansion import expanded
from tfdash.playbook.procedures.inputs import INPUT_TYPES, lost_clusters, unfit_inputs
from tfdash.playbook.procedures.last_good import (
    PARTS,
    SHOWN_PARTS,
    LastGoodTaking,
    restored_parts,
    restored_text,
    wrong_restored,
)
from tfdash.playbook.procedures.library import library
from tfdash.playbook.procedures.readiness import readiness
from tfdash.playbook.procedures.recovery_settings import (
    RecoverySettings,
    RestoredService,
    circle_in,
    in_order,
)
from tfdash.report.runbooks.document import document
from tfdash.setting import SeveralUnfit, Unfit

GAP = 120.0


# -- what is declared ----------------------------------------------------------------------------------------------------


def service(tier: int = 3, *rests_on: str, **fields: Any) -> RestoredService:
    name = fields.pop("name", f"s{tier}")
    return RestoredService(
        **{"workload": f"Deployment a/{name}", "tier": tier, "rests_on": rests_on, **fields}
    )


@pytest.mark.parametrize(
    ("services", "told"),
    [
        (
            {"a": service(1, "b", name="a"), "b": service(3, name="b")},
            "b comes up in tier 3 (API core), behind a in tier 1",
        ),
        (
            {"a": service(3, "b", name="a"), "b": service(3, "c", name="b"), "c": service(3, "a", name="c")},
            "a circle: a rests on b rests on c rests on a",
        ),
        ({"a": service(3, "a", name="a")}, "a circle: a rests on a"),
        ({"a": service(3, "bb", name="a"), "b": service(3, name="b")}, 'there is no service "bb"'),
        ({"a": service(3, name="a"), "b": service(3, name="a")}, "is that of a, too"),
        ({"a b": service(3)}, "is no name"),
    ],
)
def test_one_clear_fault(services: dict[str, RestoredService], told: str) -> None:
    with pytest.raises((Unfit, SeveralUnfit)) as fault:
        RecoverySettings(services=services)
    assert isinstance(fault.value, Unfit) and told in str(fault.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"workload": "Pod a/x"},
        {"workload": "Deployment x"},
        {"workload": "Deployment a/x --all"},
        {"owner": "two words"},
        {"owner": "a,b"},
        {"comes_up": "sync"},
        {"comes_up": "pipeline a b"},
        {"comes_up": "sync -x"},
    ],
)
def test_what_a_run_could_not_be_told_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises((Unfit, SeveralUnfit)):
        RestoredService(**{"workload": "Deployment a/x", "tier": 3, **fields})


GRAPHS = st.dictionaries(
    st.sampled_from("abcdefg"), st.lists(st.sampled_from("abcdefg"), max_size=4), min_size=1
)


@given(GRAPHS)
def test_a_circle_is_one_and_is_found_where_there_is_one(graph: dict[str, list[str]]) -> None:
    graph = {name: [on for on in below if on in graph] for name, below in graph.items()}
    left = dict(graph)  # the oracle: what can be brought up is taken away, until nothing moves
    while free := [name for name, below in left.items() if not set(below) & left.keys()]:
        for name in free:
            del left[name]
    circle = circle_in(graph)
    assert bool(circle) == bool(left)
    for name, on in zip(circle, (*circle[1:], *circle[:1]), strict=True):
        assert on in graph[name]
    if not circle:
        order = in_order({name: service(3, *below, name=name) for name, below in graph.items()})
        assert sorted(order) == sorted(graph)
        assert all(order.index(on) < order.index(name) for name, below in graph.items() for on in below)


def test_lower_tiers_come_first() -> None:
    assert in_order(SERVICES) == ("ledger", "checkout")


# -- when it is taken ----------------------------------------------------------------------------------------------------


def test_it_is_taken_once_it_served_for_long_enough_and_not_before() -> None:
    steady = LastGoodTaking(settings())
    at = {seconds: steady.taken(case(WELL, hpa(), now=NOW + seconds), GAP) for seconds in range(0, 1000, 100)}
    assert not any(at[seconds] for seconds in at if seconds < 900)
    one = at[900]["checkout"]
    assert (one.replicas, one.scaler, one.minimum, one.maximum) == (3, "checkout", 2, 8)
    assert (one.at, one.since, one.images) == (NOW + 900, NOW, (CONTAINER.image,))
    assert (one.tier, one.owner, one.rests_on) == (3, "payments", ("ledger",))
    assert "ledger" not in at[900]  # it is not there


@pytest.mark.parametrize(
    "meanwhile",
    [
        pytest.param(deployment(ready=1, available=1, unavailable=2), id="degraded"),
        pytest.param(deployment(updated=1), id="a release is on its way"),
        pytest.param(deployment(desired=0, ready=0, available=0, replicas=0, updated=0), id="not wanted"),
        pytest.param(
            deployment(template=Template(containers=(msgspec.structs.replace(CONTAINER, image="x:2"),))),
            id="another image",
        ),
        None,
    ],
)
def test_what_breaks_it_makes_it_begin_anew(meanwhile: Any) -> None:
    steady = LastGoodTaking(settings(good_for=300.0))
    for seconds in (0, 100, 200, 300):
        taken = steady.taken(case(WELL, hpa(), now=NOW + seconds), GAP)
    assert taken
    between = (meanwhile,) if meanwhile is not None else ()
    assert not steady.taken(case(*between, hpa(), now=NOW + 400), GAP)
    assert not steady.taken(case(WELL, hpa(), now=NOW + 500), GAP)


def test_what_nobody_looked_at_does_not_count_and_what_is_not_read_is_not_well() -> None:
    steady = LastGoodTaking(settings(good_for=300.0))
    steady.taken(case(WELL, hpa()), GAP)
    assert not steady.taken(case(WELL, hpa(), now=NOW + 3000), GAP)  # it slept
    assert not steady.taken(case(WELL, hpa(), now=NOW - 10), GAP)  # its clock was set back
    unread = case(WELL, hpa())
    blind = msgspec.structs.replace(
        unread,
        picture=seen(
            unread.picture, "HorizontalPodAutoscaler", value=None, problem=FORBIDDEN, complete=False
        ),
    )
    assert not LastGoodTaking(settings(good_for=60.0)).taken(blind, GAP)


def test_the_newest_stays_and_what_is_declared_now_is_said_of_it() -> None:
    steady = LastGoodTaking(settings())
    old, new = good(replicas=3), good(replicas=7, at=NOW)
    assert steady.merged(LastGood(services=(old,)), {"checkout": new}).services[0].replicas == 7
    assert steady.merged(LastGood(services=(new,)), {"checkout": old}).services[0].replicas == 7
    both = steady.merged(LastGood(services=(good(), good("ledger"))), {})
    assert [one.name for one in both.services] == ["ledger", "checkout"]
    assert both.services[0].comes_up == "signed" and both.services[1].owner == "payments"
    moved = settings(checkout=RestoredService(workload="Deployment b/checkout", tier=3))
    assert LastGoodTaking(moved).merged(LastGood(services=(old, good("ledger"))), {}).services == ()


# -- what a run is told --------------------------------------------------------------------------------------------------

NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,20}[a-z0-9])?", fullmatch=True)


@given(
    NAMES,
    NAMES,
    st.integers(1, 5),
    st.integers(0, 9999),
    st.sampled_from(["scaled", "signed", "sync argocd/x", "pipeline P.1"]),
)
def test_a_text_says_what_the_service_was(
    namespace: str, name: str, tier: int, replicas: int, way: str
) -> None:
    kind, _, by = way.partition(" ")
    workload = good().workload._replace(namespace=namespace, name=name)
    one = good(
        workload=workload,
        tier=tier,
        replicas=replicas,
        scaler=name,
        minimum=1,
        maximum=9,
        comes_up=kind,
        by=by,
    )
    text = restored_text(one)
    parts = restored_parts(text)
    assert not wrong_restored(text) and parts.keys() == set(PARTS)
    assert parts["object"] == f"Deployment {namespace}/{name}" and parts["replicas"] == str(replicas)
    assert (parts["scaler"], parts["min"], parts["max"]) == (
        f"HorizontalPodAutoscaler {namespace}/{name}",
        "1",
        "9",
    )
    assert [key for key in ("sync", "pipeline", "signed") if parts[key]] == (
        [] if kind == "scaled" else [kind]
    )
    assert "," not in text  # several stand in one field


@pytest.mark.parametrize(
    "text",
    [
        "",
        "all of it",
        "Deployment a/x",
        "Deployment a/x tier=3",
        "Deployment a/x tier=3 replicas=many",
        "Deployment a/x tier=3 replicas=3 replicas=4",
        "Deployment a/x tier=3 replicas=3 hpa=x",
        "Deployment a/x tier=3 replicas=-1",
        "Deployment a/x tier=3 replicas=3 color=red",
        "Pod a/x tier=3 replicas=3",
        "Deployment a/x tier=3 replicas=99999999",
    ],
)
def test_what_is_no_service_is_refused(text: str) -> None:
    assert wrong_restored(text)
    assert not restored_parts(text)


def test_the_run_has_each_service_in_its_tier_and_by_its_own_way() -> None:
    runbook = library().procedures["environment-failure"]
    texts = tuple(
        restored_text(one)
        for one in (
            good("ledger", comes_up="signed"),
            good(scaler="checkout", minimum=2, maximum=8),
            good(workload=good().workload._replace(name="cart"), comes_up="sync", by="argocd/cart"),
        )
    )
    inputs = {"lost": ("eu-2",), "services": texts}
    assert not unfit_inputs(runbook, inputs)
    steps = {
        s.id: s
        for s in expanded(runbook, inputs, {"run": "r", "environment": "production", "cluster": "eu-1"}).steps
    }
    by_tier = {n: [s.title for s in steps[f"tier-{n}"].steps] for n in range(1, 6)}
    assert by_tier == {1: ["ledger"], 2: [], 3: ["checkout", "cart"], 4: [], 5: []}
    kinds = [[s.id.partition("-")[0] for s in one.steps] for n in (1, 3) for one in steps[f"tier-{n}"].steps]
    assert kinds == [["hand", "size", "image"], ["bounds", "size", "image"], ["sync", "size", "image"]]
    bounds = steps["tier-3"].steps[0].steps[0]
    assert bounds.subject == "HorizontalPodAutoscaler a/checkout"
    assert bounds.arguments == (("minimum", "2"), ("maximum", "8"))
    order = list(steps)
    assert all(order.index(f"gate-{n}") < order.index(f"tier-{n + 1}") for n in range(1, 5))
    assert order.index("gate-5") < order.index("switched") and steps["switched"].no_return


def test_a_document_shows_every_step_where_nothing_was_chosen() -> None:
    shown = {one["id"]: one for one in document(library().procedures["environment-failure"])["steps"]}
    ways = ("sync", "pipeline", "hand", "bounds", "size")
    assert {f"{way}-{n}--1" for way in ways for n in range(1, 6)} <= shown.keys()
    assert shown["size-2--1"]["lines"] == ["kubectl scale deployment/name -n namespace --replicas=2"]
    assert shown["bounds-2--1"]["title"].startswith("{each.name}: its HPA scales from {each.min}")
    assert SHOWN_PARTS.keys() == set(PARTS)


def test_what_there_is_to_choose_is_of_what_is_lost() -> None:
    runbook = library().procedures["environment-failure"]
    wanted = runbook.inputs[1]

    def values(**chosen: tuple[str, ...]) -> list[str]:
        at = case(WELL, kept=(good(), good("ledger")))
        of = InputCase(
            wanted=wanted, cluster=at.cluster, picture=at.picture, assessment=at.assessment, chosen=chosen
        )
        return [one.value.split()[1] for one in INPUT_TYPES["restored"].candidates(of)]

    assert values() == values(lost=("eu-2",)) == ["a/ledger", "a/checkout"]
    assert values(lost=(REF.cluster,)) == []  # it has no picture: another one's is none of it
    assert lost_clusters(runbook, {"lost": ("eu-2",)}) == {"eu-2"}
    assert lost_clusters(runbook, {"lost": ("eu-2", "eu-3")}) == {
        "eu-2",
        "eu-3",
    }  # of a file in which it is a list
    assert lost_clusters(library().procedures["way-back"], {"home": ("eu-2",)}) == frozenset()


# -- what is asked of it -------------------------------------------------------------------------------------------------

LEDGER = stateful_set(name="ledger")
BOTH = (good(), good("ledger"))
CHECKOUT = {"workload": "Deployment a/checkout"}
FITS = (good(scaler="checkout", minimum=2, maximum=8), good("ledger"))


@pytest.mark.parametrize(
    ("objects", "kept", "id", "arguments", "passed", "sentence"),
    [
        ((), BOTH, "last-good.fresh", {}, True, "has all of 2 services"),
        ((), BOTH, "last-good.fresh", {"of": "eu-2"}, True, "has all of 2 services"),
        (
            (),
            (good(at=NOW + 86_400), good("ledger")),
            "last-good.fresh",
            {},
            False,
            "of checkout was taken in",
        ),
        ((), BOTH, "last-good.fresh", {"of": "eu-9"}, False, "no last-good picture of checkout, ledger"),
        ((), (good(),), "last-good.fresh", {}, False, "no last-good picture of ledger"),
        ((), (good(at=NOW - 90_000), good("ledger")), "last-good.fresh", {}, False, "of checkout is old"),
        ((), None, "last-good.fresh", {}, None, "was not read yet"),
        ((WELL, LEDGER), BOTH, "last-good.restored", {"tier": "3"}, True, "1 service of tier 3: each serves"),
        ((WELL, LEDGER), BOTH, "last-good.restored", {"tier": "5"}, True, "no service is of tier 5"),
        ((WELL, LEDGER), BOTH, "last-good.restored", {"tier": "three"}, None, "is none of 1 to 5"),
        ((WELL, LEDGER), BOTH, "last-good.restored", {"tier": "6"}, None, "is none of 1 to 5"),
        (
            (WELL,),
            (good(replicas=4),),
            "last-good.restored",
            {"tier": "3"},
            False,
            "wants 3 replicas, and it was 4",
        ),
        ((WELL, hpa()), FITS, "last-good.restored", {"tier": "3"}, True, "each serves, sized as it was"),
        (
            (WELL, hpa(max_replicas=9)),
            FITS,
            "last-good.restored",
            {"tier": "3"},
            False,
            "2 to 9, and it was 2 to 8",
        ),
        ((WELL,), FITS, "last-good.restored", {"tier": "3"}, False, "no HPA, and it was 2 to 8"),
        ((WELL,), (), "last-good.restored", {"tier": "3"}, None, "has no last-good picture"),
        ((deployment(available=0, ready=0),), BOTH, "last-good.restored", {"tier": "3"}, False, "is down"),
        ((), BOTH, "last-good.restored", {"tier": "3"}, False, "there is no Deployment a/checkout"),
        (
            (WELL,),
            BOTH,
            "last-good.sized",
            {**CHECKOUT, "replicas": "3"},
            True,
            "wants 3 replicas, as it did",
        ),
        ((WELL,), BOTH, "last-good.sized", {**CHECKOUT, "replicas": "4"}, False, "and it was 4"),
        (
            (WELL, hpa()),
            BOTH,
            "last-good.sized",
            {**CHECKOUT, "replicas": "4"},
            True,
            "as its HPA of 2 to 8 says",
        ),
        (
            (deployment(desired=0, ready=0, available=0, replicas=0, updated=0), hpa()),
            BOTH,
            "last-good.sized",
            {**CHECKOUT, "replicas": "4"},
            False,
            "wants 0 replicas",
        ),
        ((WELL,), BOTH, "last-good.sized", {**CHECKOUT, "replicas": "x"}, None, "is no whole number"),
        ((WELL, LEDGER), BOTH, "last-good.rests-on", CHECKOUT, True, "ledger: what checkout rests on serves"),
        ((WELL,), BOTH, "last-good.rests-on", CHECKOUT, False, "rests on ledger, and there is none"),
        (
            (LEDGER,),
            BOTH,
            "last-good.rests-on",
            {"workload": "StatefulSet a/ledger"},
            True,
            "on no other service",
        ),
        (
            (WELL,),
            BOTH,
            "last-good.rests-on",
            {"workload": "Deployment a/x"},
            None,
            "is none of [recovery.services]",
        ),
        (
            (WELL,),
            (good(images=(CONTAINER.image,)),),
            "last-good.images",
            CHECKOUT,
            True,
            "what it was good with",
        ),
        ((WELL,), (good(images=("x:1",)),), "last-good.images", CHECKOUT, False, "was good with x:1"),
        ((WELL,), (good("ledger"),), "last-good.images", CHECKOUT, None, "is not known"),
    ],
)
def test_a_probe(
    objects: tuple[Any, ...],
    kept: Any,
    id: str,
    arguments: dict[str, str],
    passed: bool | None,
    sentence: str,
) -> None:
    told = answered(ask(id, **arguments), case(*objects, kept=kept))
    assert (told.passed, sentence in told.sentence) == (passed, True), told.sentence


REFERS = Rollout(
    namespace="a", name="web", uid="r", desired=3, workload_kind="Deployment", workload_name="checkout"
)
WEB = {"web": RestoredService(workload="Rollout a/web", tier=3)}


@pytest.mark.parametrize(
    ("images", "objects", "passed", "sentence"),
    [
        ((CONTAINER.image,), (REFERS, WELL), True, "what it was good with"),
        (("x:1",), (REFERS, WELL), False, "was good with x:1"),
        ((CONTAINER.image,), (REFERS,), None, "stands elsewhere"),
        ((), (REFERS, WELL), None, "does not say it"),
    ],
)
def test_what_a_rollout_runs_that_refers_to_a_workload_is_what_that_has(
    images: tuple[str, ...], objects: tuple[Any, ...], passed: bool | None, sentence: str
) -> None:
    kept = good(name="checkout", images=images)
    kept = msgspec.structs.replace(
        kept, name="web", workload=kept.workload._replace(kind="Rollout", name="web")
    )
    asked = ask("last-good.images", workload="Rollout a/web")
    told = answered(asked, case(*objects, kept=(kept,), services=WEB))
    assert (told.passed, sentence in told.sentence) == (passed, True), told.sentence


def test_where_nothing_is_configured_nothing_is_known() -> None:
    none = answered(ask("last-good.fresh"), case(services={}))
    assert (
        none.passed is None
        and none.unknown is UnknownKind.NOT_WATCHED
        and "[recovery.services" in none.sentence
    )
    nowhere = answered(ask("last-good.fresh"), case(keeps_last_good=False))
    assert nowhere.passed is None and "folder" in nowhere.sentence


def test_readiness_tells_what_the_picture_lacks() -> None:
    runbook = library().procedures["environment-failure"]
    told = readiness(runbook, msgspec.structs.replace(case(WELL, kept=(good(),)), cluster=LOST))
    assert told.level is Level.WARN and any("no last-good picture of ledger" in one for one in told.missing)
    assert not told.circle
    assert with_good(case(WELL).picture).signals.last_good.keys() == {LOST}
