"""What the bar of a replay says, and which time of the recording is meant by what somebody types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tfdash.durations import parse_duration
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.text import safe
from tfdash.views.age import human_duration
from tfdash.views.times import local, moment, zone_name

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
TIMES = '"10:42", "10:42:07", "2026-11-30 10:42", "+10m", "-90s", "start" or "end"'


class ReplayState(NamedTuple):
    """Where a replay is (epoch seconds). ``walked``: up to where it is known when verdicts change; ``on_record``: whether it was
    recorded what was said then."""

    at: float
    start: float
    end: float
    plays: bool
    speed: float
    anew: bool
    on_record: bool
    walked: float
    cut: str = ""
    anonymised: bool = False


class ReplayWords(NamedTuple):
    """Safe texts, for a line. ``by`` goes on with ``judged``; ``walking``, ``cut`` and ``names`` are "" where there is nothing to tell. ``told``
    stands in the place of all of it while it is new."""

    state: str
    clock: str
    day: str
    place: str
    judged: str
    by: str
    walking: str
    cut: str
    names: str = ""
    told: str = ""


def words(state: ReplayState, zone: ZoneInfo) -> ReplayWords:
    at = local(state.at, zone)
    over = state.at >= state.end
    judged, by = ("judged anew", ", by today's policy") if state.anew else ("as judged then", "")
    if state.anew and state.anonymised:
        by = ", by what of today's policy names nobody"
    if not state.anew and not state.on_record:
        judged = "judged anew: what was said then is not recorded"
    gone = human_duration(int(state.at) - int(state.start))
    return ReplayWords(
        f"{'▶' if state.plays else '■' if over else '‖'} ×{state.speed:g}",
        f"{at:%H:%M:%S} {zone_name(state.at, zone)}",
        f"{at:%a} {at.day} {at:%b}",
        f"{gone} of {human_duration(int(state.end) - int(state.start))}" + (", its end" if over else ""),
        judged,
        by,
        f"verdicts known to {local(state.walked, zone):%H:%M:%S}"
        if state.anew and state.walked < state.end
        else "",
        f"▲ {safe(state.cut)}" if state.cut else "",
        "anonymised" if state.anonymised else "",
    )


def changed(found: Sequence[tuple[float, Subject, str, Level, Level]], zone: ZoneInfo) -> str:
    """``10:42:07 EST  checkout: release ok → BREACH, and 2 more``: the gravest of what changed at one moment."""
    at, subject, rule, before, after = max(found, key=lambda c: (c[4], c[3]))
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    told = f"{_word(before)} → {_word(after)}"
    return f"{local(at, zone):%H:%M:%S}  {safe(str(subject))}: {safe(rule)} {told}{more}"


def _word(level: Level) -> str:
    return "BREACH" if level is Level.BREACH else level.name.lower()


def meant(text: str, now: float, start: float, end: float, zone: ZoneInfo) -> float:
    """The time that is meant (epoch seconds), within the recording: a time of the day is its first one there, and the minute in which
    it begins is its beginning. Raises ``ValueError`` with a sentence."""
    word = " ".join(text.split()).lower()
    if word in ("start", "end"):
        return start if word == "start" else end
    if word[:1] in ("+", "-"):
        try:
            gone = parse_duration(word[1:])
        except ValueError as error:
            raise ValueError(f"{error}; write {TIMES}") from None
        return _within(now + (gone if word[0] == "+" else -gone), start, end, zone)
    if (clock := _CLOCK.fullmatch(word)) is not None:
        hour, minute, second = (int(part or 0) for part in clock.groups())
        if hour < 24 and minute < 60 and second < 60:
            least = 60.0 if clock[3] is None else 1.0
            at = _first(time(hour, minute, second), start, end, least, zone)
            return _within(at, start, end, zone, least=least)
    try:
        said = datetime.fromisoformat(word.upper())
    except ValueError:
        raise ValueError(f"{safe(text)!r} is no time; write {TIMES}") from None
    at = (said if said.tzinfo else said.replace(tzinfo=zone)).timestamp()
    return _within(at, start, end, zone, least=1.0 if said.second else 60.0)


def _first(clock: time, start: float, end: float, least: float, zone: ZoneInfo) -> float:
    """The first such time of the day that the recording holds; that of the day on which it begins where it holds none."""
    day = local(start, zone).date()
    found = [datetime.combine(day + timedelta(days=n), clock, zone).timestamp() for n in (0, 1)]
    return next((at for at in found if _holds(at, start, end, least)), found[0])


def _holds(at: float, start: float, end: float, least: float) -> bool:
    return start <= at <= end or 0.0 < start - at < least


def _within(at: float, start: float, end: float, zone: ZoneInfo, *, least: float = 0.0) -> float:
    """``least``: seconds of the smallest unit that was typed, of which the first that the recording holds is meant."""
    if _holds(at, start, end, least):
        return max(at, start)
    raise ValueError(
        f"the recording does not hold {moment(at, zone)}; it goes from {moment(start, zone)} to {moment(end, zone)}"
    )
