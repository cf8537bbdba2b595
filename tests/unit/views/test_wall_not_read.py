"""A wall of several clusters of one environment: what was never read is no old data, and of which of them it is."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import ClusterPicture, Picture, ServerInfo
from tfdash.model.subject import ClusterRef
from tfdash.views.wall.content import WallContent, WallEnvironment, content
from tfdash.views.wall.turns import WallPlace

EAST, WEST = ClusterRef("production", "east"), ClusterRef("production", "west")
NOW, ZONE = 1_795_532_700.0, ZoneInfo("America/New_York")
GONE = Problem(kind=ProblemKind.UNREACHABLE, cause="connection refused")


def cluster(ref: ClusterRef, problem: Problem | None = None, at: float | None = NOW) -> ClusterPicture:
    seen: Observation[ServerInfo] = Observation(value=None, observed_at=at, interval=10.0, problem=problem)
    return ClusterPicture(ref=ref, info=seen, kinds={})


def shown(*clusters: ClusterPicture) -> WallContent:
    picture = Picture(number=1, at=NOW, clusters={one.ref: one for one in clusters})
    one = WallEnvironment("PRODUCTION", "red", picture, EMPTY_ASSESSMENT)
    return content([one], WallPlace(0, "overview"), NOW, ZONE)


@pytest.mark.parametrize(
    ("clusters", "old", "as_of"),
    [
        ([cluster(EAST), cluster(WEST)], "", "as of 10:05:00 EST"),
        (
            [cluster(EAST, GONE, None)],
            "NOT READ: nothing here was read yet: connection refused",
            "not read yet, now 10:05:00",
        ),
        (
            [cluster(EAST), cluster(WEST, GONE, None)],
            "NOT READ: 1 of 2 (of west) was not read yet: connection refused",
            "as of 10:05:00 EST",
        ),
        (
            [cluster(EAST), cluster(WEST, GONE, NOW - 300)],
            "OLD DATA: 1 of 2 (of west) is not current, as it was at 10:00:00 EST, 5m ago: connection refused",
            "as of 10:00:00 EST, now 10:05:00",
        ),
        (
            [cluster(EAST, GONE, NOW - 300), cluster(WEST, GONE, NOW - 300)],
            "OLD DATA: nothing here is current, as it was at 10:00:00 EST, 5m ago: connection refused",
            "as of 10:00:00 EST, now 10:05:00",
        ),
    ],
)
def test_what_is_lacking_is_told_by_what_it_is_and_where(
    clusters: list[ClusterPicture], old: str, as_of: str
) -> None:
    told = shown(*clusters)
    assert (told.old, told.as_of) == (old, as_of)
