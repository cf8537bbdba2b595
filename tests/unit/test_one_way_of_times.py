"""Times that people read are written in the platform's zone and with its name, in one place; what still is in UTC stands here with its reason."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOOKED_AT = ("tfdash", "screens", "widgets")
IN_UTC = re.compile(r"%H:%M(?::%S)?\"?\)?\}?\"? ?(?:Z|UTC)|\{iso\(")  # iso inside a text
LEFT = {
    "tfdash/playbook/schedule/windows.py": "beside the platform's own time",
    "tfdash/actions/core/plan_context.py": "RFC 3339, written into objects",
    "tfdash/actions/kubernetes/events.py": "RFC 3339, written into objects",
    "tfdash/actions/kubernetes/scale_down.py": "RFC 3339, written into objects",
    "tfdash/cli/demo_promises.py": "notes of the demo's log",
    "tfdash/demo/apiserver/objects.py": "RFC 3339, as an API server writes it",
    "tfdash/demo/pipelines/server.py": "RFC 3339, as GitHub writes it",
    "tfdash/report/certificates.py": "the source's time, in JSON",
    "tfdash/sources/kubernetes/logs.py": "RFC 3339, asked of an API server",
    "tfdash/views/times.py": "the header's second clock, and RFC 3339",
}


def test_no_further_sentence_tells_a_time_in_utc() -> None:
    found = {
        str(path.relative_to(ROOT))
        for folder in LOOKED_AT
        for path in sorted((ROOT / folder).rglob("*.py"))
        if IN_UTC.search(path.read_text(encoding="utf-8"))
    }
    assert found == set(LEFT), (found - set(LEFT), set(LEFT) - found)
