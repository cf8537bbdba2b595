"""``tfdash calendar sign-off | adopt``: what a person says of the dated promises, each by the gate that every action passes.

Of a file all is recorded or nothing is begun: each line is read, planned and asked for before the first is recorded.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.actions.store.maintenance import moment_of
from tfdash.cli.headless import settle
from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import FINDINGS, OK, UNKNOWN, USAGE, program
from tfdash.cli.promises import SECTIONS, live_kinds, of_item
from tfdash.item_place import place_of
from tfdash.model.action import Confirmation, Guarded, Result
from tfdash.model.maintenance import ItemState
from tfdash.model.subject import Subject
from tfdash.spelling import nearest
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.actions.core.protocols import ActionService
    from tfdash.config.settings import Settings

_FIRST = 20.0  # seconds for the clusters and what is on record
_LARGEST = 1_000_000  # bytes of a file that is adopted
_TOLD = 50  # faults of a file
_APART = ",;\t"  # what spreadsheets write between two columns, by their language
COLUMNS = ("item", "place", "done", "start")
Found = Mapping[Subject, ItemState]


class Wanted(NamedTuple):
    """One act: which, of what, and where it was asked for ("dates.csv:3", "")."""

    action: str
    subject: Subject
    arguments: dict[str, str]
    line: str = ""


class CannotTake(Exception):
    """What was given cannot be taken; one sentence a fault, each with its remedy."""

    def __init__(self, *faults: str) -> None:
        super().__init__(*faults)
        self.faults = faults


def command(args: argparse.Namespace) -> int:
    """Exit 0: recorded; 1: refused; 2: it could not be, or nothing was asked to be (without ``--act``)."""
    from tfdash.actions.core.action_service import make_service
    from tfdash.actions.core.mode import Mode
    from tfdash.cli.acting import deciding
    from tfdash.cli.action_policy import policy_of
    from tfdash.cli.compose import board_of, clock_of
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick
    from tfdash.sources.base import ALL

    reason = args.reason or (args.note if args.what == "sign-off" else f"from {Path(args.file).name}")
    if len(reason.strip()) < 3:  # without --act too: what it says must hold of the same words with it
        given = f"{reason.strip()!r} is too short for a reason" if reason.strip() else "no reason is given"
        narrate(f"{program()}: {given}; write --reason or --note, which stands in the audit log")
        return USAGE
    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    settings = load(config.path)
    clock = clock_of(config)
    board, sources = board_of(config, settings, clock, remembering=not args.act, of=SECTIONS)
    store = None
    if args.act:
        service, store = deciding(board, config, settings, sources, clock)
    else:
        service = make_service(board, None, None, policy_of(settings, sources), clock, Mode())
    try:
        settle(board, {"Deployment": ALL, **live_kinds(settings)}, _FIRST)
        found = board.assessment.maintenance
        if found is None:
            narrate(f"{program()}: what is on record was not read in time")
            return UNKNOWN
        wanted = (
            _signed(args, found, config.environment.name, settings)
            if args.what == "sign-off"
            else _lines(args, found)
        )
        return asyncio.run(_carry_out(service, wanted, reason, record=args.act))
    except CannotTake as error:
        for fault in error.faults[:_TOLD]:
            narrate(f"{program()}: {fault}")
        if len(error.faults) > _TOLD:
            narrate(f"{program()}: and {len(error.faults) - _TOLD:,} faults more")
        return USAGE
    finally:
        board.stop()
        if store is not None:
            store.close()


async def _carry_out(service: ActionService, wanted: Sequence[Wanted], reason: str, *, record: bool) -> int:
    """All are planned and looked at before the first is recorded. Raises ``CannotTake`` for what cannot be planned."""
    from tfdash.actions.core.protocols import PlanRefused
    from tfdash.model.requests import ReadFailed

    plans: list[tuple[Wanted, Guarded]] = []
    faults, refused = [], []
    for one in wanted:
        try:
            guarded = await service.plan(one.action, one.subject, one.arguments)
        except PlanRefused as error:
            faults.append(_at(one, str(error)))
        except ReadFailed as error:
            refused.append(_at(one, str(error.problem)))
        else:
            plans.append((one, guarded))
            if record and not guarded.allowed:
                refused.append(_at(one, guarded.refused))
    if faults:
        raise CannotTake(*faults)
    if refused:
        for sentence in dict.fromkeys(refused):
            narrate(f"{program()}: {sentence}")
        narrate(f"{program()}: nothing was recorded")
        return FINDINGS
    if not record:
        narrate(f"{program()}: nothing was recorded; --act records it")
        return deliver("\n".join(_of(one, guarded.plan.effect) for one, guarded in plans), UNKNOWN)
    told, failed = [], ""
    for one, guarded in plans:
        given = Confirmation(plan_digest=guarded.plan.digest, typed=guarded.plan.typed, reason=reason)
        done = await service.execute(guarded, given, lambda progress: None)
        if done.result is not Result.APPLIED:
            failed = _at(one, done.sentence)
            break
        told.append(_of(one, done.sentence))
    if failed:
        narrate(f"{program()}: {failed}; {len(told)} of {len(plans)} were recorded before")
    code = OK if not failed else UNKNOWN
    return deliver("\n".join(told), code) if told else code


def _at(one: Wanted, sentence: str) -> str:
    return safe(f"{one.line}: {sentence}" if one.line else sentence)


def _of(one: Wanted, sentence: str) -> str:
    """With the place, which was perhaps not named."""
    return _at(one, f"{sentence}  ({place_of(one.subject)})")


# -- what is asked for --------------------------------------------------------------------------------------------


def _signed(args: argparse.Namespace, found: Found, environment: str, settings: Settings) -> list[Wanted]:
    mine = of_item(found, args.item, settings)
    if not mine:
        raise CannotTake()
    subject = _placed(mine, args.place, environment)
    given = {"done": args.done, "note": args.note, "link": args.link, "digest": _digest(args.proof)}
    return [Wanted("maintenance.sign-off", subject, {name: value for name, value in given.items() if value})]


def _placed(mine: Found, place: str, environment: str) -> Subject:
    """The one that is meant. Raises ``CannotTake``."""
    named = {place_of(subject): subject for subject in mine}
    if place:
        if place not in named:
            raise CannotTake(f'it is not kept at "{safe(place)}"; {nearest(place, named)}')
        return named[place]
    here = [s for s in mine if s.cluster.environment in ("", environment)] if len(mine) > 1 else list(mine)
    if len(here) != 1:
        raise CannotTake(f"it is kept at several places; say which by --place: {safe(', '.join(named))}")
    return here[0]


def _digest(path: str) -> str:
    if not path:
        return ""
    try:
        if not (proof := Path(path).expanduser()).is_file():  # a pipe or a device may never end
            why = f"{safe(path)} is no file" if proof.exists() else f"there is no file {safe(path)}"
            raise CannotTake(f"--proof: {why}")
        with proof.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CannotTake(f"--proof: {safe(path)} cannot be read: {error.strerror}") from None


def _lines(args: argparse.Namespace, found: Found) -> list[Wanted]:
    """Raises ``CannotTake`` with a sentence for each line that cannot be taken."""
    name = Path(args.file).name
    text = _text(args.file).replace("\r\n", "\n").replace("\r", "\n")
    first = text.partition("\n")[0]
    apart = max(_APART, key=first.count)  # of none, and of as many, the comma
    rows = csv.DictReader(io.StringIO(text), restkey="", strict=True, delimiter=apart)
    try:
        head = [column.strip().lower() for column in rows.fieldnames or ()]
        odd = [column for column in head if column not in COLUMNS]
        if "item" not in head or odd or len(set(head)) != len(head):
            raise CannotTake(f"{safe(name)}:1: the first line names the columns; write {','.join(COLUMNS)}")
        rows.fieldnames = head
        read = [(rows.line_num, row) for row in rows]
    except csv.Error as error:
        raise CannotTake(
            f"{safe(name)}:{rows.reader.line_num}: {error}; write it as comma-separated values, no quotation mark left open"
        ) from None
    wanted, faults, before = [], [], dict[Subject, int]()
    for line, row in read:
        at = f"{name}:{line}"
        try:
            one = _line(row, at, found)
            if (other := before.setdefault(one.subject, line)) != line:
                raise CannotTake(f"line {other} is of the same item and place; leave one of the two out")
        except CannotTake as error:
            faults += [safe(f"{at}: {fault}") for fault in error.faults]
        else:
            wanted.append(one)
    if faults or not wanted:
        raise CannotTake(*(faults or [f"{safe(name)}: there is no line below the names of the columns"]))
    return wanted


def _line(row: Mapping[str, str | None], at: str, found: Found) -> Wanted:
    if "" in row:
        raise CannotTake(
            'it has more fields than there are columns; put what holds what stands between two columns into "quotes"'
        )
    item, place, done, start = ((row.get(column) or "").strip() for column in COLUMNS)
    mine = {subject: state for subject, state in found.items() if subject.name == item}
    if not mine:
        raise CannotTake(
            f'the playbook has no item "{item}"; {nearest(item, {subject.name for subject in found})}'
        )
    named = {place_of(subject): subject for subject in mine}
    if not place and len(named) > 1:
        raise CannotTake(
            f"{item} is kept at several places; write one into the column place: {', '.join(named)}"
        )
    if place and place not in named:
        raise CannotTake(f'{item} is not kept at "{place}"; {nearest(place, named)}')
    if not done and not start:
        raise CannotTake("it says neither done nor start; write one of the two, such as 2026-11-26")
    given = {"done": done, "start": start}
    for column, text in given.items():
        try:
            moment_of(text or "2026-11-26", ZoneInfo("UTC"))
        except ValueError as error:
            raise CannotTake(f"{column}: {error}") from None
    subject = named[place] if place else next(iter(mine))
    return Wanted("maintenance.adopt", subject, {n: value for n, value in given.items() if value}, at)


def _text(path: str) -> str:
    try:
        with Path(path).expanduser().open("rb") as file:
            read = file.read(_LARGEST + 1)
    except OSError as error:
        raise CannotTake(f"{safe(path)} cannot be read: {error.strerror}") from None
    if len(read) > _LARGEST:
        raise CannotTake(f"{safe(path)} is larger than {_LARGEST:,} bytes; split it")
    try:
        return read.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CannotTake(f"{safe(path)} is no UTF-8; write it anew as UTF-8") from None
