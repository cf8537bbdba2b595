"""Steps and times in words that do not change by time alone, so that a state is the same until something happens."""

from __future__ import annotations

from tfdash.model.delivery import RolloutStep
from tfdash.model.release import Lack, ReleaseStep
from tfdash.nouns import counted

NONE_KEPT = Lack("no earlier revision is kept", history=True)
"""Why there is nothing to go back to, as far as the cluster itself knows."""


def lasting(seconds: float) -> str:
    """``10s``, ``10m``, ``1h5m``."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:g}s"
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return "".join(f"{n}{u}" for n, u in ((hours, "h"), (minutes, "m"), (left, "s")) if n)


def percent(value: float) -> str:
    return f"{value:g} %"


def count(number: int, noun: str) -> str:
    return counted(number, noun)


def named(names: tuple[str, ...], separator: str = ", ") -> str:
    return separator.join(n for n in names if n)


def step_in_words(step: RolloutStep) -> ReleaseStep:
    """One step of a Rollout."""
    text = step.kind
    match step.kind:
        case "setWeight":
            text = f"set weight {percent(step.weight or 0)}"
        case "pause":
            text = f"pause {lasting(step.duration)}" if step.duration else "pause until promoted"
        case "analysis":
            text = f"analysis {named(step.names)}".rstrip()
        case "experiment":
            long = f" for {lasting(step.duration)}" if step.duration else ""
            text = f"experiment {named(step.names, ' against ')}{long}".replace("  ", " ")
        case "setCanaryScale" if step.replicas is not None:
            text = f"scale the canary to {count(step.replicas, 'pod')}"
        case "setCanaryScale" if step.weight is not None:
            text = f"scale the canary to {percent(step.weight)} of the pods"
        case "setCanaryScale":
            text = "scale the canary with its traffic weight"
        case "setHeaderRoute" | "setMirrorRoute" if not step.matched:
            text = (
                f"take {step.kind.removeprefix('set').removesuffix('Route').lower()} route {step.name} away"
            )
        case "setHeaderRoute":
            text = f"header route {step.name}"
        case "setMirrorRoute":
            share = "" if step.percentage is None else f" of {percent(step.percentage)}"
            text = f"mirror route {step.name}{share}"
        case "plugin":
            text = f"plugin {step.name}"
    return ReleaseStep(
        text=text,
        kind=step.kind,
        weight=step.weight if step.kind == "setWeight" else None,
        duration=step.duration if step.kind == "pause" and step.duration else None,
    )


def at_step(index: int, steps: tuple[ReleaseStep, ...]) -> str:
    """``step 2 of 6, pause 10m``."""
    if index >= len(steps):
        return f"all {count(len(steps), 'step')} done"
    return f"step {index + 1} of {len(steps)}, {steps[index].text}"
