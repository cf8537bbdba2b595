"""Who manages the fields of an object, by its managedFields (FieldsV1). Pure.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management: a write under another manager's name takes
the fields that it changes; the next server-side apply of whoever had them before is a conflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

OURS = "tfdash"


class FieldManager(NamedTuple):
    """``operation`` is "Apply" or "Update"; ``time`` as the server wrote it (RFC 3339, seconds), "" where it did not."""

    manager: str
    operation: str
    time: str

    def __str__(self) -> str:
        return f"{self.manager} ({self.operation})"


def managers_of(document: Mapping[str, Any], pointers: Iterable[str]) -> tuple[FieldManager, ...]:
    """Who manages something at or below one of ``pointers``, newest first."""
    entries = document.get("metadata", {}).get("managedFields") or ()
    wanted = [tuple(t.replace("~1", "/").replace("~0", "~") for t in p.split("/")[1:]) for p in pointers]
    found = {
        FieldManager(str(e.get("manager", "")), str(e.get("operation", "")), str(e.get("time", "")))
        for e in entries
        if isinstance(e, dict) and any(_has(e.get("fieldsV1"), tokens) for tokens in wanted)
    }
    return tuple(sorted(found, key=lambda m: m.time, reverse=True))


def _has(fields: Any, tokens: tuple[str, ...]) -> bool:
    for token in tokens:
        if not isinstance(fields, dict):
            return False
        if f"f:{token}" in fields:
            fields = fields[f"f:{token}"]
            continue
        # a list, of which a pointer names an index and managedFields keys; or an atomic whole above it
        return not fields or any(k[:2] in ("k:", "v:", "i:") for k in fields)
    return True


def last_other(document: Mapping[str, Any], pointers: Iterable[str]) -> str:
    """Who wrote last what is at ``pointers``, where that is not us; "" where it is, or where nothing tells."""
    found = managers_of(document, pointers)
    if not found or any(m.manager == OURS and m.time == found[0].time for m in found):
        return ""
    return str(found[0])


def conflict_note(document: Mapping[str, Any], pointers: Iterable[str]) -> tuple[str, ...]:
    """What a plan says of the managers whose fields it writes."""
    pointers = tuple(pointers)
    others = [m for m in managers_of(document, pointers) if m.manager != OURS]
    if not others:
        return ()
    names = " and ".join(dict.fromkeys(str(m) for m in others))
    fields = ", ".join(p.lstrip("/").replace("/", ".").replace("~1", "/") for p in pointers)
    verb = "manages" if len(set(map(str, others))) == 1 else "manage"
    return (f"{names} {verb} {fields}: the next helm upgrade or server-side apply will conflict here",)
