"""What was well when it was last read is green on no screen; what was not stays as it was. Badges carry both."""

from __future__ import annotations

import msgspec
import pytest

from tests.tui import canaryworld as cw
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.release import Phase
from tfdash.model.section import SectionState
from tfdash.model.verdict import Level
from tfdash.model.workload import Release, Serving
from tfdash.playbook.releases.answers import answer
from tfdash.views import canary
from tfdash.views import state as states
from tfdash.views.tabs import badges

AS_OF = 1_000.0


@pytest.mark.parametrize("serving", list(Serving))
@pytest.mark.parametrize("release", list(Phase))
def test_no_green_of_a_stale_release(serving: Serving, release: Phase) -> None:
    fresh = cw.release(phase=release, serving=serving)
    stale = msgspec.structs.replace(fresh, as_of=AS_OF)
    for before, after in zip(states.of_rollout(fresh), states.of_rollout(stale), strict=True):
        assert after.level > Level.OK
        assert before == after or before.level <= Level.UNKNOWN
    for said in (None, cw.PASS, cw.BREACH):
        before, after = canary.verdict(answer(fresh, said)), canary.verdict(answer(stale, said))
        assert after.level > Level.OK
        assert before == after or before.level <= Level.UNKNOWN


@pytest.mark.parametrize("release", list(Release))
def test_no_green_of_a_stale_workload(release: Release) -> None:
    fresh = states.of_release(release)
    stale = states.aged(fresh, AS_OF)
    assert stale.level > Level.OK
    assert stale == fresh or fresh.level <= Level.UNKNOWN


def _section(level: Level, count: int, unknown: int = 0, *, loading: bool = False) -> SectionState:
    return SectionState(
        id="serving",
        title="Serving",
        level=level,
        sentence="",
        target="deployments",
        count=count,
        unknown=unknown,
        loading=loading,
    )


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        (_section(Level.OK, 3), []),
        (_section(Level.MOVING, 1), []),
        (_section(Level.BREACH, 1), ["✖1"]),
        (_section(Level.BREACH, 1, 1), ["✖1", "?1"]),
        (_section(Level.WARN, 2, 4), ["▲2", "?4"]),
        (_section(Level.UNKNOWN, 2, 2), ["?2"]),
        (_section(Level.UNKNOWN, 0, loading=True), []),
    ],
)
def test_a_badge_carries_the_worst_and_what_is_not_known(section: SectionState, expected: list[str]) -> None:
    told = badges(msgspec.structs.replace(EMPTY_ASSESSMENT, sections=(section,)))
    for tab in ("overview", "workloads"):
        assert [text for text, _ in told.get(tab, ())] == expected
