"""Every action can be told where no plan of it can be made: what it would send, how it is confirmed, what would refuse it."""

from __future__ import annotations

import pytest

from tests.tui.recorded import REF
from tfdash.actions.core.action import Action, Target
from tfdash.actions.core.description import described
from tfdash.actions.core.eligibility import Standing
from tfdash.actions.registry import ACTIONS
from tfdash.model.action import FreezeRule, Risk
from tfdash.model.subject import Subject


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda a: a.id)
@pytest.mark.parametrize("risk", Risk)
def test_each_is_told_for_each_kind_that_it_is_for(action: Action, risk: Risk) -> None:
    for kind in action.kinds:
        at = Subject(REF, kind, "shop", "web\x1b")
        found = Standing(subject=at)
        sends, confirmed, stood = described(action, found, risk, "")
        right = action.right(found)
        if action.target is Target.CLUSTER and not action.terminal and right is not None:
            assert f"would send: {right.method} /api" in sends and "web%1B" in sends
        assert "\x1b" not in sends
        assert ("second person" in confirmed) is (risk is Risk.SECOND_PERSON)
        if action.freeze is FreezeRule.EXEMPT and not action.freeze_by_plan:
            assert "no calendar freezes it" in confirmed
        assert "would have refused it" in stood
        assert described(action, found, risk, "closed")[2] == "as things stood: closed"
