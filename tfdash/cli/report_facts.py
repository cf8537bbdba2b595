"""What a report is made of, read once: the log, the verdict journal, and what is so now where a cluster is to be had."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.board.board import Board
from tfdash.cli.headless import no_namespace, settle, weeks_judged, weeks_lacking, weeks_of_these
from tfdash.cli.output import narrate
from tfdash.cli.parser import ERROR, USAGE, program
from tfdash.clock import Clock
from tfdash.model.kinds import JUDGED, KINDS
from tfdash.model.requests import ReadFailed
from tfdash.model.store_state import Entry
from tfdash.model.subject import Subject
from tfdash.report.reports import news
from tfdash.report.reports.contents import REPORTS
from tfdash.report.reports.facts import LogProof, ReportFacts, Version
from tfdash.report.reports.instants import instant_of, parsed
from tfdash.report.reports.last import Last, NoReport, last_in
from tfdash.report.reports.made import ReportData
from tfdash.report.reports.releases import workloads
from tfdash.spelling import nearest
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.config.quick import QuickConfig
    from tfdash.config.settings import Settings
    from tfdash.store.opening import StoreOptions

_MOST = 40
"""Workloads of which revisions are read for the time of their commits."""
_MONTH = 27 * 86_400.0
_DAY = 25 * 3600.0  # the longest that there is


class ReportRefused(Exception):
    """What was asked for cannot be done: why, and the exit code."""

    def __init__(self, why: str, code: int = USAGE) -> None:
        super().__init__(why)
        self.code = code


class _Span(NamedTuple):
    since: float
    until: float
    why: str
    last: Last | None = None


def gathered(args: argparse.Namespace, config: QuickConfig, settings: Settings, clock: Clock) -> ReportFacts:
    """Blocks for as long as ``--wait``. Raises ``ReportRefused``."""
    from tfdash.cli.journal import read_journal
    from tfdash.cli.store_options import store_options
    from tfdash.store.journal.writing import KEEP

    options = store_options(settings, config.path)
    zone, environment = ZoneInfo(settings.time.zone), config.environment.name
    span = _span(args, options, zone, environment, clock.now())
    entries, unread, proof = _log(options, proven=args.what == "audit")
    months = max(settings.maintenance.look_back, int((clock.now() - span.since) / _MONTH) + 2)
    settings = replace(settings, maintenance=replace(settings.maintenance, look_back=months))
    board, known, late = _now(args, config, settings, clock)
    try:
        now = clock.now()
        until = span.until if _given(args, "to") else now
        facts = ReportFacts(
            report=args.what,
            environment=environment,
            since=span.since,
            until=until,
            now=now,
            zone=zone,
            since_why=span.why,
            picture=board.picture,
            assessment=board.assessment,
            now_known=known,
            entries=entries,
            journal=read_journal(options, span.since, until),
            promises=board.assessment.maintenance,
            before=span.last.findings if span.last is not None else None,
            proof=proof,
            commit_named=bool(settings.reports.committed),
            unread=(*unread, *late),
            kept=lambda: read_journal(options, max(0.0, until - KEEP), until),
        )
        if args.what == "release":
            facts = facts._replace(workload=_workload(args.workload, facts))
        if settings.reports.committed and known:
            committed, failed = asyncio.run(_committed(board, facts, settings.reports.committed))
            facts = facts._replace(committed=committed, unread=(*facts.unread, *failed))
        return facts
    finally:
        board.stop()


def _given(args: argparse.Namespace, name: str) -> str:
    return str(getattr(args, name, "") or "")


# -- when -------------------------------------------------------------------------------------------------------


def _span(
    args: argparse.Namespace, options: StoreOptions, zone: ZoneInfo, environment: str, now: float
) -> _Span:
    try:
        until = instant_of(args.to, zone, now) if _given(args, "to") else now
        if args.since:
            since, why, last = instant_of(args.since, zone, now), "as was asked", None
        else:
            since, why, last = _since_last(args, options, environment, now)
    except ValueError as error:
        raise ReportRefused(str(error)) from None
    except NoReport as error:
        raise ReportRefused(f"--last: {error}") from None
    if until - now > _DAY:
        raise ReportRefused("it would be of times to come: --to lies ahead")
    if until > now:
        told = "the last day of --to is not over: it goes until now"
        narrate(f"{program()}: {told}")
        until, why = now, f"{why}; {told}"
    if not since < until:
        raise ReportRefused("it would be of no time: what it begins with is not before what it ends with")
    return _Span(since, until, why, last)


def _since_last(
    args: argparse.Namespace, options: StoreOptions, environment: str, now: float
) -> tuple[float, str, Last | None]:
    if _given(args, "last"):
        last = last_in(Path(args.last).expanduser(), args.what, environment)
        return last.until, "since the last one, by its file", last
    note, kind = _note_of(options, args.what, environment), REPORTS[args.what]
    if kind.follows and note.exists():
        with suppress(NoReport):  # a damaged note is as none
            last = last_in(note, args.what, environment)
            if last.until < now:
                return last.until, "since the last one that was written to a file", last
    why = "no earlier one is known" if kind.follows else "no --from was given"
    return now - kind.span, why, None


def _note_of(options: StoreOptions, report: str, environment: str) -> Path:
    from tfdash.store.opening import terminal_name

    return options.folder / "reports" / f"{report}-{terminal_name(environment or 'platform')}.json"


def leave_note(
    facts: ReportFacts, document: Mapping[str, Any], config: QuickConfig, settings: Settings
) -> None:
    """Until when this one went and what was open, for the next one. Where that cannot be kept it is said, and no fault of the report."""
    from tfdash.cli.store_options import store_options
    from tfdash.finished_file import write_finished

    path = _note_of(store_options(settings, config.path), facts.report, facts.environment)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_finished(path, json.dumps(document).encode())
    except OSError as error:
        why = error.strerror or str(error)
        narrate(
            f"{program()}: the next {facts.report} report will not know of this one: {safe(f'{path}: {why}')}"
        )


# -- what was ---------------------------------------------------------------------------------------------------


def _log(
    options: StoreOptions, *, proven: bool
) -> tuple[tuple[Entry, ...], tuple[str, ...], LogProof | None]:
    from tfdash.cli.audit import anchors_of, holders
    from tfdash.store.log.reading import entries_of
    from tfdash.store.log.verify import lines, verify

    found, unread = holders(options)
    proof = None
    if proven:
        unknown = list(unread)
        anchors, read = anchors_of(
            [options.anchor_file] if options.anchor_file else [], options.folder, unknown
        )
        report = verify(found, anchors, unknown, read)
        proof = LogProof(report.code, tuple(lines(report)))
    return tuple(entries_of(found, named=True)), tuple(unread), proof


# -- what is ----------------------------------------------------------------------------------------------------


def _now(
    args: argparse.Namespace, config: QuickConfig, settings: Settings, clock: Clock
) -> tuple[Board, bool, tuple[str, ...]]:
    """The settled board, whether a cluster was read, and what was not, one sentence each."""
    from tfdash.cli.compose import board_of, judge_of, scope_of
    from tfdash.cli.store_options import store_options
    from tfdash.sources.kubernetes.kubeconfig import KubeconfigError
    from tfdash.store.opening import open_store

    unread: list[str] = []
    asks = (
        news.new in REPORTS[args.what].parts
    )  # all that is found, bands too, which are judged by weeks of use

    def whole(settled: bool, took: float) -> bool:
        return settled and weeks_judged(board)

    try:
        board, sources = board_of(config, settings, clock, remembering=True, weeks=True)
        scope = scope_of(args, config.environment, sources)
        weeks_of_these(board, scope, ask=asks)
        kinds = dict.fromkeys(JUDGED, scope)
    except KubeconfigError as error:
        unread.append(f"what is so now is not known: {error}")
        opened = open_store(store_options(settings, config.path), clock, acting=False, reading=True)
        board, kinds, scope = Board([], judge_of(settings), clock, sources=[opened.source]), {}, None
    late = settle(board, kinds, args.wait, enough=whole if asks else None)
    unread += [f"not read within {args.wait:g} s: {one}" for one in late]
    if asks and (lacking := weeks_lacking(board)):
        unread.append(f"{lacking} within {args.wait:g} s: bands that rest on them are not judged")
    reached = {ref for ref, c in board.picture.clusters.items() if c.info.value is not None}
    for ref, cluster in board.picture.clusters.items():
        if ref not in reached:
            why = cluster.info.problem.cause if cluster.info.problem is not None else "no answer"
            unread.append(f"what is so in {ref.cluster} now is not known: {why}")
    if scope is not None and (unknown := no_namespace(board, scope, args.wait)):
        unread.append(unknown)
    return board, bool(reached), tuple(map(safe, unread))


def _workload(wanted: str, facts: ReportFacts) -> Subject:
    """The one that is meant of those of which a release is known. Raises ``ReportRefused``."""
    every = workloads(ReportData(facts._replace(since=0.0, until=facts.now)).releases)
    namespace, _, name = wanted.rpartition("/")
    meant = [s for s in every if s.name == name and namespace in ("", s.namespace)]
    if len(meant) > 1:
        names = ", ".join(sorted({f"{s.namespace}/{s.name} of {s.cluster.cluster}" for s in meant}))
        raise ReportRefused(f"--workload: several are meant: {names}; name one as NAMESPACE/NAME")
    if not meant:
        known = {s.name for s in every}
        if not facts.now_known:
            raise ReportRefused(f'of "{wanted}" no release is on record, and no cluster was read', ERROR)
        raise ReportRefused(f'--workload: of "{wanted}" no release is known; {nearest(name, known)}')
    return meant[0]


async def _committed(
    board: Board, facts: ReportFacts, annotation: str
) -> tuple[dict[Version, float], tuple[str, ...]]:
    """When what is released was committed, by the annotation of its revisions, or of their templates."""
    told = ReportData(facts).releases
    subjects = sorted(
        {r.subject for r in told if r.subject.kind in KINDS and KINDS[r.subject.kind].revisions}
    )
    gate = asyncio.Semaphore(6)
    found: dict[Version, float] = {}
    failed: list[str] = []

    async def one(subject: Subject) -> None:
        async with gate:
            try:
                children = await board.read_children(subject, KINDS[subject.kind].revisions)
            except ReadFailed as error:
                failed.append(safe(f"when {subject} was committed is not known: {error.problem.cause}"))
                return
        for child in children:
            metadata = child.document.get("metadata") or {}
            template = (child.document.get("spec") or {}).get("template") or {}
            for noted in _annotations(template.get("metadata"), metadata):
                if (at := parsed(str(noted.get(annotation, "")))) is not None:
                    found[subject, str(metadata.get("name", "")).rpartition("-")[2]] = at
                    break

    await asyncio.gather(*(one(subject) for subject in subjects[:_MOST]))
    if len(subjects) > _MOST:
        failed.append(
            f"when the releases of {len(subjects) - _MOST} more workloads were committed was not read"
        )
    return found, tuple(failed)


def _annotations(*metadata: Any) -> Iterable[Mapping[str, Any]]:
    for one in metadata:
        if isinstance(one, Mapping) and isinstance(one.get("annotations"), Mapping):
            yield one["annotations"]
