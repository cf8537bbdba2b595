"""What a report holds, gathered once for both formats from the same views that the screens show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.observation import Observation
from tfdash.model.picture import Change, Picture
from tfdash.model.subject import Subject
from tfdash.model.update import Update
from tfdash.model.usage import namespace_of
from tfdash.model.verdict import Level, Verdict
from tfdash.namespaces import absent
from tfdash.views.found import found_rows
from tfdash.views.kinds import VIEWS, KindView, view_named
from tfdash.views.kinds.base import told_by_lists
from tfdash.views.rows import BoardRows, RowKey
from tfdash.views.scope import EVERYTHING, Restriction
from tfdash.views.sources import SourceRow, doubts, source_rows

OVERVIEW = "overview"
OK, FINDINGS, UNKNOWN = 0, 1, 2
WORKLOADS = "deployments"  # the screen of that name shows every workload


class ReportContents(NamedTuple):
    """``rows`` None for the overview. ``levels`` are those of all that is printed: sections or rows with what was said of them,
    and sources. A row of a kind that is not judged carries none. ``counts``: of the subjects that were judged, how many are
    at each level, by its name; of the overview what is not well is what its sections found, as its badge counts it."""

    screen: str
    view: KindView | None
    rows: BoardRows | None
    order: tuple[RowKey, ...]
    verdicts: tuple[Verdict, ...]
    levels: tuple[Level, ...]
    unread: tuple[str, ...]
    sources: tuple[SourceRow, ...] = ()
    counts: Mapping[str, int] = {}


def screen_view(screen: str) -> KindView | None:
    """The list that a screen's name stands for, None for the overview. Raises ValueError for a name of nothing."""
    if screen == OVERVIEW:
        return None
    view = VIEWS["workloads"] if screen == WORKLOADS else view_named(screen)
    if view is None:
        raise ValueError(f"there is no screen {screen!r}; there are {', '.join(sorted({OVERVIEW, *VIEWS}))}")
    return view


def needs(screen: str, found: KindView | None = None) -> tuple[str, ...]:
    """The kinds that must be asked of the board for this screen's report. ``found``: its list, where no table of ours has it."""
    view = found or screen_view(screen)
    return (
        BoardRows(view).needs
        if view is not None
        else (*BoardRows(VIEWS["workloads"]).needs, "Pod", "Node", "Job", "CronJob")
    )


def gather(
    picture: Picture,
    assessment: Assessment,
    screen: str,
    namespace: str | None,
    now: float,
    zone: ZoneInfo,
    late: Iterable[str] = (),
    found: KindView | None = None,
) -> ReportContents:
    """Everything in scope: ``namespace`` None means all; ``late`` names further things that were not read; ``found`` as in
    ``needs``."""
    view = found or screen_view(screen)
    rows: BoardRows | None = None
    order: tuple[RowKey, ...] = ()
    if view is not None:
        restriction = Restriction(namespaces=(namespace,)) if namespace and view.namespaced else EVERYTHING
        rows = BoardRows(view, restriction, zone=zone)
        rows.update(Update(picture, assessment, Change(keys={}, freshness=frozenset()), None), now)
        order = tuple(sorted(rows, key=lambda row: (row.cluster, row.key, row.kind)))
        if view.order != "name":
            field = next(f for f in rows.fields if f.id == view.order)
            listed = rows
            order = tuple(
                sorted(order, key=lambda row: listed.sort_value(row, field), reverse=view.descending)
            )
    subjects = None if rows is None else {row.subject for row in order}
    verdicts = tuple(_in_scope(assessment, namespace, subjects))
    worst: dict[Subject, Level] = {}
    for v in verdicts:
        worst[v.subject] = max(v.level, worst.get(v.subject, Level.IDLE))
    for row in order if rows is not None else ():
        if levels_of_row := rows.levels(row) if rows is not None else []:
            worst[row.subject] = max(*levels_of_row, worst.get(row.subject, Level.IDLE))
    levels = list(worst.values())
    if rows is None:  # the sections stand there whatever the namespace
        levels += [Level(s.level) for s in assessment.sections] or [Level.UNKNOWN]
    sources = source_rows(picture, now, assessment.stale)
    levels += doubts(sources, screen)
    unread = tuple(dict.fromkeys((*_unread(picture, needs(screen, found)), *late)))
    counts = counted(worst.values()) if rows is not None else _counted_as_found(worst.values(), assessment)
    return ReportContents(screen, view, rows, order, verdicts, tuple(levels), unread, sources, counts)


def _counted_as_found(judged: Iterable[Level], assessment: Assessment) -> dict[str, int]:
    """What rules called well, and beside it all that sections found and what they lack: some find what no rule says (releases), and a rule
    may say of a part what its section says of the whole."""
    found = [row.finding.level for row in found_rows(assessment.sections).values()]
    bare = [s.level for s in assessment.sections if not any(f.level is s.level for f in s.findings)]
    told = [level for level in (*found, *bare) if level >= Level.UNKNOWN]
    return counted((*(level for level in judged if level < Level.UNKNOWN), *told))


def counted(levels: Iterable[Level]) -> dict[str, int]:
    """How many are at each level, worst first; every level is there."""
    found = Counter(levels)
    return {level.name: found[level] for level in sorted(Level, reverse=True)}


def code_of(levels: Iterable[Level], unread: Sequence[str]) -> int:
    """1 if a WARN or BREACH is among them, else 2 if an UNKNOWN is or something was not read, else 0."""
    worst = max(levels, default=Level.IDLE)
    if worst >= Level.WARN:
        return FINDINGS
    return UNKNOWN if unread or worst is Level.UNKNOWN else OK


def _within(subject: Subject, namespace: str | None, subjects: set[Subject] | None) -> bool:
    if subjects is not None:
        return subject._replace(uid="") in subjects
    return not namespace or namespace_of(subject) in ("", namespace)


def _in_scope(
    assessment: Assessment, namespace: str | None, subjects: set[Subject] | None
) -> Iterable[Verdict]:
    for subject, told in assessment.verdicts.items():
        if _within(subject, namespace, subjects):
            yield from (v for v in told if subjects is None or told_by_lists(v))


def _unread(picture: Picture, kinds: Iterable[str]) -> Iterable[str]:
    """Names of what should have been read and was not, or not whole, or not lately."""
    for cluster in picture.clusters.values():
        for kind in kinds:
            if not readable(cluster.kinds.get(kind)):
                yield f"{cluster.ref.cluster}/{kind}"
    for one in absent(picture.clusters.values()):
        yield f"Namespace {one.name}"


def readable(seen: Observation[Any] | None) -> bool:
    """Whether an observation is whole and undisturbed, so that what is not in it is not there."""
    return seen is not None and seen.complete and seen.problem is None and not seen.provisional


def verdicts_of(assessment: Assessment, row: RowKey, uid: str) -> tuple[Verdict, ...]:
    """What was said of one row, under its name or its name and uid."""
    told = assessment.verdicts
    found = told.get(row.subject) or told.get(row.subject._replace(uid=uid), ())
    return tuple(v for v in found if told_by_lists(v))
