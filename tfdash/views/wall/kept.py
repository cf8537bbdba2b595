"""What a wall writes for later and cannot write: it is warned of, as sources are not listed there."""

from __future__ import annotations

from collections.abc import Iterator

from tfdash.model.picture import NO_PAGE, Picture
from tfdash.model.verdict import Level
from tfdash.text import safe
from tfdash.views.wall.warnings import WallWarning


def not_written(picture: Picture) -> tuple[tuple[str, str], ...]:
    """What is kept for later and cannot be written, and why, for where sources are not listed."""
    said = (status for status in picture.sources.values() if status.problem is not None)
    return tuple(
        (safe(status.value.name), safe(str(status.problem)))
        for status in said
        if status.value is not None and status.value.only_for == NO_PAGE
    )


def of_kept(word: str, picture: Picture) -> Iterator[WallWarning]:
    """What a wall writes for later and cannot write. ``word``: of its environment."""
    for name, why in not_written(picture):
        yield WallWarning(safe(word), f"{name} is not written", f": {why}", Level.UNKNOWN)
