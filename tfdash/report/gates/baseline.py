"""What was found before, so that a gate fails only on what is new. Pure.

A finding is known again by its section, its rule and its object (by name, not by uid: what was made anew under its name is the same to
whoever answers for it). It is new where it got worse, stands for more objects than before, or is told of an object more often than before.
What is not known stands in no baseline and is never excused by one: it may hide anything. Nor does what a release does, since the next
release of the same workload is another; what a waiver may not answer away for a while, no file may for ever.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tfdash import __version__
from tfdash.model.section import SectionFinding
from tfdash.model.subject import ClusterRef, Subject
from tfdash.model.usage import namespace_of
from tfdash.model.verdict import Level
from tfdash.report.document import written
from tfdash.text import safe
from tfdash.views.found import where
from tfdash.views.times import iso

FORMAT = 1
MOST = 16_000_000  # bytes of one
_SKEW = 3600.0  # seconds that the clocks of two machines may differ by
NEVER = frozenset({"releases"})
"""Sections of which no finding is excused."""
BEGINS = frozenset({"serving", "nodes"})
"""Sections that tell since when the trouble itself is so: one that began after the baseline is another, whatever it says. Elsewhere ``since``
moves while the trouble stays, as with each run of a CronJob that fails."""

Key = tuple[str, str, Subject | str]
Told = tuple[str, SectionFinding]  # the id of its section


class KnownFinding(NamedTuple):
    """One finding of a baseline."""

    section: str
    rule: str
    subject: Subject | None
    level: Level
    many: int
    sentence: str

    @property
    def key(self) -> Key:
        return self.section, self.rule, self.subject or self.sentence


class Baseline(NamedTuple):
    """``written_at``: epoch seconds; ``written_by``: the program's version."""

    environment: str
    written_at: float
    written_by: str
    findings: tuple[KnownFinding, ...]


class Compared(NamedTuple):
    """``notes``: of those that were told, by their place, why one that the baseline names is new all the same. ``gone``: findings of the baseline that
    are not there now; ``unseen``: those of which nobody knows whether they are, since something of their section is not known."""

    known: frozenset[int]
    notes: dict[int, str]
    gone: tuple[KnownFinding, ...]
    unseen: tuple[KnownFinding, ...]


def key_of(section: str, finding: SectionFinding) -> Key:
    subject = finding.of
    return section, finding.rule, subject._replace(uid="") if subject is not None else finding.sentence


def may_be_known(section: str, finding: SectionFinding) -> bool:
    return finding.level >= Level.WARN and section not in NEVER


def compared(
    baseline: Baseline,
    told: Sequence[Told],
    sections: Collection[str],
    namespace: str,
    blind: Collection[str],
) -> Compared:
    """``told`` now of these ``sections``, of one ``namespace`` where one is named; of the sections in ``blind`` something is not known."""
    left: dict[Key, list[KnownFinding]] = defaultdict(list)
    for one in baseline.findings:
        if one.section in sections and _within(one.subject, namespace):
            left[one.key].append(one)
    known: set[int] = set()
    notes: dict[int, str] = {}
    # the worst takes the mildest that covers it, so that as many as can be are known
    ordered = sorted(enumerate(told), key=lambda t: (-t[1][1].level, -t[1][1].many))
    for place, (section, finding) in ordered:
        there = left[key_of(section, finding)]
        began = finding.since is not None and section in BEGINS and finding.since > baseline.written_at
        fit = [k for k in there if k.level >= finding.level and k.many >= finding.many]
        if fit and not began and may_be_known(section, finding):
            there.remove(min(fit, key=_size))
            known.add(place)
    spoken = {key_of(*told[place]) for place in known}
    for place, (section, finding) in ordered:  # what is spoken of is not gone, whatever is said of it now
        there = left[key_of(section, finding)]
        if place in known:
            continue
        if there:
            before = max(there, key=_size)
            there.remove(before)
            notes[place] = _why_new(before, finding)
        elif key_of(section, finding) in spoken:
            notes[place] = "told more often than in the baseline"
    rest = [one for several in left.values() for one in several]
    return Compared(
        frozenset(known),
        notes,
        tuple(one for one in rest if one.section not in blind),
        tuple(one for one in rest if one.section in blind),
    )


def _size(known: KnownFinding) -> tuple[Level, int]:
    return known.level, known.many


def _why_new(known: KnownFinding, finding: SectionFinding) -> str:
    if finding.level > known.level:
        return f"{known.level.name} in the baseline"
    if finding.many > known.many:
        return f"of {known.many} in the baseline"
    return "it began after the baseline" if finding.level >= Level.WARN else ""


def _within(subject: Subject | None, namespace: str) -> bool:
    return not namespace or subject is None or namespace_of(subject) in ("", namespace)


# -- the file -----------------------------------------------------------------------------------------------------------


def baseline_text(told: Iterable[Told], gate: str, environment: str, namespace: str, now: float) -> str:
    """In an order of their own, so that two of them differ where the findings do."""
    found = sorted(
        (_entry(section, finding) for section, finding in told if may_be_known(section, finding)),
        key=lambda entry: json.dumps(entry, sort_keys=True),
    )
    return written(
        {
            "tfdash_baseline": FORMAT,
            "written_by": __version__,
            "written_at": iso(now),
            "gate": gate,
            "environment": environment,
            "namespace": namespace or None,
            "findings": found,
        }
    )


def _entry(section: str, finding: SectionFinding) -> dict[str, Any]:
    subject = finding.of
    return {
        "section": section,
        "rule": finding.rule,
        "cluster": subject.cluster.cluster if subject is not None else None,
        "kind": subject.kind if subject is not None else None,
        "namespace": subject.namespace if subject is not None else None,
        "name": subject.name if subject is not None else None,
        "place": subject.cluster.environment if subject is not None else None,
        "level": finding.level.name,
        "many": finding.many,
        "sentence": safe(finding.sentence),
    }


def read_baseline(raw: bytes, environment: str, now: float) -> Baseline:
    """A baseline of this environment, written before ``now`` (epoch seconds). Raises ``ValueError`` with one sentence; what a later version adds is passed over, what is lacking or
    no finding is refused, since it would excuse something else than it says."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    version = document.get("tfdash_baseline") if isinstance(document, dict) else None
    if type(version) is not int:
        raise ValueError("it is no baseline: tfdash gate WHAT --write-baseline FILE makes one")
    if version > FORMAT:
        raise ValueError(
            f"it is of format {version}, of a newer tfdash; this one reads {FORMAT}: write it anew"
        )
    of, at, by = (document.get(name) for name in ("environment", "written_at", "written_by"))
    moment = _epoch(at)
    if not isinstance(of, str) or moment is None or not isinstance(document.get("findings"), list):
        raise ValueError("environment, written_at and findings must stand in it")
    if of != environment:
        raise ValueError(f"it is of {safe(of) or 'no environment'}, and not of {safe(environment)}")
    if moment > now + _SKEW:  # of what began since then nothing would be new
        raise ValueError(f"it says that it was written at {safe(str(at))}, which lies ahead: write it anew")
    found = tuple(_known(entry, number) for number, entry in enumerate(document["findings"], 1))
    return Baseline(of, moment, str(by), found)


def _epoch(at: Any) -> float | None:
    """Of RFC 3339 with its zone; None where it is none."""
    try:
        found = datetime.fromisoformat(at)
    except (TypeError, ValueError):
        return None
    return found.timestamp() if found.tzinfo is not None else None


_TEXTS = ("section", "rule", "level", "sentence")
_PLACE = ("place", "cluster", "kind", "namespace", "name")


def _known(entry: Any, number: int) -> KnownFinding:
    def wrong(why: str) -> ValueError:
        return ValueError(f"finding {number} {why}")

    if not isinstance(entry, dict):
        raise wrong("is none")
    for name in _TEXTS:
        if not isinstance(entry.get(name), str):
            raise wrong(f"has no {name}")
    given = [entry.get(name) for name in _PLACE]
    place = [part for part in given if isinstance(part, str)]
    if len(place) < len(_PLACE) and any(part is not None for part in given):
        raise wrong(f"names its object by halves: {', '.join(_PLACE)} are five texts, or all null")
    level = Level.__members__.get(entry["level"])
    if level is None or level < Level.WARN:
        raise wrong(f'is at level "{safe(entry["level"])}": WARN and BREACH can be known')
    if entry["section"] in NEVER:
        raise wrong(f"is of {safe(entry['section'])}: what a release does is never excused")
    many = entry.get("many", 1)
    if type(many) is not int or many < 1:
        raise wrong("has no whole number from 1 on in many")
    subject = Subject(ClusterRef(*place[:2]), *place[2:]) if place else None
    return KnownFinding(entry["section"], entry["rule"], subject, level, many, entry["sentence"])


def told_of(one: KnownFinding) -> str:
    """``Deployment shop/web in eu-1: the sentence``, safe."""
    at = where(one.subject)
    return f"{one.level.name} {safe(one.sentence)}{f'  ({at})' if at else ''}"
