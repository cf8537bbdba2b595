"""A recording has no managers and no revisions: what its ReplicaSets tell of what was changed before it began."""

from __future__ import annotations

import pytest

from tests.real_parts import opened
from tfdash.views.kept_revisions import kept_revisions, none_known


@pytest.mark.parametrize(
    ("name", "kind"),
    [("argo-aborts", "Rollout"), ("stuck-and-undone", "Deployment"), ("flagger-fails", "Deployment")],
)
def test_revisions_that_were_made_are_told_of_a_real_recording(name: str, kind: str) -> None:
    recording = opened(name)
    picture = recording.picture_at(recording.end)
    [ref] = picture.clusters
    sets = picture.clusters[ref].kinds["ReplicaSet"].value
    mine = [s for s in sets.values() if s.owner is not None and s.owner.kind == kind]
    assert mine
    told = kept_revisions(picture, [(ref, kind)], None, 0.0, recording.end + 1.0)
    assert {(c.subject.name, c.at) for c in told} == {(s.owner.name, s.created) for s in mine}
    assert all(c.what.startswith("what is revision ") and c.images for c in told)
    assert [c.at for c in told] == sorted((c.at for c in told), reverse=True)
    half = sorted(c.at for c in told)[len(told) // 2]
    assert all(c.at >= half for c in kept_revisions(picture, [(ref, kind)], None, half, recording.end + 1.0))
    assert all(c.at < half for c in kept_revisions(picture, [(ref, kind)], None, 0.0, half))
    assert not kept_revisions(picture, [], None, 0.0, recording.end + 1.0)
    assert not kept_revisions(picture, [(ref, kind)], ("elsewhere",), 0.0, recording.end + 1.0)


def test_none_is_said_of_what_was_read_alone() -> None:
    assert none_known("6 hours", "", False) == "Nobody is known to have changed anything in the last 6 hours."
    assert "of the rest it is not known" in none_known("6 hours", "", True)
    assert none_known("6 hours", "09:15:00 EST", True) == (
        "No change is in this recording, which begins at 09:15:00 EST; who wrote before it is not known."
    )
