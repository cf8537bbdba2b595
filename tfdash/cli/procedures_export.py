"""``tfdash procedures export``: one procedure as a file that is read where tfdash is not."""

from __future__ import annotations

import argparse

from tfdash.cli.output import deliver_to, narrate
from tfdash.cli.parser import OK, USAGE, program
from tfdash.cli.procedures_told import named
from tfdash.text import safe


def command(args: argparse.Namespace) -> int:
    if args.format == "json":
        narrate(f"{program()}: for JSON use: {program()} procedures show {safe(args.id)} --format json")
        return USAGE
    from tfdash.config.load import load
    from tfdash.config.quick import find_config
    from tfdash.playbook.procedures.inputs import unfit_inputs
    from tfdash.procedures.shelf import library_of
    from tfdash.report.runbooks.document import FilledWith, document
    from tfdash.report.runbooks.html import as_html
    from tfdash.report.runbooks.text import as_markdown

    found = library_of(load(find_config(args.config)))
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
    told = document(chosen, FilledWith(inputs=inputs, own=own))
    return deliver_to(args.output, as_html(told) if args.format == "html" else as_markdown(told), OK)


def inputs_of(words: list[str]) -> dict[str, tuple[str, ...]]:
    """Of ``NAME=VALUE`` each; a name that stands there more than once is a list."""
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        id, _, value = word.partition("=")
        found[id.strip()] = (*found.get(id.strip(), ()), value.strip())
    return found
