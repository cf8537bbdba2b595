"""What the plan of an abort says of the way back, by how the Rollout is carried out."""

from __future__ import annotations

from typing import Any

import pytest

from tfdash.actions.argo.rollouts import _leaving

ROUTED: dict[str, Any] = {"trafficRouting": {"nginx": {}}}


SLOWLY = "dynamicStableScale: traffic goes back only as the stable pods come up, not at once"


@pytest.mark.parametrize(
    ("canary", "notes"),
    [
        ({}, ("the canary's pods go as the stable ones come up",)),
        (ROUTED, ("the canary's pods go after 30 s",)),
        (
            {**ROUTED, "abortScaleDownDelaySeconds": 0},
            ("the canary's pods stay (abortScaleDownDelaySeconds: 0)",),
        ),
        (
            {**ROUTED, "dynamicStableScale": True},
            (SLOWLY,),
        ),
        (
            {**ROUTED, "dynamicStableScale": True, "abortScaleDownDelaySeconds": 90},
            (SLOWLY, "the canary's pods go after 90 s"),
        ),
    ],
)
def test_what_an_abort_says_of_the_way_back(canary: dict[str, Any], notes: tuple[str, ...]) -> None:
    assert _leaving({"spec": {"strategy": {"canary": canary}}}) == notes
