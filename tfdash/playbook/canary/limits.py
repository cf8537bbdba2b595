"""The playbook's "error rate increases by 10%" as a limit, exact, and its other reading."""

from __future__ import annotations

from fractions import Fraction

from tfdash import figures
from tfdash.playbook.canary.policy import ErrorsPolicy


def limit(base: Fraction, policy: ErrorsPolicy) -> Fraction:
    """The error ratio at which the trigger is reached, given the baseline's."""
    if policy.mode == "points":
        return base + policy.step
    floor = max(policy.floor, policy.step) if policy.mode == "both" else policy.floor
    return max(base * policy.factor, base + floor)


def limit_text(base: Fraction, base_text: str, limit_text: str, policy: ErrorsPolicy) -> str:
    """How the limit comes about: "1.2 % × 1.10 = 1.32 %"."""
    if policy.mode != "points" and base * policy.factor == limit(base, policy):
        return f"{base_text} × {float(policy.factor):.4g} = {limit_text}".replace("× 1.1 ", "× 1.10 ")
    step = float((limit(base, policy) - base) * 100)
    return f"{base_text} + {step:.4g} points = {limit_text}"


def by_ratio(value: Fraction, base: Fraction, policy: ErrorsPolicy) -> str:
    """The relative reading in words, by the bare numbers."""
    what, under = figures.percents((value, base))
    if base == 0:
        if value == 0:
            return f"{what} against {under}: no rise, under +{policy.relative:g} %: not reached"
        return f"{what} against none at all: any rise is over +{policy.relative:g} %: reached"
    hit = value >= base * policy.factor
    rise = figures.rise((value / base - 1) * 100, (policy.factor - 1) * 100, 3)
    return f"{what} is {rise} % on {under}: {_says(hit, f'+{policy.relative:g} %')}"


def by_points(value: Fraction, base: Fraction, policy: ErrorsPolicy) -> str:
    """The reading as percentage points, by the bare numbers."""
    hit = value >= base + policy.step
    rise = figures.rise((value - base) * 100, policy.step * 100, 2)
    return f"{rise} points: {_says(hit, f'+{policy.points:g} points')}"


def _says(hit: bool, what: str) -> str:
    return f"at or over {what}: reached" if hit else f"under {what}: not reached"


def plain(value: Fraction, base: Fraction, policy: ErrorsPolicy) -> str:
    """The playbook's sentence read plainly, as the policy's mode has it."""
    if policy.mode == "points":
        return by_points(value, base, policy)
    if policy.mode == "relative":
        return by_ratio(value, base, policy)
    return f"{by_ratio(value, base, policy)}; {by_points(value, base, policy)}; both are wanted"


def other(value: Fraction, base: Fraction, policy: ErrorsPolicy) -> str:
    """What the other reading of "10%" would have said."""
    if policy.mode == "points":
        return f"read as relative: {by_ratio(value, base, policy)}"
    if policy.mode == "relative":
        return f"read as percentage points: {by_points(value, base, policy)}"
    return f"either alone: {by_ratio(value, base, policy)}; {by_points(value, base, policy)}"
