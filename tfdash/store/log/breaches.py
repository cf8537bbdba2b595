"""First crossings of the rollback triggers as the log has them: found, overruled, ended, by whichever terminal.

Entries come in any order of terminals, so what they add up to depends on their times alone: of what was found after the
last end the earliest counts, and a decision to go on counts for what was found before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import convert, structs

from tfdash.model.judgement import Breach
from tfdash.model.subject import Subject

_WHOSE = ("trigger", "uid", "version")
_NUMBERS = ("since", "until", "value", "baseline", "limit")
_TEXTS = ("title", "sentence", "unit", "canary_policy")
_BEFORE = {"canary_policy": "policy"}  # what a name was in the entries of earlier programs


class _Said(NamedTuple):
    """``text``: why it ended, or who overruled it and why."""

    at: float
    text: str
    withdrawn: bool = False


class _Known:
    """All that was said of one trigger of one version."""

    def __init__(self) -> None:
        self.found: dict[float, Breach] = {}  # by when it was crossed
        self.overruled: _Said | None = None
        self.ended: _Said | None = None

    def told(self) -> Breach | None:
        if not self.found:
            return None
        end = self.ended
        stands = [b for at, b in self.found.items() if end is None or at > end.at]
        if not stands:
            assert end is not None
            first = self.found[min(self.found)]
            return structs.replace(first, ended=end.text, ended_at=end.at, withdrawn=end.withdrawn)
        first = min(stands, key=lambda b: b.at)
        if self.overruled is not None and self.overruled.at >= first.at:
            first = structs.replace(first, overruled=self.overruled.text)
        return first


class BreachFacts:
    """See the module. ``apply`` takes the ``data`` of one entry of the topic "breach"."""

    def __init__(self) -> None:
        self._known: dict[Subject, dict[tuple[str, str, str], _Known]] = {}
        self._told: dict[Subject, tuple[Breach, ...]] = {}

    def apply(self, at: float, data: Mapping[str, Any], subject: Subject) -> None:
        """``at``: the entry's time, epoch seconds. What cannot be read says nothing."""
        breach = _breach_of(data)
        if breach is None:
            return
        known = self._known.setdefault(subject, {}).setdefault(breach.key, _Known())
        text = str(data.get("text", ""))
        match data.get("state"):
            case "found":
                known.found.setdefault(breach.at, breach)
            case "overruled" if known.overruled is None or at >= known.overruled.at:
                known.overruled = _Said(at, text)
            case "ended" | "withdrawn" as how if known.ended is None or at >= known.ended.at:
                known.ended = _Said(at, text or how, how == "withdrawn")
        told = (k.told() for _, k in sorted(self._known[subject].items()))
        self._told = {**self._told, subject: tuple(b for b in told if b is not None)}

    def told(self) -> dict[Subject, tuple[Breach, ...]]:
        return {subject: several for subject, several in self._told.items() if several}


def _breach_of(data: Mapping[str, Any]) -> Breach | None:
    try:
        told = {name: None if (v := data.get(name)) is None else float(v) for name in _NUMBERS}
        told["at"] = float(data["at"])
    except (KeyError, TypeError, ValueError):
        return None
    if not data.get("trigger"):
        return None
    words = {name: str(data.get(name, data.get(_BEFORE.get(name, name), ""))) for name in (*_WHOSE, *_TEXTS)}
    if words["trigger"] == "latency":
        words["unit"] = "s"  # earlier programs recorded seconds as "ratio"
    return convert({**told, **words}, Breach)


def data_of_breach(breach: Breach, state: str, text: str = "") -> dict[str, Any]:
    """What an entry says: ``state`` is "found", "overruled", "ended" or "withdrawn"."""
    told: dict[str, Any] = {"topic": "breach", "state": state, "text": text, "at": breach.at}
    return told | {name: getattr(breach, name) for name in (*_WHOSE, *_NUMBERS, *_TEXTS)}


def words_of(breach: Breach, state: str, text: str) -> str:
    """The sentence of such an entry."""
    what = f"BREACH of {breach.title or breach.trigger}"
    match state:
        case "overruled":
            return f"goes on in spite of the {what}: {text}"
        case "withdrawn":
            return f"the {what} is withdrawn: {text}"
        case "ended":
            return f"the {what} ends: {text}"
    return f"{what}: {breach.sentence}"


def entry_of_breach(breach: Breach, state: str, text: str) -> dict[str, Any]:
    """What is recorded of it."""
    return {"sentence": words_of(breach, state, text), "data": data_of_breach(breach, state, text)}
