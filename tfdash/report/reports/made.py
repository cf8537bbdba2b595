"""What several parts of a report ask of its facts, each worked out once."""

from __future__ import annotations

from functools import cached_property

from tfdash.model.maintenance import KIND as PROMISE
from tfdash.model.verdict import Level
from tfdash.report.reports.actions import Acted, acted
from tfdash.report.reports.facts import ReportFacts
from tfdash.report.reports.findings import FindingNews, compared, findings_now, known_now
from tfdash.report.reports.promised import Promised, promised
from tfdash.report.reports.releases import Released, releases
from tfdash.store.journal.times import VerdictTimes, verdict_times
from tfdash.store.journal.view import SECTION, JournalView
from tfdash.store.journal.watched import Watched, watched

_DAY = 86400.0
AHEAD = {"daily": _DAY, "weekly": 7 * _DAY}
"""How far a report looks ahead (seconds)."""


class ReportData:
    """Of one report. Times of verdicts are of its environment; of promises of all, as every terminal tells them."""

    def __init__(self, facts: ReportFacts) -> None:
        self.facts = facts

    @cached_property
    def times(self) -> tuple[VerdictTimes, ...]:
        """Of every rule on every subject; sections, which are readings of these, are left out."""
        return self._times(self.facts.journal)

    def _times(self, journal: JournalView | None) -> tuple[VerdictTimes, ...]:
        environment = self.facts.environment
        if journal is None:
            return ()
        return tuple(
            t
            for t in verdict_times(journal)
            if t.rule != SECTION
            and (
                t.subject.kind == PROMISE
                or not environment
                or t.subject.cluster.environment in ("", environment)
            )
        )

    @cached_property
    def watched(self) -> Watched | None:
        journal = self.facts.journal
        return watched(journal, self.facts.environment) if journal is not None else None

    @cached_property
    def compared(self) -> FindingNews:
        f = self.facts
        if not f.now_known:
            return compared(None, f.before, self.times, f.since, f.until, earlier=self._earlier)
        known = known_now(f.picture, f.assessment, f.environment)
        now = findings_now(f.picture, f.assessment)
        return compared(now, f.before, self.times, f.since, f.until, known, self._earlier)

    def _earlier(self) -> tuple[VerdictTimes, ...]:
        return self._times(self.facts.kept())

    @cached_property
    def actions(self) -> tuple[Acted, ...]:
        """Of the span, in this environment or none."""
        f = self.facts
        return tuple(a for a in acted(f.entries, f.since, f.until) if self._here(a))

    @cached_property
    def releases(self) -> tuple[Released, ...]:
        f = self.facts
        every = acted(f.entries, 0.0, float("inf"))
        found = releases(
            f.entries, every, f.picture, f.assessment, f.committed, f.since, f.until, f.workload, self.times
        )
        here = f.environment
        return tuple(r for r in found if not here or r.subject.cluster.environment == here)

    @cached_property
    def promised(self) -> Promised | None:
        f = self.facts
        if f.promises is None:
            return None
        record = f.picture.store_state.maintenance
        return promised(
            f.promises.values(), record, f.since, f.until, AHEAD.get(f.report, 0.0), f.report == "audit"
        )

    def _here(self, one: Acted) -> bool:
        environment = one.place.partition("/")[0]
        return not self.facts.environment or environment in ("", self.facts.environment)

    @cached_property
    def not_known(self) -> tuple[str, ...]:
        """What could not be read, one sentence each: with any, the report's exit code is 2."""
        f, found = self.facts, list(self.facts.unread)
        if f.journal is None:
            found.append("which verdicts changed when is not known: the verdict journal could not be read")
        else:
            found += f.journal.doubts
            if self.watched is not None and not self.watched.seconds:
                found.append("which verdicts changed when is not known: nobody watched")
        if f.promises is None:
            found.append("how the dated promises stand is not known: what is on record was not read in time")
        return tuple(dict.fromkeys(found))

    def none(self, text: str, *, now: bool = False) -> str:
        """What a part says that lists nothing. ``now``: what it lists is what is so now, which without a cluster nobody knows."""
        if now and not self.compared.known_now:
            return "not known: no cluster was read"
        return f"{text}, by what was read" if self.facts.unread else text

    @property
    def worst(self) -> Level:
        """Of what is open."""
        return max((f.level for f in (*self.compared.new, *self.compared.open)), default=Level.OK)
