"""``tfdash procedures list | check | show``: what the files say, and whether they are right."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import FINDINGS, OK, USAGE, program
from tfdash.nouns import counted
from tfdash.spelling import nearest
from tfdash.text import safe, safe_lines

if TYPE_CHECKING:
    from tfdash.config.problems import ConfigProblem
    from tfdash.config.settings import Settings
    from tfdash.model.procedure import Procedure
    from tfdash.playbook.procedures.library import Library


def command(args: argparse.Namespace) -> int:
    from tfdash.config.load import load
    from tfdash.config.quick import find_config
    from tfdash.procedures.shelf import library_of

    settings = load(find_config(args.config))
    if args.what == "check":
        return _check(args, settings)
    found = library_of(settings)
    for problem in found.problems:
        narrate(f"{program()}: {problem}")
    if args.what == "list":
        return deliver(_listed(found, args.format), FINDINGS if found.problems else OK)
    chosen = named(found, args.id)
    if chosen is None:
        return USAGE
    if args.difference:
        return _difference(chosen, found, args.format)
    return deliver(_shown(chosen, args.format), OK)


def named(found: Library, id: str) -> Procedure | None:
    """The one of that name; where there is none, what is meant is told on stderr."""
    own = found.procedures.get(id)
    if own is None:
        broken = any(Path(one.file).stem == id for one in found.problems)
        told = "its file cannot be used" if broken else nearest(id, found.procedures)
        narrate(f'{program()}: there is no procedure "{safe(id)}"; {told}')
    return own


def _listed(found: Library, format: str) -> str:
    rows = [_row(one) for one in found.procedures.values()]
    if format == "json":
        faults = [_fault(one) for one in found.problems]
        return json.dumps({"schema_version": 1, "procedures": rows, "problems": faults}, indent=2)
    wide = [max(len(row[key]) for row in rows) for key in ("id", "title")]
    return "\n".join(
        f"{row['id']:<{wide[0]}}  {row['title']:<{wide[1]}}  {'runbook' if row['recovery'] else 'procedure':<9}  "
        f"{row['steps']:>3} steps  {row['from']}"
        for row in rows
    )


def _row(one: Procedure) -> dict[str, Any]:
    from tfdash.playbook.procedures.walk import leaves

    return {
        "id": one.id,
        "title": safe(one.title),
        "purpose": safe(one.purpose),
        "recovery": one.recovery,
        "steps": sum(1 for _ in leaves(one.steps)),
        "from": "shipped" if not one.file else "own, in place of the shipped one" if one.replaces else "own",
        "file": safe(one.file) or None,
        "digest": one.digest,
        "replaces": one.replaces or None,
    }


def _fault(one: ConfigProblem) -> dict[str, Any]:
    said = {
        "file": one.file,
        "line": one.line or None,
        "key": one.key,
        "message": one.message,
        "remedy": one.remedy,
    }
    return {key: safe(value) if isinstance(value, str) else value for key, value in said.items()}


def _shown(one: Procedure, format: str) -> str:
    from tfdash.report.runbooks.document import document
    from tfdash.report.runbooks.text import as_markdown, as_text

    if format == "toml":
        return "\n".join(safe_lines(one.text.rstrip("\n")))
    told = document(one)
    if format == "json":
        return json.dumps(told, indent=2)
    return as_markdown(told) if format == "md" else as_text(told)


def _difference(one: Procedure, found: Library, format: str) -> int:
    """Exit 1: they differ."""
    from tfdash.playbook.procedures.difference import changed_steps, difference

    before = found.shipped.get(one.id)
    if before is None:
        narrate(f"{program()}: {safe(one.id)} stands in the place of no shipped one")
        return USAGE
    steps, lines = changed_steps(before, one), difference(before, one)
    if format == "json":
        told = {"schema_version": 1, "id": one.id, "steps": steps, "difference": lines}
        return deliver(json.dumps(told, indent=2), FINDINGS if lines else OK)
    return deliver("\n".join((*steps, *lines)) or "they are the same", FINDINGS if lines else OK)


def _check(args: argparse.Namespace, settings: Settings) -> int:
    """Exit 1: one of them is not right."""
    from tfdash.playbook.procedures.difference import changed_steps
    from tfdash.procedures.shelf import library_of

    found = _of_files(args.files, settings) if args.files else library_of(settings)
    right = [one for one in found.procedures.values() if one.file or not args.files]
    code = FINDINGS if found.problems else OK
    if args.format == "json":
        told = {
            "procedures": [_row(one) for one in right],
            "problems": [_fault(one) for one in found.problems],
        }
        return deliver(json.dumps({"schema_version": 1, **told}, indent=2), code)
    lines = [str(problem) for problem in found.problems]
    for one in right:
        steps = counted(_row(one)["steps"], "step")
        lines.append(f"{safe(one.file) or f'{one.id} (shipped)'}: ok, {steps}")
        if one.replaces:
            changes = len(changed_steps(found.shipped[one.id], one))
            lines[-1] += (
                f", in place of the shipped one: {counted(changes, 'change')}, {program()} procedures show {one.id} --difference"
            )
    return deliver("\n".join(lines), code)


def _of_files(files: Sequence[str], settings: Settings) -> Library:
    """Those files alone, held against all that there are."""
    from tfdash.playbook.procedures.library import of_files
    from tfdash.procedures.shelf import library_of
    from tfdash.procedures.vocabulary import vocabulary_of

    known = vocabulary_of(settings.procedures, settings.notify)
    return of_files(list(_paths(files)), known, library_of(settings))


def _paths(files: Sequence[str]) -> Iterator[Path]:
    for name in files:
        path = Path(name)
        yield from sorted(path.glob("*.toml")) if path.is_dir() else (path,)
