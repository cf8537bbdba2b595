"""Steps that are alike, written once: in a list of steps a table with ``rows`` is no step but a block, whose ``steps`` stand there
once for each row, with the row's ``{row.KEY}`` put in. They are written out before anything else is read of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tfdash.playbook.procedures.fields import STEP, At, Faults, is_a, listed, name, text
from tfdash.playbook.procedures.placeholders import filled, is_one, named_in
from tfdash.spelling import nearest

ROW = "row"
LARGEST = 2 * 1024 * 1024
"""Characters and tables of all blocks, written out: what is small in the file must not grow without bound."""
MOST_KEYS = 50
"""Of all rows of a block."""
_BLOCK = ("rows", "steps")
_LISTS = ("steps", "undo")
_TABLE = 40
_NOT_TEXTS = frozenset(key for key, one in STEP.items() if one.take not in (text, name))


class FilePlaces:
    """Where in the file that stands which was read at another place, because a block before it was written out."""

    def __init__(self) -> None:
        self._found: dict[At, tuple[At, str]] = {}

    def add(self, at: At, stands: At, row: str) -> None:
        self._found[at] = stands, row

    def of(self, at: At) -> tuple[At, str]:
        """The place in the file, and the id of the row that it was written out for, "" where that is none."""
        for depth in range(len(at), 0, -1):
            if at[:depth] in self._found:
                stands, row = self._found[at[:depth]]
                return (*stands, *at[depth:]), row
        return at, ""


def written_out(raw: Mapping[str, Any], faults: Faults) -> tuple[dict[str, Any], FilePlaces]:
    """The file ``raw`` without a block, and where its steps stand. What is wrong with blocks is added to ``faults``, and of such a
    block nothing is written out."""
    work = _Blocks(faults)
    return work.table(raw, (), ()), work.places


class _Used(NamedTuple):
    """A key of the rows, and where a step names it first."""

    key: str
    at: At


class _Blocks:
    def __init__(self, faults: Faults) -> None:
        self.places = FilePlaces()
        self._add = faults.add
        self._faults = faults
        self._size = 0

    def table(self, table: Mapping[str, Any], at: At, stands: At) -> dict[str, Any]:
        """``at``: where it comes to stand; ``stands``: where it does in the file."""
        lists = {key: table[key] for key in _LISTS if isinstance(table.get(key), list)}
        for used in _named({key: one for key, one in table.items() if key not in lists}, stands):
            told = f"{{{ROW}.{used.key}}}" if used.key else f"{{{ROW}}}"
            self._add(used.at, f"{told} stands in no block with rows", f"only there is a {ROW}")
        return {
            **table,
            **{key: self._list(one, (*at, key), (*stands, key)) for key, one in lists.items()},
        }

    def _list(self, steps: Sequence[Any], at: At, stands: At) -> list[Any]:
        found: list[Any] = []
        for i, one in enumerate(steps):
            there = (*stands, str(i))
            if isinstance(one, dict) and "rows" in one:
                for step, inner, row in self._block(one, there):
                    self.places.add((*at, str(len(found))), inner, row)
                    found.append(step)
                continue
            here = (*at, str(len(found)))
            if here != there:
                self.places.add(here, there, "")
            found.append(self.table(one, here, there) if isinstance(one, dict) else one)
        return found

    def _block(self, block: Mapping[str, Any], at: At) -> Iterator[tuple[Any, At, str]]:
        """(step, where it stands, row) of each, row by row; nothing where anything is wrong."""
        before = len(self._faults.found)
        if odd := [key for key in block if key not in _BLOCK]:
            told = "is no key of a block with rows, which is no step itself"
            self._add((*at, odd[0]), told, "write it at each of its steps, or take it out")
            return
        rows = listed(_row)(block["rows"], (*at, "rows"), self._faults)
        steps = block.get("steps")
        if not isinstance(steps, list) or not steps:
            self._add(at, "is a block with rows and has no steps", "put its steps into [[steps.steps]]")
            return
        self._steps(steps, (*at, "steps"))
        if len(self._faults.found) == before:
            self._keys(rows, tuple(_named(steps, (*at, "steps"))), at)
        self._size += len(rows) * _weight(steps, max((_longest(row) for row in rows), default=0))
        if self._size > LARGEST:
            self._add((*at, "rows"), "make too much of it, written out", "make two procedures of it")
        if len(self._faults.found) == before:
            for row in rows:
                values = {f"{ROW}.{key}": _text(one) for key, one in row.items()}
                for i, step in enumerate(steps):
                    yield _filled(step, row, values), (*at, "steps", str(i)), values[f"{ROW}.id"]

    def _steps(self, steps: Sequence[Any], at: At) -> None:
        """Each is another one in each row, and no block."""
        for i, step in enumerate(steps):
            here = (*at, str(i))
            if not isinstance(step, dict):
                continue
            if "rows" in step:
                self._add(here, "is a block with rows within another one", "put it beside it")
                continue
            id = step.get("id")
            if isinstance(id, str) and not any(word == ROW for word, _ in named_in(id)):
                self._add((*here, "id"), f'"{id}" is the same in each row', f'write "{id}-{{{ROW}.id}}"')
            for key in _LISTS:
                if isinstance(step.get(key), list):
                    self._steps(step[key], (*here, key))

    def _keys(self, rows: Sequence[Mapping[str, Any]], used: Sequence[_Used], at: At) -> None:
        """What the steps use each row has, and it has nothing else."""
        have = {key for row in rows for key in row}
        if len(have) > MOST_KEYS:
            self._add((*at, "rows"), f"have {len(have):,} keys between them", f"at most {MOST_KEYS} are read")
            return
        for one in used:
            if one.key not in have:
                told = f"{{{ROW}.{one.key}}}" if one.key else f"{{{ROW}}}"
                self._add(one.at, f"there is no {told} in any row", nearest(one.key, have))
        need = {one.key for one in used} & have
        spare = {*have} if {one.key for one in used} - have else {"id", *need}  # one may be meant by another
        seen: set[str] = set()
        for i, row in enumerate(rows):
            here = (*at, "rows", str(i))
            for key in row:
                if key not in spare:
                    self._add((*here, key), "none of the block's steps uses it", nearest(key, spare))
            for key in sorted({"id", *need}):
                if key not in row:
                    why = f", and {{{ROW}.{key}}} is used" if key in need else ""
                    self._add(here, f"has no {key}{why}", f"add {key} = ...")
            id = _text(row.get("id", ""))
            if id and id in seen:
                self._add((*here, "id"), f'there is a row "{id}" already', "give one of them another id")
            seen.add(id)


def _row(value: Any, at: At, faults: Faults) -> Mapping[str, Any]:
    row: Mapping[str, Any] = (
        value if is_a(value, dict, at, faults, 'write { id = "...", key = "..." }') else {}
    )
    for key, one in row.items():
        if not isinstance(one, str | int):  # of which true and false are two
            faults.add((*at, key), "is none of text, whole number, true and false", "write it as one of them")
        elif isinstance(one, str) and any(word == ROW for word, _ in named_in(one)):
            faults.add((*at, key), f"{{{ROW}}} stands in a row itself", "write out what is meant")
    return row


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _longest(row: Mapping[str, Any]) -> int:
    return max((len(_text(one)) for one in row.values()), default=0)


def _named(value: Any, at: At) -> Iterator[_Used]:
    """Each ``{row.KEY}`` of all texts in it, "" of a bare ``{row}``; once for each place."""
    if isinstance(value, str):
        yield from (
            _Used(key, at) for key in dict.fromkeys(part for word, part in named_in(value) if word == ROW)
        )
    elif isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _named(one, (*at, str(key)))


def _weight(value: Any, longest: int) -> int:
    """At most so much is it with values of ``longest`` characters in it."""
    total, todo = 0, [value]
    while todo:
        one = todo.pop()
        total += _TABLE
        if isinstance(one, dict):
            todo.extend(one.values())
        elif isinstance(one, list):
            todo.extend(one)
        elif isinstance(one, str):
            total += len(one) + longest * one.count(f"{{{ROW}.")
    return total


def _filled(step: Any, row: Mapping[str, Any], values: Mapping[str, str]) -> Any:
    """The step for one row. A key of a step that is no text, as ``tier``, and is nothing but a place is what the row has, its number too."""
    if not isinstance(step, dict):
        return step
    return {
        key: [_filled(inner, row, values) for inner in one]
        if key in _LISTS and isinstance(one, list)
        else row[one[len(ROW) + 2 : -1]]
        if key in _NOT_TEXTS and isinstance(one, str) and is_one(one) and one[1:-1] in values
        else _put(one, values)
        for key, one in step.items()
    }


def _put(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return filled(value, values)
    if isinstance(value, dict):
        return {key: _put(one, values) for key, one in value.items()}
    if isinstance(value, list):
        return [_put(one, values) for one in value]
    return value
