"""Which version a release is about. Pure."""

from __future__ import annotations

from tfdash.model.release import Lack, ReleaseState

NONE_KEPT = Lack("no earlier revision is kept", history=True)
"""Why there is nothing to go back to, as far as the cluster itself knows."""


def version_of(release: ReleaseState) -> str:
    """The template hash of what is released."""
    return release.version
