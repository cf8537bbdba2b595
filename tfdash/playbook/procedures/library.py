"""All procedures that there are: those that ship, and those of the company's folder, which add and take another's place by id."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec

from tfdash.config.problems import ConfigError, ConfigProblem, dotted, line_of
from tfdash.model.procedure import Procedure
from tfdash.named_file import read_named
from tfdash.playbook.procedures.checks import every
from tfdash.playbook.procedures.reading import LARGEST, read_procedure
from tfdash.playbook.procedures.vocabulary import ANYTHING, Vocabulary
from tfdash.spelling import nearest

MOST_FILES = 500
_NO_PROCEDURE = "its procedure is not offered, and no other in its place"


@dataclass(frozen=True, kw_only=True)
class Library:
    """``procedures`` by id, in their order; ``shipped``: all that ship, also those in whose place another stands. ``problems``: of
    files that cannot be used. Nothing stands in the place of such a file, least of all the shipped one that it was to replace."""

    procedures: Mapping[str, Procedure] = field(default_factory=dict)
    shipped: Mapping[str, Procedure] = field(default_factory=dict)
    problems: tuple[ConfigProblem, ...] = ()


def library(folder: Path | None = None, vocabulary: Vocabulary = ANYTHING) -> Library:
    """``folder``: the company's own ``*.toml``; None where none is configured."""
    faults: list[ConfigProblem] = []
    shipped = {
        id: own
        for id, text in shipped_texts().items()
        if (own := _procedure(id, text, "", vocabulary, faults)) is not None
    }
    texts = _texts_in(folder, faults) if folder is not None else ()
    of_folder = {id: _own(id, file, text, vocabulary, shipped, faults) for id, file, text in texts}
    found = {id: one for id, one in {**shipped, **of_folder}.items() if one is not None}
    faults += (*_alike(found.values(), found), *(begun := list(_begun(found.values(), found))))
    for file in {one.file for one in begun}:  # it would lead to what is not there
        found = {id: one for id, one in found.items() if one.file != file}
    return Library(procedures=dict(sorted(found.items())), shipped=shipped, problems=tuple(faults))


def of_folder(named: str) -> Path | None:
    """The folder that [procedures] folder names, None for none."""
    return Path(os.path.expanduser(named)) if named else None


def of_files(paths: Sequence[Path], vocabulary: Vocabulary, around: Library) -> Library:
    """Those files alone, as they would be among ``around``."""
    faults: list[ConfigProblem] = []
    found = {}
    for id, file, text in _texts(paths, faults):
        own = _own(id, file, text, vocabulary, around.shipped, faults)
        if own is not None:
            found[id] = own
    there = {**around.procedures, **found}
    faults += (*_alike(found.values(), there), *_begun(found.values(), there))
    return Library(procedures=found, shipped=around.shipped, problems=tuple(faults))


def _own(
    id: str,
    file: str,
    text: str | None,
    vocabulary: Vocabulary,
    shipped: Mapping[str, Procedure],
    faults: list[ConfigProblem],
) -> Procedure | None:
    own = _procedure(id, text, file, vocabulary, faults) if text is not None else None
    before = shipped.get(id)
    return msgspec.structs.replace(own, replaces=before.digest) if own is not None and before else own


@cache
def shipped_texts() -> Mapping[str, str]:
    """The files that ship, by the id of their procedure."""
    folder = files("tfdash.playbook").joinpath("defaults", "procedures")
    found = (one for one in folder.iterdir() if one.name.endswith(".toml"))
    return {one.name.removesuffix(".toml"): one.read_text(encoding="utf-8") for one in found}


def _procedure(
    id: str, text: str, file: str, vocabulary: Vocabulary, faults: list[ConfigProblem]
) -> Procedure | None:
    try:
        return read_procedure(id, text, file, vocabulary)
    except ConfigError as error:
        faults += error.problems
        return None


def _texts_in(folder: Path, faults: list[ConfigProblem]) -> Iterator[tuple[str, str, str | None]]:
    try:
        there = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError as error:
        faults.append(
            ConfigProblem(
                str(folder), 0, "", f"the folder cannot be read: {error.strerror}", "see [procedures] folder"
            )
        )
        return
    if len(there) > MOST_FILES:
        told = f"{len(there):,} files are in it, and {MOST_FILES} are read"
        faults.append(ConfigProblem(str(folder), 0, "", told, "take out what is no procedure"))
    yield from _texts(there[:MOST_FILES], faults)


def _texts(paths: Sequence[Path], faults: list[ConfigProblem]) -> Iterator[tuple[str, str, str | None]]:
    """(id, file, text) of each, without a text where it cannot be read."""
    for path in paths:
        try:
            text = read_named(str(path), LARGEST).decode("utf-8-sig")
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else _in_words(error)
            faults.append(ConfigProblem(str(path), 0, "", f"cannot be read: {why}", _NO_PROCEDURE))
            yield path.stem, str(path), None
        else:
            yield path.stem, str(path), text


def _in_words(error: ValueError) -> str:
    return f"it is not UTF-8 at byte {error.start}" if isinstance(error, UnicodeDecodeError) else str(error)


def _begun(own: Iterable[Procedure], all: Collection[str]) -> Iterator[ConfigProblem]:
    """What a step of the company's begins must be there, and be another procedure."""
    for one in own:
        for at, step in every(one.steps) if one.file else ():
            for i, id in enumerate(step.begins):
                here = (*at, "begins", str(i))
                line, key = line_of(one.text, here), dotted(here)
                if id == one.id:
                    yield ConfigProblem(one.file, line, key, "is this procedure itself", "name another one")
                elif id not in all:
                    yield ConfigProblem(
                        one.file, line, key, f'there is no procedure "{id}"', nearest(id, all)
                    )


def _alike(own: Iterable[Procedure], all: Mapping[str, Procedure]) -> Iterator[ConfigProblem]:
    """What a scenario of the company's is mistaken for must be there."""
    for one in own:
        for id, _ in one.scenario.alike if one.scenario is not None and one.file else ():
            if id not in all:
                line, told = line_of(one.text, ("scenario", "alike", id)), f'there is no procedure "{id}"'
                yield ConfigProblem(one.file, line, f"scenario.alike.{id}", told, nearest(id, all))
