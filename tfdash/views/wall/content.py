"""What a wall shows at one moment, as plain data: of every environment, and of the page whose turn it is."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.assessment import Assessment
from tfdash.model.observation import Observation, ProblemKind
from tfdash.model.picture import Picture
from tfdash.model.traffic import NOT_MEASURED
from tfdash.model.verdict import Level
from tfdash.text import safe
from tfdash.views import state as states
from tfdash.views.age import freshness, of_observation, short_age
from tfdash.views.found import FoundRow, found_rows, where
from tfdash.views.sections import state_of
from tfdash.views.state import State
from tfdash.views.times import local, zone_name
from tfdash.views.wall.figures import Figure, WallSight, calmed
from tfdash.views.wall.pages import BY_ID, page_of
from tfdash.views.wall.turns import WallPlace
from tfdash.views.wall.warnings import WallWarning


class WallEnvironment(NamedTuple):
    """One environment as it was judged last. ``word`` and ``colour`` are those of its block in the header."""

    word: str
    colour: str
    picture: Picture
    assessment: Assessment

    @property
    def loading(self) -> bool:
        sections = self.assessment.sections
        return not sections or all(s.loading for s in sections)


class EnvironmentMark(NamedTuple):
    """Its word, and its worst state with how many findings are that bad."""

    word: str
    colour: str
    state: State
    bad: int


class WallRow(NamedTuple):
    state: State
    name: str
    sentence: str
    changed: bool


class OldData(NamedTuple):
    """What is not read as it should be: of how many of all, since when (epoch seconds; None: none of it was read yet), why, and of which
    clusters, where others of the same environment are well."""

    many: int
    total: int
    since: float | None
    cause: str
    clusters: tuple[str, ...] = ()


class WallContent(NamedTuple):
    """Texts are safe. ``breach`` is the worst that lasts, anywhere, and ``breaches`` their number; ``old``: what is said across the page
    where what stands on it is not current; ``as_of`` is then when it was."""

    environments: tuple[EnvironmentMark, ...]
    environment: int  # whose page is shown
    title: str
    place: str
    figures: tuple[Figure, ...]
    changed: frozenset[str]  # labels of figures
    rows: tuple[WallRow, ...]
    sections: tuple[tuple[State, str], ...]  # each in a sentence, for where nothing asks for anybody
    level: Level
    loading: bool
    breach: str
    breach_name: str  # of what it is about, for large letters
    breaches: int
    taken: bool
    old: str
    as_of: str
    current_at: float  # as of when what is shown is; inf: it is current, 0: nothing was read yet
    calendar: str
    since: str
    warnings: tuple[WallWarning, ...] = ()
    detailed: bool = False  # whether this is the page that tells them whole


def breaches_of(environments: Sequence[WallEnvironment]) -> dict[Hashable, WallPlace]:
    """Every finding that is a BREACH, and on which page it is listed."""
    found: dict[Hashable, WallPlace] = {}
    for number, one in enumerate(environments):
        for key, row in found_rows(one.assessment.sections).items():
            if row.finding.level is Level.BREACH:
                found[number, key] = WallPlace(number, page_of(row.section))
    return found


def stands(one: WallEnvironment, place: WallPlace, now: float) -> dict[Hashable, Hashable]:
    """What is on a page, by what tells it apart: compared from one look to the next. Words are not, since they hold ages."""
    page = BY_ID[place.page]
    sections = page.of(one.assessment.sections)
    shown: dict[Hashable, Hashable] = {
        ("figure", f.label): f.text
        for f in page.figures(WallSight(one.picture, one.assessment, now, sections))
        if not f.runs
    }
    shown.update({("row", key): row.finding.level for key, row in _listed(one, place).items()})
    return shown


def _listed(one: WallEnvironment, place: WallPlace) -> dict[Hashable, FoundRow]:
    page = BY_ID[place.page]
    rows = found_rows(page.of(one.assessment.sections))
    return {key: row for key, row in rows.items() if row.finding.level > Level.OK and not row.finding.loading}


def content(
    environments: Sequence[WallEnvironment],
    place: WallPlace,
    now: float,
    zone: ZoneInfo,
    *,
    changed: frozenset[Hashable] = frozenset(),
    since: float | None = None,
    taken: bool = False,
    warnings: Sequence[WallWarning] = (),
    detailed: bool = False,
) -> WallContent:
    """``changed`` and ``since``: keys of ``stands`` that are others than at the last look at this page, and when that was."""
    one = environments[place.environment]
    page = BY_ID[place.page]
    sections = page.of(one.assessment.sections)
    sight = WallSight(one.picture, one.assessment, now, sections)
    numbers = calmed(page.figures(sight), sections)
    several = len(one.picture.clusters) > 1
    old = old_data(one, now)
    level = max((Level(s.level) for s in sections), default=Level.UNKNOWN)
    breach, breach_name, breaches = _breach_line(environments)
    return WallContent(
        environments=tuple(_mark(e) for e in environments),
        environment=place.environment,
        title=safe(page.title),
        place=_place(one),
        figures=() if one.loading else tuple(numbers),
        changed=frozenset(f.label for f in numbers if ("figure", f.label) in changed),
        rows=tuple(_row(row, several, ("row", key) in changed) for key, row in _listed(one, place).items()),
        sections=tuple((state_of(s), f"{safe(s.title)}: {safe(s.sentence)}") for s in sections),
        level=level,
        loading=one.loading,
        breach=breach,
        breach_name=breach_name,
        breaches=breaches,
        taken=taken,
        old=_old_sentence(old, now, zone) if old is not None else "",
        as_of=as_of(_current_at(old), now, zone),
        current_at=_current_at(old),
        calendar=safe(one.assessment.calendar.text) if one.assessment.calendar is not None else "",
        since=f"{local(since, zone):%H:%M}" if since is not None else "",
        warnings=(*warnings, *(w for e in environments if (w := not_readable(e, now)) is not None)),
        detailed=detailed,
    )


def _mark(one: WallEnvironment) -> EnvironmentMark:
    if one.loading:
        return EnvironmentMark(safe(one.word), one.colour, states.LOADING, 0)
    rows = found_rows(one.assessment.sections).values()
    worst = max((Level(s.level) for s in one.assessment.sections), default=Level.UNKNOWN)
    count = sum(row.finding.level is worst for row in rows) if worst >= Level.UNKNOWN else 0
    return EnvironmentMark(safe(one.word), one.colour, states.of_level(worst), count)


def _place(one: WallEnvironment) -> str:
    names = ", ".join(safe(ref.cluster) for ref in one.picture.clusters)
    infos = (c.info.value for c in one.picture.clusters.values())
    versions = ", ".join(dict.fromkeys(safe(i.version) for i in infos if i is not None and i.version))
    return " · ".join(filter(None, (names, versions)))


def _row(row: FoundRow, several: bool, changed: bool) -> WallRow:
    finding = row.finding
    state = states.of_level(Level(finding.level))
    return WallRow(state, _name(row, several), safe(finding.sentence), changed)


def _name(row: FoundRow, several: bool) -> str:
    subject = row.finding.subject
    name = where(subject, several) if subject is not None else safe(row.section.title)
    return _short(name, subject is not None)


def _short(name: str, of_object: bool) -> str:
    """Without its kind and namespace: whose it is, is read from afar; the sentence and the terminal say the rest."""
    if not of_object or " · " in name:
        return name
    about, _, place = name.partition(" in ")
    _, _, short = about.rpartition("/" if "/" in about else " ")
    return f"{short} in {place}" if place else short or about


def _breach_line(environments: Sequence[WallEnvironment]) -> tuple[str, str, int]:
    """The first of the worst environment, and how many there are in all."""
    told: list[tuple[str, str]] = []
    for one in environments:
        for row in found_rows(one.assessment.sections).values():
            if row.finding.level is Level.BREACH:
                named = f"{safe(one.word)}: " if len(environments) > 1 else ""
                told.append((f"{named}{safe(row.finding.sentence)}", _name(row, False)))
    return (*told[0], len(told)) if told else ("", "", 0)


class _Read(NamedTuple):
    """``stale``: since when by the server's own word. ``cluster``: "" of what is read beside them."""

    seen: Observation[Any]
    stale: float | None = None
    cluster: str = ""


def _observed(one: WallEnvironment) -> Iterator[_Read]:
    """All that is read."""
    stale = one.assessment.stale
    for cluster in one.picture.clusters.values():
        all_of: list[tuple[str, Observation[Any]]] = [("", cluster.info), *cluster.kinds.items()]
        for kind, seen in all_of:
            if not seen.absent:
                yield _Read(seen, stale.get((cluster.ref, kind)), cluster.ref.cluster)
    signals = one.picture.signals
    beside = [_Read(seen, cluster=ref.cluster) for ref, seen in signals.prometheus.items()]
    beside += [_Read(seen) for seen in signals.feeds.values()]
    yield from (read for read in beside if read.seen != NOT_MEASURED)


def old_data(one: WallEnvironment, now: float) -> OldData | None:
    """None where everything that is read is current or on its way for the first time. What we have no right to read is another matter."""
    all_of = list(_observed(one))
    old = [
        o
        for o in all_of
        if of_observation(o.seen, now, o.stale).state in ("old", "dead") and not _forbidden(o, now)
    ]
    if not old:
        return None
    times = [o.seen.observed_at for o in old if o.seen.observed_at is not None]
    causes = (o.seen.problem for o in old if o.seen.problem is not None)
    cause = next((safe(str(p)) for p in causes), "")
    places = dict.fromkeys(safe(o.cluster) for o in old)
    elsewhere = len(places) < len(one.picture.clusters) and "" not in places
    return OldData(
        len(old), len(all_of), min(times) if times else None, cause, tuple(places) if elsewhere else ()
    )


def _forbidden(read: _Read, now: float) -> bool:
    """Whether it lacks a right and is not old: never read, or all was that may be. Sections that need it say that they do not know."""
    seen = read.seen
    if seen.problem is None or seen.problem.kind is not ProblemKind.FORBIDDEN:
        return False
    aged = freshness(seen.observed_at, seen.interval, now, None, read.stale)
    return seen.observed_at is None or aged.state not in ("old", "dead")


def not_readable(one: WallEnvironment, now: float) -> WallWarning | None:
    """What no right is there to read, as it lasts until somebody grants it."""
    seen = list(_observed(one))
    lacking = [safe(str(o.seen.problem)) for o in seen if _forbidden(o, now)]
    if not lacking:
        return None
    short = f"no right to read {len(lacking)} of {len(seen)}"
    detail = f": {'; '.join(dict.fromkeys(lacking))}"
    return WallWarning(safe(one.word), short, detail, Level.UNKNOWN)


def _old_sentence(old: OldData, now: float, zone: ZoneInfo) -> str:
    cause = f": {old.cause}" if old.cause else ""
    where_from = f" (of {' and '.join(old.clusters)})" if old.clusters else ""
    count = f"{old.many} of {old.total}{where_from}"
    if old.since is None:
        was = "was" if old.many == 1 else "were"
        what = "nothing here was read yet" if old.many == old.total else f"{count} {was} not read yet"
        return f"NOT READ: {what}{cause}"
    verb = "is" if old.many == 1 else "are"
    what = "nothing here is current" if old.many == old.total else f"{count} {verb} not current"
    return (
        f"OLD DATA: {what}, as it was at {_clock(old.since, zone)}, {short_age(now - old.since)} ago{cause}"
    )


def _current_at(old: OldData | None) -> float:
    """What was never read makes nothing old that is shown."""
    if old is None or (old.since is None and old.many < old.total):
        return math.inf
    return old.since or 0.0


def as_of(at: float, now: float, zone: ZoneInfo) -> str:
    """``as of 09:15:00 EST``; of what is older, with the time that it is, which goes on: a wall that stands still is another fault. 0: never."""
    if at >= now:
        return f"as of {_clock(now, zone)}"
    then = f"as of {_clock(at, zone)}" if at else "not read yet"
    return f"{then}, now {local(now, zone):%H:%M:%S}"


def _clock(at: float, zone: ZoneInfo) -> str:
    return f"{local(at, zone):%H:%M:%S} {zone_name(at, zone)}"
