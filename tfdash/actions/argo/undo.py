"""Going back to an earlier revision of a Rollout: by its template, as any workload does."""

from __future__ import annotations

from tfdash.actions.argo.postconditions import PROMOTED_TO, ROLLOUT_DONE, TAKEN_UP, WHOLE
from tfdash.actions.core.action import Action, by_plan
from tfdash.actions.kubernetes.postconditions import WRITTEN
from tfdash.actions.kubernetes.rollback import undo
from tfdash.model.action import FreezeRule, Risk
from tfdash.model.capability import Capability

ACTIONS = (
    Action(
        id="rollout.undo",
        title="rollout: undo to a revision",
        kinds=frozenset({"Rollout"}),
        capability=Capability.UNDOABLE,
        risk=Risk.TYPED_NAME,
        freeze=FreezeRule.EXEMPT,
        make=undo,
        posts=(
            WRITTEN,
            ROLLOUT_DONE,
            TAKEN_UP,
            PROMOTED_TO,
            WHOLE,
        ),
        arguments=("revision",),
        carried=True,
        right=by_plan,
    ),
)
