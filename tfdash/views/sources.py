"""The data sources and their ages: each cluster, each kind that was asked for, and each source beside; worst first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from tfdash.model.made import MADE
from tfdash.model.observation import Observation
from tfdash.model.picture import NO_PAGE, Picture, SourceInfo
from tfdash.model.subject import ClusterRef
from tfdash.model.verdict import Level
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import of_observation, short_age
from tfdash.views.kinds import noun_of
from tfdash.views.says import NONE_STALE, Stale, hidden_names


class SourceRow(NamedTuple):
    """``kind`` is "" for the cluster itself and for a source that is no cluster, whose id ``source`` is; ``cluster`` None:
    it is of no single one. ``objects`` is None where nothing was read. Texts are safe."""

    cluster: ClusterRef | None
    kind: str
    name: str
    state: states.State
    objects: int | None
    age: float | None
    detail: str
    absent: bool = False  # not installed there: nothing to read, and nothing wrong with that
    source: str = ""
    only_for: tuple[str, ...] = ()

    @property
    def age_text(self) -> str:
        return "never read" if self.age is None else f"{short_age(self.age)} ago"


def source_rows(picture: Picture, now: float, stale: Stale = NONE_STALE) -> tuple[SourceRow, ...]:
    """Every source of the picture, those that want attention first. ``stale``: the assessment's."""
    rows = []
    for cluster in picture.clusters.values():
        info = cluster.info.value
        about = " · ".join(safe(part) for part in (info.version, info.url, info.user) if part) if info else ""
        place = safe(cluster.ref.cluster)
        rows.append(_row(cluster.ref, "", f"{place} API server", cluster.info, None, about, now))
        for kind, seen in cluster.kinds.items():
            if kind in MADE:  # its source has a row of its own
                continue
            count = None if seen.value is None else len(seen.value)
            name, old = f"{place} {safe(noun_of(kind))}", stale.get((cluster.ref, kind))
            row = _row(cluster.ref, kind, name, seen, count, "", now, old)
            whole = seen.complete and not seen.provisional
            rows.append(row if whole or seen.problem else row._replace(state=states.LOADING))
    for id, status in picture.sources.items():
        said = status.value or SourceInfo(name=id)
        row = _row(said.cluster, "", safe(said.name), status, said.count, safe(said.about), now)
        rows.append(row._replace(source=id, only_for=said.only_for))
    return tuple(sorted(rows, key=lambda row: -row.state.level))


def doubts(rows: Iterable[SourceRow], page: str) -> list[Level]:
    """An UNKNOWN for each source that ``page`` (of ``views/pages.py``) rests on and that is not read as it should be."""
    mine = (
        row
        for row in rows
        if not row.only_for or page in row.only_for or (page == "overview" and row.only_for != NO_PAGE)
    )
    return [Level.UNKNOWN for row in mine if row.state.level >= Level.UNKNOWN]


def _row(
    cluster: ClusterRef | None,
    kind: str,
    name: str,
    seen: Observation[Any],
    count: int | None,
    about: str,
    now: float,
    stale: float | None = None,
) -> SourceRow:
    fresh = of_observation(seen, now, stale)
    age = None if seen.observed_at is None else max(0.0, now - seen.observed_at)
    notes = [about, safe(seen.note)]
    if seen.problem is not None:
        notes = [safe(str(seen.problem))]
        if seen.problem.retry_at is not None and seen.problem.retry_at > now:
            notes.append(f"next try in {short_age(seen.problem.retry_at - now)}")
    elif seen.progress is not None:
        total = f" of about {seen.progress.total:,}" if seen.progress.total is not None else ""
        notes = [f"loading {seen.progress.loaded:,}{total}"]
    elif fresh.text:
        notes.append(fresh.text)
    if seen.hidden:
        notes.append(hidden_names(seen.hidden))
    state = {
        "": states.of_level(Level.OK),
        "late": states.of_level(Level.OK),
        "old": states.STALE,
        "loading": states.LOADING,
        "dead": states.of_level(Level.UNKNOWN).worded(seen.problem.kind.value if seen.problem else "unknown"),
    }[fresh.state]
    if seen.absent or (seen.note and fresh.state in ("", "late")):
        state = states.of_level(Level.IDLE).worded("absent")
    return SourceRow(
        cluster,
        kind,
        name,
        state,
        count,
        age,
        " · ".join(n for n in notes if n),
        bool(seen.note) or seen.absent,
    )
