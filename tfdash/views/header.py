"""What the header says on every screen, as plain data: where we are, as whom, in which mode, how fresh, what time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tfdash.model.calendar import CalendarState
from tfdash.model.mode import READ_ONLY, ModeNow, Posture
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Picture
from tfdash.model.store_state import StoreState
from tfdash.model.usage import INSTEAD
from tfdash.text import safe
from tfdash.views.age import FRESH, Freshness, of_observation, short_age
from tfdash.views.says import NONE_STALE, Stale
from tfdash.views.times import clocks

SKEW = 5.0  # seconds between our clock and a server's that are worth a word


class HeaderState(NamedTuple):
    """Safe texts. ``environment`` is upper case and stands first; ``colour`` is the configuration's name of its
    colour; ``freshness`` the worst of all sources; ``notes`` further warnings (clock skew)."""

    environment: str
    colour: str
    cluster: str
    identity: str
    version: str
    mode: ModeNow
    demo: bool
    freshness: Freshness
    clocks: str
    notes: tuple[str, ...] = ()
    calendar: str = ""  # "release OPEN until 12:00"
    calendar_open: bool = False

    @property
    def place(self) -> str:
        """``eu-1 · oncall@corp · v1.37.2``; what is not known yet is left out."""
        return " · ".join(part for part in (self.cluster, self.identity, self.version) if part)


def header(
    picture: Picture,
    environment: str,
    now: float,
    zone: ZoneInfo,
    *,
    colour: str = "",
    mode: ModeNow = READ_ONLY,
    demo: bool = False,
    calendar: CalendarState | None = None,
    stale: Stale = NONE_STALE,
) -> HeaderState:
    """The header of one environment; its clusters' names, versions and identities are joined where they differ."""
    clusters = [c for ref, c in picture.clusters.items() if ref.environment == environment]
    infos = [c.info.value for c in clusters if c.info.value is not None]
    return HeaderState(
        environment=safe(environment).upper(),
        colour=colour,
        cluster=_distinct(c.ref.cluster for c in clusters),
        identity=_distinct(i.user for i in infos),
        version=_distinct(i.version for i in infos),
        mode=_mode(mode, picture.store_state, environment, now),
        demo=demo,
        freshness=worst_freshness(clusters, now, stale),
        clocks=clocks(now, zone),
        notes=tuple(note for c in clusters if (note := _skew(c))),
        calendar=safe(calendar.text) if calendar is not None else "",
        calendar_open=calendar.open if calendar is not None else False,
    )


def _mode(mode: ModeNow, facts: StoreState, environment: str, now: float) -> ModeNow:
    """Break-glass while it is active in this environment, by whomever; else the terminal's own."""
    glass = facts.break_glass.get(environment)
    if glass is None or now >= glass.until:
        return mode
    return ModeNow(Posture.BREAK_GLASS, glass.until - now)


def worst_freshness(clusters: list[ClusterPicture], now: float, stale: Stale = NONE_STALE) -> Freshness:
    """The worst of every source of these clusters, in few words: ``? 1 of 18 unread``, ``? 4m old``; its cause apart, so that
    it takes the room of nothing else."""
    told: list[tuple[Freshness, Observation[Any]]] = [
        (of_observation(seen, now, stale.get((c.ref, kind))), seen)
        for c in clusters
        for kind, seen in _observations(c)
        if not seen.absent
    ]
    dead = [seen for fresh, seen in told if fresh.state == "dead"]
    never = [seen for seen in dead if not seen.complete]
    if dead:
        first = next((seen for seen in never if seen.problem is not None), dead[0])
        cause = safe(first.problem.cause) if first.problem is not None else ""
        oldest = min((seen.observed_at for seen in dead if seen.observed_at is not None), default=None)
        unread = (
            f"? {len(never or dead)} of {len(told)} unread"
            if len(never or dead) < len(told)
            else "? nothing read"
        )
        text = unread if never or oldest is None else f"? {short_age(now - oldest)} old"
        return Freshness(text, "dead", cause)
    order = ("", "loading", "late", "old")
    return max((fresh for fresh, _ in told), key=lambda f: order.index(f.state), default=FRESH)


def _observations(cluster: ClusterPicture) -> list[tuple[str, Observation[Any]]]:
    stands_in = INSTEAD.values()  # whether that is current is said of Usage
    return [("", cluster.info), *(pair for pair in cluster.kinds.items() if pair[0] not in stands_in)]


def _distinct(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(safe(v) for v in values if v))


def _skew(cluster: ClusterPicture) -> str:
    info = cluster.info.value
    if info is None or info.skew is None or abs(info.skew) < SKEW:
        return ""
    way = "ahead of" if info.skew > 0 else "behind"
    return f"▲ clock of {safe(cluster.ref.cluster)} is {abs(info.skew):.0f}s {way} ours"
