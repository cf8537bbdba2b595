"""Waivers: findings that somebody answers for, until a day. What is waived is neither a finding nor well; from that day on it is what
it was. Pure.

Only what the Resources page tells may be waived, and what is told of certificates and of what version runs: whether something serves, what a canary
does, and whether a version has soaked, nobody can answer away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from tfdash.gravity import GRAVEST_FIRST
from tfdash.model.dated_rules import OF_CERTIFICATES, OF_VERSIONS
from tfdash.model.subject import Subject
from tfdash.model.usage import Usage, namespace_of
from tfdash.model.verdict import Level, Verdict
from tfdash.playbook.moment import Moment
from tfdash.playbook.schedule.policy import LocalTime
from tfdash.setting import Checked, Note, SettingsTable
from tfdash.spelling import nearest

RESOURCE_RULES = tuple(rule for alike in GRAVEST_FIRST for rule in alike)
"""All that the rules of resources say, the gravest first; its sections read these. The configuration is read without the rules."""
WAIVABLE = (*RESOURCE_RULES, *OF_CERTIFICATES, *OF_VERSIONS)


def _rule(value: str) -> None:
    if not any(fnmatchcase(rule, value) for rule in WAIVABLE):
        raise ValueError(f'"{value}" is no rule that can be waived; {nearest(value, WAIVABLE)}')


def _said(value: str) -> None:
    if not value.strip():
        raise ValueError("says nothing: a waiver names who answers for it, and why")


@dataclass(frozen=True)
class FindingWaiver(SettingsTable):
    """Findings that somebody answers for, until then; ``*`` stands for any letters."""

    rule: Annotated[str, Checked(_rule), Note(sample='"resources.limits"')]
    who: Annotated[str, Checked(_said), Note("who answers for it", '"jo"')]
    why: Annotated[str, Checked(_said), Note(sample='"vendor image, ticket 42"')]
    until: Annotated[
        LocalTime, Note("a date, or a local time; from then on it is a finding again", '"2027-01-31"')
    ]
    environment: str = "*"
    namespace: Annotated[str, Note("that it is in, or whose use it is")] = "*"
    kind: Annotated[
        str,
        Note(
            '"Deployment"; "Namespace", "Node", "NodePool", "Cluster" of what these use, or run; "StoredRelease"'
        ),
    ] = "*"
    name: str = "*"
    worst: Annotated[
        Literal["warn", "breach"],
        Note(
            'the gravest that it covers; "warn": what it becomes later, as a certificate that ends, is a finding again'
        ),
    ] = "breach"

    def covers(self, rule: str, subject: Subject) -> bool:
        kind, name = subject.kind, subject.name
        if kind == Usage.KIND:
            kind, _, name = name.partition("/")
        return all(
            fnmatchcase(found, pattern)
            for found, pattern in (
                (rule, self.rule),
                (subject.cluster.environment, self.environment),
                (namespace_of(subject), self.namespace),
                (kind, self.kind),
                (name, self.name),
            )
        )


@dataclass(frozen=True)
class Waivers:
    """Those of the configuration, in its zone."""

    table: tuple[FindingWaiver, ...] = ()
    zone: str = "UTC"

    def ends(self, waiver: FindingWaiver) -> float:
        """When it ends (epoch seconds)."""
        return waiver.until.replace(tzinfo=ZoneInfo(self.zone)).timestamp()

    def ended(self, now: float) -> tuple[FindingWaiver, ...]:
        return tuple(w for w in self.table if self.ends(w) <= now)

    def apply(self, verdicts: tuple[Verdict, ...], subject: Subject, moment: Moment) -> tuple[Verdict, ...]:
        """With what is waived now marked so; ``moment`` learns when one ends."""
        return tuple(self._of(v, subject, moment) for v in verdicts) if self.table else verdicts

    def _of(self, verdict: Verdict, subject: Subject, moment: Moment) -> Verdict:
        if verdict.level < Level.WARN:
            return verdict
        for waiver in self.table:
            if verdict.level > Level.WARN and waiver.worst == "warn":
                continue
            if waiver.covers(verdict.rule, subject) and not moment.reached(self.ends(waiver)):
                words = f"waived by {waiver.who} until {_day(waiver.until)}: {waiver.why}; {verdict.sentence}"
                return msgspec.structs.replace(verdict, level=Level.PAUSED, sentence=words, waived=True)
        return verdict


NO_WAIVERS = Waivers()


def _day(until: datetime) -> str:
    return f"{until:%Y-%m-%d}" if until.time() == datetime.min.time() else f"{until:%Y-%m-%d %H:%M}"


def said_of_ended(waivers: Waivers, now: float) -> Iterable[str]:
    """What ``config check`` says of those that have no effect any more."""
    for one in waivers.ended(now):
        yield f"the waiver of {one.rule} by {one.who} ended {_day(one.until)}: take it out, or name a later day"
