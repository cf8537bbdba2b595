"""``config.example.toml``: every setting with its default and its comment, out of the declarations and the playbook's TOML."""

from __future__ import annotations

import json
import textwrap
from dataclasses import MISSING
from typing import Annotated, Any, Literal, get_args, get_origin

from tfdash.config.settings import Settings
from tfdash.setting import Between, Note, SettingsTable, default_of, hints_of, shipped, table_in, written

HEAD = """\
# tfdash: every setting, with its default. An empty file is valid; uncomment what you change.
# Looked for at: --config FILE, $TFDASH_CONFIG, then ~/.config/tfdash/config.toml (the platform's own folder elsewhere).
# Check it with: tfdash config check
# This file is written by: tfdash config example

"""
_WIDTH = 118
_LONGEST = 150  # a comment that stands behind its key
_COLUMN = 26  # where comments begin, behind keys that leave them room
_ENDLESS = 10**6  # a bound beyond it is none that anybody reads


def example() -> str:
    return "\n".join([*HEAD.splitlines(), *_table(Settings, "", {})]) + "\n"


def _table(kind: type[SettingsTable], name: str, values: dict[str, Any], *, off: bool = False) -> list[str]:
    """A table's lines, its keys first. ``values`` are the playbook's; ``off``: all is commented out."""
    values = {**shipped(kind), **values}
    keys, tables = [], []
    for key, hint in hints_of(kind).items():
        at = f"{name}.{key}" if name else key
        inner, note = table_in(hint), _mark(hint, Note) or Note()
        if inner is None and not _is_table_of_texts(hint, note):
            keys += _line(kind, key, hint, note, values, off)
        elif inner is None:
            tables += ["", f"[{at}]", f"# {note.text}", f"# {note.sample}"]
        elif inner is hint:
            lines = _table(inner, at, values.get(key, {}), off=off)
            tables += ["", *_head(inner, f"[{at}]", off), *lines] if lines[0].strip("#") else lines
        else:
            many = f"{at}.{note.sample}" if _origin(hint) is dict else at
            brackets = f"[{many}]" if _origin(hint) is dict else f"[[{many}]]"
            tables += ["#" if off else "", *_head(inner, brackets, True), *_table(inner, many, {}, off=True)]
    return [*keys, *(("#" if off and not line else line) for line in tables)]


def _head(kind: type[SettingsTable], brackets: str, off: bool) -> list[str]:
    """The line of a table and what it is for."""
    said = (
        " ".join((kind.__doc__ or "").split()) if "__doc__" in vars(kind) and not _is_generated(kind) else ""
    )
    return [f"# {brackets}" if off else brackets, *(f"# {line}" for line in textwrap.wrap(said, _WIDTH))]


def _is_generated(kind: type[SettingsTable]) -> bool:
    """dataclass writes a signature where nobody wrote a docstring."""
    return (kind.__doc__ or "").startswith(f"{kind.__name__}(")


def _line(
    kind: type[SettingsTable], key: str, hint: Any, note: Note, values: dict[str, Any], off: bool
) -> list[str]:
    default = default_of(kind, key)
    if key in values:
        value = _toml(values[key])
    elif note.sample:
        value = note.sample
    else:
        value = _toml(written(hint, default)) if default not in (MISSING, None) else '""'
    alone = note.sample and key not in values and not off  # a sample is no default
    text = f"{'# ' if off or alone else ''}{key} = {value}"
    comment = "; ".join(filter(None, (_choices(hint, note.text), note.text, _bounds(hint))))
    if not comment:
        return [text]
    if len(comment) > _LONGEST:
        return [*(f"# {line}" for line in textwrap.wrap(comment, _WIDTH)), text]
    return [f"{text:<{_COLUMN - 2}}  # {comment}"]


def _choices(hint: Any, note: str) -> str:
    plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    choices = [str(choice) for choice in get_args(plain)] if get_origin(plain) is Literal else []
    return "" if all(choice in note for choice in choices) else " | ".join(choices)


def _bounds(hint: Any) -> str:
    bounds = _mark(hint, Between)
    if bounds is None:
        return ""
    if bounds.high > _ENDLESS:
        return f"at least {bounds.write(bounds.low)}" if bounds.low else ""
    return (
        f"{bounds.write(bounds.low)} to {bounds.write(bounds.high)}"
        if bounds.low
        else f"at most {bounds.write(bounds.high)}"
    )


def _is_table_of_texts(hint: Any, note: Note) -> bool:
    """Names that the user chooses, best in a table of their own."""
    return _origin(hint) is dict and not note.sample.startswith("{")


def _origin(hint: Any) -> Any:
    return get_origin(get_args(hint)[0]) if get_origin(hint) is Annotated else get_origin(hint)


def _mark(hint: Any, kind: type[Any]) -> Any:
    return next((mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, kind)), None)


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
