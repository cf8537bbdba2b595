"""[actions], and the policy of actions that the composition makes of it. Times in seconds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from tfdash.addresses import wrong_with
from tfdash.model.action import Risk
from tfdash.model.subject import ClusterRef
from tfdash.playbook.releases.facts import canonical
from tfdash.playbook.resources.hours import Hours
from tfdash.playbook.schedule.policy import CalendarPolicy
from tfdash.setting import (
    Between,
    Checked,
    Note,
    Seconds,
    SettingsTable,
    Texts,
    Unfit,
    Words,
    check_address,
    check_body,
    check_header,
)

_DECIDES_NOTHING = ("elevation", "in_cluster", "hours")  # the hours by themselves


def _check_called(url: str) -> None:
    """Raises ``ValueError`` for what is neither an address without a secret nor a reference to one."""
    if url.startswith(("env:", "file:")):
        return
    check_address(
        url, 'use headers with a reference, or give the whole address by one: "env:NAME", "file:PATH"'
    )
    if url and (wrong := wrong_with(url)):
        raise ValueError(f'{wrong}; write it as "https://ci.example.com/..."')


def _check_gates(gates: Mapping[str, str]) -> None:
    for canary, address in gates.items():
        try:
            check_address(address, "a gate tester asks for none")
            if wrong := wrong_with(address):
                raise ValueError(f'{wrong}; write it as "https://tester.example.com"')
        except ValueError as error:
            raise ValueError(f"{canary}: {error}") from None


@dataclass(frozen=True, kw_only=True)
class Pipeline(SettingsTable):
    """Where the playbook wants a pipeline: instead of requests to the cluster, a command, or an HTTP call that is followed
    to its end. {intent}, {namespace}, {name}, {kind}, {environment}, {cluster} and {revision} in any text are replaced."""

    command: Annotated[
        Words, Note("or url", '["ci", "rollback", "{namespace}/{name}", "--to", "{revision}"]')
    ] = ()
    url: Annotated[
        str,
        Note(
            "or command; one with a secret in it by reference, where {intent} alone is replaced",
            '"https://ci.example.com/api/rollback"',
        ),
    ] = ""
    method: str = "POST"
    headers: Annotated[
        dict[str, str],
        Note("a value may be a secret by reference", '{ Authorization = "env:CI_TOKEN" }'),
    ] = field(default_factory=dict)
    body: Annotated[
        str,
        Note(
            "one with a secret in it by reference, where {intent} alone is replaced",
            sample="""'{"ref": "main", "id": "{intent}"}'""",
        ),
    ] = ""
    run: Annotated[str, Note("JSON pointer to the run's id in the answer", '"/id"')] = ""
    status_url: Annotated[
        str,
        Note("read until the state is good or bad", '"https://ci.example.com/api/runs/{run}"'),
    ] = ""
    state: Annotated[str, Note("JSON pointer to the state in its answer")] = "/status"
    good: Texts = ("success", "succeeded", "Succeeded", "completed")
    bad: Texts = ("failure", "failed", "Failed", "error", "cancelled", "canceled")
    within: Seconds = 1800.0
    every: Seconds = 5.0

    def __post_init__(self) -> None:
        if bool(self.command) is bool(self.url):
            raise Unfit("command", "a pipeline is either a command or an url; give one of the two")
        for name, value in self.headers.items():
            try:
                check_header(name, value)
            except ValueError as error:
                raise Unfit("headers", f"{name}: {error}") from None
        try:
            check_body(self.body)
        except ValueError as error:
            raise Unfit("body", str(error)) from None
        for key, url in (("url", self.url), ("status_url", self.status_url)):
            try:
                _check_called(url)
            except ValueError as error:
                raise Unfit(key, str(error)) from None


@dataclass(frozen=True, kw_only=True)
class ActionsSettings(SettingsTable):
    """Every action goes through one gate: plan, identity, rights, calendar and verdict, dry run, confirmation, audit,
    verification."""

    elevation: Annotated[Seconds, Note('how long "--act" and ":elevate" last')] = 900.0
    plan_expires: Annotated[Seconds, Note("a plan older than this is made anew; what was typed stays")] = 60.0
    server_timeout: Annotated[Seconds, Note("how long the server may take for one write")] = 15.0
    follow: Annotated[
        Seconds, Note("how long postconditions are checked, where an action names no time of its own")
    ] = 600.0
    bulk_cap: Annotated[int, Between(1, 200), Note("how many objects one key may act upon")] = 20
    in_cluster: Annotated[
        bool,
        Note("say who acts by a Lease, and keep verified releases as ConfigMaps, where the rights are there"),
    ] = True
    drain_timeout: Seconds = 900.0
    second_person: Annotated[
        Texts,
        Note(
            'actions that a second person must approve: ["production/rollout.promote-full"]; '
            "never what the calendar exempts"
        ),
    ] = ()
    emergency: Annotated[
        bool,
        Note(
            "a second person may open a closed calendar for one plan, with a reason "
            '("Emergency fixes: as needed with approval")'
        ),
    ] = True
    shell: Annotated[Words, Note("what x starts in a container")] = ("sh",)
    gates: Annotated[
        dict[str, str],
        Note(
            "Flagger's gate testers, by namespace/canary",
            '"shop/checkout" = "http://flagger-loadtester.shop/"',
        ),
        Checked(_check_gates),
    ] = field(default_factory=dict)
    pipelines: Annotated[dict[str, Pipeline], Note(sample='"workload.rollback"')] = field(
        default_factory=dict
    )


@dataclass(frozen=True, kw_only=True)
class ActionPolicy(ActionsSettings):
    """[actions] with everything else that decides what is allowed. ``second_person``: ids of actions, with an environment
    before a slash where it is meant for one only ("production/rollout.promote-full"). What is exempt from the calendar can
    never be asked to wait for one."""

    settle_margin: float = 5.0
    ledger_patience: float = 3.0
    kubectl: Mapping[ClusterRef, tuple[str, ...]] = field(default_factory=dict)  # absent: not offered
    pairs: tuple[tuple[str, str], ...] = ()
    calendar: CalendarPolicy | None = None
    judged_by: str = ""  # digest of the canary policy
    hours: Mapping[str, Hours] = field(default_factory=dict)  # of each non-production environment

    @property
    def zone(self) -> ZoneInfo:
        """In which times are told."""
        return self.calendar.tz if self.calendar is not None else ZoneInfo("UTC")

    @property
    def digest(self) -> str:
        """SHA-256 over everything that decides what is allowed."""
        actions = msgspec.to_builtins(replace(self, calendar=None, kubectl={}, judged_by="", hours={}))
        told = {
            "actions": {key: value for key, value in actions.items() if key not in _DECIDES_NOTHING},
            "calendar": repr(self.calendar) if self.calendar is None else _calendar(self.calendar),
            "canary": self.judged_by,
        }
        if self.hours:
            told["hours"] = {n: [_calendar(h.up), h.label, *h.values] for n, h in self.hours.items()}
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
