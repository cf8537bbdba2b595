"""What is shown as JSON: the document of one page, or all of them in one."""

from __future__ import annotations

from collections.abc import Sequence

from tfdash.report.document import written
from tfdash.report.shown import ALL, SCHEMA_VERSION, Shown, code_of_all
from tfdash.text import safe
from tfdash.views.times import iso


def write(shown: Sequence[Shown]) -> str:
    """Raises ValueError where nothing is shown."""
    if len(shown) == 1:
        return written(shown[0].document())
    asked = shown[0].asked
    return written(
        {
            "schema_version": SCHEMA_VERSION,
            "generated_at": iso(asked.now),
            "screen": ALL,
            "namespace": safe(asked.namespace) if asked.namespace else None,
            "exit_code": code_of_all(shown),
            "judged_by": safe(asked.judged_by) or None,
            "screens": {one.screen: one.document() for one in shown},
        }
    )
