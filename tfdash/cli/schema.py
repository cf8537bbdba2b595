"""``tfdash schema``: the JSON Schema of what a command writes as JSON."""

from __future__ import annotations

import argparse
import json

from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import OK, USAGE
from tfdash.report.schemas import documents, schema
from tfdash.spelling import nearest
from tfdash.text import safe


def command(args: argparse.Namespace) -> int:
    """Without a document: which there are."""
    asked, there = " ".join(args.document), documents()
    if not asked:
        return deliver("\n".join(there), OK)
    if asked not in there:
        narrate(f'tfdash: no document "{safe(asked)}"; {nearest(asked, there)}')
        return USAGE
    return deliver(json.dumps(schema(asked), indent=2, ensure_ascii=False), OK)
