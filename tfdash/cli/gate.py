"""``tfdash gate``: may it, in one command, for people and pipelines. Exit 0 yes, 1 no, 2 not known."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

from tfdash.cli.gates import FORMATS, GATES
from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import ERROR, USAGE, program
from tfdash.finished_file import write_finished
from tfdash.report.gates.answer import GateAnswer
from tfdash.text import safe

_SUFFIXES = {".txt": "text", ".json": "json", ".md": "md", ".xml": "junit"}


def command(args: argparse.Namespace) -> int:
    for file in args.report:
        if Path(file).suffix not in _SUFFIXES:
            narrate(f"{program()}: --report: {safe(file)} ends with none of {', '.join(_SUFFIXES)}")
            return USAGE
    answer: GateAnswer | int = import_module(f"tfdash.cli.gates.{GATES[args.what].ask}").ask(args)
    if isinstance(answer, int):
        return answer
    code = deliver(written(answer, args.what, args.format), answer.code)
    for file in args.report:
        text = written(answer, args.what, _SUFFIXES[Path(file).suffix])
        try:
            write_finished(Path(file).expanduser(), f"{text}\n".encode("utf-8", "backslashreplace"))
        except (OSError, RuntimeError) as error:
            why = f"{file}: {getattr(error, 'strerror', '') or error}"
            narrate(f"{program()}: --report: {safe(why)}")
            code = code or ERROR
    narrate(*(f"{program()}: {said}" for said in (answer.reason, *answer.told) if said))
    return code


def written(answer: GateAnswer, what: str, format: str) -> str:
    """In one of ``FORMATS``."""
    assert format in FORMATS
    if format == "text":
        return "\n".join(answer.lines)
    if format == "json":
        from tfdash.report.document import written as as_json

        return as_json(answer.document)
    module = import_module(f"tfdash.report.gates.{'markdown' if format == 'md' else format}")
    told: str = module.write(answer, what)
    return told
