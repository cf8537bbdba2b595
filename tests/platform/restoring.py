"""Services brought up tier by tier, as the steps of a run say: of ``environment-failure`` in the region that takes over, of ``way-back`` in the old one."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from tests.platform.walking import LONGEST, OVER, Walk
from tests.waiting import until
from tfdash.model.procedure import Step, StepKind
from tfdash.model.run import StepStatus
from tfdash.playbook.procedures.subject_text import subject_in
from tfdash.playbook.procedures.walk import all_steps, leaves
from tfdash.procedures.protocols import Given, RunRefused

_BY_HAND = "nobody promoted it, its pods are simulated"


def of_tier(walk: Walk, tier: int, kind: StepKind) -> Step:
    found = [one for one in all_steps(walk.state.procedure.steps) if one.kind is kind and one.tier == tier]
    (one,) = [one for one in found if kind is not StepKind.GROUP or one.parallel]
    return one


def by_service(walk: Walk, group: Step) -> dict[str, list[Step]]:
    """By the name of each service of a group, what is done with it, in its order."""
    found: dict[str, list[Step]] = {}
    for part in group.steps:
        steps = list(leaves([part]))
        (name,) = {
            subject.name
            for step in steps
            if step.action and (subject := subject_in(step.subject, walk.cluster)) is not None
        }
        found.setdefault(name, []).extend(steps)
    return found


def sizes(walk: Walk, tier: int) -> dict[str, list[str]]:
    """By the name of each service of the tier, its steps that change something there, in their order."""
    group = of_tier(walk, tier, StepKind.GROUP)
    return {name: [one.id for one in steps if one.action] for name, steps in by_service(walk, group).items()}


def brought_up(walk: Walk, tier: int) -> None:
    """The services of a tier side by side, and its gate. Before that nothing of the next is offered."""
    side_by_side(walk, by_service(walk, of_tier(walk, tier, StepKind.GROUP)))
    passed = gate(walk, of_tier(walk, tier, StepKind.GATE).id)
    assert "serves, sized as it was" in passed, passed


def side_by_side(walk: Walk, services: dict[str, list[Step]]) -> None:
    acts = {step.id for steps in services.values() for step in steps}

    def one(steps: Iterable[Step]) -> None:
        for step in steps:
            if step.kind is StepKind.MANUAL:
                walk.sign(step.id, note=_BY_HAND)
            elif step.kind is StepKind.CHECK:
                walk.do(step.id)
            else:
                done(walk, step.id)

    with ThreadPoolExecutor(len(services)) as pool:
        list(pool.map(one, services.values()))
    offered = set(walk.state.next)
    assert not [
        one for one in all_steps(walk.state.procedure.steps) if one.id in offered - acts and one.action
    ]


def gate(walk: Walk, id: str) -> str:
    """Once what it asks is so: that a service is sized as it was does not say that its pods are there yet."""

    def passes() -> bool:
        return all(probed.passed for probed in walk.at.runs.probes(walk.run, id))

    until(passes, lambda: f"{id}: {walk.at.runs.probes(walk.run, id)}", LONGEST)
    done(walk, id)
    return walk.step(id).sentence


def done(walk: Walk, id: str) -> None:
    """Whatever a cut left of it; and where what came of it was not seen in time, on a busy machine, it is passed once it is."""
    until(lambda: gone_on(walk, id) in OVER, lambda: f"{id} to be done: {walk.step(id)}", LONGEST)


def gone_on(walk: Walk, id: str) -> StepStatus:
    if walk.step(id).status not in (StepStatus.RUNNING, *OVER):
        with suppress(RunRefused):
            if walk.step(id).status is StepStatus.UNKNOWN:
                walk.at.run(walk.at.runs.settle(walk.run, id, Given()))
            else:
                walk.carried(walk.ready(id, "do", "pass"))
    return walk.step(id).status
