"""What the metric backends deliver: raw samples, never rates. Made by ``tfdash.sources.prometheus``.

Raw, because ``rate()`` and ``increase()`` miss the first value of a new series and extrapolate: a new pod's first
errors would read 0. The judge counts them itself (``tfdash.playbook.canary``).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec

from tfdash.model.calendar import FeedDays
from tfdash.model.commits import NewestCommit, SeenCommit
from tfdash.model.last_good import LastGood
from tfdash.model.observation import Observation
from tfdash.model.samples import Buckets, Point
from tfdash.model.subject import ClusterRef, Subject

__all__ = [
    "NOT_MEASURED",
    "NO_SIGNALS",
    "Alert",
    "Buckets",
    "CounterSeries",
    "HistogramSeries",
    "Journey",
    "JourneyRun",
    "Point",
    "Published",
    "Query",
    "SignalKey",
    "Signals",
    "Traffic",
    "published",
    "with_signals",
]


class CounterSeries(msgspec.Struct, frozen=True, kw_only=True):
    """A counter of one target, oldest sample first. ``pod`` or ``version`` tells whose it is, as the template groups.

    Where series are told apart by pod, ``version`` is the pod's template hash as far as it is known.
    """

    pod: str = ""
    version: str = ""
    labels: tuple[tuple[str, str], ...] = ()  # the rest that tells it apart, sorted
    points: Sequence[Point] = ()


class HistogramSeries(msgspec.Struct, frozen=True, kw_only=True):
    """A histogram of one target, oldest first; classic ones as scraped, native ones with their own bounds."""

    pod: str = ""
    version: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    native: bool = False
    points: Sequence[Buckets] = ()


class Query(NamedTuple):
    """One query: which role it plays ("requests", "errors", "latency"), its text, what its answer lacks by the server's own
    words, and why it failed where it did.

    The text is what asks for this workload alone and can be pasted; one sent query asks for many. Several "errors" are
    alternatives: a series that satisfies one of them is an error.
    """

    role: str
    text: str
    warning: str = ""
    problem: str = ""


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """The samples of one workload at one evaluation time (epoch seconds, the same for all workloads of a round).

    ``requests`` holds every request counter series and ``errors`` those of them that count as errors (a subset by
    labels). ``since`` is the oldest time for which samples were asked. ``group`` is "pod" or the name of the label that
    carries the version. A query that failed leaves its samples as they were and carries its problem; the ``Observation`` has one
    where nothing could be read.
    """

    evaluated_at: float
    since: float
    requests: tuple[CounterSeries, ...] = ()
    errors: tuple[CounterSeries, ...] = ()
    latency: tuple[HistogramSeries, ...] = ()
    scrape_interval: float | None = None  # seconds, measured from the samples
    template: str = ""  # name of the metric family's template
    group: str = "pod"
    queries: tuple[Query, ...] = ()
    ended: tuple[
        tuple[str, float], ...
    ] = ()  # of each role of which no series is left: the newest sample that it had


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A firing or pending alert; ``namespace`` and ``workload`` where its labels name them."""

    name: str
    state: str
    severity: str = ""
    namespace: str = ""
    workload: str = ""
    summary: str = ""
    since: float | None = None
    labels: tuple[tuple[str, str], ...] = ()


class JourneyRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a journey: did it reach its end, at which step it failed, how long it took (seconds)."""

    at: float
    ok: bool | None  # None: no answer that can be judged (a failed control probe)
    step: int = 0  # 1-based, the failing one
    steps: int = 0
    duration: float = 0.0
    message: str = ""  # "502 at step 3"


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """A user journey of one workload. ``side``: "canary" where it surely reaches the canary, "stable", or "mixed"."""

    name: str
    workload: Subject | None = None
    critical: bool = True
    side: str = "mixed"
    control: bool = False  # a control probe: its failure makes the others UNKNOWN
    runs: tuple[JourneyRun, ...] = ()  # oldest first
    source: str = ""  # "http" or the probe metric's query
    line: str = ""  # the same requests by curl, where they are our own


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a picture that is no Kubernetes object. Never mutated after it was published."""

    traffic: dict[Subject, Observation[Traffic]] = {}
    alerts: dict[ClusterRef, Observation[tuple[Alert, ...]]] = {}
    journeys: dict[str, Observation[Journey]] = {}
    prometheus: dict[
        ClusterRef, Observation[str]
    ] = {}  # the server's version, its problem where it is not reached; neither while it was not asked yet
    feeds: dict[str, Observation[FeedDays]] = {}  # by the name of [[calendar.feeds]]
    commits: dict[str, Observation[SeenCommit]] = {}  # by commit_key: versions that open runs ask for
    newest: dict[str, Observation[tuple[NewestCommit, ...]]] = {}  # by pipeline: of its default branch
    last_good: dict[ClusterRef, Observation[LastGood]] = {}  # what a restore of a cluster brings back


NO_SIGNALS = Signals()
NOT_MEASURED: Observation[str] = Observation(note="no Prometheus is configured for this cluster")
"""Of a cluster without one: that is said, so that a cluster of which nothing stands among the signals is not known yet."""
SignalKey: TypeAlias = tuple[str, Hashable]
"""One of the signals: (topic, key), where a topic is a field of ``Signals``, e.g. ("traffic", subject)."""
Published: TypeAlias = Mapping[SignalKey, Observation[Any] | None]
"""What a source sees of some signals now; None: it is gone."""


def with_signals(signals: Signals, published: Published) -> tuple[Signals, frozenset[SignalKey]]:
    """The signals after ``published``, and which of them that changed. The same observation again is no change."""
    tables: dict[str, dict[Any, Observation[Any]]] = {}
    changed: set[SignalKey] = set()
    for (topic, key), seen in published.items():
        table = tables.get(topic)
        before = getattr(signals, topic) if table is None else table
        if before.get(key) is seen:
            continue
        if table is None:
            table = tables[topic] = dict(before)
        if seen is None:
            del table[key]
        else:
            table[key] = seen
        changed.add((topic, key))
    return (msgspec.structs.replace(signals, **tables) if tables else signals), frozenset(changed)


def published(signals: Signals) -> dict[SignalKey, Observation[Any]]:
    """All signals one by one: what would have to be published to come from none to these."""
    return {
        (topic, key): seen
        for topic in Signals.__struct_fields__
        for key, seen in getattr(signals, topic).items()
    }
