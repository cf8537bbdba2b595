"""``tfdash snapshot --screen recovery``: which runbook the facts propose, what each would need, and the runs that are known."""

from __future__ import annotations

from typing import Any

from tfdash.model.recovery import RecoveryProposal, RecoveryReadiness
from tfdash.model.run import Probed, RunOutcome, RunState, StepStatus
from tfdash.model.verdict import Level
from tfdash.playbook.procedures.state import run_state
from tfdash.report.gather import code_of, counted
from tfdash.report.shown import (
    ReportAsked,
    ReportPart,
    Sentence,
    SentencesPart,
    Shown,
    TableField,
    TablePart,
    TableRow,
    framed,
    sentence_of,
)
from tfdash.text import safe
from tfdash.views.layout import columns_within
from tfdash.views.recovery import runs as run_rows
from tfdash.views.recovery.runbooks import (
    PROPOSED,
    BookKey,
    missing,
    places,
    proposal_state,
    ready_word,
    rehearsed,
    said_of,
    titled,
)
from tfdash.views.recovery.words import counted_steps, run_title, span, who_text
from tfdash.views.recovery.words import run_state as state_of_run
from tfdash.views.sources import doubts, source_rows
from tfdash.views.state import of_level
from tfdash.views.table import Cell
from tfdash.views.times import iso

RECOVERY = "recovery"
_RUNBOOKS = ("NOW", "SCENARIO", "READY", "RTO", "RPO", "REHEARSED", "MISSING")
_RUNS = ("STATE", "RUN", "STEPS", "CLOCK", "STARTED", "BY", "IN HAND")
_NO_RUN = "no run of a procedure is known"
_NO_RUNBOOK = "whether a runbook is due, and which are ready, is not judged yet"


def shown(asked: ReportAsked) -> Shown:
    """Of no namespace."""
    asked = asked._replace(namespace=None)
    assessment, now, zone = asked.assessment, asked.now, asked.zone
    said = assessment.recovery
    found = run_rows.order([run_state(journal) for journal in asked.picture.store_state.runs.values()])
    books = _books(asked)
    levels = [*(_level(*pair) for pair in books.values()), *map(_run_level, found)]
    sources = source_rows(asked.picture, now, assessment.stale)
    doubtful = doubts(sources, RECOVERY) + ([Level.UNKNOWN] if said is None else [])
    code = code_of([*levels, *doubtful], asked.late)
    section = next((s for s in assessment.sections if s.id == RECOVERY), None)
    head = sentence_of(section) if section is not None else Sentence("")

    at = places(books)

    def book_cells(
        key: BookKey, proposal: RecoveryProposal | None, ready: RecoveryReadiness | None
    ) -> tuple[str, ...]:
        title = ready.title if ready is not None else proposal.title if proposal is not None else ""
        return (
            proposal_state(proposal, ready).text,
            titled(title or key.procedure, at[key]),
            ready_word(ready).text,
            "?" if ready is None or ready.rto is None else f"~{span(ready.rto)}",
            "?" if ready is None or ready.rpo is None else f"~{span(ready.rpo)}",
            _plain(rehearsed(ready, now, zone)),
            _plain(missing(ready)),
        )

    def run_cells(run: RunState) -> tuple[str, ...]:
        hand = run_rows.step_in_hand(run) if run.outcome is RunOutcome.OPEN else None
        return (
            state_of_run(run).text,
            f"dry run: {run_title(run)}" if run.dry else run_title(run),
            counted_steps(run),
            _plain(run_rows.clock_of(run, now)),
            iso(run.started_at) or "",
            safe(run.by),
            "" if hand is None else f"{safe(hand.id)} {who_text(hand)}".strip(),
        )

    def content() -> dict[str, Any]:
        return {
            "runbooks": [_book_json(key, *pair) for key, pair in books.items()] if said is not None else None,
            "runs": [_run_json(run) for run in found],
        }

    def lines() -> list[str]:
        told = [head.text, ""] if head.text else []
        if said is None:
            told.append(f"? {_NO_RUNBOOK}")
        elif books:
            rows = [_RUNBOOKS, *(book_cells(key, *pair) for key, pair in books.items())]
            told += columns_within(rows, _RUNBOOKS, asked.width)
        told.append("")
        if not found:
            return [*told, _NO_RUN]
        return [*told, *columns_within([_RUNS, *map(run_cells, found)], _RUNS, asked.width)]

    def parts() -> list[ReportPart]:
        def table(id: str, title: str, names: tuple[str, ...], rows: list[TableRow], empty: str) -> TablePart:
            fields = tuple(TableField(name.lower().replace(" ", "_"), name) for name in names)
            return TablePart(id, title, fields, tuple(rows), empty)

        told = [(book_cells(key, *pair), _level(*pair)) for key, pair in books.items()]
        of_runs = [(run_cells(run), _run_level(run)) for run in found]
        return [
            SentencesPart("section", "Recovery", (head,) if head.text else ()),
            table("runbooks", "Runbooks", _RUNBOOKS, [TableRow(lv, c, c) for c, lv in told], _NO_RUNBOOK),
            table("runs", "Runs", _RUNS, [TableRow(lv, c, c) for c, lv in of_runs], _NO_RUN),
        ]

    return framed(asked, code, counted(levels), sources, asked.late, content, lines, parts)


def _plain(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]


def _books(asked: ReportAsked) -> dict[BookKey, tuple[RecoveryProposal | None, RecoveryReadiness | None]]:
    """Proposed ones first."""
    said = asked.assessment.recovery
    if said is None:
        return {}
    books = said_of(said)

    def rank(key: BookKey) -> int:
        proposal, _ = books[key]
        return PROPOSED.index(proposal.proposed if proposal is not None else False)

    return {key: books[key] for key in sorted(books, key=rank)}


def _level(proposal: RecoveryProposal | None, ready: RecoveryReadiness | None) -> Level:
    levels = [Level(ready.level)] if ready is not None else []
    if proposal is not None:
        levels.append({True: Level.WARN, False: Level.OK, None: Level.UNKNOWN}[proposal.proposed])
    return max(levels, default=Level.UNKNOWN)


def _run_level(run: RunState) -> Level:
    if run.outcome is not RunOutcome.OPEN:
        return Level.IDLE
    found = {s.status for s in run.steps}
    if StepStatus.FAILED in found:
        return Level.WARN
    return Level.UNKNOWN if StepStatus.UNKNOWN in found or run.unreadable else Level.MOVING


def _probed_json(one: Probed) -> dict[str, Any]:
    return {"passed": one.passed, "sentence": safe(one.sentence), "seen_at": iso(one.seen_at)}


def _book_json(
    key: BookKey, proposal: RecoveryProposal | None, ready: RecoveryReadiness | None
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "procedure": safe(key.procedure),
        "cluster": safe(key.cluster.cluster),
        "proposed": None,
        "ready": None,
    }
    if proposal is not None:
        told |= {
            "proposed": proposal.proposed,
            "sentence": safe(proposal.sentence),
            "refused": safe(proposal.refused) or None,
            "for": [_probed_json(one) for one in proposal.signs],
            "against": [_probed_json(one) for one in proposal.against],
            "vantage": [_probed_json(one) for one in proposal.vantage],
        }
    if ready is not None:
        told |= {
            "ready": of_level(Level(ready.level)).word,
            "asks": [_probed_json(one) for one in ready.asks],
            "missing": [safe(text) for text in ready.missing],
            "circle": [safe(text) for text in ready.circle],
            "rto_seconds": ready.rto,
            "rpo_seconds": ready.rpo,
            "rpo_source": safe(ready.rpo_source),
            "rehearsed_at": iso(ready.rehearsed_at),
        }
    return told


def _run_json(run: RunState) -> dict[str, Any]:
    return {
        "run": safe(run.id),
        "procedure": safe(run.procedure.id),
        "outcome": run.outcome.value,
        "dry": run.dry,
        "started_at": iso(run.started_at),
        "ended_at": iso(run.ended_at),
        "by": safe(run.by),
        "reason": safe(run.reason),
        "targets": [safe(one) for one in run.targets],
        "next": [safe(one) for one in run.next],
        "steps": [
            {
                "id": safe(s.id),
                "status": s.status.value,
                "holder": safe(s.holder) or None,
                "sentence": safe(s.sentence),
            }
            for s in run.steps
        ],
    }
