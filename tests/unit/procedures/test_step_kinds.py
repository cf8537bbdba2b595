"""A kind of step stands in each table that speaks of kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfdash.model.procedure import Step, StepKind
from tfdash.model.run import StepState, StepStatus
from tfdash.playbook.procedures.fields import NEEDED
from tfdash.procedures.steps import STEP_KINDS
from tfdash.views.recovery.keys import step_keys
from tfdash.views.recovery.words import kind_word

PAGE = (Path(__file__).parents[3] / "docs" / "procedures.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", StepKind)
def test_each_kind_is_read_done_shown_and_told(kind: StepKind) -> None:
    step = Step(id="a", title="a", kind=kind)
    assert kind in STEP_KINDS and kind in NEEDED
    assert kind_word(step)
    ready = StepState(id="a", status=StepStatus.READY)
    assert step_keys(step, ready, ("do",), "")[0].word
    (told,) = [
        line for line in PAGE.splitlines() if line.startswith("| `") and f"`{kind}`" in line.split("|")[1]
    ]
    assert all(f"`{key}`" in told for key in NEEDED[kind])
