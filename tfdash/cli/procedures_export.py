"""``tfdash procedures export``: one procedure as a file that is read where tfdash is not."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tfdash.cli.output import deliver_to, narrate
from tfdash.cli.parser import OK, UNKNOWN, USAGE, program
from tfdash.cli.procedures_told import named
from tfdash.model.maintenance import RUNBOOK_EXPORT, EvidenceKind, item_subject, runbook_item
from tfdash.model.observation import ProblemKind
from tfdash.model.store_state import COMPLETION, EntryKind
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.board.board import Board
    from tfdash.config.quick import QuickConfig
    from tfdash.config.settings import Settings
    from tfdash.model.procedure import Procedure
    from tfdash.model.subject import ClusterRef
    from tfdash.playbook.procedures.inputs import Inputs
    from tfdash.report.runbooks.document import FilledWith
    from tfdash.store.ledger import Store

_REMEMBERED = "--act records it for the calendar"
_HALF = "not all was read and written"
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
    as_json: Callable[[Plain], str] = partial(json.dumps, indent=2)
    written = {"html": as_html, "md": as_markdown, "json": as_json}[args.format]

    def file_of(filled: FilledWith) -> str:
        return written(document(chosen, filled))

    if args.filled:
        return _today(args, chosen, inputs, config, settings, file_of)
    if args.act:
        narrate(f"{program()}: --act remembers what was filled with today's names; write --filled, too")
        return USAGE
    own = {"environment": args.environment} if args.environment else {}
    return deliver_to(args.output, file_of(FilledWith(inputs=inputs, own=own)), OK)


def _today(
    args: argparse.Namespace,
    procedure: Procedure,
    inputs: Inputs,
    config: QuickConfig,
    settings: Settings,
    file_of: Callable[[FilledWith], str],
) -> int:
    """Reads the cluster, writes what it says into the file, and remembers that where it is to be and all was read."""
    from zoneinfo import ZoneInfo

    from tfdash.actions.core.protocols import LedgerUnavailable
    from tfdash.cli.acting import deciding
    from tfdash.cli.compose import board_of, clock_of, policies_of
    from tfdash.cli.headless import settle
    from tfdash.cli.runs import who
    from tfdash.model.kinds import JUDGED
    from tfdash.report.runbooks.today import filled_today
    from tfdash.sources.base import ALL

    clock = clock_of(config)
    board, clusters = board_of(config, settings, clock, remembering=not args.act)
    ref = _chosen([one.ref for one in clusters], args.cluster)
    if ref is None:
        return USAGE
    store = deciding(board, config, settings, clusters, clock)[1] if args.act else None
    try:
        late = settle(board, dict.fromkeys(JUDGED, ALL), _WAIT, signals=False)
        lacks = [f"not read: {safe(one)}" for one in late] or _unread(board, ref)
        narrate(*(f"{program()}: {one}" for one in lacks))
        zone = ZoneInfo(settings.time.zone)
        filled = filled_today(
            procedure, inputs, ref, board.picture, board.assessment, policies_of(settings), zone
        )
        text = file_of(filled)
        code = deliver_to(args.output, text, UNKNOWN if lacks else OK)
        if store is None or code != OK:
            narrate(f"{program()}: this export is not remembered; {_REMEMBERED if store is None else _HALF}")
            return code
        asyncio.run(_remember(store, procedure, ref, who(board, ref), args, text))
    except LedgerUnavailable as error:
        narrate(f"{program()}: this export is not remembered: {safe(str(error))}")
        return UNKNOWN
    finally:
        board.stop()
        if store is not None:
            store.close()
    return OK


async def _remember(
    store: Store, procedure: Procedure, ref: ClusterRef, by: str, args: argparse.Namespace, text: str
) -> None:
    """As what the promise that the runbook can be read without tfdash is kept by. Raises ``LedgerUnavailable``."""
    subject = item_subject(runbook_item(RUNBOOK_EXPORT, procedure.id), ref.environment)
    where = "standard output" if args.output in ("", "-") else args.output
    data = {
        "topic": COMPLETION,
        "evidence": EvidenceKind.LIVE.value,
        "done_at": store.clock.now(),
        "by": f"export of {by}",
        "note": f"{args.format} of {ref.cluster}, into {where}",
        "digest": hashlib.sha256(f"{text}\n".encode(errors="backslashreplace")).hexdigest(),
    }
    sentence = f"{by} exports {procedure.title} with the names of {ref.environment}"
    await store.append(EntryKind.NOTE, actor=by, subject=subject, sentence=sentence, data=data)


def _chosen(clusters: list[ClusterRef], name: str) -> ClusterRef | None:
    found = next((ref for ref in clusters if not name or ref.cluster == name), None)
    if found is None:
        from tfdash.spelling import nearest

        narrate(
            f'{program()}: there is no cluster "{safe(name)}"; {nearest(name, [r.cluster for r in clusters])}'
        )
    return found


def _unread(board: Board, ref: ClusterRef) -> list[str]:
    """What of the cluster could not be read; what it does not have is none of that."""
    cluster = board.picture.clusters.get(ref)
    if cluster is None or not cluster.kinds:
        return [f"nothing of {safe(ref.cluster)} was read"]
    return [
        f"{kind}: {safe(str(seen.problem))}"
        for kind, seen in cluster.kinds.items()
        if seen.problem is not None and seen.problem.kind is not ProblemKind.NOT_SERVED
    ]


def inputs_of(words: list[str]) -> dict[str, tuple[str, ...]]:
    """Of ``NAME=VALUE`` each; a name that stands there more than once is a list."""
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        id, _, value = word.partition("=")
        found[id.strip()] = (*found.get(id.strip(), ()), value.strip())
    return found
