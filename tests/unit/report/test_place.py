"""What the head of a page says of a cluster whose own word is not there."""

from __future__ import annotations

import pytest

from tests.tui.recorded import INFO, REF
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import ClusterPicture, Picture, ServerInfo
from tfdash.report.shown import place_of

REFUSED = Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused")
READ = {"Pod": Observation[dict[object, object]](value={}, observed_at=1.0, complete=True)}


@pytest.mark.parametrize(
    ("info", "kinds", "told"),
    [
        (Observation(value=INFO), READ, f"production eu-1 {INFO.version} {INFO.user}"),
        (Observation(), {}, "production eu-1 not read yet"),
        (Observation(), READ, "production eu-1 not read yet"),
        (Observation(problem=REFUSED), {}, "production eu-1 not reached"),
        (Observation(problem=REFUSED), READ, "production eu-1 version not read"),
    ],
)
def test_not_read_yet_is_not_not_reached(
    info: Observation[ServerInfo], kinds: dict[str, Observation[dict[object, object]]], told: str
) -> None:
    cluster = ClusterPicture(ref=REF, info=info, kinds=kinds)  # type: ignore[arg-type]
    assert place_of(Picture(at=2.0, number=1, clusters={REF: cluster})) == told
