"""Which parts each report has, in their order. A part is a function of what was made of the facts; a report is a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from tfdash.report.reports import done, flight, news, promise_parts
from tfdash.report.reports.made import ReportData
from tfdash.report.shown import ReportPart

PartMaker = Callable[[ReportData], Iterable[ReportPart]]


class ReportKind(NamedTuple):
    """``span``: seconds that it covers where no earlier one says since when. ``help``: for whom."""

    title: str
    help: str
    span: float
    parts: tuple[PartMaker, ...]


REPORTS: Mapping[str, ReportKind] = {
    "daily": ReportKind(
        "Daily report",
        "for the on-call of the morning: what is new, ended and still open since the last one",
        86_400.0,
        (done.unread, news.new, done.released, done.actions, promise_parts.promises, news.broken, done.seen),
    ),
    "weekly": ReportKind(
        "Weekly report",
        "for the operations meeting: what to decide, which rule was broken for how long, releases, promises",
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
    ),
    "audit": ReportKind(
        "Audit report",
        "for the auditor: which promise was kept with what evidence, who did and approved what, what was not observed",
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
        "for the release manager: one release from its start to its end, with verdicts, lead time and who",
        30 * 86_400.0,
        (done.unread, flight.head, flight.course, flight.verdicts, done.actions_on_it, done.seen),
    ),
}
