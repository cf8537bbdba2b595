"""For how long each verdict was at each level, by the words of all watchers. Pure functions of a ``JournalView``.

Watchers that overlap count once. Where several say something of one thing at one time, the worst that is known holds; UNKNOWN holds only
where nobody knows better, and whoever covers a thing without a word on it knows that it is well. In a gap no level is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, pairwise
from typing import NamedTuple

import msgspec

from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level
from tfdash.store.journal.intervals import Interval, Intervals, clipped, total, union
from tfdash.store.journal.view import CANARY, Covers, JournalView, JournalWord, WatchSpan

Key = tuple[Subject, str]
State = tuple[Level, bool]
"""A level, and whether nobody answers for it: what is waived stands behind what is not."""
WELL: State = (Level.OK, True)


class Spell(msgspec.Struct, frozen=True, kw_only=True):
    """One thing at one level from ``begin`` to ``end`` without a gap. ``begun``: that it began there was seen, and ``ended`` likewise;
    else it was so when somebody began to look, or was not looked at any more. ``word``: the first that said so."""

    begin: float
    end: float
    level: Level
    waived: bool = False
    begun: bool = True
    ended: bool = True
    word: JournalWord


class VerdictTimes(msgspec.Struct, frozen=True, kw_only=True):
    """One rule on one subject: seconds at each level worse than well (what is waived counts in ``waived`` alone), for how long it was
    watched at all, and the spells. ``level`` is the last that is known, None where it is well or gone."""

    subject: Subject
    rule: str
    seconds: Mapping[Level, float]
    waived: float
    watched: float
    spells: tuple[Spell, ...]
    open: bool = False  # the newest spell lasts to the end of what is asked about


def verdict_times(view: JournalView) -> tuple[VerdictTimes, ...]:
    """Of everything that was worse than well at any time of the view, in the order of its names."""
    said = _said(view.spans)
    seen = _Seen(view.spans)
    found = []
    for key in sorted(said):
        spells = tuple(_spells(said[key], seen.steps(key), view, latched=key[1] == CANARY))
        if not spells:
            continue
        seconds: dict[Level, float] = defaultdict(float)
        for spell in spells:
            if not spell.waived:
                seconds[spell.level] += spell.end - spell.begin
        found.append(
            VerdictTimes(
                subject=key[0],
                rule=key[1],
                seconds=dict(seconds),
                waived=sum(s.end - s.begin for s in spells if s.waived),
                watched=total(clipped(seen.intervals(key), view.since, view.until)),
                spells=spells,
                open=not spells[-1].ended and spells[-1].end >= view.until,
            )
        )
    return tuple(found)


class _Said(msgspec.Struct, frozen=True):
    """What one watcher said of one thing, for one stretch of time that it covers."""

    begin: float
    end: float
    state: State
    word: JournalWord


def covered(span: WatchSpan, subject: Subject, rule: str) -> Iterator[Interval]:
    """When that watcher saw that thing by that rule."""
    times = [*span.covers, (span.end, {})]
    for (begin, covers), (end, _) in pairwise(times):
        begin, end = max(begin, span.begin), min(end, span.end)
        if begin < end and _has(covers, subject, rule):
            yield begin, end


def _has(covers: Covers, subject: Subject, rule: str) -> bool:
    cover = covers.get(subject.cluster)
    return cover is not None and cover.has(subject.kind, subject.namespace, rule)


def _said(spans: Iterable[WatchSpan]) -> dict[Key, list[_Said]]:
    """All that was said worse than well, each within what its watcher covered."""
    found: dict[Key, list[_Said]] = defaultdict(list)
    for span in spans:
        words: dict[Key, list[JournalWord]] = defaultdict(list)
        for word in span.words:
            words[word.subject, word.rule].append(word)
        for key, told in words.items():
            seen = union(covered(span, *key))
            ends = [*(word.at for word in told[1:]), span.end]
            for word, end in zip(told, ends, strict=True):
                if word.level is not None and word.level > Level.OK:
                    state = (word.level, not word.waived)
                    found[key] += [_Said(b, e, state, word) for b, e in clipped(seen, word.at, end)]
    return found


class _Seen:
    """How many watchers saw a thing at each time. Things of one kind, namespace and rule share the answer."""

    def __init__(self, spans: Iterable[WatchSpan]) -> None:
        self._spans = tuple(spans)
        self._known: dict[tuple[ClusterRef, str, str, str], tuple[Intervals, list[tuple[float, int]]]] = {}

    def _of(self, key: Key) -> tuple[Intervals, list[tuple[float, int]]]:
        subject, rule = key
        place = (subject.cluster, subject.kind, subject.namespace, rule)
        if (known := self._known.get(place)) is None:
            # each span by itself, though those of one watcher may overlap where its clock was set back
            every = [one for span in self._spans for one in union(covered(span, subject, rule))]
            steps = sorted(step for begin, end in every for step in ((begin, 1), (end, -1)))
            known = self._known[place] = union(every), steps
        return known

    def intervals(self, key: Key) -> Intervals:
        """When somebody saw it."""
        return self._of(key)[0]

    def steps(self, key: Key) -> list[tuple[float, int]]:
        """At which times one more saw it, or one less."""
        return self._of(key)[1]


class _Piece(NamedTuple):
    """A stretch at one state; None: nobody saw the thing. ``word``: the first that said so, None where it is well."""

    begin: float
    end: float
    state: State | None
    word: JournalWord | None


def _spells(
    said: list[_Said], seen: list[tuple[float, int]], view: JournalView, *, latched: bool
) -> Iterator[Spell]:
    """The stretches at one state, worse than well, within the view. ``latched``: it stays so until something ends it."""
    pieces = list(_pieces(said, seen))
    for before, piece, after in zip([None, *pieces], pieces, [*pieces[1:], None], strict=False):
        begin, end = max(piece.begin, view.since), min(piece.end, view.until)
        if piece.state is None or piece.word is None or begin >= end:
            continue
        yield Spell(
            begin=begin,
            end=end,
            level=piece.state[0],
            waived=not piece.state[1],
            begun=begin == piece.begin and _known(before, latched) and not piece.word.first,
            ended=end == piece.end and _known(after, latched),
            word=piece.word,
        )


def _known(piece: _Piece | None, latched: bool) -> bool:
    """Whether what was so before or after tells that it was not so then."""
    return piece is not None and piece.state is not None and (latched or piece.state[0] is not Level.UNKNOWN)


def _pieces(said: list[_Said], seen: list[tuple[float, int]]) -> Iterator[_Piece]:
    """All time from the first look to the last, one state after the other."""
    events = sorted(
        [(at, step, None) for at, step in seen]
        + [(one.begin, 1, number) for number, one in enumerate(said)]
        + [(one.end, -1, number) for number, one in enumerate(said)],
        key=lambda event: event[0],
    )
    watching, active = 0, dict[int, _Said]()
    open_piece: _Piece | None = None
    for at, together in groupby(events, key=lambda event: event[0]):
        for _, step, number in together:
            if number is None:
                watching += step
            elif step > 0:
                active[number] = said[number]
            else:
                del active[number]
        state, word = _worst(active.values(), watching - len(active))
        if open_piece is not None and state == open_piece.state:
            continue
        if open_piece is not None:
            yield open_piece._replace(end=at)
        open_piece = _Piece(at, at, state, word)


def _worst(active: Iterable[_Said], silent: int) -> tuple[State | None, JournalWord | None]:
    """What holds where these speak, and so many see the thing and say nothing of it."""
    told = list(active)
    known = [one for one in told if one.state[0] is not Level.UNKNOWN]
    if not known and (silent > 0 or not told):
        return (WELL if silent > 0 else None), None
    first = max(known or told, key=lambda one: (one.state, -one.word.at))
    if silent > 0 and first.state < WELL:
        return WELL, None
    return first.state, first.word
