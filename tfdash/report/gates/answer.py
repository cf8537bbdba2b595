"""The answer of a gate, and how its exit code comes about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from tfdash.model.section import SectionFinding, SectionState
from tfdash.model.verdict import Level

OK, FINDINGS, UNKNOWN = 0, 1, 2
FAIL_ON = {"breach": Level.BREACH, "warn": Level.WARN, "unknown": Level.UNKNOWN}
"""The mildest level that is a no. What is not known is never a yes: below ``unknown`` it is 2, for it may be a breach."""
DEFAULT = "warn"


class GateStanding(StrEnum):
    """What becomes of a finding."""

    FAILS = "fails"
    UNKNOWN = "not known"
    WAIVED = "waived"
    IN_BASELINE = "in the baseline"
    TOLD = "told"


class GateCase(NamedTuple):
    """One of what a gate says. ``suite`` and ``name`` are the same at another time, whatever the numbers in ``sentence`` are. ``details``:
    its arithmetic, safe lines. ``finding`` None: the answer of a question, or a section that is well."""

    suite: str
    name: str
    standing: GateStanding | None  # None: well
    sentence: str
    level: Level
    details: tuple[str, ...] = ()
    finding: SectionFinding | None = None
    note: str = ""  # of its standing, as "was warn in the baseline"


class GateAnswer(NamedTuple):
    """``lines``: the text; ``document``: the JSON, which has the exit code; ``now``: when it was looked (epoch seconds); ``reason``: why all or some is not known; ``told``: what is
    narrated beside it. All safe."""

    code: int
    title: str
    lines: Sequence[str]
    document: Mapping[str, Any]
    cases: tuple[GateCase, ...]
    now: float
    reason: str = ""
    told: tuple[str, ...] = ()


def standing_of(finding: SectionFinding, fail_on: str, known: bool = False) -> GateStanding:
    """``known``: it stands in the baseline as it is now."""
    if finding.waived:
        return GateStanding.WAIVED
    if finding.level is Level.UNKNOWN:
        return GateStanding.FAILS if fail_on == "unknown" else GateStanding.UNKNOWN
    if finding.level < Level.WARN:
        return GateStanding.TOLD
    if known:
        return GateStanding.IN_BASELINE
    return GateStanding.FAILS if finding.level >= FAIL_ON[fail_on] else GateStanding.TOLD


def code_of_standings(
    standings: Iterable[GateStanding | None], reason: str = "", fail_on: str = DEFAULT
) -> int:
    """As every gate has it: 1 where one fails, else 2 where something is not known, else 0. ``reason``: why all is in doubt."""
    found = set(standings)
    if GateStanding.FAILS in found or (reason and fail_on == "unknown"):
        return FINDINGS
    return UNKNOWN if reason or GateStanding.UNKNOWN in found else OK


def findings_of(section: SectionState) -> tuple[SectionFinding, ...]:
    """One by one; a section that is worse than all that it tells one by one is told itself, so that no level is lost."""
    worst = max((f.level for f in section.findings), default=Level.IDLE)
    level = Level(section.level)
    if level < Level.UNKNOWN or worst >= level:
        return section.findings
    return (
        *section.findings,
        SectionFinding(level=level, sentence=section.sentence, loading=section.loading),
    )


def counted_standings(cases: Iterable[GateCase]) -> dict[str, int]:
    """How many findings stand how; every standing is there."""
    found = Counter(case.standing for case in cases)
    return {standing.value: found[standing] for standing in GateStanding}


def in_words(cases: Sequence[GateCase], code: int) -> str:
    """``exit 1: 2 fail, 1 not known, 3 in the baseline, 1 waived``."""
    words = {GateStanding.FAILS: "fail"}
    counts = Counter(case.standing for case in cases if case.standing is not None)
    told = [
        f"{counts[s]} {'fails' if counts[s] == 1 and s in words else words.get(s, s.value)}"
        for s in GateStanding
        if counts[s]
    ]
    return f"exit {code}: {', '.join(told) or 'nothing is told'}"


def in_doubt(suite: str, reason: str, code: int) -> tuple[GateCase, ...]:
    """Why all or some is not known, as one of the cases; () where nothing is in doubt. ``code``: of the whole answer."""
    if not reason:
        return ()
    standing = GateStanding.FAILS if code == FINDINGS else GateStanding.UNKNOWN
    return (GateCase(suite, "all was read", standing, reason, Level.UNKNOWN),)


def question(
    code: int, suite: str, name: str, sentence: str, details: Sequence[str] = (), reason: str = ""
) -> tuple[GateCase, ...]:
    """The answer of a question as one case. ``reason``: why it is not known."""
    standing = {OK: None, FINDINGS: GateStanding.FAILS}.get(code, GateStanding.UNKNOWN)
    level = {OK: Level.OK, FINDINGS: Level.BREACH}.get(code, Level.UNKNOWN)
    said = sentence if code != UNKNOWN or not reason else reason
    return (GateCase(suite, name, standing, said, level, tuple(details)),)


def told_apart(cases: Iterable[GateCase]) -> tuple[GateCase, ...]:
    """With a number behind the name of those that are alike: readers of JUnit keep one of each name."""
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for case in cases:
        seen[case.suite, case.name] += 1
        many = seen[case.suite, case.name]
        found.append(case._replace(name=f"{case.name} #{many}") if many > 1 else case)
    return tuple(found)


Explained = Callable[[SectionFinding], tuple[str, ...]]
"""The arithmetic behind a finding, as safe lines."""
