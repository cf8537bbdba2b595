"""``tfdash procedures export --run``: one run with all that is known of it, out of the store alone."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from tfdash.cli.output import deliver_to, narrate
from tfdash.cli.parser import OK, UNKNOWN, USAGE, program
from tfdash.spelling import nearest
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.model.run import RunEvent, RunState
    from tfdash.report.runbooks.document import Plain


def command(args: argparse.Namespace) -> int:
    """Exit 0: it is told; 2: the store was not read in time; 64: there is no such run."""
    if args.format == "html":
        narrate(f"{program()}: a run is written as md or json")
        return USAGE
    from tfdash.cli.compose import clock_of
    from tfdash.cli.store_reading import runs_on_record
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick
    from tfdash.playbook.procedures.state import run_state

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    with runs_on_record(config, load(config.path), clock_of(config), args.run) as runs:
        if runs is None:
            return UNKNOWN
        journal = runs.get(args.run)
        if journal is None:
            there = nearest(args.run, runs) or "no run of a procedure is on record here"
            narrate(f'{program()}: there is no run "{safe(args.run)}"; {there}')
            return USAGE
        told = _written(args.format, run_state(journal), journal.events)
    return deliver_to(args.output, told, OK)


def _written(format: str, run: RunState, events: tuple[RunEvent, ...]) -> str:
    from tfdash.report.runbooks.evidence import evidence

    return written(format, evidence(run, events))


def written(format: str, told: Plain) -> str:
    from tfdash.report.runbooks.evidence_text import evidence_markdown, evidence_text

    if format == "json":
        return json.dumps(told, indent=2, ensure_ascii=False)
    return evidence_markdown(told) if format == "md" else evidence_text(told)
