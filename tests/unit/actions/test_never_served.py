"""What a controller's own record says of versions that were replaced before they had served everything."""

from __future__ import annotations

from typing import Any

import pytest

from tfdash.actions.kubernetes.never_served import KeptVersion, never_served, served_last


def deployment(**pods: int) -> tuple[list[KeptVersion], dict[str, Any]]:
    """ReplicaSets in the order in which they were made, with their pods."""
    made = [KeptVersion(k, k, (float(at),), pods=n) for at, (k, n) in enumerate(pods.items(), 1)]
    return made, {"kind": "Deployment"}


def rollout(stable: str, **numbers: tuple[float, ...]) -> tuple[list[KeptVersion], dict[str, Any]]:
    return [KeptVersion(k, k, n) for k, n in numbers.items()], {
        "kind": "Rollout",
        "status": {"stableRS": stable},
    }


def stateful(
    current: str, how: str = "", **made: tuple[float, float]
) -> tuple[list[KeptVersion], dict[str, Any]]:
    """ControllerRevisions as (number, created)."""
    spec = {"updateStrategy": {"type": how}} if how else {}
    document = {"kind": "StatefulSet", "spec": spec, "status": {"currentRevision": current}}
    return [KeptVersion(k, k, (n,), at) for k, (n, at) in made.items()], document


@pytest.mark.parametrize(
    ("seen", "never"),
    [
        (deployment(a=2, b=1, c=1), {"b", "c"}),
        (deployment(a=0, b=2, c=1), {"c"}),
        (deployment(a=0, b=0, c=3), set()),  # complete: nothing tells any more
        (deployment(a=0, b=0, c=0), set()),
        (rollout("a", a=(1,), b=(2,), c=(3,)), {"b", "c"}),
        (rollout("a", a=(1, 3), b=(2,), c=(4,)), {"c"}),  # b may have been stable before a came back
        (rollout("c", a=(1,), b=(2,), c=(3,)), set()),
        (rollout("gone", b=(2,), c=(3,)), set()),
        (rollout("", a=(1,), b=(2,)), set()),
        (stateful("a", a=(1, 10.0), b=(2, 20.0), c=(3, 30.0)), {"b", "c"}),
        (stateful("c", a=(1, 10.0), b=(2, 20.0), c=(3, 30.0)), set()),
        # b is older than a: it bore a lower number before, and may have served then
        (stateful("a", a=(2, 20.0), b=(3, 10.0), c=(4, 30.0)), {"c"}),
        (stateful("a", a=(1, 10.0), b=(2, 10.0), c=(3, 30.0)), {"c"}),  # made in the same second
        (stateful("a", "OnDelete", a=(1, 10.0), b=(2, 20.0)), set()),  # its controller never moves it on
        (
            ([KeptVersion("a", "a", (1.0,), pods=3), KeptVersion("b", "b", (2.0,))], {"kind": "DaemonSet"}),
            set(),
        ),
    ],
)
def test_what_its_controller_tells(seen: tuple[list[KeptVersion], dict[str, Any]], never: set[str]) -> None:
    assert never_served(*seen) == never


@pytest.mark.parametrize(
    ("seen", "last"),
    [
        (deployment(a=2, b=1, c=1), {"a"}),
        (deployment(a=0, b=2, c=1), {"b"}),
        (deployment(a=0, b=0, c=0), set()),
        (rollout("b", a=(1,), b=(2,), c=(3,)), {"b"}),
        (stateful("a", a=(1, 10.0), b=(2, 20.0)), {"a"}),
    ],
)
def test_what_served_last(seen: tuple[list[KeptVersion], dict[str, Any]], last: set[str]) -> None:
    assert served_last(*seen) == last


def test_a_restart_of_what_serves_is_the_same_version() -> None:
    made = [
        KeptVersion("a", "a", (1.0,), pods=2),
        KeptVersion("a", "a-restarted", (2.0,), pods=1),
        KeptVersion("b", "b", (3.0,), pods=1),
    ]
    assert never_served(made, {"kind": "Deployment"}) == {"b"}
