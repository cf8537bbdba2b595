"""Which runbook is proposed: by its signs, against it, and never on this terminal's view alone where it cannot be taken back."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.playbook.making import NOW, REF, deployment
from tests.unit.playbook.procedures.probing import GONE, ask, case_of, of, seen
from tfdash.model.picture import ClusterPicture, Picture
from tfdash.model.procedure import Ask, Input, Procedure, Scenario, Step, StepKind
from tfdash.model.recovery import RecoveryProposal
from tfdash.model.store_state import StoreHealth, StoreState, TerminalView
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.proposals import LATELY, points_of_no_return, proposal

DOWN = ask("workload.down")
AWAY = ask("control-plane.away")
LAME = deployment(ready=0, available=0, unavailable=3)
OTHER = ClusterRef(REF.environment, "us-1")
WIPE = Step(id="wipe", title="wipe it", kind=StepKind.MANUAL, no_return="its data is gone")


def runbook(
    *signs: Ask, against: tuple[Ask, ...] = (), steps: tuple[Step, ...] = (), inputs: tuple[Input, ...] = ()
) -> Procedure:
    return Procedure(
        id="x",
        title="x fails",
        steps=steps,
        recovery=True,
        inputs=inputs,
        scenario=Scenario(title="x", signs=signs, against=against, alike=(("y", "by its light"),)),
    )


def told(procedure: Procedure, picture: Picture) -> RecoveryProposal:
    found = proposal(procedure, case_of(picture))
    assert found is not None
    return found


BLIND = seen(of(), "Deployment", complete=False, value=None)


@pytest.mark.parametrize(
    ("picture", "signs", "against", "proposed", "sentence"),
    [
        (of(LAME), (DOWN,), (), True, "1 of 1 sign: 1 of 1 workload down"),
        (of(deployment()), (DOWN,), (), False, "0 of 1 sign: 0 of 1 workload down"),
        (BLIND, (DOWN,), (), None, "0 of 1 sign, 1 not known"),
        (of(LAME), (DOWN, AWAY), (), True, "1 of 2 signs: "),
        (
            of(LAME),
            (DOWN,),
            (ask("control-plane.answers"),),
            False,
            "against it: the API server of eu-1 answers",
        ),
        (of(LAME), (DOWN,), (ask("nodes.many-down"),), True, "1 of 1 sign"),
        (BLIND, (DOWN, AWAY), (), None, "0 of 2 signs, 1 not known"),
    ],
)
def test_what_tells_for_it(
    picture: Picture, signs: tuple[Ask, ...], against: tuple[Ask, ...], proposed: bool | None, sentence: str
) -> None:
    found = told(runbook(*signs, against=against), picture)
    assert found.proposed is proposed, found.sentence
    assert sentence in found.sentence and not found.refused
    assert [one.how for one in found.alike] == ["by its light"]


def test_what_has_no_scenario_is_never_proposed() -> None:
    assert proposal(Procedure(id="x", title="x", steps=()), case_of(of(LAME))) is None


def test_what_a_sign_found_fills_the_inputs() -> None:
    one = Input(id="service", title="service", type="workload")
    many = Input(id="services", title="services", type="workload", many=True)
    node = Input(id="node", title="node", type="node")
    second = deployment(name="cart", uid="c", ready=0, available=0, unavailable=3)
    found = told(runbook(DOWN, inputs=(one, many, node)), of(LAME))
    assert found.inputs == {"service": ("Deployment a/checkout",), "services": ("Deployment a/checkout",)}
    found = told(runbook(DOWN, inputs=(one, many, node)), of(LAME, second))
    assert found.inputs == {"services": ("Deployment a/cart", "Deployment a/checkout")}, (
        "which of them, a person says"
    )


def view(
    terminal: str, machine: str, reaches: bool, *, at: float = NOW - 10, cluster: ClusterRef = REF
) -> TerminalView:
    return TerminalView(terminal=terminal, machine=machine, cluster=cluster, at=at, reaches=reaches)


def away(*views: TerminalView, other: bool | None = None) -> Picture:
    """The API server does not answer this terminal; ``other``: whether that of another cluster does, None where there is none."""
    found = seen(of(), "", problem=GONE)
    if other is not None:
        second = found.clusters[REF]
        second = ClusterPicture(ref=OTHER, info=of().clusters[REF].info if other else second.info, kinds={})
        found = msgspec.structs.replace(found, clusters={**found.clusters, OTHER: second})
    state = StoreState(health=StoreHealth(terminal="me"), views=views)
    return msgspec.structs.replace(found, store_state=state)


MINE = view("me", "laptop", False)


@pytest.mark.parametrize(
    ("picture", "refused"),
    [
        (away(), "no terminal of another machine"),
        (away(MINE), "no terminal of another machine"),
        (away(MINE, view("b", "desk", False)), ""),
        (away(MINE, view("b", "desk", True)), "desk reaches eu-1"),
        (away(MINE, view("b", "desk", False), view("c", "phone", True)), "phone reaches eu-1"),
        (away(MINE, view("b", "laptop", False)), "no terminal of another machine"),
        (away(view("b", "desk", False)), "no terminal of another machine"),
        (away(MINE, view("b", "desk", False, at=NOW - LATELY)), "no terminal of another machine"),
        (away(MINE, view("b", "desk", False, at=NOW + 60)), "no terminal of another machine"),
        (away(MINE, view("b", "desk", False, cluster=OTHER)), "no terminal of another machine"),
        (away(MINE, view("b", "desk", False), other=True), ""),
        (away(MINE, view("b", "desk", False), other=False), "this terminal's own network"),
    ],
)
def test_what_cannot_be_taken_back_is_not_offered_on_one_view(picture: Picture, refused: str) -> None:
    found = told(runbook(AWAY, steps=(WIPE,)), picture)
    assert found.proposed is True
    assert bool(found.refused) is bool(refused) and refused in found.refused
    assert not told(runbook(AWAY), picture).refused, "it takes nothing that cannot be given back"


def test_the_cluster_itself_is_a_second_view() -> None:
    found = told(runbook(DOWN, steps=(WIPE,)), of(LAME))
    assert not found.refused and "eu-1 itself tells it" in found.vantage[0].sentence


def test_a_point_of_no_return_is_found_wherever_it_stands() -> None:
    group = Step(id="g", title="g", kind=StepKind.GROUP, steps=(WIPE,))
    undone = Step(id="u", title="u", kind=StepKind.MANUAL, undo=(WIPE,))
    assert [points_of_no_return(runbook(steps=(one,))) for one in (WIPE, group, undone)] == [1, 1, 1]
    assert points_of_no_return(runbook(steps=(Step(id="a", title="a", kind=StepKind.MANUAL),))) == 0


def test_nothing_external_is_control() -> None:
    found = told(runbook(ask("workload.down", workload="Deployment a/x\x1b")), of())
    assert "\x1b" not in repr(found)
