"""What the store remembers of a release, as far as it is about the version that is judged. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tfdash.model.judgement import Breach
from tfdash.model.release import ReleaseState
from tfdash.model.store_state import StoreState
from tfdash.playbook.canary import latch


def manual_of(facts: StoreState, release: ReleaseState) -> str:
    """The decision to roll back, where it is about this very version: the next release starts without it."""
    about = facts.decided_on.get(release.subject, "")
    return facts.manual.get(release.subject, "") if about in ("", release.version) else ""


def baseline_of(facts: StoreState, release: ReleaseState) -> str:
    """The remembered frozen baseline, where it is this release's."""
    about = facts.baseline_of.get(release.subject, "")
    return facts.baselines.get(release.subject, "") if about in ("", release.version) else ""


def breaches_of(facts: StoreState, release: ReleaseState, own: Sequence[Breach]) -> tuple[Breach, ...]:
    """The first crossings that the store and this terminal (``own``) know of this object, of whatever version."""
    at = release.subject._replace(uid="")
    told = [b for b in facts.breaches.get(at, ()) if b.uid in ("", release.uid)]
    return latch.merged(told, own)


def left_of(breaches: Sequence[Breach]) -> dict[str, float]:
    """The versions that a BREACH was said of, and when first; what was withdrawn was said of nothing."""
    told: dict[str, float] = {}
    for one in breaches:
        if not one.withdrawn:
            told[one.version] = min(one.at, told.get(one.version, one.at))
    return told


def baseline_before(facts: StoreState, release: ReleaseState, left: Mapping[str, float]) -> str:
    """The remembered baseline that such a version was held against: of the version that serves again after a roll back."""
    about = facts.baseline_of.get(release.subject, "")
    return facts.baselines.get(release.subject, "") if about in left else ""
