"""Whether a runbook learned from a run: its file is another one than when that began, or people noted what it should say."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import msgspec

from tfdash.model.procedure import Procedure
from tfdash.model.run import Probed, RunEventKind, RunJournal
from tfdash.model.verdict import UnknownKind
from tfdash.nouns import counted
from tfdash.playbook.procedures.noted import learned
from tfdash.playbook.procedures.probe import Probe, ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.lines import remark
from tfdash.playbook.procedures.probes.look import ProbeLook
from tfdash.playbook.procedures.started import is_its_start
from tfdash.text import safe


def _changed(case: ProbeCase) -> Probed:
    look = ProbeLook(case)
    id, run = look.argument("procedure"), look.argument("run")
    file = look.policies.recovery.procedures.get(id)
    journal = case.picture.store_state.runs.get(run)
    began = _digest(journal)
    if file is None:
        return look.unclear(UnknownKind.NOT_WATCHED, f"there is no procedure {id} here")
    if journal is None or not began:
        return look.unclear(UnknownKind.NOT_WATCHED, f"{run}: its file is not on record here")
    return msgspec.structs.replace(
        _held(look, file, journal, began), line=_line(file.file or f"{id}.toml", run, began)
    )


def _held(look: ProbeLook, file: Procedure, journal: RunJournal, began: str) -> Probed:
    id = file.id
    if file.digest != began:
        return look.said(True, f"the file of {id} is another one than when this run began")
    if notes := learned((journal,), file):
        told = f"{counted(len(notes), 'note')} of this run {'is' if len(notes) == 1 else 'are'} not in it"
        return look.said(False, f"the file of {id} is as it was, and {told}")
    return look.unclear(
        UnknownKind.NO_DATA, f"the file of {id} is as it was, and this run noted nothing for it"
    )


def _digest(journal: RunJournal | None) -> str:
    """Of the file by which it began."""
    events = journal.events if journal is not None else ()
    found = (e.data.get("digest") for e in events if e.kind is RunEventKind.STARTED and is_its_start(e))
    return next((one for one in found if isinstance(one, str)), "")


def _named(arguments: Mapping[str, str]) -> str:
    return _line(f"{arguments.get('procedure', '')}.toml", arguments.get("run", ""), "as the run has it")


def _line(file: str, run: str, began: str) -> str:
    """Whether it is the same still; and the command that makes the change of what was noted."""
    line = f"sha256sum {shlex.quote(safe(file))}; tfdash procedures learn {shlex.quote(safe(run))}"
    return remark(line, f"when the run began: {began}")


PROBES = (
    Probe(
        id="runbook.changed",
        title="{procedure} says what was learned",
        judge=_changed,
        line=_named,
        arguments=(
            ProbeArgument(id="procedure", title="whose file"),
            ProbeArgument(id="run", title='since this run began: "{run}"'),
        ),
        written=True,
    ),
)
