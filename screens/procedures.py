"""How a procedure is begun: its inputs are chosen among what exists now, then its run is opened."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from screens.run_steps import runs_on
from screens.shell import Shell
from tfdash.model.procedure import Input, Procedure, Step
from tfdash.model.recovery import NO_CLUSTER
from tfdash.model.run import RunState
from tfdash.model.subject import ClusterRef, Subject
from tfdash.playbook.procedures.candidates import coming_versions
from tfdash.procedures.protocols import RunService, Told
from tfdash.text import fault, safe
from tfdash.views.recovery.forms import FormChoice, start
from tfdash.views.recovery.words import run_state, run_title
from widgets.workers import begin

if TYPE_CHECKING:
    from screens.dialogs.form import FormAnswer

log = logging.getLogger("tfdash.screens.recovery")


def begin_start(
    shell: Shell,
    procedure: str,
    about: Subject | None = None,
    given: Mapping[str, str] | None = None,
    cluster: ClusterRef = NO_CLUSTER,
) -> None:
    """Ask for what the procedure needs. ``about``: what the cursor stood on, which fills the input of its sort; ``given``: by the inputs'
    ids; ``cluster``: where it is proposed, else that of ``about``, else it is asked."""
    runs = shell.context.runs
    if runs is None:
        shell.tell("procedures are not read yet, or no store is here that could remember a run", "warning")
        return
    found = next((p for p in runs.procedures() if procedure in (p.id, p.title)), None)
    if found is None:
        there = ", ".join(p.id for p in runs.procedures())
        shell.tell(f"no procedure is called {safe(procedure)}; there is: {safe(there)}", "warning")
        return
    told = {**fitting(shell, found, about), **(given or {})}
    lost = _lost(found, told)
    known = {ref.cluster: ref for ref in sorted(shell.board.picture.clusters)}
    clusters = {name: ref for name, ref in known.items() if name not in lost} or known
    meant = cluster.cluster or (about.cluster.cluster if about is not None else "")
    if meant in clusters:
        _ask(shell, found, clusters[meant], told)
    elif not clusters or (meant and meant not in lost):
        which = f"cluster {safe(meant)} is not read" if meant else "no cluster is read yet"
        shell.tell(f"{which}: what exists to choose from is not known", "warning")
    elif len(clusters) == 1:
        _ask(shell, found, next(iter(clusters.values())), told)
    else:
        _ask_where(shell, found, clusters, told)


def _lost(procedure: Procedure, given: Mapping[str, str]) -> frozenset[str]:
    """The clusters that it is about the loss of: it acts in none of them, where there is another."""
    from tfdash.playbook.procedures.inputs import lost_clusters

    return lost_clusters(
        procedure, {one.id: values_of(one, given.get(one.id, "")) for one in procedure.inputs}
    )


def _ask_where(
    shell: Shell, procedure: Procedure, there: Mapping[str, ClusterRef], given: Mapping[str, str]
) -> None:
    """Of several clusters a person names the one: none is the first by its name."""
    from widgets.picker import Picker, PickerItem

    def chosen(name: str | None) -> None:
        if name is not None:
            _ask(shell, procedure, there[name], given)

    items = [PickerItem(name, safe(name)) for name in there]
    shell.push_screen(Picker(f"{safe(procedure.title or procedure.id)}: in which cluster?", items), chosen)


def fitting(shell: Shell, procedure: Procedure, about: Subject | None) -> dict[str, str]:
    """What ``about`` is among the inputs: the first of its sort; and the version that is being released there."""
    if about is None:
        return {}
    bare = about._replace(uid="")
    releases = shell.board.assessment.releases.values()
    state = next((s for s in releases if bare in (s.subject, s.workload, s.partner)), None)
    released = (state.partner or state.workload) if state is not None and bare.kind == "Canary" else None
    served = released or bare  # what a Canary is about is the workload that it releases
    told = {
        "workload": str(served) if about.namespace else "",
        "release": str(bare) if about.namespace else "",
        "node": about.name if about.kind == "Node" else "",
        "namespace": about.name if about.kind == "Namespace" else "",
    }
    found: dict[str, str] = {}
    taken: set[str] = set()
    for one in procedure.inputs:
        if told.get(one.type) and one.type not in taken:
            found[one.id] = told[one.type]
            taken.add(one.type)
    coming = coming_versions(state) if found and state is not None else ()
    for one in procedure.inputs:
        if one.type == "version" and len(coming) == 1:
            found[one.id] = coming[0]
    return found


def choices_of(shell: Shell, one: Input, cluster: ClusterRef, chosen: Mapping[str, str]) -> list[FormChoice]:
    """What there is for an input in the newest picture, what wants attention first."""
    from tfdash.playbook.procedures.candidates import InputCase  # nothing that the first frame needs
    from tfdash.playbook.procedures.inputs import INPUT_TYPES

    board, kind = shell.board, INPUT_TYPES.get(one.type)
    if kind is None:
        return []
    case = InputCase(
        wanted=one,
        cluster=cluster,
        picture=board.picture,
        assessment=board.assessment,
        policies=shell.context.policies,
        chosen={id: tuple(part.strip() for part in value.split(",")) for id, value in chosen.items()},
    )
    return [FormChoice(c.value, c.sentence) for c in kind.candidates(case)]


def values_of(one: Input, text: str) -> tuple[str, ...]:
    """What stands in its field."""
    parts = text.split(",") if one.many else [text]
    return tuple(part.strip() for part in parts if part.strip())


def _ask(shell: Shell, procedure: Procedure, cluster: ClusterRef, given: Mapping[str, str]) -> None:
    """With the messages that its run would tell by itself: nobody is told what was never shown."""
    runs = shell.context.runs
    assert runs is not None

    async def looked() -> None:
        told: Mapping[str, tuple[Told, ...]] = {}
        try:
            told = await runs.previews(procedure.id, given, cluster)
        except Exception as error:  # it can be begun all the same, and tells nothing by itself
            log.error("unforeseen", exc_info=error)
            shell.tell(f"what it would tell by itself is not known: {fault(error)}", "warning")
        _ask_inputs(shell, runs, procedure, cluster, given, told)

    begin(shell, looked, "start")


def _ask_inputs(
    shell: Shell,
    runs: RunService,
    procedure: Procedure,
    cluster: ClusterRef,
    given: Mapping[str, str],
    told: Mapping[str, tuple[Told, ...]],
) -> None:
    from screens.dialogs.form import FormScreen
    from screens.dialogs.step_acts import StepActs

    acts = StepActs(shell, runs)
    choices = {one.id: choices_of(shell, one, cluster, given) for one in procedure.inputs}
    word = safe(shell.context.named)
    place = f"{word}, cluster {safe(cluster.cluster)}" if cluster.cluster else word

    async def take(answer: FormAnswer) -> str:
        begun: list[RunState] = []

        async def work() -> None:
            begun.append(
                await runs.start(
                    procedure.id,
                    {one.id: values_of(one, answer.values[one.id]) for one in procedure.inputs},
                    reason=answer.values["reason"],
                    cluster=cluster,
                    dry=answer.button == "dry",
                    previewed=tuple(told),
                )
            )

        refused = await acts.tried(work)
        if begun:
            shell.call_later(shell.open, "run", begun[0].id)
        return refused

    inputs = {one.id: one for one in procedure.inputs}

    def choose(id: str, values: dict[str, str]) -> list[FormChoice]:
        """By what is chosen by now: the pods of the service that was named."""
        before = {name: value for name, value in values.items() if name in inputs and name != id and value}
        return choices_of(shell, inputs[id], cluster, before) if id in inputs else []

    shell.push_screen(FormScreen(start(procedure, choices, given, place, told), take, choose))


def begin_within(shell: Shell, run: RunState, step: Step) -> None:
    """One of the procedures that the step begins, on what the run holds: of several the one that is chosen; what the run knows is filled in."""
    from tfdash.playbook.procedures.within import inputs_for
    from widgets.picker import Picker, PickerItem

    known = {p.id: p for p in shell.context.runs.procedures()} if shell.context.runs is not None else {}
    found = [known[id] for id in step.begins if id in known]
    if not found:
        shell.tell(f"there is no procedure {safe(' or '.join(step.begins))} here", "warning")
        return

    def chosen(id: str | None) -> None:
        if id is not None:
            begin_start(shell, id, given=inputs_for(run, known[id]), cluster=run.cluster)

    items = [PickerItem(p.id, safe(p.title or p.id)) for p in found]
    if len(items) == 1:
        chosen(items[0].key)
    else:
        shell.push_screen(Picker(f"{safe(step.title or step.id)}: by which procedure?", items), chosen)


def begin_on(shell: Shell, about: Subject) -> None:
    """The open runs that hold it, and the procedures that ask for one of its sort: of several the one that is chosen."""
    from widgets.picker import Picker, PickerItem

    runs = shell.context.runs
    found = [p for p in runs.procedures() if fitting(shell, p, about)] if runs is not None else []
    held = {run.id: run for run in runs_on(shell, about)}
    if not found and not held:
        shell.tell(f"no procedure asks for a {safe(about.kind)}; :procedures lists all", "warning")
        return

    def chosen(key: str | None) -> None:
        if key in held:
            shell.open("run", key)
        elif key is not None:
            begin_start(shell, key, about)

    items = [PickerItem(id, f"to the run: {run_title(run)}", run_state(run).text) for id, run in held.items()]
    items += [PickerItem(p.id, safe(p.title or p.id), "runbook" if p.recovery else "") for p in found]
    if len(items) == 1:
        chosen(items[0].key)
    else:
        shell.push_screen(Picker(f"{'On' if held else 'Start on'} {safe(about.name)}", items), chosen)
