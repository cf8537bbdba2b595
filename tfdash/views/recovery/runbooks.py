"""Which runbook, and is it ready: scenarios that the facts propose first, then what each recovery would need."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.durations import tell_duration
from tfdash.model.procedure import Procedure
from tfdash.model.recovery import NO_CLUSTER, RecoveryProposal, RecoveryReadiness, RecoveryState
from tfdash.model.run import Probed
from tfdash.model.subject import ClusterRef
from tfdash.model.verdict import Level
from tfdash.nouns import counted
from tfdash.text import safe
from tfdash.views.age import short_age
from tfdash.views.recovery.words import probed_cells, span
from tfdash.views.state import STATES, State, of_level
from tfdash.views.table import Cell, Column, Line
from tfdash.views.times import local

COLUMNS = (
    Column("facts", "NOW", 13, sort="none"),
    Column("scenario", "SCENARIO", min=22, max=64, flex=5, fits=True, sort="none"),
    Column("ready", "READY", 12, sort="none"),
    Column("rto", "RTO", 14, align="right", priority=1, sort="none"),
    Column("rpo", "RPO", 12, align="right", priority=3, sort="none"),
    Column("rehearsed", "LAST REHEARSED", 17, priority=2, sort="none"),
    Column("missing", "MISSING", min=16, flex=2, priority=2, sort="none"),
)
_PROPOSED = {
    True: of_level(Level.WARN).worded("PROPOSED"),
    False: STATES[Level.IDLE].worded("not now"),
    None: of_level(Level.UNKNOWN),
}
PROPOSED: tuple[bool | None, ...] = (True, None, False)
"""What is proposed, what is not known to be, what is not: in this order."""
_READY = {Level.OK: "ready", Level.WARN: "partly", Level.BREACH: "NOT READY", Level.UNKNOWN: "unknown"}


class BookKey(NamedTuple):
    """One runbook in one cluster: each is judged by itself."""

    procedure: str
    cluster: ClusterRef = NO_CLUSTER


class RunbookRow(NamedTuple):
    """A recovery with what is said of it in one cluster; ``proposal`` and ``readiness`` None: it is not judged yet. ``at``: the cluster's
    name, where there are several."""

    procedure: Procedure
    proposal: RecoveryProposal | None
    readiness: RecoveryReadiness | None
    cluster: ClusterRef = NO_CLUSTER
    at: str = ""

    @property
    def key(self) -> BookKey:
        return BookKey(self.procedure.id, self.cluster)

    @property
    def title(self) -> str:
        return titled(self._title, self.at, leaves=self._leaves)

    @property
    def named(self) -> str:
        """``eu-2: a service fails``, ``from eu-2: the way back``: what is cut in a table is the end."""
        at = f"from {self.at}" if self._leaves else self.at
        return safe(f"{at}: {self._title}" if self.at else self._title)

    @property
    def _leaves(self) -> bool:
        """It leads to another cluster than the one that it is begun in."""
        return any(one.elsewhere for one in self.procedure.inputs)

    @property
    def _title(self) -> str:
        scenario = self.procedure.scenario
        return (scenario.title if scenario is not None else "") or self.procedure.title or self.procedure.id

    @property
    def proposed(self) -> bool | None:
        """Nothing proposes one that has no signs: a person begins it."""
        if self.proposal is None:
            return None if self.readiness is None else False
        return self.proposal.proposed


def titled(title: str, at: str, *, leaves: bool = False) -> str:
    """``a service fails, in eu-2``: the cluster where there are several; ``the way back, from eu-2``: of what leads away from it."""
    return safe(f"{title}, {'from' if leaves else 'in'} {at}" if at else title)


def said_of(said: RecoveryState) -> dict[BookKey, tuple[RecoveryProposal | None, RecoveryReadiness | None]]:
    """What is said of each runbook in each cluster: none of them hides another."""
    proposals = {BookKey(p.procedure, p.cluster): p for p in said.proposals}
    readiness = {BookKey(r.procedure, r.cluster): r for r in said.readiness}
    return {key: (proposals.get(key), readiness.get(key)) for key in (*proposals, *readiness)}


def places(keys: Iterable[BookKey]) -> dict[BookKey, str]:
    """The name of the cluster of each, "" where all are of one."""
    found = list(keys)
    several = len({key.cluster for key in found}) > 1
    return {key: key.cluster.cluster if several else "" for key in found}


def rows_of(procedures: Iterable[Procedure], said: RecoveryState | None) -> dict[BookKey, RunbookRow]:
    """The recoveries, once for each cluster: proposed ones first, then by how ready they are, the worst first."""
    books = said_of(said) if said is not None else {}
    at = places(books)
    rows = [
        RunbookRow(procedure, *books.get(key, (None, None)), key.cluster, at.get(key, ""))
        for procedure in procedures
        if procedure.recovery
        for key in [key for key in books if key.procedure == procedure.id] or [BookKey(procedure.id)]
    ]

    def grave(row: RunbookRow) -> tuple[int, int, str]:
        level = row.readiness.level if row.readiness is not None else Level.UNKNOWN
        return (PROPOSED.index(row.proposed), -int(level), row.title)

    return {row.key: row for row in sorted(rows, key=grave)}


def proposal_state(said: RecoveryProposal | None, ready: RecoveryReadiness | None) -> State:
    """Whether the facts propose it now; of one that was judged and has no signs nobody but a person knows."""
    if said is None and ready is not None:
        return STATES[Level.IDLE].worded("by hand")
    if said is None:
        return of_level(Level.UNKNOWN).worded("not judged")
    if said.refused and said.proposed:
        return of_level(Level.WARN).worded("not offered")
    return _PROPOSED[said.proposed]


def ready_word(said: RecoveryReadiness | None) -> State:
    """Whether what it needs is there now."""
    if said is None:
        return of_level(Level.UNKNOWN).worded("not judged")
    level = Level(said.level)
    return of_level(level).worded(_READY.get(level, of_level(level).word))


def cells(row: RunbookRow, now: float, zone: ZoneInfo) -> Sequence[Cell]:
    """One for each of ``COLUMNS``."""
    facts, ready, said = proposal_state(row.proposal, row.readiness), ready_word(row.readiness), row.readiness
    return (
        (facts.text, facts.token),
        (row.named, "bright" if row.proposed else ""),
        (ready.text, ready.token),
        _expected(said.rto if said is not None else None, row.procedure.rto),
        _expected(said.rpo if said is not None else None, row.procedure.rpo),
        rehearsed(said, now, zone),
        missing(said),
    )


def _expected(measured: float | None, target: float) -> Cell:
    """``~02:00/30:00``: expected by what was measured, against what it may be."""
    of = f"/{span(target)}" if target else ""
    if measured is None:
        return (f"?{of}", "dim")
    over = bool(target) and measured > target
    return (f"{'▲ ' if over else ''}~{span(measured, target)}{of}", "warn" if over else "")


def rehearsed(said: RecoveryReadiness | None, now: float, zone: ZoneInfo) -> Cell:
    """When it was rehearsed last, and how long that took."""
    if said is None:
        return ("?", "dim")
    late = said.rehearsal_due is not None and said.rehearsal_due <= now
    if said.rehearsed_at is None:
        return ("▲ never" if late else "never", "warn" if late else "dim")
    day = local_day(said.rehearsed_at, zone)
    took = f", {tell_duration(said.rehearsed_in)}" if said.rehearsed_in is not None else ""
    return (f"{'▲ ' if late else ''}{day}{took}", "warn" if late else "")


def local_day(at: float, zone: ZoneInfo) -> str:
    """``12 Nov``."""
    then = local(at, zone)
    return f"{then.day} {then:%b}"


def missing(said: RecoveryReadiness | None) -> Cell:
    """What is not there or not known, a circle first."""
    if said is None:
        return ""
    words = [*(f"circle: {safe(text)}" for text in said.circle), *map(safe, said.missing)]
    return ("; ".join(words), of_level(Level(said.level)).token if words else "")


def head(rows: Iterable[RunbookRow], judged: bool, begun: Collection[BookKey] = ()) -> tuple[State, str, str]:
    """The page's question, answered: which runbook. The state, what is so, and what to do. ``begun``: those that are under way: they wait
    for nobody to begin them."""
    found = list(rows)
    if not judged:
        return of_level(Level.UNKNOWN).worded("loading"), "what would be proposed is judged now", ""
    proposed = [row for row in found if row.proposed]
    offered = [row for row in proposed if row.proposal is not None and not row.proposal.refused]
    waiting = [row for row in offered if row.key not in begun]
    if offered and not waiting:
        return (
            of_level(Level.MOVING).worded("under way"),
            offered[0].title,
            "",
        )
    if offered:
        row = waiting[0]
        more = f", and {len(proposed) - 1} more" if len(proposed) > 1 else ""
        return of_level(Level.WARN).worded("PROPOSED"), f"{row.title}{more}: {_about(row.proposal)}", "enter"
    if proposed:
        row = proposed[0]
        why = safe(row.proposal.refused) if row.proposal is not None else ""
        return of_level(Level.WARN).worded("NOT OFFERED"), f"{row.title}: {why}", ""
    unknown = [row for row in found if row.proposed is None]
    ready = sum(row.readiness is not None and row.readiness.level is Level.OK for row in found)
    told = f"{ready} of {len(found)} runbooks ready"
    if unknown:
        names = ", ".join(row.title for row in unknown[:2])
        return of_level(Level.UNKNOWN), f"whether a runbook is due is not known: {names}; {told}", ""
    return of_level(Level.OK), f"nothing calls for a runbook now; {told}", ""


def _about(said: RecoveryProposal | None) -> str:
    """What it would be carried out on; where nothing single is, what tells for it."""
    if said is None:
        return ""
    return safe(", ".join(value for values in said.inputs.values() for value in values) or said.sentence)


def chosen_lines(row: RunbookRow, now: float) -> list[Line]:
    """The facts for and against, look-alikes, who else sees it, and what it would need."""
    found: list[Line] = []
    said, ready, procedure = row.proposal, row.readiness, row.procedure
    if said is not None:
        state = proposal_state(said, ready)
        age = f"  since {short_age(now - said.since)}" if said.since is not None else ""
        holds = sum(one.passed is True for one in said.signs)  # each of them stands right under it
        count = f"{holds} of {counted(len(said.signs), 'sign')}"
        sentence = count if said.proposed and holds else safe(said.sentence)
        found.append([(f"{state.text}  ", state.token), sentence, (age, "dim")])
        if said.refused:
            found.append([("▲ not offered: ", "warn"), safe(said.refused)])
        found += [_fact("for", one, "ok") for one in said.signs]
        found += [_fact("against", one, "warn") for one in said.against]
        found += [[("seen by  ", "dim"), *probed_cells(one)] for one in said.vantage]
        found += [
            [("alike    ", "dim"), f"{safe(one.title)}: ", (safe(one.how), "dim")] for one in said.alike
        ]
    if ready is not None:
        found += [[("▲ circle ", "warn"), safe(text)] for text in ready.circle]
        if ready.missing:
            found.append([("missing  ", "dim"), safe("; ".join(ready.missing))])
        found += [[("needs    ", "dim"), *probed_cells(one)] for one in ready.asks]
        if ready.rto is not None or ready.rto_source:
            found.append(
                [
                    ("RTO      ", "dim"),
                    _expected(ready.rto, procedure.rto),
                    (f"  {safe(ready.rto_source)}", "dim"),
                ]
            )
        if ready.rpo is not None or ready.rpo_source:
            found.append(
                [
                    ("RPO      ", "dim"),
                    _expected(ready.rpo, procedure.rpo),
                    (f"  {safe(ready.rpo_source)}", "dim"),
                ]
            )
    if procedure.purpose:
        found.append([("does     ", "dim"), safe(procedure.purpose)])
    return found


def _fact(word: str, one: Probed, token: str) -> Line:
    """A sign for or against: what does not hold is neither good nor bad by itself."""
    glyph, shown, said = {
        True: ("✔" if token == "ok" else "▲", token, ""),
        False: ("·", "idle", "no: "),
        None: ("?", "unknown", ""),
    }[one.passed]
    return [(f"{word:<9}", "dim"), (f"{glyph} ", shown), (said, "dim"), safe(one.sentence)]


def search_text(row: RunbookRow) -> str:
    return f"{row.procedure.id} {row.procedure.title} {row.named}, {row.title}"
