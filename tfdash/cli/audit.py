"""``tfdash audit tail | verify | export | migrate``: the audit log of this user's terminals and of the shared store.

Reads only, but for ``migrate``. stdout is the log, stderr what could not be read. ``verify`` exits 0 whole, 1 not whole,
2 something could not be looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import json
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import ERROR, OK, UNKNOWN, USAGE, program
from tfdash.spelling import nearest
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.model.store_state import Entry
    from tfdash.store.log.anchors import Head
    from tfdash.store.log.reading import LogHolder
    from tfdash.store.log.verify import Report
    from tfdash.store.opening import StoreOptions

FIELDS = (
    "terminal",
    "sequence",
    "at",
    "kind",
    "actor",
    "environment",
    "cluster",
    "target",
    "action",
    "intent",
    "audit_id",
    "sentence",
    "data",
    "previous",
    "hash",
    "version",
)


def command(args: argparse.Namespace) -> int:
    from tfdash.cli.store_options import store_options
    from tfdash.config.load import load
    from tfdash.config.quick import find_config

    path = find_config(args.config)
    settings = load(path)
    options = store_options(settings, path)
    if args.what == "migrate":
        return _migrate(options)
    if args.what == "verify":
        return _verify(args, options)
    from tfdash.model.store_state import EntryKind

    for kind in args.kind:
        _refuse("--kind", kind, {one.value for one in EntryKind})
    environments = set(settings.environments)
    if args.what == "export":
        return _export(args, options, environments)
    return _tail(args, options, environments)


def _refuse(option: str, word: str, known: set[str]) -> None:
    """End where ``word`` is none of those ``known``, of which nothing can come."""
    if word and known and word not in known:
        _say(f'{option}: there is no "{word}"; {nearest(word, known)}')
        raise SystemExit(USAGE)


def _say(text: str) -> None:
    narrate(f"{program()}: {safe(text)}")


def _sources(args: argparse.Namespace, options: StoreOptions) -> tuple[list[LogHolder], list[str]]:
    """What was read, and what could not be."""
    return holders(options, args.file, shared=not args.local, told=args.what != "verify")


def holders(
    options: StoreOptions, files: Iterable[str] = (), *, shared: bool = True, told: bool = True
) -> tuple[list[LogHolder], list[str]]:
    """The log of ``files``, else of this user's folder, and of the ``shared`` store; and what could not be read. ``told``: what is wrong
    with a holder is among that."""
    from tfdash.actions.core.protocols import LedgerUnavailable
    from tfdash.store.log.reading import read_file, read_folder, read_shared

    sources: list[LogHolder] = []
    unknown: list[str] = []
    if files:
        for path in dict.fromkeys(Path(name).resolve() for name in files):
            sources += read_file(path)
    else:
        try:
            sources += read_folder(options.folder)
        except LedgerUnavailable as error:
            unknown.append(str(error))
    if options.url and shared:
        from tfdash.store.shared.shared_store import SharedStore

        async def read() -> list[LogHolder]:
            store = SharedStore(options.url, deadline=max(options.deadline, 30.0))
            try:
                return await read_shared(store)
            finally:
                await store.close()

        try:
            sources += asyncio.run(read())
        except LedgerUnavailable as error:
            unknown.append(str(error))
    unknown += [f"{one.name}: {one.problem}" for one in sources if one.problem and one.place and told]
    return sources, unknown


# -- verify -----------------------------------------------------------------------------------------------------


def _verify(args: argparse.Namespace, options: StoreOptions) -> int:
    sources, unknown = _sources(args, options)
    report = verified(options, sources, unknown, args.anchor)
    return deliver(verification(report, args.format), report.code)


def verified(
    options: StoreOptions, sources: list[LogHolder], unknown: list[str], given: Iterable[str] = ()
) -> Report:
    """Held against the anchors in the files that are ``given`` and the configured one."""
    from tfdash.store.log.verify import verify

    names = [*given, *([options.anchor_file] if options.anchor_file else [])]
    anchors, read = anchors_of(names, options.folder, unknown)
    return verify(sources, anchors, unknown, read)


def verification(report: Report, format: str) -> str:
    """As "text" or "json"."""
    import msgspec

    from tfdash.store.log.verify import lines

    if format != "json":
        return "\n".join(safe(line) for line in lines(report))
    document = {"schema_version": 1, "code": report.code, **msgspec.to_builtins(report)}
    return json.dumps(document, indent=2)


def anchors_of(names: Iterable[str], folder: Path, unknown: list[str]) -> tuple[list[Head], list[str]]:
    """The heads in files that somebody else kept, and the files' names as terminals note them; ``unknown`` gets what could not be read."""
    anchors: list[Head] = []
    read: list[str] = []
    for name in dict.fromkeys(names):
        anchors += _anchors(Path(name).expanduser(), folder, unknown, read)
    return anchors, read


def _anchors(path: Path, folder: Path, unknown: list[str], read: list[str]) -> list[Head]:
    """The heads in an anchor file; ``read`` gets its name as terminals note it."""
    import msgspec

    from tfdash.store.log.anchors import not_anchors, parse

    try:
        text = path.read_text("utf-8", "replace")
    except (OSError, ValueError) as error:
        unknown.append(f"anchor file {path}: {getattr(error, 'strerror', None) or error}")
        return []
    if strange := not_anchors(text):
        unknown.append(f"anchor file {path}: {strange} of its lines are no anchors")
    if path.resolve().parent == folder.resolve():
        unknown.append(f"anchor file {path}: it lies beside the log, in the same hands, and proves nothing")
        return []
    taker = f"file {path}"
    read.append(taker)
    return [msgspec.structs.replace(head, taken_by=taker) for head in parse(text, f"anchor {taker}")]


# -- export -----------------------------------------------------------------------------------------------------


def _row(entry: Entry) -> dict[str, Any]:
    from tfdash.model.store_state import EntryKind
    from tfdash.store.log.canonical import audit_id, data_of

    return {
        "terminal": entry.terminal,
        "sequence": entry.sequence,
        "at": _stamp(entry.at),
        "kind": entry.kind.value,
        "actor": entry.actor,
        "environment": entry.environment,
        "cluster": entry.cluster,
        "target": entry.target,
        "action": entry.action,
        "intent": entry.intent,
        "audit_id": audit_id(entry) if entry.kind is EntryKind.INTENT else "",
        "sentence": entry.sentence,
        "data": data_of(entry),
        "previous": entry.previous,
        "hash": entry.hash,
        "version": entry.version,
    }


def json_line(entry: Entry) -> str:
    """ASCII: every control character is escaped."""
    return json.dumps(_row(entry)).replace("\x7f", "\\u007f")


def _stamp(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
    except (OverflowError, OSError, ValueError):
        return str(at)


def _export(args: argparse.Namespace, options: StoreOptions, environments: set[str]) -> int:
    """All fields, all text safe; ``verify`` works on the log itself, never on an export."""
    sources, unknown = _sources(args, options)
    entries = _entries(sources)
    if not unknown:
        _refuse("-e", args.environment, environments | {one.environment for one in entries})
    found = _chosen(args, entries)
    out = io.StringIO()
    if args.format == "csv":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(FIELDS)
        for entry in found:
            row = _row(entry)
            row["data"] = json.dumps(row["data"], sort_keys=True)
            writer.writerow([_cell(row[name]) for name in FIELDS])
    else:
        for entry in found:
            out.write(json_line(entry) + "\n")
    for problem in unknown:
        _say(problem)
    code = UNKNOWN if unknown else OK
    return deliver(out.getvalue().removesuffix("\n"), code) if out.getvalue() else code


def _cell(value: object) -> str:
    """Safe for a terminal, and no formula for a spreadsheet."""
    text = safe(str(value))
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _entries(sources: list[LogHolder], *, named: bool = False) -> list[Entry]:
    from tfdash.store.log.reading import entries_of

    return entries_of(sources, named=named)


def _chosen(args: argparse.Namespace, entries: Iterable[Entry]) -> Iterator[Entry]:
    kinds = set(args.kind)
    since = _since(args.since)
    for entry in entries:
        if kinds and entry.kind.value not in kinds:
            continue
        if args.environment and entry.environment != args.environment:
            continue
        if since is not None and entry.at < since:
            continue
        if args.grep:
            everything = " ".join(
                (entry.actor, entry.target, entry.action, entry.sentence, entry.intent, entry.terminal)
            )
            if args.grep.lower() not in everything.lower():
                continue
        yield entry


def _since(text: str) -> float | None:
    """A date or time (UTC unless it says otherwise), or a duration back from now."""
    if not text:
        return None
    from tfdash.durations import parse_duration

    try:
        return time.time() - parse_duration(text)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        _say(f'--since: "{text}" is neither a time such as "2026-11-24 10:00" nor a duration such as "2h"')
        raise SystemExit(USAGE) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


# -- tail -------------------------------------------------------------------------------------------------------


def _tail(args: argparse.Namespace, options: StoreOptions, environments: set[str]) -> int:
    sources, unknown = _sources(args, options)
    for problem in unknown:
        _say(problem)
    entries = _entries(sources, named=True)
    if not unknown:
        _refuse("-e", args.environment, environments | {one.environment for one in entries})
    seen = {(e.terminal, e.sequence, e.hash) for e in entries}
    newest = list(_chosen(args, entries))[-args.lines :] if args.lines else []
    code = UNKNOWN if unknown else OK
    if newest:
        code = deliver("\n".join(map(_line, newest)), code)
    elif args.lines and not unknown:
        _say("no entry was chosen" if entries else f"no entry yet: there is no log in {options.folder}")
    if not args.follow or code == ERROR:
        return code
    shown = set(unknown)
    while True:
        time.sleep(1.0)
        sources, unknown = _sources(args, options)
        for problem in set(unknown) - shown:
            _say(problem)
        shown = set(unknown)
        entries = [e for e in _entries(sources, named=True) if (e.terminal, e.sequence, e.hash) not in seen]
        seen |= {(e.terminal, e.sequence, e.hash) for e in entries}
        for entry in _chosen(args, entries):
            print(_line(entry), flush=True)  # a reader that went away ends it


def _line(entry: Entry) -> str:
    at = _stamp(entry.at)[:19].replace("T", " ") + "Z"
    where = "/".join(part for part in (entry.environment, entry.cluster) if part)
    words = [at, f"{entry.kind.value:<12}", entry.actor, where, entry.target, entry.action, entry.sentence]
    tail = f"[{entry.terminal}:{entry.sequence}]"
    return safe(" ".join(word for word in words if word) + f"  {tail}")


def _migrate(options: StoreOptions) -> int:
    """The shared store's tables, made or brought up by their owner."""
    from tfdash.actions.core.protocols import LedgerUnavailable
    from tfdash.store.shared.shared_store import migrate

    if not options.url:
        _say("there is no shared store: set [store] url to the login of the owner of its tables")
        return USAGE
    try:
        done = migrate(options.url, options.shared_roles)
    except LedgerUnavailable as error:
        _say(str(error))
        return ERROR
    code = deliver(f"migrations {', '.join(map(str, done))} done" if done else "nothing to do", OK)
    _say(
        "give each person a login of their own: CREATE ROLE ann LOGIN; GRANT tfdash_people TO ann; then use theirs, not this one"
    )
    return code
