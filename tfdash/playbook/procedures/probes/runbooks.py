"""Whether a runbook learned from a run: its file is another one than when that began, or people noted what it should say."""

from __future__ import annotations

from tfdash.model.run import Probed, RunEventKind, RunJournal
from tfdash.model.verdict import UnknownKind
from tfdash.nouns import counted
from tfdash.playbook.procedures.noted import learned
from tfdash.playbook.procedures.probe import Probe, ProbeArgument, ProbeCase
from tfdash.playbook.procedures.probes.look import ProbeLook
from tfdash.playbook.procedures.started import is_its_start


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


PROBES = (
    Probe(
        id="runbook.changed",
        title="{procedure} says what was learned",
        judge=_changed,
        line=lambda a: f"tfdash procedures learn {a.get('run', '')}",
        arguments=(
            ProbeArgument(id="procedure", title="whose file"),
            ProbeArgument(id="run", title='since this run began: "{run}"'),
        ),
    ),
)
