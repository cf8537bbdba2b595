"""What the entries add up to: verified releases, decisions, baselines, break-glass, who acts, what is unsettled.

Every fact is an entry of the log whose ``data`` has a ``topic``, so that facts travel as entries do and cannot be changed
without the chain showing it. ``AuditProjection`` folds them, one after the other, in any order of terminals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, nextafter
from typing import Any

from tfdash.model.action import Result
from tfdash.model.judgement import Breach
from tfdash.model.maintenance import LostEntries, MaintenanceRecord
from tfdash.model.store_state import (
    BreakGlass,
    Entry,
    EntryKind,
    RememberedSize,
    RunningAction,
    VerifiedGood,
)
from tfdash.model.subject import ClusterRef, Subject
from tfdash.store.log.attribution import PROGRAM, attributed, said_by
from tfdash.store.log.begun import in_note, lost_by
from tfdash.store.log.breaches import BreachFacts
from tfdash.store.log.canonical import data_of
from tfdash.store.log.maintenance_facts import MaintenanceFacts
from tfdash.store.log.run_acts import RunActs
from tfdash.store.log.run_facts import TOPIC as RUN
from tfdash.store.log.run_facts import RunFacts
from tfdash.store.log.size_facts import SizeFacts
from tfdash.store.log.version_facts import TOPIC as VERSIONS
from tfdash.store.log.version_facts import VersionFacts
from tfdash.store.log.view_facts import TOPIC as REACH
from tfdash.store.log.view_facts import ViewFacts

VERIFIED_WITHIN = 86_400.0
"""Seconds after which nobody waits any more for what was left unverified."""
ACTING_FOR = 900.0
"""Seconds after which an intent without an outcome no longer says that somebody acts."""
LONGEST_BREAK_GLASS = 3600.0


def subject_data(subject: Subject) -> dict[str, str]:
    """``subject`` as it stands in ``data``."""
    return {
        "environment": subject.cluster.environment,
        "cluster": subject.cluster.cluster,
        "kind": subject.kind,
        "namespace": subject.namespace,
        "name": subject.name,
        "uid": subject.uid,
    }


def subject_of(value: Any) -> Subject | None:
    """The other way; None where it is not one. Facts are kept for a name, whatever uid it has now: the uid is left out."""
    if not isinstance(value, Mapping) or not value.get("name") or not value.get("kind"):
        return None
    text = {key: str(value.get(key, "")) for key in ("environment", "cluster", "kind", "namespace", "name")}
    return Subject(
        ClusterRef(text["environment"], text["cluster"]), text["kind"], text["namespace"], text["name"]
    )


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _number(value: Any, missing: float) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return missing


def _has_posts(intent: Mapping[str, Any]) -> bool:
    plan = intent.get("plan")
    return isinstance(plan, Mapping) and bool(plan.get("posts"))


class AuditProjection:
    """See the module. ``body`` gives the text that an entry names by digest, "" where it is not held. ``login``: as whom this
    terminal writes to the shared store, "" where that is not known."""

    def __init__(self, body: Callable[[str], str]) -> None:
        self._body = body
        self.login = ""
        self._verified: dict[Subject, tuple[float, Entry]] = {}
        self._good: dict[Subject, VerifiedGood] = {}
        self._latest: dict[tuple[str, Subject], tuple[float, str]] = {}
        self._about: dict[tuple[str, Subject], str] = {}  # the version that such a fact is about
        self._losses: set[tuple[float, str]] = set()
        self._broken: dict[
            tuple[str, int, str, str], tuple[float, float]
        ] = {}  # chain, how far it went, its hash, who noted it: when, and since when its place was recorded at
        self._ends: dict[
            str, tuple[int, str, float]
        ] = {}  # of each chain the last that is held: its hash and time
        self._breaches = BreachFacts()
        self._sizes = SizeFacts()
        self._maintenance = MaintenanceFacts()
        self.versions = VersionFacts()
        self.run_acts = RunActs()
        self.runs = RunFacts()
        self.views = ViewFacts()
        self._break_glass_facts: dict[str, dict[str, Any]] = {}
        self._open: dict[str, Entry] = {}  # intents without an outcome
        self._settled: set[str] = set()
        self._unverified: dict[str, tuple[Entry, Entry]] = {}  # intents that were done, with their outcome
        self._verified_intents: set[str] = set()

    def apply(self, entry: Entry, written_by: str = "") -> None:
        """Take in one entry; the same one again changes nothing. ``written_by``: the login that the shared store stamped; facts
        are its, whoever the entry says they are by."""
        data, claimed = data_of(entry), entry.actor
        if entry.sequence > self._ends.get(entry.terminal, (0,))[0]:
            self._ends[entry.terminal] = entry.sequence, entry.hash, entry.at
        entry = attributed(entry, written_by)
        if entry.kind is EntryKind.INTENT:
            if entry.intent not in self._settled:
                self._open[entry.intent] = entry
        elif entry.kind is EntryKind.OUTCOME and entry.intent and data.get("result") != Result.UNKNOWN.value:
            self._settled.add(entry.intent)
            intent = self._open.pop(entry.intent, None)
            done = data.get("result") == Result.APPLIED.value and entry.intent not in self._verified_intents
            if intent is not None and done and _has_posts(data_of(intent)):
                self._unverified[entry.intent] = (intent, entry)
        elif entry.kind is EntryKind.VERIFICATION and entry.intent:
            self._verified_intents.add(entry.intent)
            self._unverified.pop(entry.intent, None)
        if lost_by(entry, data):
            self._losses.add((entry.at, entry.sentence))
            chain = data["chain"]
            last = chain.get("sequence")
            went = (
                str(chain.get("terminal", "")),
                last if isinstance(last, int) else 0,
                str(chain.get("hash", "")),
            )
            noted = (*went, entry.terminal)
            until, begun = self._broken.get(noted, (entry.at, inf))
            self._broken[noted] = max(entry.at, until), min(in_note(chain), begun)
        topic = data.get("topic")
        subject = subject_of(data.get("subject"))
        self._sizes.apply(entry, data, subject)
        self.run_acts.apply(entry, data)
        self._maintenance.apply(entry, data, subject)
        if topic == "verified" and subject is not None:
            self._apply_verified(entry, data, subject)
        elif topic in ("manual", "baseline") and subject is not None:
            key = (topic, subject)
            if entry.at >= self._latest.get(key, (float("-inf"), ""))[0]:
                value = str(data.get("value", ""))
                if topic == "manual":
                    value = said_by(value, claimed, entry.actor, written_by)
                self._latest[key] = (entry.at, value)
                self._about[key] = str(data.get("version", ""))
        elif topic == "breach" and subject is not None:
            text = said_by(str(data.get("text", "")), claimed, entry.actor, written_by)
            self._breaches.apply(entry.at, {**data, "text": text}, subject)
        elif topic == VERSIONS:
            self.versions.apply(entry.at, data, entry.terminal)
        elif topic == REACH:
            self.views.apply(entry.at, data, entry.terminal)
        elif topic == RUN:
            self.runs.apply(entry, data, written_by)
        elif topic == "break-glass":
            self._apply_break_glass(entry, data, (claimed, written_by))

    def _apply_verified(self, entry: Entry, data: Mapping[str, Any], subject: Subject) -> None:
        if entry.at < self._verified.get(subject, (float("-inf"),))[0]:
            return
        self._verified[subject] = (entry.at, entry)
        self._good[subject] = VerifiedGood(
            subject=subject,
            template=self._body(str(data.get("template_digest", ""))),
            template_hash=str(data.get("template_hash", "")),
            images=_strings(data.get("images")),
            digests=_strings(data.get("digests")),
            revision=str(data.get("revision", "")),
            at=_number(data.get("verified_at"), entry.at),
            by=told if (told := str(data.get("by", ""))) in PROGRAM else entry.actor,
            verdicts=_strings(data.get("verdicts")),
            where="store",
        )

    def bodies_changed(self) -> None:
        """A text that was missing may have come."""
        for subject, (_, entry) in list(self._verified.items()):
            if not self._good[subject].template:
                self._apply_verified(entry, data_of(entry), subject)

    def template_digests(self) -> tuple[str, ...]:
        """The texts that the verified releases name."""
        return tuple(str(data_of(entry).get("template_digest", "")) for _, entry in self._verified.values())

    def _apply_break_glass(self, entry: Entry, data: Mapping[str, Any], by: tuple[str, str]) -> None:
        identifier = str(data.get("id", ""))
        known = self._break_glass_facts.setdefault(identifier, {"ends": [], "reviews": []})
        state = str(data.get("state", ""))
        if state == "begun" and "begun" not in known and entry.terminal:
            known["begun"], known["by"] = entry, by
            known["until"] = _number(data.get("until"), entry.at)
            known["reason"] = str(data.get("reason", ""))
        elif state == "ended":
            known["ends"].append(entry.at)
        elif state == "reviewed":
            known["reviews"].append((entry.at, entry.actor, by))

    @property
    def _break_glass(self) -> dict[str, BreakGlass]:
        return {i: self._told(known) for i, known in self._break_glass_facts.items() if "begun" in known}

    def _told(self, known: Mapping[str, Any]) -> BreakGlass:
        begun: Entry = known["begun"]
        # an hour at most, whatever an entry says: a terminal holds none that is longer
        until = min(known["until"], begun.at + LONGEST_BREAK_GLASS, *known["ends"])
        reviews = sorted(
            (at, who)
            for at, who, by in known["reviews"]
            if who and at >= until and self._are_two(known["by"], by)
        )
        return BreakGlass(
            environment=begun.environment,
            by=begun.actor,
            reason=known["reason"],
            since=begun.at,
            until=until,
            terminal=begun.terminal,
            reviewed_by=reviews[0][1] if reviews else "",
        )

    def _are_two(self, one: tuple[str, str], other: tuple[str, str]) -> bool:
        """Whether two people: neither the name (the first) nor the login that wrote it (the second, "" for ours) is the same."""
        logins = {one[1] or self.login} & {other[1] or self.login} - {""}
        return one[0] != other[0] and not logins

    def may_review(self, identifier: str, actor: str) -> bool:
        """Whether ``actor`` at this terminal is somebody else than who began that break-glass."""
        known = self._break_glass_facts.get(identifier, {})
        return "by" in known and self._are_two(known["by"], (actor, ""))

    # -- what is asked of it ------------------------------------------------------------------------------------

    @property
    def verified(self) -> dict[Subject, VerifiedGood]:
        return dict(self._good)

    @property
    def manual(self) -> dict[Subject, str]:
        return {
            subject: value
            for (topic, subject), (_, value) in self._latest.items()
            if topic == "manual" and value
        }

    @property
    def decided_at(self) -> dict[Subject, float]:
        """When a person decided last to roll back, or took that back."""
        return {subject: at for (topic, subject), (at, _) in self._latest.items() if topic == "manual"}

    @property
    def losses(self) -> tuple[tuple[float, str], ...]:
        """When terminals found that entries were lost, in their words, oldest first."""
        return tuple(sorted(self._losses))

    @property
    def lost(self) -> tuple[LostEntries, ...]:
        """When those entries were recorded that a terminal noted as lost and nobody whose log is read here holds: after the last that
        somebody holds, and no sooner than anything was recorded at that place."""
        found = set()
        named = {by for terminal, _, _, by in self._broken if terminal}
        for (terminal, sequence, hash, by), (noted, begun) in self._broken.items():
            begun = nextafter(begun, -inf)
            last, its_hash, at = self._ends.get(terminal, (0, "", begun))
            if terminal and (last < sequence or (last == sequence and its_hash != hash)):
                found.add(LostEntries(at, noted, terminal, by))
            elif not terminal and by not in named:  # a damaged file, and nothing says whose chain it held
                found.add(LostEntries(begun, noted, "", by))
        return tuple(sorted(found))

    @property
    def baselines(self) -> dict[Subject, str]:
        return {
            subject: value
            for (topic, subject), (_, value) in self._latest.items()
            if topic == "baseline" and value
        }

    @property
    def breaches(self) -> dict[Subject, tuple[Breach, ...]]:
        """First crossings of the triggers, those that ended among them."""
        return self._breaches.told()

    @property
    def sizes(self) -> dict[Subject, RememberedSize]:
        """What objects were before scale-downs from which they were not brought back."""
        return self._sizes.told()

    def about(self, topic: str) -> dict[Subject, str]:
        """The versions (template hashes) that "manual" or "baseline" are about."""
        return {subject: told for (of, subject), told in self._about.items() if of == topic and told}

    def digest_of(self, subject: Subject) -> str:
        """SHA-256 of the verified template of ``subject`` as the log has it; "" where it has none."""
        found = self._verified.get(subject)
        return str(data_of(found[1]).get("template_digest", "")) if found is not None else ""

    def break_glass(self, now: float) -> dict[str, BreakGlass]:
        """For each environment: the one that lasts longest, else the oldest that nobody has reviewed yet."""
        chosen: dict[str, BreakGlass] = {}
        for glass in sorted(self._break_glass.values(), key=lambda g: g.since):
            active, before = glass.until > now, chosen.get(glass.environment)
            if not active and glass.reviewed_by:
                continue
            if before is None or (active and (before.until <= now or glass.until > before.until)):
                chosen[glass.environment] = glass
        return chosen

    def break_glass_of(self, environment: str) -> list[tuple[str, BreakGlass]]:
        """All break-glass of an environment with their ids, oldest first."""
        found = [
            (i, glass)
            for i, glass in self._break_glass.items()
            if glass.environment == environment or not environment
        ]
        return sorted(found, key=lambda pair: pair[1].since)

    @property
    def maintenance(self) -> MaintenanceRecord:
        """What is on record of dated promises."""
        uses: dict[str, tuple[float, ...]] = {}
        for _, glass in self.break_glass_of(""):
            uses[glass.environment] = (*uses.get(glass.environment, ()), glass.since)
        return self._maintenance.told(uses, self.lost)

    def open_intents(self) -> tuple[Entry, ...]:
        """Intents without an outcome (or with an unknown one), of every terminal, oldest first."""
        return tuple(sorted(self._open.values(), key=lambda entry: entry.at))

    def unverified(self, since: float = 0.0) -> tuple[tuple[Entry, Entry], ...]:
        """(intent, outcome) of what was done since then and has postconditions of which nothing is recorded, oldest first."""
        found = (pair for pair in self._unverified.values() if pair[0].at >= since)
        return tuple(sorted(found, key=lambda pair: pair[0].at))

    def acting(self, now: float) -> tuple[RunningAction, ...]:
        found: dict[tuple[str, Subject], RunningAction] = {}
        for entry in self._open.values():
            subject = subject_of(data_of(entry).get("subject"))
            if subject is not None and 0 <= now - entry.at < ACTING_FOR:
                found[entry.terminal, subject] = RunningAction(
                    subject=subject,
                    by=entry.actor,
                    action=entry.action,
                    since=entry.at,
                    terminal=entry.terminal,
                )
        return tuple(sorted(found.values(), key=lambda a: a.since))
