"""The table of what is written of each page; a page that is not in it is the Overview or a list of a kind."""

from __future__ import annotations

from collections.abc import Callable

from tfdash.model.kinds import LIST_SCREENS
from tfdash.report import calendar, canary, certificates, changes, recovery, resources, versions
from tfdash.report.gather import WORKLOADS
from tfdash.report.listed import listed
from tfdash.report.shown import ReportAsked, Shown
from tfdash.views.pages import PAGES

OWN: dict[str, Callable[[ReportAsked], Shown]] = {
    canary.CANARY: canary.shown,
    resources.RESOURCES: resources.shown,
    calendar.CALENDAR: calendar.shown,
    certificates.CERTIFICATES: certificates.shown,
    changes.CHANGES: changes.shown,
    versions.VERSIONS: versions.shown,
    recovery.RECOVERY: recovery.shown,
}
EVERY: tuple[str, ...] = tuple(
    name
    for page in PAGES
    for name in (WORKLOADS if page.id == "workloads" else page.id,)
    if page.headless or name in LIST_SCREENS
)
"""The pages that have a report, each by the name that ``--screen`` has for it."""


def shown(asked: ReportAsked) -> Shown:
    """The page that is asked for. Raises ValueError for an unknown one."""
    return OWN.get(asked.screen, listed)(asked)
