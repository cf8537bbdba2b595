"""Journals made by hand, for the tests of what is read of them."""

from __future__ import annotations

from collections.abc import Iterable

from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.verdict import Level
from tfdash.store.journal.view import Cover, Covers, Ended, JournalView, JournalWord, WatchSpan

REF = ClusterRef("production", "eu-1")
ALL: Covers = {REF: Cover(frozenset({"workload", "quota"}))}


def subject(name: str, namespace: str = "shop", ref: ClusterRef = REF) -> Subject:
    return Subject(ref, "Deployment", namespace, name)


def word(
    at: float,
    name: str,
    level: Level | None,
    rule: str = "workload",
    first: bool = False,
    waived: bool = False,
) -> JournalWord:
    return JournalWord(
        at=at,
        subject=subject(name),
        rule=rule,
        level=level,
        first=first,
        waived=waived,
        sentence=f"{name} says so",
    )


def span(
    begin: float,
    end: float,
    *words: JournalWord,
    watcher: str = "wall-1",
    ended: Ended = Ended.CLOSED,
    covers: tuple[tuple[float, Covers], ...] | None = None,
) -> WatchSpan:
    return WatchSpan(
        watcher=watcher,
        begin=begin,
        end=end,
        ended=ended,
        covers=((begin, ALL),) if covers is None else covers,
        words=words,
    )


def view(spans: Iterable[WatchSpan], since: float = 0.0, until: float = 100.0) -> JournalView:
    return JournalView(since=since, until=until, spans=tuple(spans))
