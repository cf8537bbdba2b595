"""``tfdash doctor``: each source reached or not, and what it says of itself and of what to fix."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import FINDINGS, OK, UNKNOWN
from tfdash.model.kinds import JUDGED

if TYPE_CHECKING:
    from tfdash.sources.diagnosis import Diagnosis

_NAMESPACES = 20.0  # seconds for clusters to say which they have


def command(args: argparse.Namespace) -> int:
    from tfdash.cli.compose import board_of, clock_of, scope_of
    from tfdash.cli.headless import no_namespace
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick
    from tfdash.sources.base import Scope

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    settings = load(config.path)
    narrate(f"configuration: {config.path or 'none, the defaults hold'}")
    board, clusters = board_of(
        config, settings, clock_of(config), probing=True, remembering=True, others=True, kept=True
    )
    if board.sources:  # they are asked for what is released, which is to be known first
        board.want("doctor", dict.fromkeys(JUDGED, scope_of(args, config.environment, clusters)))
    board.start()
    try:
        found = asyncio.run(board.doctor())
        absent = no_namespace(board, Scope((args.namespace,)), _NAMESPACES) if args.namespace else ""
    finally:
        board.stop()
    if absent:
        narrate(f"tfdash: {absent}")
    code = FINDINGS if absent or any(one.findings for one in found) else OK
    if not all(one.reached for one in found):
        code = UNKNOWN
    return deliver(written(found, args.format), code)


def written(found: Sequence[Diagnosis], format: str) -> str:
    """As "text" or "json"."""
    if format != "json":
        return "\n".join(line for one in found for line in one.lines)
    document: dict[str, Any] = {"schema_version": 1, "clusters": [], "metrics": [], "sources": []}
    for one in found:
        document[one.group].append(one.document)
    return json.dumps(document, indent=2)
