"""The knobs of actions, as the composition hands them in. Times in seconds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from tfdash.model.action import Risk
from tfdash.model.subject import ClusterRef
from tfdash.playbook.releases.facts import canonical
from tfdash.playbook.schedule.policy import CalendarPolicy


class Pipeline(msgspec.Struct, frozen=True, kw_only=True):
    """What an action does instead, where the playbook wants a pipeline. Either ``command`` or ``url``.

    ``{intent}``, ``{namespace}``, ``{name}``, ``{kind}``, ``{environment}``, ``{cluster}`` and ``{revision}`` in any text are
    replaced. ``status_url`` is read until the value at the JSON pointer ``state`` is one of ``good`` or ``bad``; ``{run}``
    in it is the value at ``run`` of the answer that started it. ``headers`` may hold secrets by reference.
    """

    command: tuple[str, ...] = ()
    url: str = ""
    method: str = "POST"
    headers: Mapping[str, str] = {}
    body: str = ""
    run: str = ""
    status_url: str = ""
    state: str = "/status"
    good: tuple[str, ...] = ("success", "succeeded", "Succeeded", "completed")
    bad: tuple[str, ...] = ("failure", "failed", "Failed", "error", "cancelled", "canceled")
    within: float = 1800.0
    every: float = 5.0


class ActionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """``second_person``: ids of actions, with an environment before a slash where it is meant for one only
    ("production/rollout.promote-full"). What is exempt from the calendar can never be asked to wait for one."""

    plan_expires: float = 60.0
    server_timeout: float = 15.0
    settle_margin: float = 5.0
    follow: float = 600.0
    bulk_cap: int = 20
    drain_timeout: float = 900.0
    ledger_patience: float = 3.0
    second_person: tuple[str, ...] = ()
    emergency: bool = True  # a second person may open a closed calendar for one plan
    pipelines: Mapping[str, Pipeline] = {}
    gates: Mapping[str, str] = {}  # "namespace/canary" -> URL of its gate tester
    shell: tuple[str, ...] = ("sh",)
    kubectl: Mapping[ClusterRef, tuple[str, ...]] = {}  # the command with its options; absent: not offered
    pairs: tuple[tuple[str, str], ...] = ()
    calendar: CalendarPolicy | None = None
    judged_by: str = ""  # digest of the canary policy

    @property
    def digest(self) -> str:
        """SHA-256 over everything that decides what is allowed."""
        told = {
            "actions": msgspec.to_builtins(
                msgspec.structs.replace(self, calendar=None, kubectl={}, judged_by="")
            ),
            "calendar": repr(self.calendar) if self.calendar is None else _calendar(self.calendar),
            "canary": self.judged_by,
        }
        return hashlib.sha256(canonical(told).encode()).hexdigest()

    def risk(self, action: str, environment: str, base: Risk, exempt: bool) -> Risk:
        """``base``, or a second person where the configuration asks for one and the action may wait."""
        asked = action in self.second_person or f"{environment}/{action}" in self.second_person
        return Risk.SECOND_PERSON if asked and not exempt else base


def _calendar(policy: CalendarPolicy) -> str:
    """Every knob in an order that is always the same."""
    parts = []
    for name in sorted(vars(policy)):
        value = getattr(policy, name)
        parts.append(f"{name}={sorted(map(str, value)) if isinstance(value, frozenset) else value}")
    return ";".join(parts)
