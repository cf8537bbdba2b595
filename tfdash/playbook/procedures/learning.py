"""What people noted in runs that a runbook should say, as a proposed change of its file: at the step that it was noted at."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

import msgspec

from tfdash.config.problems import ConfigError, TomlLines, toml_of
from tfdash.model.procedure import Procedure
from tfdash.playbook.procedures.checks import every
from tfdash.playbook.procedures.fields import At, Faults
from tfdash.playbook.procedures.noted import Learned, printed, quoted
from tfdash.playbook.procedures.reading import read_procedure
from tfdash.playbook.procedures.rows import written_out
from tfdash.playbook.procedures.walk import all_steps

_TEXT = re.compile(r'(\s*text\s*=\s*")((?:[^"\\]|\\.)*)("\s*(?:#.*)?)')


def proposed(procedure: Procedure, notes: Iterable[Learned]) -> tuple[str, ...]:
    """The lines of a unified difference of the file, () where nothing is proposed. The file with it is right and says the same but for
    what is noted: what cannot stand in the text of its step stands above it as a comment."""
    text, places = procedure.text, _places(procedure)
    for note in notes:
        text = _with(procedure, text, note, *places.get(note.step, (None, "")))
    found = difflib.unified_diff(
        procedure.text.splitlines(),
        text.splitlines(),
        f"a/{procedure.id}.toml",
        f"b/{procedure.id}.toml",
        lineterm="",
    )
    return tuple(found)


def _places(procedure: Procedure) -> Mapping[str, tuple[At, str]]:
    """Where each step stands in the file, and for which row of a block, "" for none."""
    _, places = written_out(toml_of(procedure.text, procedure.id), Faults())
    return {step.id: places.of(at) for at, step in every(procedure.steps)}


def _with(procedure: Procedure, text: str, note: Learned, at: At | None, row: str) -> str:
    lines, known = text.split("\n"), TomlLines(text)
    if at is not None:
        changed = _in_text(lines, known.of((*at, "text")), known.of((*at, "kind")), note)
        if changed is not None and _right(procedure, changed):
            said = f"noted at {note.step}, and said in each row"
            return _remarked(changed, known.of(at), said) if row else changed
    told = f"{note.step or 'all of it'}: {' '.join(printed(note.text).split())} ({note.run}, {note.by})"
    return _remarked(text, known.of(at) if at is not None else 1, told)


def _remarked(text: str, number: int, remark: str) -> str:
    """With a comment above a line."""
    lines = text.split("\n")
    return "\n".join([*lines[: number - 1], printed(f"# {remark}"), *lines[number - 1 :]])


def _in_text(lines: list[str], text: int, kind: int, note: Learned) -> str | None:
    """Behind what the step says, or as what it says where it says nothing; None where that stands there in another form."""
    said = _TEXT.fullmatch(lines[text - 1]) if text else None
    if said is not None:
        more = f"{said[2]} {quoted(note.text)}".strip()
        return "\n".join([*lines[: text - 1], f"{said[1]}{more}{said[3]}", *lines[text:]])
    if not kind or not re.match(r"\s*kind\s*=", lines[kind - 1]):
        return None
    return "\n".join([*lines[:kind], f'text = "{quoted(note.text)}"', *lines[kind:]])


def _right(procedure: Procedure, text: str) -> bool:
    """Whether it is read, and differs in what its steps say alone."""
    try:
        found = read_procedure(procedure.id, text)
    except ConfigError:
        return False
    return _but_texts(found) == _but_texts(procedure)


def _but_texts(procedure: Procedure) -> Mapping[str, object]:
    steps = [msgspec.structs.replace(step, text="", steps=(), undo=()) for step in all_steps(procedure.steps)]
    rest = msgspec.structs.replace(procedure, steps=(), text="", digest="", file="", replaces="")
    return {"steps": steps, "rest": rest}
