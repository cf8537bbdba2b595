"""``tfdash incident-bundle``: what is known of the last minutes in one file, for who was not there. It is listed before it is written.

Everything in it is what a report prints: without the values of variables and secrets. stdout is the file's name, stderr the list.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import ERROR, OK, UNKNOWN, USAGE, program
from tfdash.text import safe, scrubbed

if TYPE_CHECKING:
    from tfdash.anonymise.anonymiser import Anonymiser
    from tfdash.clock import Clock
    from tfdash.config.quick import QuickConfig
    from tfdash.config.settings import Settings
    from tfdash.recording.bundle import BundlePiece, Manifest
    from tfdash.recording.excerpt import Excerpt
    from tfdash.store.opening import StoreOptions

_MOST_RECORDINGS = 8
_PAGES = ("json", "text", "html")
_README = """\
A bundle of tfdash: what is known of an incident, without the values of variables and without secrets that tfdash knows of.

manifest.json     what it holds, with sizes and SHA-256, and what could not be had
recordings/       what terminals saw and judged: tfdash replay BUNDLE plays the first of them; unpack another to play it
audit/            entries.jsonl: who did what in that time. It is an excerpt, and proves nothing by itself: with the log it comes
                  from, an entry is found by terminal, sequence and hash. verify.txt: what "tfdash audit verify" said of that whole log
snapshot/         every page, when the bundle was made
doctor.txt        which sources were reached then, as whom, and what to fix
"""
_ALIASES = """
Names of namespaces, workloads, nodes, people and hosts are aliases, the same in every file of this bundle and in no other. Policies that
name them match none of them: the recording is shown as it was judged then. Sentences keep words that nothing told to be a name.
"""
_UNPROVEN = "the audit excerpt has aliases: its hashes are none of the log's, and it cannot be verified"


class _Gathered(NamedTuple):
    """``lacking``: sentences of what could not be had."""

    pieces: list[BundlePiece]
    lacking: list[str]


def command(args: argparse.Namespace) -> int:
    if not args.yes and not _can_ask():
        narrate(f"{program()}: there is nobody to ask: this is no terminal; with --yes it is written at once")
        return USAGE
    from tfdash.cli.anonymising import anonymiser_of, environment_of, keep_table
    from tfdash.cli.compose import clock_of
    from tfdash.cli.kept import ring_folder
    from tfdash.cli.recorded import chosen
    from tfdash.config.load import load
    from tfdash.recording.excerpt import excerpt, newest
    from tfdash.recording.reading import NoRecording, Recording

    config = chosen(args)
    anonymiser = anonymiser_of(args, config)
    settings = load(config.path)
    clock = clock_of(config)
    environment = config.environment.name
    try:
        if config.recorded is not None:
            at = config.recorded.at
            found = [excerpt(Recording.open(args.recording), at - args.last, at)]
        else:
            found = newest(ring_folder(settings), environment, args.last, _MOST_RECORDINGS)
    except NoRecording as error:
        narrate(f"{program()}: {error}")
        return ERROR
    made = clock.now() if config.recorded is None else config.recorded.at
    until = max((one.end for one in found), default=made)
    since = min((one.since for one in found), default=until - args.last)
    try:
        recordings = _recordings(found, environment, anonymiser)
    except OSError as error:
        narrate(f"{program()}: the recording by aliases {_unwritten(error)}")
        return ERROR
    gathered = [
        recordings,
        _audit(config, settings, since, max(until, made), anonymiser),
        _now(args, config, settings, clock, anonymiser),
    ]
    from tfdash import __version__
    from tfdash.recording.bundle import Manifest, text_piece

    pieces = [piece for one in gathered for piece in one.pieces]
    pieces.append(text_piece("README.txt", "what is what", _README + (_ALIASES if anonymiser else "")))
    told = [scrubbed(told) for one in gathered for told in one.lacking]
    lacking = tuple(safe(one if anonymiser is None else anonymiser.text(one)) for one in told)
    if anonymiser is not None:
        lacking += (_UNPROVEN,)
    manifest = Manifest(
        program=__version__,
        environment=environment_of(anonymiser, environment),
        made=made,
        since=since,
        until=max(until, made),
        plays=pieces[0].name if found else "",
        lacking=lacking,
        anonymised=anonymiser is not None,
    )
    name = args.output or _name(manifest.environment, made)
    narrate(*_listed(pieces, manifest, ZoneInfo(config.zone), name))
    if not args.yes and not _asked():
        narrate(f"{program()}: nothing was written")
        return ERROR
    code = _write(name, manifest, pieces)
    return code if keep_table(args, anonymiser) else ERROR


def _unwritten(error: OSError) -> str:
    """Why a temporary file could not be, and whose place that is to choose."""
    import tempfile

    try:
        place = f"in {safe(tempfile.gettempdir())}"
    except OSError:  # there is none at all
        place = "in any folder for such"
    told = safe(error.strerror or str(error))
    return f"cannot be written to a temporary file {place}: {told}; TMPDIR names another folder"


def _write(name: str, manifest: Manifest, pieces: list[BundlePiece]) -> int:
    from tfdash.recording.bundle import write_bundle

    try:
        written = write_bundle(Path(name).expanduser(), manifest, pieces)
    except OSError as error:
        narrate(f"{program()}: {safe(name)} cannot be written: {safe(error.strerror or str(error))}")
        return ERROR
    narrate(f"{program()}: written, {size(written)}; {program()} replay {safe(name)} plays it")
    return deliver(safe(name), UNKNOWN if manifest.lacking else OK)


def _name(environment: str, now: float) -> str:
    from tfdash.cli.recording import default_name

    return str(Path(default_name(environment, now)).with_suffix(".zip"))


# -- asking -----------------------------------------------------------------------------------------------------


def size(count: int) -> str:
    """``12.3 MB``, as a file manager has it."""
    for unit, of in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= of:
            return f"{count / of:.1f} {unit}"
    return f"{count} B"


def _can_ask() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _asked() -> bool:
    """Whether somebody says yes. Nothing is no."""
    if sys.stderr is not None:
        sys.stderr.write("Write it? [y/N] ")
        sys.stderr.flush()
    try:
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except (OSError, ValueError):
        return False


def _listed(pieces: list[BundlePiece], manifest: Manifest, zone: ZoneInfo, name: str) -> list[str]:
    """What it will hold, before it is written."""
    from tfdash.views.times import moment

    sizes = [size(piece.size) for piece in pieces]
    wide, room = max(map(len, sizes)), max(len(piece.name) for piece in pieces)
    span = f"{moment(manifest.since, zone)} to {moment(manifest.until, zone)}"
    return [
        f"{safe(name)} will hold, of {safe(manifest.environment)}, {span}:",
        *(
            f"  {told:>{wide}}  {safe(piece.name):<{room}}  {safe(piece.what)}"
            for told, piece in zip(sizes, pieces, strict=True)
        ),
        f"  {size(sum(piece.size for piece in pieces))} in all before it is packed; without values of variables and secrets",
        *(f"  lacking: {told}" for told in manifest.lacking),
    ]


# -- what it holds ----------------------------------------------------------------------------------------------


def _recordings(found: list[Excerpt], environment: str, anonymiser: Anonymiser | None) -> _Gathered:
    """The one that is played first."""
    from tfdash.figures import span

    lacking = [] if found else [f"no terminal on this machine keeps a recording of {environment}"]
    pieces: list[BundlePiece] = []
    for number, one in enumerate(found, 1):
        what = f"what was seen and judged in {span(one.end - one.start)}"
        if one.stepped:
            what += ", until its clock was set"
        if anonymiser is None:
            name = f"recordings/{number}-{_word(one.terminal)}.tfrec"
            pieces.append(one.piece(name, what))
        else:
            name = f"recordings/{number}-{_word(anonymiser.table.alias(one.terminal, 'terminal'))}.tfrec"
            pieces.append(_by_aliases(one, anonymiser, name, what))
        if one.recording.cut:
            lacking.append(f"{name}: it {one.recording.cut}")
    return _Gathered(pieces, lacking)


def _by_aliases(one: Excerpt, anonymiser: Anonymiser, name: str, what: str) -> BundlePiece:
    """Written at once, to a file without a name: how large it will be is told before the bundle is written."""
    import shutil
    import tempfile

    from tfdash.recording.bundle import BundlePiece
    from tfdash.recording.rewritten import write_anonymised

    file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (the piece reads it)
    write_anonymised(one, anonymiser, file)

    def write(out: BinaryIO) -> None:
        file.seek(0)
        shutil.copyfileobj(file, out)

    return BundlePiece(name, what, file.seek(0, 2), write, stored=True)


def _word(text: str) -> str:
    """That is a name of a file everywhere; a recording may say any."""
    return "".join(c if c.isascii() and (c.isalnum() or c == "-") else "-" for c in text)[:48] or "terminal"


def _audit(
    config: QuickConfig, settings: Settings, since: float, until: float, anonymiser: Anonymiser | None
) -> _Gathered:
    from tfdash.cli.audit import holders, json_line, verification, verified
    from tfdash.cli.store_options import store_options
    from tfdash.recording.bundle import text_piece
    from tfdash.store.log.reading import entries_of

    options: StoreOptions = store_options(settings, config.path)
    sources, unknown = holders(options)
    wanted = (config.environment.name, "")  # what is said of none is said of all
    entries = [one for one in entries_of(sources) if since <= one.at <= until and one.environment in wanted]
    report = verified(options, sources, list(unknown))
    said = {format: verification(report, format) for format in ("text", "json")}
    if anonymiser is not None:
        anonymiser.learn(entries)
        entries = anonymiser.value(entries)
        said = {"text": anonymiser.text(said["text"]), "json": anonymiser.document(said["json"])}
    return _Gathered(
        [
            text_piece(
                "audit/entries.jsonl",
                f"{len(entries):,} entries of the audit log",
                "".join(scrubbed(json_line(one)) + "\n" for one in entries),
            ),
            *(
                text_piece(
                    f"audit/verify.{suffix}",
                    "what verifies that log, and what is wrong with it",
                    scrubbed(said[format]) + "\n",
                )
                for suffix, format in (("txt", "text"), ("json", "json"))
            ),
        ],
        [f"audit log: {told}" for told in unknown],
    )


def _now(
    args: argparse.Namespace,
    config: QuickConfig,
    settings: Settings,
    clock: Clock,
    anonymiser: Anonymiser | None,
) -> _Gathered:
    """Who cannot log in has the recording and the log all the same."""
    from tfdash.sources.kubernetes.kubeconfig import KubeconfigError

    try:
        return _snapshot(args, config, settings, clock, anonymiser)
    except KubeconfigError as error:
        return _Gathered([], [f"snapshot and doctor: {error}"])


def _snapshot(
    args: argparse.Namespace,
    config: QuickConfig,
    settings: Settings,
    clock: Clock,
    anonymiser: Anonymiser | None,
) -> _Gathered:
    """Every page, and what the sources say of themselves; of a recording its end, and no source is asked."""
    import asyncio

    from tfdash.cli.compose import board_of, scope_of
    from tfdash.cli.doctor import written
    from tfdash.cli.headless import settle
    from tfdash.cli.recorded import judged_by
    from tfdash.cli.snapshot import changes_of
    from tfdash.model.kinds import JUDGED
    from tfdash.recording.bundle import text_piece
    from tfdash.report.formats import FORMATS
    from tfdash.report.gather import needs
    from tfdash.report.screens import EVERY, OWN, shown
    from tfdash.report.shown import ALL, ReportAsked, anonymised

    board, clusters = board_of(config, settings, clock, probing=True, remembering=True, others=True)
    scope = scope_of(args, config.environment, clusters)
    lists = (kind for screen in EVERY if screen not in OWN for kind in needs(screen))
    kinds = dict.fromkeys((*JUDGED, *lists), scope)
    try:
        late = settle(board, kinds, args.wait)
        asked = ReportAsked(
            board.picture,
            board.assessment,
            ALL,
            clock.now(),
            ZoneInfo(config.zone),
            args.namespace or None,
            None,
            late,
            None,
            changes_of(board, scope, clock, config.recorded is not None),
            judged_by(config),
        )
        if anonymiser is not None:
            asked = anonymised(asked, anonymiser)
        told = [shown(asked._replace(screen=screen)) for screen in EVERY]
        found = asyncio.run(board.doctor()) if config.recorded is None else []
    finally:
        board.stop()
    pieces = []
    for name in _PAGES:
        content = FORMATS[name].write(told)
        assert isinstance(content, str)
        pieces.append(
            text_piece(f"snapshot/all{FORMATS[name].suffix}", "every page", scrubbed(content) + "\n")
        )
    for suffix, format in (("txt", "text"), ("json", "json")) if found else ():
        pieces.append(
            text_piece(
                f"doctor.{suffix}",
                "which sources are reached, as whom, and what to fix",
                scrubbed(_doctor(written(found, format), format, anonymiser)) + "\n",
            )
        )
    lacking = [f"snapshot: not settled within {args.wait:g} s: {', '.join(late)}"] if late else []
    lacking += [f"doctor: {line}" for one in found if not one.reached for line in one.lines[:1]]
    return _Gathered(pieces, lacking)


def _doctor(told: str, format: str, anonymiser: Anonymiser | None) -> str:
    if anonymiser is None:
        return told
    return anonymiser.document(told) if format == "json" else anonymiser.text(told)
