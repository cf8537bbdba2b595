"""The procedures by chance of the trials: each has steps of all kinds, and is one that the program carries out."""

from __future__ import annotations

from collections import Counter

from tests.trials.random_procedure import LEAVES, ROLE, Drawn
from tfdash.model.procedure import OnFailure, StepKind
from tfdash.playbook.procedures.reading import read_procedure
from tfdash.playbook.procedures.walk import all_steps, leaves


def test_each_has_steps_of_every_kind_and_all_together_what_steps_may_have() -> None:
    seen = Counter[object]()
    for seed in range(20):
        drawn = Drawn(seed, "chance")
        procedure = read_procedure("chance", drawn.text)
        assert [one.id for one in read_procedure("inner", drawn.inner).steps if one.command] == list(
            drawn.inner_counted
        )
        steps = list(all_steps(procedure.steps))
        assert {step.kind for step in steps} == set(StepKind), seed
        assert len(list(leaves(procedure.steps))) == LEAVES
        assert {step.role for step in steps if step.kind is StepKind.APPROVAL} == {ROLE}
        assert set(drawn.counted) == {step.id for step in steps if step.command}
        for step in steps:
            names = (
                "before",
                "after",
                "undo",
                "retries",
                "idempotent",
                "no_return",
                "alone",
                "others",
                "needs",
            )
            seen.update(name for name in names if getattr(step, name))
            seen.update((step.on_failure, ("count", step.count), ("again", step.kind, step.idempotent)))
            seen.update(("hangs", bool(branch.steps)) for branch in step.branches)
    wanted = {"before", "after", "undo", "retries", "no_return", "alone", "others", "needs", *OnFailure}
    wanted |= {
        ("count", 2),
        ("hangs", True),
        ("again", StepKind.COMMAND, False),
        ("again", StepKind.COMMAND, True),
    }
    assert not wanted - set(seen)
