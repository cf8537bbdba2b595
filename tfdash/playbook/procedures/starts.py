"""How a run began: which of its events is its start, and the procedure that it carries out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from tfdash.config.problems import ConfigError
from tfdash.model.procedure import Procedure
from tfdash.model.run import RunEvent, RunEventKind, RunJournal, RunState
from tfdash.model.subject import ClusterRef
from tfdash.playbook.procedures.expansion import expanded
from tfdash.playbook.procedures.placeholders import OWN
from tfdash.playbook.procedures.reading import digest_of, read_procedure
from tfdash.playbook.procedures.started import inputs_of, is_its_start, within_of
from tfdash.playbook.procedures.told_in import text_in
from tfdash.text import fault

_ENDS = (RunEventKind.ABORTED, RunEventKind.CLOSED)
_Inputs = tuple[tuple[str, tuple[str, ...]], ...]


def own_of(run: str, cluster: ClusterRef, began: float) -> dict[str, str]:
    """What a run knows by itself, ``placeholders.OWN``. ``began``: epoch seconds."""
    told = run, cluster.environment, cluster.cluster, str(int(began))
    return dict(zip(OWN, told, strict=True))


class RunStart(NamedTuple):
    """``procedure`` expanded, None where it cannot be read (``why``). ``place``: of its event in the journal. ``within``: the run and
    the step as which it is carried out."""

    event: RunEvent
    place: int
    id: str
    cluster: ClusterRef
    inputs: Mapping[str, tuple[str, ...]]
    procedure: Procedure | None
    why: str
    dry: bool
    within: tuple[str, str] = ("", "")

    @property
    def targets(self) -> tuple[str, ...]:
        """What it held when it began, by its text; where that cannot be read, by what was said of it."""
        if self.procedure is not None:
            return self.procedure.holds
        told = self.event.data.get("targets")
        return tuple(one for one in told if isinstance(one, str)) if isinstance(told, list | tuple) else ()

    def changed(self, text: str) -> Procedure | None:
        """Another text of the procedure, for this run; None where it cannot be read."""
        return self._read(text)[0]

    def _read(self, text: str) -> tuple[Procedure | None, str]:
        inputs = tuple(sorted(self.inputs.items()))
        return _read(
            self.id, text, inputs, tuple(own_of(self.event.run, self.cluster, self.event.at).items())
        )


def start_of(journal: RunJournal) -> RunStart | None:
    """None where it has not come yet. What stands before it is of no run."""
    place = _place_of_start(journal)
    if place is None:
        return None
    event = journal.events[place]
    data = event.data
    start = RunStart(
        event=event,
        place=place,
        id=text_in(data.get("procedure")),
        cluster=ClusterRef(text_in(data.get("environment")), text_in(data.get("cluster"))),
        inputs=inputs_of(data),
        procedure=None,
        why="",
        dry=data.get("dry") is True,
        within=within_of(data),
    )
    text = text_in(data.get("text"))
    procedure, why = start._read(text)
    if procedure is not None and text_in(data.get("digest")) != digest_of(text):
        procedure, why = None, "its text is not the one that it was started with"
    return start._replace(procedure=procedure, why=why)


def _place_of_start(journal: RunJournal) -> int | None:
    starts = [place for place, event in enumerate(journal.events) if event.kind is RunEventKind.STARTED]
    return next((at for at in starts if is_its_start(journal.events[at])), next(iter(starts), None))


def targets_of(journal: RunJournal, start: RunStart) -> tuple[str, ...]:
    """All that a run holds: what it held when it began, and what a newer text that it goes on by holds besides."""
    texts = (text_in(e.data.get("text")) for e in journal.events if e.kind is RunEventKind.CHANGED)
    newer = (procedure.holds for text in texts if (procedure := start.changed(text)) is not None)
    return tuple(dict.fromkeys((*start.targets, *(one for holds in newer for one in holds))))


def read_for(run: RunState, text: str) -> tuple[Procedure | None, str]:
    """Another text of its procedure, expanded for ``run``; else why it cannot be carried out by it."""
    own = own_of(run.id, run.cluster, run.started_at)
    return _read(run.procedure.id, text, tuple(sorted(run.inputs.items())), tuple(own.items()))


def is_over(journal: RunJournal) -> bool:
    """Whether somebody gave it up or closed it. What stands before its start is of no run."""
    place = _place_of_start(journal)
    return place is not None and any(event.kind in _ENDS for event in journal.events[place + 1 :])


@lru_cache(maxsize=64)
def _read(
    id: str, text: str, inputs: _Inputs, own: tuple[tuple[str, str], ...]
) -> tuple[Procedure | None, str]:
    """The procedure of a run, expanded; else why not. ``own``: of ``own_of``."""
    procedure, why = _as_written(id, text)
    if procedure is None:
        return None, why
    try:
        return expanded(procedure, dict(inputs), dict(own)), ""
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        return None, fault(error)


@lru_cache(maxsize=64)
def _as_written(id: str, text: str) -> tuple[Procedure | None, str]:
    """A text once for all runs of it: years of them have a few."""
    if not text:
        return None, "its text was not kept"
    try:
        return read_procedure(id, text), ""
    except ConfigError as error:
        return None, str(error)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        return None, fault(error)
