"""What ``tfdash record`` wants comes: sources and the verdict journal wait for all that is wanted."""

from __future__ import annotations

from tfdash.cli.recording import RECORDED
from tfdash.model.kinds import JUDGED, KINDS


def test_all_that_is_judged_is_recorded_and_all_of_it_can_be_kept_current() -> None:
    assert set(JUDGED) <= set(RECORDED)
    assert [kind for kind in RECORDED if not KINDS[kind].decoder] == []
