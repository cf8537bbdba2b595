"""The cached samples: appended to round by round, cut at the horizon, published as frozen series where they changed."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import TypeVar

from tfdash.model.samples import COUNTABLE, Buckets, Point, Points, Scrapes
from tfdash.model.subject import Subject
from tfdash.model.traffic import CounterSeries, HistogramSeries
from tfdash.sources.prometheus.answer import Row, buckets_of, decode_labels, no_number
from tfdash.sources.prometheus.gathering import GatheredBuckets, GatheredPoints
from tfdash.sources.prometheus.selector import matches
from tfdash.sources.prometheus.targets import Belonging, Pods, QueryTarget

_INF = math.inf


class Counter:
    """A counter being gathered."""

    __slots__ = ("error", "labels", "made", "owner", "pod", "points", "version")

    def __init__(
        self, owner: Subject, pod: str, version: str, labels: tuple[tuple[str, str], ...], error: bool
    ) -> None:
        self.owner, self.pod, self.version, self.labels, self.error = owner, pod, version, labels, error
        self.points = GatheredPoints()
        self.made: CounterSeries | None = None

    def take(self, values: Iterable[tuple[float, str]]) -> int:
        """Append what is new; returns how many samples were no countable numbers and were dropped."""
        last, before = self.points.last() or (-_INF, _INF)
        append = self.points.append
        dropped = 0
        for at, text in values:
            if at <= last:
                continue
            value = float(text)
            if value != before and not -COUNTABLE <= value <= COUNTABLE:
                dropped += 1
                continue
            append(at, value)
            last, before = at, value
            self.made = None
        return dropped

    def cut(self, since: float) -> bool:
        """Forget what is older; False where nothing is left."""
        if self.points.cut(since):
            self.made = None
        return bool(self.points)

    @property
    def newest(self) -> float:
        last = self.points.last()
        return last.at if last is not None else -_INF

    def series(self) -> CounterSeries:
        if self.made is None:
            self.made = CounterSeries(
                pod=self.pod, version=self.version, labels=self.labels, points=self.points.view()
            )
        return self.made


class Histogram:
    """A histogram being gathered; classic buckets come as one series for each bound and are put together by time."""

    __slots__ = (
        "bounds",
        "error",
        "labels",
        "made",
        "native",
        "owner",
        "pending",
        "pod",
        "points",
        "sums",
        "version",
    )

    def __init__(
        self, owner: Subject, pod: str, version: str, labels: tuple[tuple[str, str], ...], error: bool
    ) -> None:
        self.owner, self.pod, self.version, self.labels, self.error = owner, pod, version, labels, error
        self.native = False
        self.bounds: tuple[float, ...] = ()
        self.points = GatheredBuckets()
        self.pending: dict[float, dict[float, float]] = {}
        self.sums: dict[float, float] = {}
        self.made: HistogramSeries | None = None

    def settle(self, scale: float) -> None:
        """Make scrapes of the bucket samples of this round."""
        if not self.pending:
            self.sums.clear()
            return
        if self.native:  # it is exposed both ways: the native one is finer
            self.pending.clear()
            self.sums.clear()
            return
        newest = max(self.pending)
        for at in sorted(self.pending):
            row = self.pending[at]
            bounds = self.bounds if row.keys() == set(self.bounds) else tuple(sorted(row))
            if bounds[-1] != _INF or (at == newest and len(bounds) < len(self.bounds)):
                continue  # half a scrape: the rest comes with the next round
            self.bounds = bounds
            shown = bounds if scale == 1.0 else tuple(b * scale for b in bounds)
            counts = tuple(map(row.__getitem__, bounds))
            self.points.append(at, shown, counts, self.sums.get(at, math.nan) * scale)
            self.made = None
        self.pending.clear()
        self.sums.clear()

    def take_bucket(self, bound: float, values: Iterable[tuple[float, str]]) -> int:
        """One bucket's samples, to be made scrapes of with the others'; returns how many were no countable numbers."""
        pending, last, dropped = self.pending, self.newest, 0
        for at, text in values:
            if at > last:
                value = float(text)
                if not -COUNTABLE <= value <= COUNTABLE:
                    dropped += 1
                elif at in pending:
                    pending[at][bound] = value
                else:
                    pending[at] = {bound: value}
        return dropped

    def take_native(self, row: Row, scale: float) -> int:
        dropped = 0
        last = self.newest
        if not self.native and row.histograms:
            self.points.clear()
            self.native, last = True, -_INF
        for at, found in row.histograms:
            if at > last:
                made = buckets_of(at, found, scale)
                if made is None:
                    dropped += 1
                else:
                    self.points.append(*made)
                    self.made = None
        return dropped

    def cut(self, since: float) -> bool:
        if self.points.cut(since):
            self.made = None
        return bool(self.points)

    @property
    def newest(self) -> float:
        at = self.points.last_at()
        return at if at is not None else -_INF

    def series(self) -> HistogramSeries:
        if self.made is None:
            self.made = HistogramSeries(
                pod=self.pod,
                version=self.version,
                labels=self.labels,
                native=self.native,
                points=self.points.view(),
            )
        return self.made


class Counters:
    """All request counters of one template."""

    def __init__(self, pods: Pods) -> None:
        self._pods = pods
        self._known: dict[bytes, Counter | None] = {}
        self.of: dict[Subject, list[Counter]] = {}

    def take(self, rows: Iterable[Row], belonging: Belonging) -> int:
        """Take an answer in; returns how many samples were dropped. Raises ``AnotherShape`` at one that is no number."""
        dropped = 0
        known = self._known
        for row in rows:
            key = bytes(row.metric)
            try:
                counter = known[key]
            except KeyError:
                counter = known[key] = self._meet(decode_labels(row.metric), belonging)
            if counter is not None:
                try:
                    dropped += counter.take(row.values)
                except ValueError as error:
                    raise no_number(bytes(row.metric), error) from None
        return dropped

    def _meet(self, labels: dict[str, str], belonging: Belonging) -> Counter | None:
        target = belonging.target(labels)
        if target is None:
            return None
        found = Counter(target.subject, *identity(labels, target, self._pods))
        self.of.setdefault(target.subject, []).append(found)
        return found

    def cut(self, since: dict[Subject, float]) -> None:
        """Forget samples older than each target's time, whole targets that are no more, and series without samples."""
        gone = {k for k, c in self._known.items() if c is not None and not c.cut(since.get(c.owner, _INF))}
        for key in gone:
            counter = self._known.pop(key)
            if counter is not None:
                rest = [c for c in self.of[counter.owner] if c is not counter]
                if rest:
                    self.of[counter.owner] = rest
                else:
                    del self.of[counter.owner]

    def forget_foreign(self) -> None:
        """Ask again whose the others are: the targets have changed."""
        self._known = {k: c for k, c in self._known.items() if c is not None}

    def forget(self, owner: Subject) -> None:
        """All samples of one target: they are read anew."""
        self._known = {k: c for k, c in self._known.items() if c is None or c.owner != owner}
        self.of.pop(owner, None)


class Histograms:
    """All latency histograms of one template."""

    def __init__(self, pods: Pods) -> None:
        self._pods = pods
        self._known: dict[bytes, tuple[Histogram | None, str, float]] = {}
        self._made: dict[tuple[tuple[str, str], ...], Histogram] = {}
        self.of: dict[Subject, list[Histogram]] = {}

    def take(self, rows: Iterable[Row], belonging: Belonging, scale: float) -> int:
        dropped = 0
        known = self._known
        touched: dict[int, Histogram] = {}
        for row in rows:
            key = bytes(row.metric)
            try:
                histogram, part, bound = known[key]
            except KeyError:
                histogram, part, bound = known[key] = self._meet(decode_labels(row.metric), belonging)
            if histogram is None:
                continue
            touched[id(histogram)] = histogram
            try:
                if part == "bucket":
                    dropped += histogram.take_bucket(bound, row.values)
                elif part == "sum":
                    histogram.sums.update((at, float(text)) for at, text in row.values)
                if row.histograms:
                    dropped += histogram.take_native(row, scale)
            except ValueError as error:
                for half in touched.values():
                    half.pending.clear()
                    half.sums.clear()
                raise no_number(bytes(row.metric), error) from None
        for histogram in touched.values():
            histogram.settle(scale)
        return dropped

    def _meet(self, labels: dict[str, str], belonging: Belonging) -> tuple[Histogram | None, str, float]:
        name = labels.pop("__name__", "")
        part = "bucket" if name.endswith("_bucket") else "sum" if name.endswith("_sum") else ""
        try:
            bound = float(labels.pop("le", "nan"))
        except ValueError:
            bound = math.nan
        if part == "bucket" and math.isnan(bound):
            return None, part, bound
        at = tuple(labels.items())  # as the server sorts them
        if at not in self._made:
            target = belonging.target(labels)
            if target is None:
                return None, part, bound
            self._made[at] = found = Histogram(target.subject, *identity(labels, target, self._pods))
            self.of.setdefault(target.subject, []).append(found)
        return self._made[at], part, bound

    def cut(self, since: dict[Subject, float]) -> None:
        gone = {at for at, h in self._made.items() if not h.cut(since.get(h.owner, _INF))}
        if not gone:
            return
        lost_ones = [self._made.pop(at) for at in gone]
        lost = {id(one) for one in lost_ones}
        for owner in {one.owner for one in lost_ones}:
            rest = [h for h in self.of[owner] if id(h) not in lost]
            if rest:
                self.of[owner] = rest
            else:
                del self.of[owner]
        self._known = {k: v for k, v in self._known.items() if v[0] is None or id(v[0]) not in lost}

    def forget_foreign(self) -> None:
        self._known = {k: v for k, v in self._known.items() if v[0] is not None}

    def forget(self, owner: Subject, *, native: bool) -> None:
        """All samples of one target that came as native histograms, or as classic buckets; the others came by another query."""
        stay = [h for h in self.of.get(owner, ()) if h.native is not native]
        gone = {id(h) for h in self.of.get(owner, ())} - {id(h) for h in stay}
        self._known = {k: v for k, v in self._known.items() if id(v[0]) not in gone}
        self._made = {k: h for k, h in self._made.items() if id(h) not in gone}
        if stay:
            self.of[owner] = stay
        else:
            self.of.pop(owner, None)


def identity(
    labels: dict[str, str], target: QueryTarget, pods: Pods
) -> tuple[str, str, tuple[tuple[str, str], ...], bool]:
    """Pod, version, the labels that are left, and whether it counts as an error."""
    template = target.template
    pod = labels.get(template.pod_label, "") if not template.canary else ""
    if template.canary:
        version = "canary" if matches(template.canary, labels) else "stable"
    elif template.group != "pod":
        version = labels.get(template.group, "")
    else:
        version = pods.version(target.namespace, pod)
    taken = {"__name__", template.pod_label if pod else "", template.group if template.group != "pod" else ""}
    rest = tuple(sorted((k, v) for k, v in labels.items() if k not in taken))
    return pod, version, rest, template.is_error(labels)


_SILENT = 120.0  # seconds: a copy that is so much older than another is not scraped any more
G = TypeVar("G", Counter, Histogram)


def fullest(gathered: Sequence[G], replicas: frozenset[str]) -> list[G]:
    """Of series that differ only in labels that tell Prometheus' own replicas apart, the one with the most samples; one
    that was begun with is not left for a few more."""
    if not replicas or not any(name in replicas for one in gathered for name, _ in one.labels):
        return list(gathered)
    groups: dict[tuple[object, ...], list[G]] = {}
    for one in gathered:
        rest = tuple(label for label in one.labels if label[0] not in replicas)
        groups.setdefault((one.pod, one.version, rest), []).append(one)
    told = []
    for several in groups.values():
        several.sort(key=lambda one: one.labels)
        last = max(one.newest for one in several)
        fresh = [one for one in several if one.newest >= last - _SILENT]
        most = max(len(one.points) for one in fresh)
        told.append(next(one for one in fresh if len(one.points) * 20 >= most * 19 - 40))
    return told


def scrape_interval(series: Iterable[CounterSeries | HistogramSeries]) -> float | None:
    """The median distance of the newest samples, in seconds; None where no series has two."""
    gaps = []
    for one in series:
        times = [point.at for point in one.points[-6:]]
        gaps += [after - before for before, after in pairwise(times)]
        if len(gaps) > 50:
            break
    return round(median(gaps), 3) if gaps else None


def counted(scrapes: Sequence[Buckets]) -> Sequence[Point]:
    """A histogram's own count as a counter."""
    if isinstance(scrapes, Scrapes):
        ats, values = array("d", scrapes.times()), array("d", scrapes.values())
        return Points(ats, values, 0, len(ats))
    return tuple(Point(b.at, b.counts[-1]) for b in scrapes)


def counts_of(histograms: Iterable[Histogram]) -> list[tuple[Histogram, CounterSeries]]:
    """The histograms' own counts as request counters."""
    return [
        (
            h,
            CounterSeries(
                pod=h.pod,
                version=h.version,
                labels=h.labels,
                points=counted(h.points.view()),
            ),
        )
        for h in histograms
    ]
