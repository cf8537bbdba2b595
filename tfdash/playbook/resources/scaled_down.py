"""What a scale-down writes into an object and what brings it back, with the memory of it in that very object. Pure.

Memory and change are one write: an object that is down through us says what it was, whatever became of the others. A memory
that is there is never written anew; what was down before is left alone and not remembered, so nobody brings it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tfdash.model.autoscaling import PAUSED_AT

MEMORY = "tfdash.io/scaled-down-from"
"""The annotation. "3": replicas; "running": a CronJob that was not suspended, a ScaledObject that was not paused; "paused/2": one
that was paused at 2; "ScaledObject/x": its size is KEDA's, which x pauses."""
RUNNING = "running"
_KEDA = "ScaledObject/"
_WAS_PAUSED = "paused/"
_MOST = 1_000_000
_DIGITS = len(str(_MOST))

Document = Mapping[str, Any]


class SizeStep(NamedTuple):
    """What is to be so of one object. ``value``: of ``field`` ("replicas", "suspend", "paused", "" where that stays); None takes it
    away. ``memory`` likewise of the annotation; ``keeps``: it is there already and stays."""

    field: str
    value: int | bool | str | None
    memory: str | None
    keeps: bool = False


class Broken(ValueError):
    """A memory that says nothing that could be brought back."""


def remembered(document: Document) -> str | None:
    """What an object says of the time before, None where nothing."""
    found = (document.get("metadata", {}).get("annotations") or {}).get(MEMORY)
    return None if found is None else str(found)


def replicas_of(document: Document) -> int:
    found = (document.get("spec") or {}).get("replicas")
    return 1 if found is None else int(found)


def says_a_size(memory: str, kind: str) -> bool:
    """Whether an object of that kind could be brought back by it."""
    if kind == "CronJob":
        return memory == RUNNING
    if kind == "ScaledObject":
        return memory == RUNNING or _was_paused_at(memory) is not None
    return scaler_of(memory) != "" or _replicas(memory) is not None


def _was_paused_at(memory: str) -> int | None:
    at = memory.removeprefix(_WAS_PAUSED)
    return None if at == memory else _replicas(at)


def _replicas(memory: str) -> int | None:
    if not (memory.isascii() and memory.isdecimal() and len(memory) <= _DIGITS):
        return None
    return found if 0 < (found := int(memory)) <= _MOST else None


def down(document: Document, kind: str, scaled_by: str = "") -> SizeStep | None:
    """None where there is nothing to do. ``scaled_by``: the ScaledObject that sizes it. What is remembered and brings nothing back
    is none, and what it is now is written in its place."""
    had = remembered(document)
    if had is not None and not says_a_size(had, kind):
        had = None
    if kind == "CronJob":
        if (document.get("spec") or {}).get("suspend"):
            return None
        return SizeStep("suspend", True, had or RUNNING, had is not None)
    if kind == "ScaledObject":
        at = paused_at(document)
        if at is not None and _replicas(at) is None:
            return None  # at 0 already, or at what KEDA does not read either
        return SizeStep(
            "paused", "0", had or (RUNNING if at is None else f"{_WAS_PAUSED}{at}"), had is not None
        )
    if scaled_by:
        return None if had is not None else SizeStep("", None, f"{_KEDA}{scaled_by}")
    if had is not None and scaler_of(had):  # which is gone
        had = None
    now = replicas_of(document)
    return SizeStep("replicas", 0, had or str(now), had is not None) if now else None


def paused_at(document: Document) -> str | None:
    """The size at which a ScaledObject is paused, as it is written; None where it is not."""
    found = (document.get("metadata", {}).get("annotations") or {}).get(PAUSED_AT)
    return None if found is None else str(found)


def is_down(document: Document, kind: str) -> bool:
    """Whether it is as a scale-down leaves it."""
    if kind == "CronJob":
        return bool((document.get("spec") or {}).get("suspend"))
    if kind == "ScaledObject":
        return paused_at(document) == "0"
    return replicas_of(document) == 0


def up(document: Document, kind: str, autoscaled: bool = False, had: str | None = None) -> SizeStep | None:
    """None where nothing is remembered. Never less than runs now: somebody may have brought it up since. ``autoscaled``: what runs
    now is its autoscaler's. ``had``: what is remembered elsewhere, where the object itself says nothing. Raises ``Broken``."""
    found = remembered(document)
    had = had if found is None else found
    if had is None:
        return None
    if kind == "CronJob":
        return _again(document, "suspend", had, is_down(document, kind), False)
    if kind == "ScaledObject":
        if (at := _was_paused_at(had)) is not None:
            return SizeStep("paused", str(at), None) if is_down(document, kind) else SizeStep("", None, None)
        return _again(document, "paused", had, is_down(document, kind), None)
    if scaler_of(had):
        return SizeStep("", None, None)
    size = _replicas(had)
    if size is None:
        raise Broken(f"{had[:40]!r} is no number of replicas")
    now = replicas_of(document)
    if now >= size or (now and autoscaled):
        return SizeStep("", None, None)
    return SizeStep("replicas", size, None)


def _again(document: Document, field: str, had: str, is_down: bool, value: bool | None) -> SizeStep:
    if had != RUNNING:
        raise Broken(f"{had[:40]!r} is not {RUNNING!r}")
    return SizeStep(field, value, None) if is_down else SizeStep("", None, None)


def scaler_of(memory: str) -> str:
    """The ScaledObject that a memory names, "" where it names none."""
    return memory.removeprefix(_KEDA) if memory.startswith(_KEDA) else ""
