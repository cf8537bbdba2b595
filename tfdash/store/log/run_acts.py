"""What the audit log says of the steps of runs that were actions: whether anything was sent, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfdash.actions.core.run_tag import KEY
from tfdash.model.action import Result
from tfdash.model.store_state import ActOnRecord, Entry, EntryKind

_AROUND = (EntryKind.CONFIRMATION, EntryKind.REFUSAL)


class RunActs:
    """Folds the entries that carry a tag, one after the other, in any order of terminals. Only what the terminal itself recorded
    that did it says what it did: an intent that somebody else wrote for a step is none of it. Its outcome may be found by another
    one, that names the intent."""

    def __init__(self) -> None:
        self._intents: dict[tuple[str, str], Entry] = {}  # by terminal and tag
        self._decided: dict[tuple[str, str], Entry] = {}
        self._refused: dict[tuple[str, str], str] = {}
        self._outcomes: dict[str, tuple[Result, str]] = {}  # by intent
        self._verified: dict[str, tuple[bool, str]] = {}

    def apply(self, entry: Entry, data: Mapping[str, Any]) -> None:
        tag = data.get(KEY)
        if not isinstance(tag, str):
            return
        key = entry.terminal, tag
        if entry.kind is EntryKind.INTENT:
            self._intents[key] = entry
        elif entry.kind is EntryKind.OUTCOME:
            known = self._outcomes.get(entry.intent)
            result = _result(data.get("result"))
            if known is None or known[0] is Result.UNKNOWN:  # who settled it later knows it
                self._outcomes[entry.intent] = result, entry.sentence
        elif entry.kind is EntryKind.VERIFICATION and entry.intent:
            self._verified[entry.intent] = data.get("verified") is True, entry.sentence
        elif entry.kind is EntryKind.REFUSAL:
            self._refused[key] = entry.sentence
        elif not entry.intent and entry.kind not in _AROUND:  # a person's decision is its entry
            self._decided[key] = entry

    def told(self, terminal: str, tag: str) -> ActOnRecord:
        """``terminal``: that of who began the step."""
        key = terminal, tag
        intent, decided = self._intents.get(key), self._decided.get(key)
        if intent is None and decided is not None:
            return ActOnRecord(result=Result.APPLIED, sentence=decided.sentence, verified=True)
        if intent is None:
            refused = self._refused.get(key, "")
            return ActOnRecord(result=Result.REFUSED if refused else None, sentence=refused)
        result, sentence = self._outcomes.get(intent.intent, (None, ""))
        verified, seen = self._verified.get(intent.intent, (None, ""))
        return ActOnRecord(intent=intent, result=result, sentence=seen or sentence, verified=verified)


def _result(value: Any) -> Result:
    try:
        return Result(value)
    except ValueError:
        return Result.UNKNOWN
