"""Which parts each report has, in their order. A part is a function of what was made of the facts; a report is a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from tfdash.report.reports import done, flight, news, promise_parts
from tfdash.report.reports.made import ReportData
from tfdash.report.shown import ReportPart

PartMaker = Callable[[ReportData], Iterable[ReportPart]]


class ReportKind(NamedTuple):
    """``span``: seconds that it covers where no earlier one says since when. ``follows``: the next begins where the last ended that was
    written to a file. For whom it is says ``cli/report_options.py: KINDS``."""

    title: str
    span: float
    parts: tuple[PartMaker, ...]
    follows: bool = False


REPORTS: Mapping[str, ReportKind] = {
    "daily": ReportKind(
        "Daily report",
        86_400.0,
        (done.unread, news.new, done.released, done.actions, promise_parts.promises, news.broken, done.seen),
        follows=True,
    ),
    "weekly": ReportKind(
        "Weekly report",
        7 * 86_400.0,
        (
            done.unread,
            news.decide,
            news.new,
            news.broken,
            news.bands,
            done.released,
            promise_parts.promises,
            done.actions,
            done.seen,
        ),
        follows=True,
    ),
    "audit": ReportKind(
        "Audit report",
        30 * 86_400.0,
        (
            done.unread,
            done.proof,
            promise_parts.promises_each,
            done.actions_each,
            done.released,
            news.broken_each,
            done.seen,
        ),
    ),
    "release": ReportKind(
        "Release report",
        30 * 86_400.0,
        (done.unread, flight.head, flight.course, flight.verdicts, done.actions_on_it, done.seen),
    ),
}
