"""The AnalysisRuns and Experiments that a Rollout makes: at a step, in the background, and their end with an abort."""

from __future__ import annotations

from typing import Any

from tfdash.demo.apiserver.deleting import remove
from tfdash.demo.apiserver.object_store import ObjectStore
from tfdash.demo.apiserver.objects import (
    Obj,
    annotations_of,
    created,
    dig,
    labels_of,
    name_of,
    owner_reference,
    with_meta,
    with_spec,
)
from tfdash.demo.controllers.argo import rollout_status as say
from tfdash.demo.controllers.argo import rollout_steps as at
from tfdash.demo.controllers.argo.rollout_reconcile import RolloutReconcile
from tfdash.demo.controllers.argo.rollout_replicasets import tell
from tfdash.demo.controllers.kernel import Kernel

RUNS, EXPERIMENTS = "analysisruns.argoproj.io", "experiments.argoproj.io"
TEMPLATES = ("analysistemplates.argoproj.io", "clusteranalysistemplates.argoproj.io")
ENDED = ("Successful", "Failed", "Error", "Inconclusive")
_BAD = ("Failed", "Error")


class Unresolved(Exception):
    """A template or an argument that is not there; the text is the controller's."""


def merged(store: ObjectStore, namespace: str, refs: list[Obj], args: list[Obj]) -> Obj:
    """The spec of an AnalysisRun from templates and arguments. Raises ``Unresolved``."""
    spec: Obj = {"metrics": [], "args": []}
    known: dict[str, Obj] = {}
    for ref in refs:
        template = _template(store, namespace, ref)
        spec["metrics"] = [*spec["metrics"], *(template["spec"].get("metrics") or ())]
        for extra in ("dryRun", "measurementRetention"):
            if template["spec"].get(extra):
                spec[extra] = [*spec.get(extra, ()), *template["spec"][extra]]
        for arg in template["spec"].get("args") or ():
            known.setdefault(arg["name"], arg)
    given = {a["name"]: a for a in args}
    for name, arg in known.items():
        found = {**arg, **{k: v for k, v in given.get(name, {}).items() if v is not None}}
        if found.get("value") is None and not found.get("valueFrom"):
            raise Unresolved(f"args.{name} was not resolved")
        spec["args"].append(found)
    return spec


def _template(store: ObjectStore, namespace: str, ref: Obj) -> Obj:
    name = ref.get("templateName", "")
    wide = bool(ref.get("clusterScope"))
    found = store.find(TEMPLATES[1], "", name) if wide else store.find(TEMPLATES[0], namespace, name)
    if found is None:
        raise Unresolved(f"{'Cluster' if wide else ''}AnalysisTemplate '{name}' not found")
    return found


def problem_of(store: ObjectStore, rollout: Obj) -> str:
    """Why the controller will not work with this Rollout, by its field; "" where it will."""
    strategy = dig(rollout, "spec", "strategy", default={})
    if strategy.get("canary") is None:
        return "spec.strategy.strategy: Required value: Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'"
    if not dig(rollout, "spec", "selector"):
        return "spec.selector: Required value: Rollout has missing field '.spec.selector'"
    namespace, canary = rollout["metadata"]["namespace"], at.canary_of(rollout)
    for field in ("canaryService", "stableService"):
        name = canary.get(field)
        if name and store.get("services", namespace, name) is None:
            return f'spec.strategy.canary.{field}: Invalid value: "{name}": service "{name}" not found'
    places = [("spec.strategy.canary.analysis.templates", canary.get("analysis"))]
    places += [
        (f"spec.strategy.canary.steps[{i}].analysis.templates", s.get("analysis"))
        for i, s in enumerate(at.steps_of(rollout))
    ]
    for path, analysis in places:
        for ref in (analysis or {}).get("templates") or ():
            try:
                _template(store, namespace, ref)
            except Unresolved as error:
                return f'{path}: Invalid value: "{ref.get("templateName", "")}": {error}'
    return ""


class Runs:
    def __init__(self, kernel: Kernel) -> None:
        self._k = kernel

    def reconcile(self, turn: RolloutReconcile) -> None:
        """Make, follow or end what the step and the background want; adds pauses and aborts to ``turn``."""
        self._experiment(turn)
        mine = self._k.store.owned(RUNS, turn.stored)
        status = turn.stored.get("status", {})
        step = self._current(mine, turn, "currentStepAnalysisRunStatus")
        background = self._current(mine, turn, "currentBackgroundAnalysisRunStatus")
        over = (
            say.promoted(status)
            or turn.aborted
            or status.get("promoteFull")
            or turn.fast_back()
            or not status.get("stableRS")
        )
        if over:
            self._cancel([r for r in (step, background) if r is not None])
        else:
            turn.step_run = self._step(turn, step)
            turn.background_run = self._background(turn, background)
        kept = {name_of(r) for r in (turn.step_run, turn.background_run) if r is not None}
        rest = [r for r in self._k.store.owned(RUNS, turn.stored) if name_of(r) not in kept]
        self._cancel(rest)
        self._forget(turn, rest)
        for run, field, kind in (
            (turn.step_run, "currentStepAnalysisRunStatus", "Step"),
            (turn.background_run, "currentBackgroundAnalysisRunStatus", "Background"),
        ):
            self._announce(turn, run, field, kind)

    @staticmethod
    def _current(mine: list[Obj], turn: RolloutReconcile, field: str) -> Obj | None:
        name = dig(turn.stored, "status", "canary", field, "name")
        return next((r for r in mine if name_of(r) == name), None)

    def _step(self, turn: RolloutReconcile, current: Obj | None) -> Obj | None:
        status, step, index = (
            turn.stored.get("status", {}),
            at.step_of(turn.rollout),
            at.index_of(turn.rollout),
        )
        if status.get("pauseConditions") or status.get("abort"):
            return current
        analysis = (step or {}).get("analysis")
        earlier = current is not None and labels_of(current).get("step-index") != str(index)
        if not analysis or not analysis.get("templates") or earlier:
            self._cancel([current] if current is not None else [])
            return None
        if self._needs_new(turn, current):
            labels = {"rollout-type": "Step", "step-index": str(index)}
            return self._make(turn, analysis, str(index), labels)
        assert current is not None
        self._judge(turn, current, "Step-based analysis phase error/failed")
        return current

    def _background(self, turn: RolloutReconcile, current: Obj | None) -> Obj | None:
        analysis = at.canary_of(turn.rollout).get("analysis")
        if not analysis or not analysis.get("templates"):
            self._cancel([current] if current is not None else [])
            return None
        index = at.index_of(turn.rollout)
        if index is not None and index < int(analysis.get("startingStep") or 0):
            return None
        if turn.pause_of("InconclusiveAnalysisRun") is not None:
            return current
        if self._needs_new(turn, current):
            return self._make(turn, analysis, "", {"rollout-type": "Background"})
        assert current is not None
        self._judge(turn, current, "Background analysis phase error/failed")
        return current

    @staticmethod
    def _needs_new(turn: RolloutReconcile, current: Obj | None) -> bool:
        """Also after an inconclusive one whose pause somebody ended, and after an abort that was taken back."""
        if current is None:
            return True
        status = turn.stored.get("status", {})
        if status.get("controllerPause") and turn.pause_of("CanaryPauseStep") is None:
            return bool(dig(current, "status", "phase") == "Inconclusive")
        return status.get("abortedAt") is not None

    def _judge(self, turn: RolloutReconcile, run: Obj, words: str) -> None:
        phase, message = dig(run, "status", "phase"), dig(run, "status", "message", default="")
        if phase == "Inconclusive":
            turn.pauses.append("InconclusiveAnalysisRun")
        elif phase in _BAD:
            turn.abort_message = f"{words}: {message}" if message else words

    def _make(self, turn: RolloutReconcile, analysis: Obj, infix: str, labels: dict[str, str]) -> Obj | None:
        digest, revision = say.hash_of(turn.new), annotations_of(turn.stored).get(say.REVISION, "")
        try:
            spec = merged(
                self._k.store, turn.key[0], analysis["templates"], arguments(turn, analysis.get("args") or [])
            )
        except Unresolved:
            return None
        base = "-".join(p for p in (turn.key[1], digest, revision, infix) if p)
        chosen = dig(turn.rollout, "spec", "selector", "matchLabels", default={})
        meta: Obj = {
            "namespace": turn.key[0],
            "annotations": {say.REVISION: revision},
            "generation": 1,
            "labels": {**labels, say.HASH: digest, **chosen},
            "ownerReferences": [owner_reference("argoproj.io/v1alpha1", "Rollout", turn.stored)],
        }
        name, count = base, 0
        while self._k.store.get(RUNS, turn.key[0], name) is not None:
            count += 1
            name = f"{base}.{count}"
        return self._k.store.create(RUNS, {"metadata": {"name": name, **meta}, "spec": spec})

    def _cancel(self, runs: list[Obj]) -> None:
        for run in runs:
            if dig(run, "status", "phase") not in ENDED and not run["spec"].get("terminate"):
                after = with_meta(run, generation=run["metadata"].get("generation", 1) + 1)
                self._k.update(RUNS, with_spec(after, terminate=True))

    def _forget(self, turn: RolloutReconcile, runs: list[Obj]) -> None:
        """The newest of each outcome stay, as many as the Rollout's limits say, while their ReplicaSet is there."""
        limits = dig(turn.rollout, "spec", "analysis", default={})
        room = {
            True: int(limits.get("successfulRunHistoryLimit", 5)),
            False: int(limits.get("unsuccessfulRunHistoryLimit", 5)),
        }
        alive = {say.hash_of(s) for s in turn.sets}
        for run in sorted(runs, key=created, reverse=True):
            phase = dig(run, "status", "phase")
            good = phase == "Successful"
            if labels_of(run).get(say.HASH) not in alive or (phase in ENDED and room[good] <= 0):
                remove(self._k.store, RUNS, run)
            elif phase in ENDED:
                room[good] -= 1

    def _announce(self, turn: RolloutReconcile, run: Obj | None, field: str, kind: str) -> None:
        phase = dig(run, "status", "phase")
        if run is None or not phase:
            return
        before: Obj | None = dig(turn.stored, "status", "canary", field)
        if before is not None and (before["name"] != name_of(run) or before.get("status") == phase):
            return
        was = (before or {}).get("status", "NoPreviousStatus")
        message = f"{kind} Analysis Run '{name_of(run)}' Status New: '{phase}' Previous: '{was}'"
        tell(self._k, turn.rollout, f"AnalysisRun{phase}", message, "Warning" if phase in _BAD else "Normal")

    # -- experiments --------------------------------------------------------------------------------------------

    def _experiment(self, turn: RolloutReconcile) -> None:
        mine = self._k.store.owned(EXPERIMENTS, turn.stored)
        status, step = turn.stored.get("status", {}), (at.step_of(turn.rollout) or {}).get("experiment")
        if turn.aborted or status.get("promoteFull"):
            self._end(mine)
            return
        if turn.pause_of("InconclusiveAnalysisRun") is not None:
            return
        if step is None or turn.stable is None or turn.changed():
            self._end(mine)
            return
        digest, revision = say.hash_of(turn.new), annotations_of(turn.stored).get(say.REVISION, "")
        name = f"{turn.key[1]}-{digest}-{revision}-{at.index_of(turn.rollout)}"
        found = next((e for e in mine if name_of(e) == name), None)
        if found is None:
            found = self._make_experiment(turn, step, name, {say.HASH: digest}, revision)
        phase, message = dig(found, "status", "phase"), dig(found, "status", "message", default="")
        turn.experiment = found
        if phase == "Inconclusive":
            turn.pauses.append("InconclusiveExperiment")
        elif phase in _BAD:
            words = "Experiment analysis phase is error/failed"
            turn.abort_message = f"{words}: {message}" if message else words
        self._end([e for e in mine if name_of(e) != name])

    def _make_experiment(
        self, turn: RolloutReconcile, step: Obj, name: str, labels: dict[str, str], revision: str
    ) -> Obj:
        templates = []
        for template in step.get("templates") or ():
            of = turn.new if template.get("specRef") == "canary" else turn.stable
            assert of is not None
            made = {
                "name": template["name"],
                "replicas": template.get("replicas", 1),
                "template": of["spec"]["template"],
                "selector": template.get("selector") or of["spec"]["selector"],
            }
            templates.append(made)
        analyses = [{**a, "args": arguments(turn, a.get("args") or [])} for a in step.get("analyses") or ()]
        spec: Obj = {"duration": step.get("duration"), "templates": templates, "analyses": analyses or None}
        meta = {
            "name": name,
            "namespace": turn.key[0],
            "labels": labels,
            "annotations": {say.REVISION: revision},
            "ownerReferences": [owner_reference("argoproj.io/v1alpha1", "Rollout", turn.stored)],
            "generation": 1,
        }
        body = {"metadata": meta, "spec": {k: v for k, v in spec.items() if v is not None}}
        found = self._k.store.create(EXPERIMENTS, body)
        tell(self._k, turn.rollout, "ExperimentCreated", f"Created Experiment '{name}'")
        return found

    def _end(self, experiments: list[Obj]) -> None:
        for found in experiments:
            if dig(found, "status", "phase") not in ENDED and not found["spec"].get("terminate"):
                self._k.update(EXPERIMENTS, with_spec(found, terminate=True))


def arguments(turn: RolloutReconcile, args: list[Obj]) -> list[Obj]:
    """A step's arguments with their values: given, a version's hash, or a field of the Rollout."""
    found: list[Obj] = []
    for arg in args:
        value: Any = arg.get("value")
        source = arg.get("valueFrom") or {}
        if source.get("podTemplateHashValue") == "Latest":
            value = say.hash_of(turn.new)
        elif source.get("podTemplateHashValue") == "Stable":
            value = say.hash_of(turn.stable)
        elif source.get("fieldRef"):
            value = _field(turn.rollout, source["fieldRef"].get("fieldPath", ""))
        found.append({"name": arg["name"], "value": "" if value is None else str(value)})
    return found


def _field(rollout: Obj, path: str) -> Any:
    name, found, key = path.partition("['")
    if found:
        return dig(rollout, *name.split("."), key.removesuffix("']"))
    return dig(rollout, *path.split("."))
