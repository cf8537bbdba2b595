"""``tfdash calendar export``: promises and release calendar as .ics files. Reads only, but for the files that it writes."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tfdash.cli.output import delivered, narrate
from tfdash.cli.parser import ERROR, OK, UNKNOWN, USAGE, program
from tfdash.finished_file import write_finished
from tfdash.ics import promises, releases
from tfdash.ics.events import CalendarEntry
from tfdash.ics.writing import LARGEST, NotOurs, read_previous, written
from tfdash.spelling import nearest
from tfdash.text import safe

if TYPE_CHECKING:
    from icalendar import Calendar

    from tfdash.clock import Clock
    from tfdash.config.settings import Settings
    from tfdash.model.maintenance import MaintenanceRecord
    from tfdash.model.subject import ClusterRef, Subject
    from tfdash.playbook.maintenance.policy import MaintenanceItem, MaintenancePolicy
    from tfdash.playbook.policies import Policies
    from tfdash.playbook.schedule import CalendarPolicy

RELEASES, NOBODY = "release-calendar", "without-owner"
_OF, _RELEASES, _NO_OWNER = "tfdash: ", "release calendar", "no owner"


class _Refused(Exception):
    """What was asked for cannot be done: why, and the exit code."""

    def __init__(self, why: str, code: int = USAGE) -> None:
        super().__init__(why)
        self.code = code


def command(args: argparse.Namespace) -> int:
    try:
        return _export(args)
    except _Refused as error:
        narrate(f"{program()}: {safe(str(error))}")
        return error.code


def _export(args: argparse.Namespace) -> int:
    from tfdash.cli.compose import clock_of, policies_of
    from tfdash.cli.feeds import calendar_in_force
    from tfdash.cli.gates.release import remembered
    from tfdash.config.load import load
    from tfdash.config.quick import load_quick
    from tfdash.playbook.maintenance.places import places
    from tfdash.playbook.maintenance.places import remembered as on_record
    from tfdash.playbook.schedule.local import local_date

    config = load_quick(args.config, args.environment, args.kubeconfig, args.context)
    settings = load(config.path)
    policies, clock = policies_of(settings), clock_of(config)
    now, zone = clock.now(), ZoneInfo(settings.time.zone)
    calendar = calendar_in_force(config, settings, clock)
    if calendar.unread:
        raise _Refused(f"nothing is written: {calendar.unread}", UNKNOWN)
    names = tuple(settings.environments) or (config.environment.name,)
    facts, unread = remembered(config, settings, clock)
    clusters = _clusters(args, settings, policies, clock)
    # of namespaces those that are on record: no cluster is asked here
    items = list(places(policies.maintenance, names, clusters, on_record(facts.maintenance)))
    owners = {item.owner for _, item in items}
    if args.owner and args.owner not in owners:
        raise _Refused(f'--owner: "{args.owner}" owns nothing; {nearest(args.owner, filter(None, owners))}')
    due = {} if unread else dict(_due(items, policies.maintenance, calendar, facts.maintenance, now))
    span = promises.horizon(local_date(now, zone), args.years)
    unknown = (
        frozenset(promises.uid_of_item(s) for s, i in items if not promises.dated(i))
        if unread
        else frozenset()
    )

    def file_of(entries: Iterable[CalendarEntry], name: str, previous: Calendar | None) -> bytes:
        return written(entries, name, zone, span.last, now, previous, kept=unknown)

    def of_owner(owner: str) -> list[CalendarEntry]:
        own = [(s, i) for s, i in items if i.owner == owner]
        return list(promises.entries(policies.maintenance, calendar, own, due, span))

    window = [] if args.owner else list(releases.entries(calendar, span))
    if args.per_owner:
        folder = Path(args.per_owner)
        wanted = {_file_name(owner): (of_owner(owner), owner or _NO_OWNER) for owner in sorted(owners)}
        wanted[RELEASES] = (window, _RELEASES)
        for stem, whose in _owned_before(folder):
            wanted.setdefault(stem, ([], whose))
        for stem, (entries, whose) in wanted.items():
            path, title = folder / f"{stem}.ics", f"{_OF}{safe(whose)}"
            _write(path, file_of(entries, title, _previous(path, title)))
        narrate(f"{program()}: {len(wanted)} calendars in {safe(str(folder))}")
        code = OK
    else:
        several = [args.owner] if args.owner else sorted(owners)
        entries = [*(e for owner in several for e in of_owner(owner)), *window]
        title = f"{_OF}{safe(args.owner)}" if args.owner else "tfdash"
        before = args.output or args.previous
        if args.previous and not Path(args.previous).exists():
            raise _Refused(f"--previous: there is no {args.previous}")
        data = file_of(entries, title, _previous(Path(before), title) if before else None)
        code = _write(Path(args.output), data) if args.output else _print(data)
    if calendar.stale:
        narrate(f"{program()}: {safe(calendar.stale)}")
    if unread:
        narrate(
            f"{program()}: the store could not be read ({unread}): what depends on when it was last done has no new date here"
        )
        code = code or UNKNOWN
    elif items and not any(
        (facts.maintenance.completions, facts.maintenance.sightings, facts.maintenance.waivers)
    ):
        narrate(
            f"{program()}: nothing that was done is on record in this store: the dates are those of the plan alone"
        )
    return code


def _clusters(
    args: argparse.Namespace, settings: Settings, policies: Policies, clock: Clock
) -> Iterator[ClusterRef]:
    """All that are configured, as terminals name them; asked for where a promise is one of each cluster."""
    from tfdash.cli.compose import clusters_of
    from tfdash.config.quick import load_quick
    from tfdash.sources.kubernetes.kubeconfig import KubeconfigError

    if not any(item.per in ("cluster", "namespace") for item in policies.maintenance.items.values()):
        return
    for name in settings.environments or (args.environment,):
        config = load_quick(args.config, name, args.kubeconfig, args.context)
        try:
            sources = clusters_of(config.environment, config, clock)
        except KubeconfigError as error:
            raise _Refused(
                f"the clusters of {name or 'the context'} are not known: {error}", UNKNOWN
            ) from None
        yield from (source.ref for source in sources)


def _due(
    items: Iterable[tuple[Subject, MaintenanceItem]],
    policy: MaintenancePolicy,
    calendar: CalendarPolicy,
    record: MaintenanceRecord,
    now: float,
) -> Iterator[tuple[Subject, float | None]]:
    """When what has no dates of its own is to be done next, by what is on record."""
    from tfdash.playbook.maintenance.places import facts_of
    from tfdash.playbook.maintenance.standing import stand

    for subject, item in items:
        if not promises.dated(item):
            facts = facts_of(policy, item, subject, record)
            zone = ZoneInfo(policy.zone_of(item))
            yield (
                subject,
                stand(subject, item, zone, calendar, facts, now, policy.look_back).state.due,
            )


# -- files --------------------------------------------------------------------------------------------------------


def _file_name(owner: str) -> str:
    """Of letters, digits and dashes; where that is not the owner's own name, with something that tells it from others."""
    if not owner:
        return NOBODY
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", owner).strip("-")[:60]
    if plain == owner and owner.lower() == owner and owner not in (RELEASES, NOBODY):
        return owner
    return f"{plain or 'owner'}-{sha256(owner.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _owned_before(folder: Path) -> Iterator[tuple[str, str]]:
    """Files there that were written for an owner, and whose: by the name that is theirs. What another ``-o`` wrote is none of ours here."""
    for path in sorted(folder.glob("*.ics")):
        try:
            found = _read(path)
        except _Refused:
            continue
        whose = str(found.get("NAME", "")).removeprefix(_OF) if found is not None else ""
        if path.stem == _file_name("" if whose == _NO_OWNER else whose):
            yield path.stem, whose


def _previous(path: Path, title: str) -> Calendar | None:
    """What was written there before under that title; None where nothing was."""
    found = _read(path)
    if found is not None and str(found.get("NAME", "")) != title:  # all that is in it would be withdrawn
        name = str(found.get("NAME", ""))
        raise _Refused(
            f'{path} is the calendar "{name}" and not "{title}"; it stays as it is: give another name'
        )
    return found


def _read(path: Path) -> Calendar | None:
    try:
        if not path.exists():
            return None
        if not path.is_file():  # to read a pipe is to wait, and a device that was written over is gone
            raise _Refused(f"{path} is no file; without -o the calendar goes to stdout", ERROR)
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise _Refused(f"{path} cannot be read: {error.strerror or error}", ERROR) from None
    try:
        return read_previous(data) if data else None
    except NotOurs as error:
        raise _Refused(f"{path} {error}; it stays as it is: give another name, or take it away") from None


def _write(path: Path, data: bytes) -> int:
    try:
        write_finished(path, data)
    except OSError as error:
        raise _Refused(f"{path} cannot be written: {error.strerror or error}", ERROR) from None
    return OK


def _print(data: bytes) -> int:
    """As it is, whatever the encoding of stdout: iCalendar is UTF-8 with CRLF."""
    out = getattr(sys.stdout, "buffer", None)
    try:
        if out is not None:
            sys.stdout.flush()
            out.write(data)
            out.flush()
        elif sys.stdout is not None:
            sys.stdout.write(data.decode())
    except (OSError, ValueError):
        return ERROR
    return delivered(OK)
