"""A report as ``tfdash snapshot`` makes it of one picture, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.report.formats import FORMATS
from tfdash.report.screens import shown
from tfdash.report.shown import ReportAsked
from tfdash.views.kinds.base import KindView


def snapshot_of(
    picture: Picture,
    assessment: Assessment,
    screen: str,
    namespace: str | None,
    format: str,
    now: float,
    zone: ZoneInfo,
    width: int | None = None,
    late: Sequence[str] = (),
    view: KindView | None = None,
) -> tuple[str, int]:
    """The text and its exit code."""
    told = shown(ReportAsked(picture, assessment, screen, now, zone, namespace, width, tuple(late), view))
    written = FORMATS[format].write([told])
    return written if isinstance(written, str) else written.decode(), told.code
