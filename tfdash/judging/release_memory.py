"""What the store remembers of a release, as far as it is about the version that is judged. Pure."""

from __future__ import annotations

from tfdash.model.release import ReleaseState
from tfdash.model.store_state import StoreState
from tfdash.playbook.releases.version import version_of


def manual_of(facts: StoreState, release: ReleaseState) -> str:
    """The decision to roll back, where it is about this very version: the next release starts without it."""
    about = facts.decided_on.get(release.subject, "")
    return facts.manual.get(release.subject, "") if about in ("", version_of(release)) else ""


def baseline_of(facts: StoreState, release: ReleaseState) -> str:
    """The remembered frozen baseline, where it is this release's."""
    about = facts.baseline_of.get(release.subject, "")
    return facts.baselines.get(release.subject, "") if about in ("", version_of(release)) else ""
