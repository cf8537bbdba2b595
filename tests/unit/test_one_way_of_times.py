"""Times that people read are written in the platform's zone and with its name, in one place; what still is in UTC stands here with its reason."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOOKED_AT = (
    "tfdash/playbook",
    "tfdash/actions",
    "tfdash/views",
    "tfdash/report",
    "tfdash/cli",
    "screens",
    "widgets",
)
IN_UTC = re.compile(r"%H:%M(?::%S)?\"?\)?\}?\"? ?(?:Z|UTC)|\{iso\(")  # iso inside a text
LEFT = {
    "tfdash/playbook/certificates/acme.py": "what its plan says of the ACME server has no zone yet",
    "tfdash/playbook/staleness.py": "since when a source is not current: the header shows both clocks",
    "tfdash/playbook/schedule/windows.py": "beside the platform's own time",
    "tfdash/actions/core/plan_context.py": "RFC 3339, written into objects",
    "tfdash/actions/kubernetes/events.py": "RFC 3339, written into objects",
    "tfdash/actions/kubernetes/lost_sizes.py": "the memory of sizes is told without a context",
    "tfdash/actions/kubernetes/scale_down.py": "RFC 3339, written into objects",
    "tfdash/actions/kubernetes/targets.py": "revisions are told without a context",
    "tfdash/actions/store/maintenance.py": "sentences of the log, which is in UTC",
    "tfdash/cli/demo_promises.py": "notes of the demo's log",
    "tfdash/report/certificates.py": "the source's time, in JSON",
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
