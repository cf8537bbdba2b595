"""What a run is: its events folded, in their order. Pure, and never raises, whatever somebody wrote; the same events give the same state, in
whatever order they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tfdash.model.procedure import Procedure
from tfdash.model.run import RunEvent, RunEventKind, RunJournal, RunState
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.clocks import clocks
from tfdash.playbook.procedures.folding import RunFold
from tfdash.playbook.procedures.starts import RunStart, start_of, targets_of
from tfdash.playbook.procedures.told_in import text_in, texts_in


def run_state(journal: RunJournal) -> RunState:
    """What the events of a run add up to."""
    return RunStates().of(journal)


class RunStates:
    """``run_state`` for who asks often: what was folded once is not folded again. Not for several threads."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[RunJournal, _Folded | None, RunState]] = {}

    def of(self, journal: RunJournal) -> RunState:
        before = self._known.get(journal.id)
        if before is not None and before[0] is journal:
            return before[2]
        old, folded = (before[0].events, before[1]) if before is not None else ((), None)
        news: Sequence[RunEvent] = journal.events[len(old) :]
        follows = folded is not None and journal.events[: len(old)] == old
        if not follows or any(event.kind is RunEventKind.STARTED for event in news):
            start = start_of(journal)
            folded = _Folded(start) if start is not None else None
            news = journal.events[start.place + 1 :] if start is not None else ()
        state = folded.with_news(journal, news) if folded is not None else _not_begun(journal)
        self._known[journal.id] = journal, folded, state
        return state

    def keep_to(self, most: int) -> None:
        """Forget those that were asked for first, where there are more."""
        for id in list(self._known)[: max(len(self._known) - most, 0)]:
            del self._known[id]

    def forget_but(self, runs: Mapping[str, RunJournal]) -> None:
        """Those that are none of ``runs`` any more."""
        for id in [id for id in self._known if id not in runs]:
            del self._known[id]


class _Folded:
    """A run as far as it was folded."""

    def __init__(self, start: RunStart) -> None:
        self.start = start
        text, digest = text_in(start.event.data.get("text")), text_in(start.event.data.get("digest"))
        unread = Procedure(id=start.id, title=start.id, steps=(), text=text, digest=digest)
        self.fold = RunFold(
            start.event,
            start.procedure or unread,
            dry=start.dry,
            read=lambda event: start.changed(text_in(event.data.get("text"))),
        )

    def with_news(self, journal: RunJournal, news: Sequence[RunEvent]) -> RunState:
        for event in news:
            if event.kind is not RunEventKind.STARTED:
                self.fold.apply(event)
        start, fold = self.start, self.fold
        state = RunState(
            id=journal.id,
            procedure=fold.procedure,
            inputs=start.inputs,
            cluster=start.cluster,
            started_at=start.event.at,
            by=start.event.by,
            reason=text_in(start.event.data.get("reason")) or start.event.sentence,
            dry=start.dry,
            targets=targets_of(journal, start),
            steps=fold.tree.shown(started=start.event.at, given_up=fold.given_up, over=fold.closed),
            next=fold.next(),
            outcome=fold.outcome,
            ended_at=fold.ended_at,
            number=fold.number,
            last_at=fold.last_at,
            people=dict(fold.people),
            looked=dict(fold.looked),
            previewed=texts_in(start.event.data.get("previewed")),
            told=tuple(fold.people_told.told),
            words=tuple(fold.people_told.words),
            words_over=fold.people_told.over,
            unreadable=start.why,
            starter=fold.starter,
            unvouched=fold.unvouched,
            within=start.within,
        )
        told = clocks(state, impacts=fold.impacts, acknowledged=fold.acknowledged)
        return msgspec.structs.replace(state, clocks=told)


def _not_begun(journal: RunJournal) -> RunState:
    first = journal.events[0] if journal.events else None
    return RunState(
        id=journal.id,
        procedure=Procedure(id="", title=journal.id, steps=()),
        inputs={},
        cluster=ClusterRef("", ""),
        started_at=first.at if first is not None else 0.0,
        by=first.by if first is not None else "",
        reason="",
        dry=False,
        targets=(),
        steps=(),
        next=(),
        number=max((event.number for event in journal.events), default=0),
        last_at=max((event.at for event in journal.events), default=0.0),
        unreadable="how it began is not known here: that entry has not come yet",
    )
