"""The dated promises as text and JSON: all, what is due, what comes next, and for the auditor month by month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.gravity import promise_rank
from tfdash.item_place import place_of
from tfdash.model.maintenance import (
    Clash,
    Completion,
    ItemStanding,
    ItemState,
    LostEntries,
    Period,
    PeriodVerdict,
    PeriodWaiver,
)
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.report.document import written
from tfdash.report.gather import code_of
from tfdash.report.shown import SCHEMA_VERSION
from tfdash.text import safe
from tfdash.views.calendar.audit import month_signs, months_back, of_account
from tfdash.views.calendar.words import LOST, PERIODS, SPANNED, clash_text, lost_text, state_of
from tfdash.views.layout import columns, columns_within
from tfdash.views.times import iso, local

_ASKED = (ItemStanding.OVERDUE, ItemStanding.NO_EVIDENCE, ItemStanding.DUE)


class Question(NamedTuple):
    """What is listed of all: which, in which order, under which columns."""

    keep: Callable[[ItemState], bool]
    order: Callable[[ItemState], Any]
    audit: bool = False


def worst_first(state: ItemState) -> Any:
    return -state.level, *promise_rank(state)


QUESTIONS: Mapping[str, Question] = {
    "list": Question(
        lambda state: state.standing is not ItemStanding.WITHDRAWN,
        lambda state: (state.kind, state.title, state.subject),
    ),
    "due": Question(lambda state: state.standing in _ASKED, worst_first),
    "next": Question(lambda state: state.due is not None, lambda state: (state.due, *worst_first(state))),
    "audit": Question(of_account, lambda state: (state.kind, state.title, state.subject), audit=True),
}


_PARTS = ("due", "next")  # what nobody watches is none of these, and said beside them


def chosen(question: str, found: Mapping[Subject, ItemState]) -> list[ItemState]:
    asked = QUESTIONS[question]
    return sorted(filter(asked.keep, found.values()), key=asked.order)


def answer(
    question: str,
    found: Mapping[Subject, ItemState],
    format: str,
    now: float,
    zone: ZoneInfo,
    look_back: int,
    code: int | None = None,
) -> tuple[str, int]:
    """The text and its exit code: ``code``, else 1 where one of them is overdue, else 2 where of one nothing is known."""
    rows = chosen(question, found)
    code = code_of([s.level for s in rows], ()) if code is None else code
    audit = QUESTIONS[question].audit
    if format == "json":
        return written(json_of(question, found, now, code)), code
    beside = sum(s.standing is ItemStanding.NOT_WATCHED for s in found.values()) if question in _PARTS else 0
    ways = [] if audit else clash_lines(list(found.values()), zone)  # of what nobody watches yet, too
    if not rows:
        return "\n".join([f"nothing is due{f'; {beside} not yet watched' if beside else ''}", *ways]), code
    lines = _audit(rows, now, zone, look_back) if audit else table(rows, zone)
    lines += [f"{beside} not yet watched"] if beside else []
    lines += ways
    return "\n".join(lines), code


def json_of(question: str, found: Mapping[Subject, ItemState], now: float, code: int) -> dict[str, Any]:
    """The same as a document."""
    rows = chosen(question, found)
    return {
        "schema_version": SCHEMA_VERSION,
        "generated_at": iso(now),
        "exit_code": code,
        "counts": counts(rows),
        "items": [as_json(state, periods=QUESTIONS[question].audit) for state in rows],
    }


def counts(rows: Sequence[ItemState]) -> dict[str, int]:
    """How many stand how; every standing is there."""
    found = Counter(state.standing for state in rows)
    return {standing.value: found[standing] for standing in ItemStanding}


FIELDS = ("STATE", "PROMISE", "PLACE", "DUE", "LAST DONE", "OWNER", "ITEM")


def table(rows: Sequence[ItemState], zone: ZoneInfo, width: int | None = None) -> list[str]:
    """One line for each promise at each place."""
    return columns_within([FIELDS, *(cells(state, zone) for state in rows)], FIELDS, width)


def cells(state: ItemState, zone: ZoneInfo) -> tuple[str, ...]:
    """One for each of ``FIELDS``."""
    return (
        state_of(state).text,
        safe(state.title),
        safe(place_of(state.subject)),
        _until(state.due, zone),
        _done(state.last, zone),
        safe(state.owner) or "-",
        safe(state.subject.name),
    )


def clash_lines(rows: Sequence[ItemState], zone: ZoneInfo) -> list[str]:
    """What lies in the way of the next windows, each pair once."""
    told: dict[object, str] = {}
    for state in rows:
        for clash in state.clashes:
            pair = frozenset((state.subject, clash.subject)), clash.start, clash.end
            told.setdefault(
                pair,
                f"conflict: {safe(state.title)} · {safe(place_of(state.subject))}: {clash_text(clash, zone)}",
            )
    return list(told.values())


def _audit(rows: Sequence[ItemState], now: float, zone: ZoneInfo, look_back: int) -> list[str]:
    months = months_back(local(now, zone).date(), look_back)
    head = "".join(f"{m:%b}"[0] if m.month > 1 else str(m.year % 10) for m in months)
    told = []
    for state in rows:
        verdicts = Counter(period.verdict for period in state.periods)
        lost = sum(period.lost is not None for period in state.periods)
        share = f"{100 * state.kept // state.judged} %" if state.judged else "-"
        several = (PeriodVerdict.LATE, PeriodVerdict.MISSED, PeriodVerdict.WAIVED)
        told.append(
            (
                safe(state.title) + (", withdrawn" if state.standing is ItemStanding.WITHDRAWN else ""),
                safe(place_of(state.subject)),
                "".join(sign.glyph for sign in month_signs(state, months, zone)),
                f"{state.kept} of {state.judged}",
                share,
                *(str(verdicts[one]) for one in several),
                str(lost),
            )
        )
    right = [False] * 3 + [True] * 6
    return [
        *columns(
            [("PROMISE", "PLACE", head, "KEPT", "SHARE", "LATE", "MISSED", "WAIVED", "LOST"), *told], right
        ),
        "",
        f"{months[0]:%b %Y} to {months[-1]:%b %Y}, of each month the worst of the periods that end in it: "
        + ", ".join(f"{sign.glyph} {sign.word}" for sign in (*PERIODS.values(), LOST, SPANNED)),
        *_losses(rows, zone),
    ]


def _losses(rows: Sequence[ItemState], zone: ZoneInfo) -> list[str]:
    """How many periods nobody knows of for each loss: they are among those that are judged, and none of those that were kept."""
    found = Counter(period.lost for state in rows for period in state.periods if period.lost is not None)
    return [f"{count} not known: {lost_text(lost, zone)}" for lost, count in sorted(found.items())]


def _until(at: float | None, zone: ZoneInfo) -> str:
    """A midnight is the end of the day before it."""
    if at is None:
        return "-"
    found = local(at, zone)
    if (found.hour, found.minute) == (0, 0):
        return f"{found.date() - timedelta(days=1)}"
    return f"{found:%Y-%m-%d %H:%M %Z}"


def _done(last: Completion | None, zone: ZoneInfo) -> str:
    if last is None:
        return "-"
    return f"{local(last.done_at, zone):%Y-%m-%d}, {last.evidence.value}, {safe(last.by)}"


def as_json(state: ItemState, *, periods: bool) -> dict[str, Any]:
    at = state.subject
    told: dict[str, Any] = {
        "item": safe(at.name),
        "title": safe(state.title),
        "kind": safe(state.kind),
        "owner": safe(state.owner) or None,
        "place": safe(place_of(at)),
        "environment": safe(at.cluster.environment) or None,
        "cluster": safe(at.cluster.cluster) or None,
        "standing": state.standing.value,
        "level": Level(state.level).name,
        "sentence": safe(state.sentence),
        "due": iso(state.due),
        "since": iso(state.since),
        "conflicts": [_clash(clash) for clash in state.clashes],
        "last": _completion(state.last),
        "kept": state.kept,
        "judged": state.judged,
    }
    if periods:
        told["lost"] = sum(period.lost is not None for period in state.periods)
        told["share"] = round(state.kept / state.judged, 4) if state.judged else None
        told["periods"] = [_period(period) for period in state.periods]
    return told


def _period(period: Period) -> dict[str, Any]:
    return {
        "label": period.label,
        "start": iso(period.start),
        "end": iso(period.end),
        "deadline": iso(period.deadline),
        "verdict": period.verdict.value,
        "late_by_seconds": round(period.late_by),
        "completion": _completion(period.completion),
        "others": [_completion(one) for one in period.others],
        "waiver": _waiver(period.waiver),
        "lost": _lost(period.lost),
    }


def _lost(lost: LostEntries | None) -> dict[str, Any] | None:
    """Why it is not known whether it was kept."""
    if lost is None:
        return None
    return {
        "terminal": safe(lost.terminal) or None,
        "noted_by": safe(lost.noted_by) or None,
        "noted_at": iso(lost.until),
    }


def _completion(done: Completion | None) -> dict[str, Any] | None:
    if done is None:
        return None
    return {
        "done_at": iso(done.done_at),
        "recorded_at": iso(done.recorded_at),
        "evidence": done.evidence.value,
        "by": safe(done.by),
        "note": safe(done.note) or None,
        "link": safe(done.link) or None,
        "sha256": safe(done.digest) or None,
    }


def _clash(clash: Clash) -> dict[str, Any]:
    return {
        "with": safe(clash.what),
        "item": safe(clash.subject.name) if clash.subject is not None else None,
        "place": safe(place_of(clash.subject)) if clash.subject is not None else None,
        "start": iso(clash.start),
        "end": iso(clash.end),
    }


def _waiver(waiver: PeriodWaiver | None) -> dict[str, Any] | None:
    if waiver is None:
        return None
    return {
        "since": iso(waiver.since),
        "until": iso(waiver.until),
        "who": safe(waiver.who),
        "second": safe(waiver.second) or None,
        "why": safe(waiver.why),
    }
