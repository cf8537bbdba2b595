"""What scale-downs wrote down before they sent anything: the size of each object, for where the object itself lost it.

Every terminal's entries add up to it. A size counts until a restore brought its object back; what was not scaled down after all
counts only where nothing else is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tfdash.model.action import Result
from tfdash.model.store_state import RESTORE, SCALE_DOWN, Entry, EntryKind, RememberedSize
from tfdash.model.subject import Subject

_UNDONE = (Result.REFUSED.value, Result.NOT_APPLIED.value)


class _Intended(NamedTuple):
    """``sizes``: (kind, name, memory) of each object."""

    at: float
    by: str
    namespace: Subject
    action: str
    sizes: tuple[tuple[str, str, str], ...]


class _Outcome(NamedTuple):
    result: str = Result.UNKNOWN.value
    items: Mapping[str, str] = {}

    def of(self, item: str) -> bool | None:
        """Whether it was done to one object; None where that is not known."""
        if item in self.items:
            return self.items[item] == "done"
        if self.result in _UNDONE:
            return False
        return True if self.result == Result.APPLIED.value else None


class SizeFacts:
    """See the module."""

    def __init__(self) -> None:
        self._intended: dict[str, _Intended] = {}
        self._outcomes: dict[str, _Outcome] = {}

    def apply(self, entry: Entry, data: Mapping[str, Any], subject: Subject | None) -> None:
        """Take in an entry, in any order; those of other actions change nothing."""
        if entry.action not in (SCALE_DOWN, RESTORE) or not entry.intent:
            return
        if entry.kind is EntryKind.INTENT and subject is not None:
            sizes = tuple(_sizes(data))
            self._intended[entry.intent] = _Intended(entry.at, entry.actor, subject, entry.action, sizes)
        elif entry.kind is EntryKind.OUTCOME:
            before, items = self._outcomes.get(entry.intent, _Outcome()), data.get("items")
            told = dict(i for i in items if _is_pair(i)) if isinstance(items, list) else {}
            result = str(data.get("result", ""))
            known = before.result if result == Result.UNKNOWN.value else result
            self._outcomes[entry.intent] = _Outcome(known, {**before.items, **told})

    def told(self) -> dict[Subject, RememberedSize]:
        """By object, without uid: what it was before the scale-down from which it was not brought back."""
        found: dict[Subject, tuple[bool, RememberedSize]] = {}
        for intent, one in sorted(self._intended.items(), key=lambda pair: pair[1].at):
            outcome, space = self._outcomes.get(intent, _Outcome()), one.namespace
            if one.action == RESTORE:
                for at in [o for o in found if o.cluster == space.cluster and o.namespace == space.name]:
                    if outcome.of(_item(at)):
                        del found[at]
                continue
            for kind, name, memory in one.sizes:
                at = Subject(space.cluster, kind, space.name, name)
                done = outcome.of(_item(at))
                if done or (done is None and not found.get(at, (False,))[0]):
                    found[at] = (bool(done), RememberedSize(memory=memory, at=one.at, by=one.by))
        return {at: size for at, (_, size) in found.items()}


def _item(at: Subject) -> str:
    """As ``tfdash.actions.kubernetes.sending.name_of`` has it."""
    return f"{at.kind} {at.namespace}/{at.name}"


def _is_pair(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2 and all(isinstance(part, str) for part in item)


def _sizes(data: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    plan = data.get("plan")
    arguments = plan.get("arguments") if isinstance(plan, Mapping) else None
    for pair in arguments if isinstance(arguments, list) else ():
        if not _is_pair(pair) or pair[0] != "remembers":
            continue
        try:
            told = json.loads(pair[1])
        except (ValueError, RecursionError):
            continue
        if isinstance(
            told, dict
        ):  # of an earlier program: names that look like a secret's lost their size there
            told = [[*name.split(" ", 1), memory] for name, memory in told.items()]
        for row in told if isinstance(told, list) else ():
            if isinstance(row, list) and len(row) == 3 and all(isinstance(part, str) for part in row):
                yield row[0], row[1], row[2]
