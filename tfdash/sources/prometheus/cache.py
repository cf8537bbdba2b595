"""What is known of all targets: the samples, since when, and what each still lacks."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tfdash.model.subject import Subject
from tfdash.model.traffic import Query, Traffic
from tfdash.sources.prometheus.answer import Row
from tfdash.sources.prometheus.batches import Batch, batches_of, reach, roles_of, written
from tfdash.sources.prometheus.series import Counters, Histograms, counts_of, scrape_interval
from tfdash.sources.prometheus.targets import Belonging, Pods, QueryTarget
from tfdash.sources.prometheus.template import MetricTemplate

_UNKNOWN_SCRAPE = 60.0  # seconds that a scrape may take to come, while the interval is not measured
_LONGEST_SCRAPE = (
    10.0  # seconds after its time stamp a sample may come in: Prometheus' default scrape_timeout
)
_NEW_AT_ONCE = 40
_LONGEST_LAG = 300.0  # a backend may be so far behind; older newest samples are of what is gone

Match = Sequence[tuple[str, str]]


class Cache:
    """One per Prometheus. ``take`` may be called from several threads, for different batches."""

    def __init__(self, match: Match) -> None:
        self.pods = Pods()
        self._match = match
        self._targets: dict[Subject, QueryTarget] = {}
        self._counters: dict[str, Counters] = {}
        self._histograms: dict[str, Histograms] = {}
        self._belonging: dict[tuple[str, str], Belonging] = {}
        self._asked: dict[tuple[str, Subject], float] = {}  # evaluation time of the last answer
        self._since: dict[tuple[str, Subject], float] = {}  # samples are held from then on
        self._newest: dict[tuple[str, Subject], float] = {}
        self._scrape: dict[Subject, float] = {}
        self._warned: dict[tuple[str, Subject], str] = {}
        self._tried: set[Subject] = set()
        self._told: dict[Subject, tuple[object, tuple[Query, ...]]] = {}

    def use(self, targets: Sequence[QueryTarget]) -> None:
        """The targets from now on."""
        wanted = {t.subject: t for t in targets}
        if wanted == self._targets:
            return
        for subject, target in self._targets.items():
            new = wanted.get(subject)
            if new is None or (new.template, new.names, new.values) != (
                target.template,
                target.names,
                target.values,
            ):
                for role in ("requests", "latency"):
                    key = (role, subject)
                    self._asked.pop(key, None)
                    self._since.pop(key, None)
                    self._newest.pop(key, None)
                    self._warned.pop(key, None)
        self._told = {s: told for s, told in self._told.items() if s in wanted}
        self._tried &= wanted.keys()
        self._targets = wanted
        self._belonging = {}
        by_template: dict[str, list[QueryTarget]] = {}
        for target in targets:
            by_template.setdefault(target.template.name, []).append(target)
        for name, members in by_template.items():
            for role in roles_of(members[0].template):
                self._belonging[role, name] = Belonging(members[0].template, role, members)
                if role == "requests":
                    self._counters.setdefault(name, Counters(self.pods)).forget_foreign()
                else:
                    self._histograms.setdefault(name, Histograms(self.pods)).forget_foreign()

    @property
    def targets(self) -> tuple[QueryTarget, ...]:
        return tuple(self._targets.values())

    def batches(self, at: float) -> list[Batch]:
        """The queries of a round evaluated ``at``: of what was never asked only so much that a round stays short."""
        found: list[Batch] = []
        groups: dict[tuple[str, str], list[tuple[QueryTarget, float]]] = {}
        new = 0
        for target in self._targets.values():
            if not self.asked(target) and target.subject not in self._tried:
                new += 1
                if new > _NEW_AT_ONCE:
                    continue
            self._tried.add(target.subject)  # what fails must not keep the others waiting
            for role in roles_of(target.template):
                since = self._lacks(role, target, at)
                groups.setdefault((role, target.template.name), []).append((target, since))
        for (role, _), rows in groups.items():
            found += batches_of(role, rows, at, self._match)
        return found

    def asked(self, target: QueryTarget) -> bool:
        """Whether anything was answered of it yet."""
        return any((role, target.subject) in self._asked for role in roles_of(target.template))

    def _lacks(self, role: str, target: QueryTarget, at: float) -> float:
        key = (role, target.subject)
        asked = self._asked.get(key)
        if asked is None or asked <= at - target.horizon:
            return at - target.horizon
        newest = max(self._newest.get(key, 0.0), asked - _LONGEST_LAG)
        overlap = min(self._scrape.get(target.subject, _UNKNOWN_SCRAPE), _LONGEST_SCRAPE) + 1.0
        return max(min(asked, newest) - overlap, at - target.horizon)

    def take(self, batch: Batch, rows: list[Row], warnings: Sequence[str], at: float) -> None:
        """The answer to a batch."""
        name = batch.template.name
        belonging = self._belonging.get((batch.role, name))
        if belonging is None:
            return
        if batch.role == "requests":
            dropped = self._counters[name].take(rows, belonging)
        else:
            dropped = self._histograms[name].take(rows, belonging, batch.template.scale)
        told = "; ".join(
            [*warnings, *([f"{dropped} samples were no numbers and were dropped"] if dropped else [])]
        )
        for target in batch.targets:
            key = (batch.role, target.subject)
            if key not in self._since:
                self._since[key] = at - target.horizon
            self._asked[key] = at
            self._warned[key] = told

    def settle(self, at: float) -> None:
        """Forget what is past the horizon; measure how often is scraped."""
        since = {t.subject: at - t.horizon for t in self._targets.values()}
        for counters in self._counters.values():
            counters.cut(since)
        for histograms in self._histograms.values():
            histograms.cut(since)
        for subject, target in self._targets.items():
            for role in roles_of(target.template):
                key = (role, subject)
                if key in self._since:
                    self._since[key] = max(self._since[key], at - target.horizon)
                name = target.template.name
                held = (
                    self._counters[name].of.get(subject, ())
                    if role == "requests"
                    else self._histograms[name].of.get(subject, ())
                )
                if held:
                    self._newest[key] = max(h.newest for h in held)

    def traffic(self, target: QueryTarget, at: float) -> Traffic:
        """What is held of one target, evaluated ``at``."""
        subject, template = target.subject, target.template
        histograms = self._histograms[template.name].of.get(subject, []) if template.latency else []
        latency = tuple(h.series() for h in histograms)
        if template.counts_from_latency:
            counted = counts_of(histograms)
            requests = tuple(c for _, c in counted)
            errors = tuple(c for h, c in counted if h.error)
        else:
            counters = self._counters[template.name].of.get(subject, [])
            requests = tuple(c.series() for c in counters)
            errors = tuple(c.series() for c in counters if c.error)
        if target.sides:
            told = dict(target.sides)
            requests, errors = (
                tuple(msgspec.structs.replace(c, version=told[c.version]) for c in found)
                for found in (requests, errors)
            )
            latency = tuple(msgspec.structs.replace(h, version=told[h.version]) for h in latency)
        interval = scrape_interval(requests or latency)
        if interval is not None:
            self._scrape[subject] = interval
        since = max((self._since.get((role, subject), at) for role in roles_of(template)), default=at)
        return Traffic(
            evaluated_at=at,
            since=since,
            requests=requests,
            errors=errors,
            latency=latency,
            scrape_interval=interval,
            template=template.name,
            queries=self._queries(target, template, at - since),
            group="pod" if not template.canary and template.group == "pod" else template.group,
        )

    def _queries(self, target: QueryTarget, template: MetricTemplate, seconds: float) -> tuple[Query, ...]:
        """As they would be sent for this workload alone: what a person can paste and see the same."""
        key = (
            target,
            seconds,
            *(self._warned.get((role, target.subject), "") for role in roles_of(template)),
        )
        known = self._told.get(target.subject)
        if known is None or known[0] != key:
            known = self._told[target.subject] = (key, self._write(target, template, seconds))
        return known[1]

    def _write(self, target: QueryTarget, template: MetricTemplate, seconds: float) -> tuple[Query, ...]:
        found = []
        for role in roles_of(template):
            text = f"{written(template, role, [target], self._match)}{reach(seconds)}"
            found.append(Query(role, text, self._warned.get((role, target.subject), "")))
        if template.errors:
            base = written(template, roles_of(template)[0], [target], self._match)
            found[1:1] = [
                Query("errors", f"{base._replace(matchers=(*base.matchers, *error))}{reach(seconds)}")
                for error in template.errors
            ]
        return tuple(found)
