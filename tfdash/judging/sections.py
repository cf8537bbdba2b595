"""What the rules said by the rule that said it, and the sections that are read from it: each anew only where something became another
that it looked at."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from tfdash.model.picture import Picture
from tfdash.model.section import SectionState
from tfdash.model.subject import Subject
from tfdash.model.verdict import Verdict
from tfdash.playbook.section import Findings, Reading, Section

_Said: TypeAlias = tuple[Verdict, ...]


class Words:
    """The verdicts by their rule; ``since`` of a rule is another number after each change of them."""

    def __init__(self) -> None:
        self._by_rule: dict[str, dict[tuple[int, Subject], _Said]] = {}
        self._since: dict[str, int] = {}

    def since(self, rule: str) -> int:
        return self._since.get(rule, 0)

    def of(self, rule: str) -> Iterable[Verdict]:
        return chain.from_iterable(self._by_rule.get(rule, {}).values())

    def take(self, number: int, subject: Subject, before: _Said, after: _Said) -> None:
        """What the rule at that place of the table says of a subject now, and said before."""
        alone = len(after) == 1 and not before  # as of most subjects
        rules = {after[0].rule} if alone else {v.rule for v in (*after, *before)}
        for rule in rules:
            self._since[rule] = self._since.get(rule, 0) + 1
            mine = self._by_rule.setdefault(rule, {})
            said = after if len(rules) == 1 else tuple([v for v in after if v.rule == rule])
            if said:
                mine[number, subject] = said
            else:
                mine.pop((number, subject), None)


class _Kept(NamedTuple):
    reading: Reading
    of: tuple[tuple[str, Any], ...]  # what it looked at, as it was


class SectionReader:
    """Of one table."""

    def __init__(self, sections: tuple[Section, ...], words: Words) -> None:
        self._table, self._words = sections, words
        self._kept: dict[str, _Kept] = {}

    def states(self, picture: Picture, findings: Findings) -> tuple[SectionState, ...]:
        return tuple(
            section.state(picture, findings, self._reading(section, findings)) for section in self._table
        )

    def _reading(self, section: Section, findings: Findings) -> Reading:
        kept = self._kept.get(section.id)
        if kept is not None and all(_same(was, self._now(findings, name)) for name, was in kept.of):
            return kept.reading
        findings.looked_at = set()
        reading = section.read(findings)
        looked_at = tuple((name, self._now(findings, name)) for name in findings.looked_at)
        self._kept[section.id] = _Kept(reading, looked_at)
        return reading

    def _now(self, findings: Findings, name: str) -> Any:
        return findings.of(name) if name in Findings.NAMES else self._words.since(name)


def _same(was: Any, now: Any) -> bool:
    """Tables are replaced and never mutated; to compare two of them would cost what is to be saved."""
    return was is now or (not isinstance(now, dict) and bool(was == now))
