"""``tfdash procedures export``: one procedure as a file that is read where tfdash is not."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tfdash.cli.output import deliver_to, narrate
from tfdash.cli.parser import OK, UNKNOWN, USAGE, program
from tfdash.cli.procedures_told import named
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.board.board import Board
    from tfdash.config.quick import QuickConfig
    from tfdash.config.settings import Settings
    from tfdash.model.procedure import Procedure
    from tfdash.model.subject import ClusterRef
    from tfdash.playbook.procedures.inputs import Inputs
    from tfdash.report.runbooks.document import FilledWith

_WAIT = 30.0
"""Seconds in which the cluster is read; what was not read by then is told."""


def command(args: argparse.Namespace) -> int:
    """Exit 2: written, and not all that was to be put in could be read."""
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick
    from tfdash.playbook.procedures.inputs import unfit_inputs
    from tfdash.procedures.shelf import library_of
    from tfdash.report.runbooks.document import FilledWith, Plain, document
    from tfdash.report.runbooks.html import as_html
    from tfdash.report.runbooks.text import as_markdown

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    settings = load(config.path)
    found = library_of(settings)
    for problem in found.problems:
        narrate(f"{program()}: {problem}")
    chosen = named(found, args.id)
    if chosen is None:
        return USAGE
    inputs = inputs_of(args.input)
    wrong = [why for id, why in unfit_inputs(chosen, inputs) if id in inputs]
    if wrong:
        narrate(*(f"{program()}: {safe(why)}" for why in wrong))
        return USAGE
    own = {"environment": args.environment} if args.environment else {}
    filled: FilledWith | None = FilledWith(inputs=inputs, own=own)
    code = OK
    if args.filled:
        filled, code = _today(chosen, inputs, config, settings, args.cluster)
    if filled is None:
        return code
    as_json: Callable[[Plain], str] = partial(json.dumps, indent=2)
    written = {"html": as_html, "md": as_markdown, "json": as_json}[args.format]
    return deliver_to(args.output, written(document(chosen, filled)), code)


def _today(
    procedure: Procedure, inputs: Inputs, config: QuickConfig, settings: Settings, name: str
) -> tuple[FilledWith | None, int]:
    """What is put in, None where there is no such cluster; the code where not all of it was read."""
    from zoneinfo import ZoneInfo

    from tfdash.cli.compose import board_of, clock_of, policies_of
    from tfdash.cli.headless import settle
    from tfdash.model.kinds import JUDGED
    from tfdash.report.runbooks.today import filled_today
    from tfdash.sources.base import ALL

    board, clusters = board_of(config, settings, clock_of(config), remembering=True)
    ref = _chosen([one.ref for one in clusters], name)
    if ref is None:
        return None, USAGE
    late = settle(board, dict.fromkeys(JUDGED, ALL), _WAIT, signals=False)
    board.stop()
    lacks = [f"not read: {safe(one)}" for one in late] or _unread(board, ref)
    narrate(*(f"{program()}: {one}" for one in lacks))
    zone = ZoneInfo(settings.time.zone)
    found = filled_today(procedure, inputs, ref, board.picture, board.assessment, policies_of(settings), zone)
    return found, UNKNOWN if lacks else OK


def _chosen(clusters: list[ClusterRef], name: str) -> ClusterRef | None:
    found = next((ref for ref in clusters if not name or ref.cluster == name), None)
    if found is None:
        from tfdash.spelling import nearest

        narrate(
            f'{program()}: there is no cluster "{safe(name)}"; {nearest(name, [r.cluster for r in clusters])}'
        )
    return found


def _unread(board: Board, ref: ClusterRef) -> list[str]:
    """What of the cluster could not be read."""
    cluster = board.picture.clusters.get(ref)
    if cluster is None or not cluster.kinds:
        return [f"nothing of {safe(ref.cluster)} was read"]
    return [
        f"{kind}: {safe(str(seen.problem))}"
        for kind, seen in cluster.kinds.items()
        if seen.problem is not None
    ]


def inputs_of(words: list[str]) -> dict[str, tuple[str, ...]]:
    """Of ``NAME=VALUE`` each; a name that stands there more than once is a list."""
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        id, _, value = word.partition("=")
        found[id.strip()] = (*found.get(id.strip(), ()), value.strip())
    return found
