"""[reports]: whose templates write them, and where a pipeline says when something was committed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tfdash.setting import Note, SettingsTable


@dataclass(frozen=True, kw_only=True)
class ReportsSettings(SettingsTable):
    """What "tfdash report" writes. See docs/reports.md."""

    templates: Annotated[
        str,
        Note(
            'a folder of your own Jinja templates, taken in place of those that ship: "daily.md", or "report.md" for all'
        ),
    ] = ""
    committed: Annotated[
        str,
        Note(
            'the annotation of a pod template, or of its Deployment, in which your pipeline writes when it was committed ("2026-11-24T09:12:00Z"): for lead times'
        ),
    ] = ""
