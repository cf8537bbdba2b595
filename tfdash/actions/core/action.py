"""What an action is: one entry of the registry, declared beside the function that drafts its plan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from tfdash.actions.core.decision import Record
from tfdash.actions.core.eligibility import Look, Standing, of_object
from tfdash.actions.core.plan_context import PlanContext
from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.core.postconditions import Postcondition
from tfdash.actions.core.rights import Right
from tfdash.model.action import FreezeRule, Plan, Request, Risk
from tfdash.model.assessment import Assessment
from tfdash.model.capability import Capability
from tfdash.model.picture import Picture
from tfdash.model.subject import Subject

Maker = Callable[[PlanContext], Awaitable[Draft]]


class Target(StrEnum):
    """What an action changes. Each has its executor in ``tfdash.actions.executors``."""

    CLUSTER = "cluster"
    STORE = "store"  # what a person decides: a fact that other terminals and the gate rely on
    ARCHIVE = "archive"  # a file of this machine: evidence
    APPROVALS = "approvals"  # the server that stamps who approves


def patches(standing: Standing) -> Right | None:
    return Right("PATCH")


def needs(method: str, sub: str = "") -> Callable[[Standing], Right | None]:
    """The same right for each, ``sub`` a subresource."""
    return lambda standing: Right(method, sub)


def by_plan(standing: Standing) -> Right | None:
    """What it sends depends on more than its subject: the plan asks."""
    return None


@dataclass(frozen=True, kw_only=True)
class Action:
    """``key`` "" is reached by the palette alone. ``promotes``: it moves a new version on, so a canary verdict is asked.

    ``concerns``: False where it is not even mentioned (a release of what is not held). ``arguments`` names what may be
    given, ``needed`` what must be. ``look`` says how things stand for its subject; ``capability`` is what that must be able to,
    and ``unable`` says why not of anything else, "" where it may. ``posts`` are all that its plans may name. ``asks``: of what
    a person decides, the requests of which the server must allow that person one; they are never sent.
    """

    id: str
    title: str
    kinds: frozenset[str]
    risk: Risk
    freeze: FreezeRule
    make: Maker
    capability: Capability | None = None
    unable: Callable[[Standing], str] = lambda standing: ""
    key: str = ""
    target: Target = Target.CLUSTER
    record: Record | None = None  # of what a person decides: what records it
    asks: Callable[[Plan, Picture], tuple[Request, ...]] | None = None
    posts: tuple[Postcondition, ...] = ()
    promotes: bool = False
    arguments: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    freeze_by_plan: bool = (
        False  # frozen or not is known from the plan alone (up or down), so its key is not refused
    )
    carried: bool = False  # acts on the carrier of the release rather than on the workload
    terminal: bool = False  # runs a command with the operator's terminal
    offered: bool = True  # shown with its subject; else only a command of its own leads to it
    concerns: Callable[[Standing], bool] = lambda standing: True
    by_hours: bool = False  # held against the hours of its environment instead of the release calendar
    look: Look = of_object
    sequence: Callable[[Subject, Assessment], str] | None = (
        None  # why it may not be done yet, "" where it may
    )
    right: Callable[[Standing], Right | None] = patches  # that its key needs; None where only the plan knows

    def acts_on_carrier(self, standing: Standing) -> bool:
        """Whether it acts on the carrier of the release rather than on the subject itself."""
        return self.carried and standing.carrier is not None
