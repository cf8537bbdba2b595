"""Whether an action is a step of an open run, and whose turn it is there."""

from __future__ import annotations

import pytest

from tests.unit.playbook.procedures.running import TEXT, Run
from tfdash.model.subject import ClusterRef, Subject
from tfdash.playbook.procedures.turns import first, state_kept, turn

HERE = ClusterRef("production", "eu-1")
WEB = Subject(HERE, "Deployment", "shop", "web")
SCALED = TEXT.replace(
    'action = "workload.rollback"', 'action = "workload.scale"\narguments = { replicas = "6" }'
)
AFAR = TEXT.replace('action = "workload.rollback"', 'action = "workload.rollback"\ncluster = "us-1"')


def run_of(text: str = TEXT, *, decided: str = "back", **more: str) -> Run:
    run = Run(text, environment=HERE.environment, cluster=HERE.cluster, **more)
    run.add("done", "seen", attempt=1)
    if decided:
        run.add("decided", "how", branch=decided)
    return run


def test_its_turn_comes_with_the_run() -> None:
    early = turn(run_of(decided="").state, "workload.rollback", [WEB], {})
    assert early.step is not None and early.step.id == "rollback" and not early.now
    assert early.next is not None and early.next.id == "how" and early.words == "whose turn it is not yet"
    run = run_of()
    due = turn(run.state, "workload.rollback", [WEB], {})
    assert due.now and due.next is due.step and due.words == "whose turn it is"
    run.acted("rollback", end="")
    air = turn(run.state, "workload.rollback", [WEB], {})
    assert not air.now and air.under_way and air.step is due.step
    run.add("done", "rollback", attempt=1)
    assert turn(run.state, "workload.rollback", [WEB], {}).step is None  # it is over: no step of it any more


@pytest.mark.parametrize(
    ("text", "action", "about", "arguments", "fits"),
    [
        (TEXT, "workload.restart", WEB, {}, False),
        (TEXT, "workload.rollback", WEB._replace(name="cart"), {}, False),
        (TEXT, "workload.rollback", WEB._replace(cluster=ClusterRef("production", "us-1")), {}, False),
        (TEXT, "workload.rollback", WEB._replace(kind="Canary"), {}, True),  # it carries that very workload
        (TEXT, "workload.rollback", WEB._replace(kind="Service"), {}, False),
        (SCALED, "workload.scale", WEB, {}, True),
        (SCALED, "workload.scale", WEB, {"replicas": "6"}, True),
        (SCALED, "workload.scale", WEB, {"replicas": "7"}, False),
        (TEXT, "workload.rollback", WEB, {"revision": "3"}, False),
        (AFAR, "workload.rollback", WEB, {}, False),  # it is done in another cluster than the run's
        (AFAR, "workload.rollback", WEB._replace(cluster=ClusterRef("production", "us-1")), {}, True),
    ],
)
def test_action_target_and_what_was_said_must_be_those_of_the_step(
    text: str, action: str, about: Subject, arguments: dict[str, str], fits: bool
) -> None:
    found = turn(run_of(text).state, action, [about], arguments)
    assert (found.step is not None) is fits and found.now is fits


def test_a_branch_that_was_not_chosen_has_no_step() -> None:
    assert turn(run_of(decided="forth").state, "workload.rollback", [WEB], {}).step is None


def test_of_several_runs_the_one_whose_turn_it_is_goes_first() -> None:
    late, due = run_of(decided="", nonce="a"), run_of(nonce="b")
    found = [turn(run.state, "workload.rollback", [WEB], {}) for run in (late, due)]
    best = first(found)
    assert best is not None and best.run.id == due.id
    assert first([]) is None


def test_what_was_folded_once_is_kept_for_so_many_runs() -> None:
    run = run_of()
    journal = run.journal
    assert state_kept(journal) is state_kept(journal)
    for number in range(80):
        state_kept(run_of(nonce=str(number)).journal)
    assert state_kept(journal) == run.state


@pytest.mark.parametrize("there", ["", "us-1"])
def test_a_step_that_acts_in_another_cluster_is_of_what_is_there(there: str) -> None:
    text = TEXT.replace(
        'subject = "Deployment shop/web"', f'subject = "Deployment shop/web"\ncluster = "{there}"'
    )
    run = run_of(text if there else TEXT)
    for cluster in ("eu-1", "us-1"):
        about = WEB._replace(cluster=ClusterRef("production", cluster))
        assert turn(run.state, "workload.rollback", [about], {}).now is (cluster == (there or "eu-1"))
