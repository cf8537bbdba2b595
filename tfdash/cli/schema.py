"""``tfdash schema``: the JSON Schema of what a command writes as JSON."""

from __future__ import annotations

import argparse
import json

from tfdash.cli.gates import GATES
from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import OK, USAGE
from tfdash.cli.report_options import KINDS
from tfdash.report.schemas import documents, schema
from tfdash.spelling import nearest
from tfdash.text import safe
from tfdash.views.pages import HEADLESS

_SHARED = {
    **{f"gate {name}": "gate findings" for name, gate in GATES.items() if gate.findings},
    "gate maintenance": "calendar items",
    **{f"calendar {view}": "calendar items" for view in ("list", "due", "next", "audit")},
    **{f"report {name}": "report" for name in KINDS},
    **{f"snapshot {screen}": "snapshot" for screen in HEADLESS},
}
"""Commands that have no document of their own, and the one that they write."""


def command(args: argparse.Namespace) -> int:
    """Without a document: which there are."""
    asked, there = " ".join(args.document), documents()
    if not asked:
        return deliver("\n".join(there), OK)
    document = asked if asked in there else _SHARED.get(asked, "")
    if not document:
        narrate(f'tfdash: no document "{safe(asked)}"; {nearest(asked, {*there, *_SHARED})}')
        return USAGE
    return deliver(json.dumps(schema(document), indent=2, ensure_ascii=False), OK)
