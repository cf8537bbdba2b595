"""The pages of a wall as data, one line each: which numbers are large on it, and whose findings it lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tfdash.model.section import SectionState
from tfdash.views.pages import PAGES
from tfdash.views.wall import figures
from tfdash.views.wall.figures import Figure, WallSight
from tfdash.views.wall.names import OVERVIEW


class WallPage(NamedTuple):
    """``id`` and title are those of the page of the terminal. ``sections``: ids of the playbook's sections, () for all."""

    id: str
    sections: tuple[str, ...]
    figures: Callable[[WallSight], list[Figure]]

    @property
    def title(self) -> str:
        return next(page.title for page in PAGES if page.id == self.id)

    def of(self, sections: Sequence[SectionState]) -> list[SectionState]:
        return [s for s in sections if not self.sections or s.id in self.sections]


WALL_PAGES: tuple[WallPage, ...] = (
    WallPage(OVERVIEW, (), figures.counts),
    WallPage("workloads", ("serving", "jobs"), figures.serving),
    WallPage("canary", ("releases",), figures.releases),
    WallPage("resources", ("resources", "quotas"), figures.bands),
    WallPage("calendar", ("maintenance",), figures.promises),
    WallPage("certificates", ("certificates",), figures.certificates),
    WallPage("versions", ("versions",), figures.counts),
    WallPage("recovery", ("recovery",), figures.recoveries),
    WallPage("nodes", ("nodes",), figures.nodes),
)
"""In the order in which they take turns."""
BY_ID = {page.id: page for page in WALL_PAGES}


def page_of(section: SectionState) -> str:
    """The page of the wall that lists this section's findings; the Overview lists all."""
    return next((p.id for p in WALL_PAGES if section.id in p.sections), OVERVIEW)
