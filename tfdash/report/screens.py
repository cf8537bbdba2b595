"""The table of what is written of each page; a page that is not in it is the Overview or a list of a kind.

What was changed is read from the servers when it is asked for, so that its caller hands it in (``changes.changed``).
"""

from __future__ import annotations

from collections.abc import Callable

from tfdash.report import calendar, canary, certificates, resources, versions
from tfdash.report.listed import listed
from tfdash.report.shown import ReportAsked, Shown

OWN: dict[str, Callable[[ReportAsked], Shown]] = {
    canary.CANARY: canary.shown,
    resources.RESOURCES: resources.shown,
    calendar.CALENDAR: calendar.shown,
    certificates.CERTIFICATES: certificates.shown,
    versions.VERSIONS: versions.shown,
}


def shown(asked: ReportAsked) -> Shown:
    """The page that is asked for. Raises ValueError for an unknown one."""
    return OWN.get(asked.screen, listed)(asked)
