"""What a run is: its events folded, in their order. Pure, and never raises, whatever somebody wrote; the same events give the same state, in
whatever order they came."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from tfdash.config.problems import ConfigError
from tfdash.model.procedure import Procedure
from tfdash.model.run import RunEvent, RunEventKind, RunJournal, RunState
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.clocks import clocks
from tfdash.playbook.procedures.expansion import expanded
from tfdash.playbook.procedures.folding import RunFold, text_in
from tfdash.playbook.procedures.reading import digest_of, read_procedure


def run_id(
    procedure: str, digest: str, terminal: str, inputs: Mapping[str, Sequence[str]], nonce: str
) -> str:
    """The id of a run that ``terminal`` starts. It is made of what is started, so that a STARTED of another terminal, or of another
    text, is told from it. ``nonce``: anything that no other run of the same has, kept in the event's ``data``."""
    told = [procedure, digest, terminal, {name: list(values) for name, values in inputs.items()}, nonce]
    made = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return f"{procedure}-{hashlib.sha256(made.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def run_state(journal: RunJournal) -> RunState:
    """What the events of a run add up to."""
    return RunStates().of(journal)


class RunStates:
    """``run_state`` for who asks often: what was folded once is not folded again. Not for several threads."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[RunJournal, RunFold | None, RunState]] = {}

    def of(self, journal: RunJournal) -> RunState:
        before = self._known.get(journal.id)
        if before is not None and before[0] is journal:
            return before[2]
        old, fold = (before[0].events, before[1]) if before is not None else ((), None)
        news: Sequence[RunEvent] = journal.events[len(old) :]
        follows = fold is not None and journal.events[: len(old)] == old
        if not follows or any(event.kind is RunEventKind.STARTED for event in news):
            fold, news = _begun(journal)
        if fold is None:
            state = _not_begun(journal)
        else:
            for event in news:
                fold.apply(event)
            state = _told(journal, fold)
        self._known[journal.id] = journal, fold, state
        return state

    def forget_but(self, runs: Mapping[str, RunJournal]) -> None:
        """Those that are none of ``runs`` any more."""
        for id in [id for id in self._known if id not in runs]:
            del self._known[id]


def _begun(journal: RunJournal) -> tuple[RunFold | None, Sequence[RunEvent]]:
    """The run as it was started, and what came behind that; what stands before it is of no run."""
    starts = [place for place, event in enumerate(journal.events) if event.kind is RunEventKind.STARTED]
    if not starts:
        return None, ()
    place = next((at for at in starts if _is_its_start(journal.events[at])), starts[0])
    started = journal.events[place]
    id, text = text_in(started.data.get("procedure")), text_in(started.data.get("text"))
    cluster, inputs = _cluster(started.data), tuple(sorted(inputs_of(started.data).items()))
    own = journal.id, cluster.environment, cluster.cluster

    def read(event: RunEvent) -> Procedure | None:
        return _read(id, text_in(event.data.get("text")), inputs, own)[0]

    procedure, why = _read(id, text, inputs, own)
    said = text_in(started.data.get("digest"))
    if procedure is not None and said != digest_of(text):
        procedure, why = None, "its text is not the one that it was started with"
    fold = RunFold(
        started,
        procedure or Procedure(id=id, title=id, steps=(), text=text, digest=said),
        dry=started.data.get("dry") is True,
        read=read,
    )
    fold.unreadable = "" if procedure is not None else why
    return fold, [e for e in journal.events[place + 1 :] if e.kind is not RunEventKind.STARTED]


def _is_its_start(event: RunEvent) -> bool:
    data = event.data
    return event.run == run_id(
        text_in(data.get("procedure")),
        text_in(data.get("digest")),
        event.terminal,
        inputs_of(data),
        text_in(data.get("nonce")),
    )


def inputs_of(data: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The inputs that a STARTED has; what is no list of texts is none."""
    told = data.get("inputs")
    found: dict[str, tuple[str, ...]] = {}
    for name, values in told.items() if isinstance(told, Mapping) else ():
        if isinstance(values, list | tuple) and all(isinstance(one, str) for one in values):
            found[str(name)] = tuple(values)
    return found


def _cluster(data: Mapping[str, Any]) -> ClusterRef:
    return ClusterRef(text_in(data.get("environment")), text_in(data.get("cluster")))


@lru_cache(maxsize=64)
def _read(
    id: str, text: str, inputs: tuple[tuple[str, tuple[str, ...]], ...], own: tuple[str, str, str]
) -> tuple[Procedure | None, str]:
    """The procedure of a run, expanded; else why not. ``own``: run, environment and cluster."""
    if not text:
        return None, "its text was not kept"
    try:
        known = dict(zip(("run", "environment", "cluster"), own, strict=True))
        return expanded(read_procedure(id, text), dict(inputs), known), ""
    except ConfigError as error:
        return None, str(error)
    except (ValueError, KeyError, RecursionError) as error:
        return None, f"{type(error).__name__}: {error}"


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


def _told(journal: RunJournal, fold: RunFold) -> RunState:
    started, data = fold.started, fold.started.data
    tree = fold.tree
    targets = data.get("targets")
    state = RunState(
        id=journal.id,
        procedure=fold.procedure,
        inputs=inputs_of(data),
        cluster=_cluster(data),
        started_at=started.at,
        by=started.by,
        reason=text_in(data.get("reason")) or started.sentence,
        dry=fold.dry,
        targets=tuple(one for one in targets if isinstance(one, str))
        if isinstance(targets, list | tuple)
        else (),
        steps=tree.shown(started=started.at, given_up=fold.given_up, over=fold.closed),
        next=fold.next(),
        outcome=fold.outcome,
        ended_at=fold.ended_at,
        number=fold.number,
        last_at=fold.last_at,
        people=dict(fold.people),
        looked=dict(fold.looked),
        unreadable=fold.unreadable,
    )
    return _with_clocks(state, fold)


def _with_clocks(state: RunState, fold: RunFold) -> RunState:
    told = clocks(state, impacts=fold.impacts, acknowledged=fold.acknowledged)
    return msgspec.structs.replace(state, clocks=told)
