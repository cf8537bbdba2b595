"""``tfdash procedures learn``: what was noted in runs of a procedure, as a change of its file that patch applies."""

from __future__ import annotations

import argparse
import re

from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import FINDINGS, OK, UNKNOWN, USAGE, program
from tfdash.cli.procedures_told import named
from tfdash.nouns import counted
from tfdash.text import safe

_RUN = re.compile(r"(.+)-[0-9a-f]{12}")
"""The id of a run, which begins with that of its procedure."""


def command(args: argparse.Namespace) -> int:
    """Exit 0: nothing is proposed; 1: something is; 2: the store was not read in time; 64: there is no such procedure or run."""
    from tfdash.cli.compose import clock_of
    from tfdash.cli.store_reading import runs_on_record
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick
    from tfdash.playbook.procedures.learning import proposed
    from tfdash.playbook.procedures.noted import learned
    from tfdash.procedures.shelf import library_of

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    settings = load(config.path)
    found = library_of(settings)
    of_run = _RUN.fullmatch(args.id) if args.id not in found.procedures else None
    chosen = named(found, of_run[1] if of_run is not None else args.id)
    if chosen is None:
        return USAGE
    with runs_on_record(config, settings, clock_of(config)) as runs:
        if runs is None:
            return UNKNOWN
        if of_run is not None and args.id not in runs:
            narrate(f'{program()}: there is no run "{safe(args.id)}" on record here')
            return USAGE
        asked = runs.values() if of_run is None else (runs[args.id],)
        journals = sorted(asked, key=lambda one: one.events[0].at if one.events else 0.0)
    notes = learned(journals, chosen)
    lines = proposed(chosen, notes)
    if not lines:
        narrate(f"{program()}: no run of {chosen.id} proposes anything that its file does not say")
        return OK
    for note in notes:
        narrate(safe(f"{note.step or 'all of it'}: {note.text} ({note.run}, {note.by})"))
    told = [safe(line.replace("\t", "    ")) for line in lines]
    if any(one != line for one, line in zip(told, lines, strict=True)):
        narrate(
            f"{program()}: characters that cannot be shown are written as what they are: apply it by hand"
        )
    elif not chosen.file:
        narrate(
            f"{program()}: it ships: {program()} procedures show {chosen.id} --format toml > {chosen.id}.toml "
            "in [procedures] folder, and apply this to it"
        )
    narrate(f"{program()}: {counted(len(notes), 'note')}; patch applies it: patch -p1 < FILE")
    return deliver("\n".join(told), FINDINGS)
