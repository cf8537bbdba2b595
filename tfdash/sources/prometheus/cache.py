"""What is known of all targets: the samples, since when, and what each still lacks."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tfdash.model.observation import Problem
from tfdash.model.samples import last_at
from tfdash.model.subject import Subject
from tfdash.model.traffic import Query, Traffic
from tfdash.sources.prometheus.answer import Row
from tfdash.sources.prometheus.batches import Batch, batches_of, meant_by, reach, roles_of, written
from tfdash.sources.prometheus.series import Counters, Histograms, counts_of, fullest, scrape_interval
from tfdash.sources.prometheus.targets import STEP, Belonging, Pods, QueryTarget
from tfdash.sources.prometheus.template import MetricTemplate

_UNKNOWN_SCRAPE = 60.0  # seconds that a scrape may take to come, while the interval is not measured
_LONGEST_SCRAPE = (
    10.0  # seconds after its time stamp a sample may come in: Prometheus' default scrape_timeout
)
_NEW_AT_ONCE = 40
_LONGEST_LAG = 300.0  # a backend may be so far behind; older newest samples are of what is gone

Match = Sequence[tuple[str, str]]


class Cache:
    """One per Prometheus. ``take`` may be called from several threads: one at a time goes on, for classic buckets and native
    histograms are put into the same series."""

    def __init__(self, match: Match, replicas: Sequence[str] = (), plain: float = math.inf) -> None:
        """``replicas``: labels that tell the copies of one series apart; ``plain``: the horizon, in seconds, of a target
        whose longer one is refused."""
        self.pods = Pods()
        self._taking = threading.Lock()
        self._match, self._replicas, self._plain = match, frozenset(replicas), plain
        self._short: set[Subject] = set()  # targets whose whole history is too much to ask for
        self._half: set[tuple[str, Subject]] = set()  # of which half an answer came
        self._refill: set[tuple[str, Subject]] = set()  # which answer whole again: they are read anew
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
        for subject in self._whose_series_move(wanted):
            for role in ("requests", "latency", "native"):
                key = (role, subject)
                self._asked.pop(key, None)
                self._since.pop(key, None)
                self._newest.pop(key, None)
                self._warned.pop(key, None)
            for counters in self._counters.values():
                counters.forget(subject)
            for histograms in self._histograms.values():
                histograms.forget(subject, native=True)
                histograms.forget(subject, native=False)
        for subject, target in self._targets.items():
            now = wanted.get(subject)
            if now is not None and now.horizon > target.horizon + STEP:  # its release has begun
                self._refill |= {(role, subject) for role in roles_of(now.template)}
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

    def _whose_series_move(self, wanted: Mapping[Subject, QueryTarget]) -> set[Subject]:
        """The targets until now that are no more, are asked for otherwise, or have a name that a new one has too (a Deployment
        whose Canary was read after it): whoever gets their series must read all of them, not the newest samples alone, which
        would pass for all that was ever counted."""

        def asks(target: QueryTarget | None) -> object:
            return target and (target.template, target.names, target.values)

        moved = {s for s, target in self._targets.items() if asks(wanted.get(s)) != asks(target)}
        new = {
            (target.namespace, name)
            for s, target in wanted.items()
            if s in moved or s not in self._targets
            for name in target.names
        }
        return moved | {
            s
            for s, target in self._targets.items()
            if any((target.namespace, n) in new for n in target.names)
        }

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

    def _horizon(self, target: QueryTarget) -> float:
        return min(target.horizon, self._plain) if target.subject in self._short else target.horizon

    def shorten(self, target: QueryTarget) -> bool:
        """Ask no more for all of its history; False where it is asked for so little already."""
        if target.subject in self._short or target.horizon <= self._plain:
            return False
        self._short.add(target.subject)
        return True

    def again(self, batch: Batch, at: float) -> list[Batch]:
        """The query of one workload anew, once less is asked for."""
        rows = [(target, self._lacks(batch.role, target, at)) for target in batch.targets]
        return list(batches_of(batch.role, rows, at, self._match))

    def _lacks(self, role: str, target: QueryTarget, at: float) -> float:
        key = (role, target.subject)
        asked = self._asked.get(key)
        if asked is None or key in self._refill or asked <= at - self._horizon(target):
            return at - self._horizon(target)
        newest = max(self._newest.get(key, 0.0), asked - _LONGEST_LAG)
        overlap = min(self._scrape.get(target.subject, _UNKNOWN_SCRAPE), _LONGEST_SCRAPE) + 1.0
        return max(min(asked, newest) - overlap, at - self._horizon(target))

    def take(self, batch: Batch, rows: list[Row], warnings: Sequence[str], at: float) -> None:
        """The answer to a batch."""
        with self._taking:
            self._take(batch, rows, warnings, at)

    def _take(self, batch: Batch, rows: list[Row], warnings: Sequence[str], at: float) -> None:
        name = batch.template.name
        belonging = self._belonging.get((batch.role, name))
        if belonging is None:
            return
        for key in {(batch.role, t.subject) for t in batch.targets} & self._refill:
            if batch.role == "requests":
                self._counters[name].forget(key[1])
            else:
                self._histograms[name].forget(key[1], native=batch.role == "native")
            self._refill.discard(key)
            self._since.pop(key, None)
        if batch.role == "requests":
            dropped = self._counters[name].take(rows, belonging)
        else:
            dropped = self._histograms[name].take(rows, belonging, batch.template.scale)
        told = "; ".join(
            [
                *warnings,
                *([f"{dropped} samples were no countable numbers and were dropped"] if dropped else []),
            ]
        )
        for target in batch.targets:
            key = (batch.role, target.subject)
            if key not in self._since:
                self._since[key] = at - self._horizon(target)
            self._asked[key] = at
            self._warned[key] = told
            if warnings:
                self._half.add(key)
            elif key in self._half:  # what was missing meanwhile is asked for with the next round
                self._half.discard(key)
                self._refill.add(key)
                self._warned[key] = "it answers whole again, and is read anew"

    def settle(self, at: float) -> None:
        """Forget what is past the horizon; measure how often is scraped."""
        since = {t.subject: at - self._horizon(t) for t in self._targets.values()}
        for counters in self._counters.values():
            counters.cut(since)
        for histograms in self._histograms.values():
            histograms.cut(since)
        for subject, target in self._targets.items():
            for role in roles_of(target.template):
                key = (role, subject)
                if key in self._since:
                    self._since[key] = max(self._since[key], at - self._horizon(target))
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
        gathered = self._histograms[template.name].of.get(subject, []) if template.latency else []
        histograms = fullest(gathered, self._replicas)
        latency = tuple(h.series() for h in histograms)
        if template.counts_from_latency:
            counted = counts_of(histograms)
            requests = tuple(c for _, c in counted)
            errors = tuple(c for h, c in counted if h.error)
        else:
            counters = fullest(self._counters[template.name].of.get(subject, []), self._replicas)
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
        held = {"requests": requests, "latency": latency}
        newest = [(meant_by(role), self._newest.get((role, subject))) for role in roles_of(template)]
        ended = tuple((role, last) for role, last in newest if last is not None and not held[role])
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
            ended=ended,
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
            found.append(Query(meant_by(role), text, self._warned.get((role, target.subject), "")))
        if template.errors:
            base = written(template, roles_of(template)[0], [target], self._match)
            found[1:1] = [
                Query("errors", f"{base._replace(matchers=(*base.matchers, *error))}{reach(seconds)}")
                for error in template.errors
            ]
        return tuple(found)


def newest_of(known: Iterable[Traffic]) -> tuple[float | None, float]:
    """The time of the newest sample of all, None where there is none, and the longest scrape interval (seconds, 0 unknown)."""
    newest: float | None = None
    spacing = 0.0
    for traffic in known:
        spacing = max(spacing, traffic.scrape_interval or 0.0)
        ends = [last_at(s.points) for s in traffic.requests if s.points]
        ends += [last_at(s.points) for s in traffic.latency if s.points]
        newest = max([*ends, *([newest] if newest is not None else [])], default=None)
    return newest, spacing


def without(traffic: Traffic, template: MetricTemplate, lost: Mapping[str, Problem]) -> Traffic:
    """The samples with what failed said of the queries that it was: the others' triggers go on."""
    if not lost:
        return traffic
    problems = {meant_by(role): str(problem) for role, problem in lost.items()}
    problems["errors"] = problems.get("latency" if template.counts_from_latency else "requests", "")
    queries = tuple(q._replace(problem=problems.get(q.role, "")) for q in traffic.queries)
    return msgspec.structs.replace(traffic, queries=queries)
