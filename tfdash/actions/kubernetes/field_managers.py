"""Who manages the fields of an object, by its managedFields (FieldsV1). Pure.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management: a write under another manager's name takes
the fields that it changes; the next server-side apply of whoever had them before is a conflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from tfdash.actions.core.plan_digest import Draft
from tfdash.actions.kubernetes.patches import UID, Operation, operations_of, patch_request
from tfdash.model.action import Request
from tfdash.model.subject import Subject
from tfdash.playbook.releases.facts import canonical
from tfdash.playbook.releases.managed_by import CONTROLLERS

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
        if isinstance(e, dict) and any(_has(e.get("fieldsV1"), tokens, document) for tokens in wanted)
    }
    return tuple(sorted(found, key=lambda m: m.time, reverse=True))


def _has(fields: Any, tokens: tuple[str, ...], at: Any) -> bool:
    """``at`` is the document: an item of a list, which a pointer names by its place, is named by its keys in managedFields."""
    for token in tokens:
        if not isinstance(fields, dict):
            return False
        if f"f:{token}" in fields:
            fields, at = fields[f"f:{token}"], at.get(token) if isinstance(at, dict) else None
            continue
        keyed = [k for k in fields if k.startswith("k:")]
        there = isinstance(at, list) and token.isdecimal() and int(token) < len(at)
        if not keyed or not there:
            # a whole that is managed as one; or a place of which nothing tells whose it is
            return not fields or any(k[:2] in ("k:", "v:", "i:") for k in fields)
        at = at[int(token)]
        mine = next((k for k in keyed if _is_keyed(at, k[2:])), None)
        if mine is None:
            return False
        fields = fields[mine]
    return True


def _is_keyed(item: Any, keys: str) -> bool:
    """Whether ``item`` is the one that ``{"name":"main"}`` names."""
    try:
        found = msgspec.json.decode(keys)
    except (msgspec.DecodeError, RecursionError):
        return False
    return (
        isinstance(item, dict) and isinstance(found, dict) and all(item.get(k) == v for k, v in found.items())
    )


def last_other(document: Mapping[str, Any], pointers: Iterable[str]) -> str:
    """Who wrote last what is at ``pointers``, where that is not us; "" where it is, or where nothing tells."""
    found = managers_of(document, pointers)
    if not found or any(m.manager == OURS and m.time == found[0].time for m in found):
        return ""
    return str(found[0])


def conflict_notes(draft: Draft, documents: Mapping[Subject, Mapping[str, Any]]) -> tuple[str, ...]:
    """What a plan says of the managers whose fields it writes; ``documents`` are those that were read for it. Controllers apply
    nothing, and a status is theirs."""
    found: dict[tuple[str, ...], list[str]] = {}
    for request in draft.requests:
        document = documents.get(request.subject._replace(uid="")) if request.subject is not None else None
        for change in operations_of(request) if document is not None else ():
            path = change["path"]
            if change["op"] == "test" or path.startswith(("/status", "/metadata/managedFields")):
                continue
            managers = managers_of(document or {}, (path,))
            others = sorted({str(m) for m in managers if m.manager != OURS and m.manager not in CONTROLLERS})
            if others:
                found.setdefault(tuple(others), []).append(_words(path))
    return tuple(
        f"{' and '.join(others)} {'manages' if len(others) == 1 else 'manage'} {_listed(fields)}: "
        "the next helm upgrade or server-side apply will conflict here"
        for others, fields in found.items()
    )


def _words(path: str) -> str:
    return path.lstrip("/").replace("/", ".").replace("~1", "/").replace("~0", "~")


def _listed(fields: list[str]) -> str:
    return ", ".join(fields[:_NAMED]) + (f" and {len(fields) - _NAMED} more" if len(fields) > _NAMED else "")


_NAMED = 3  # fields that one note names


def given_back(
    document: Mapping[str, Any],
    path: str,
    subject: Subject,
    with_it: Sequence[Operation] = (),
    taken: bool = False,
) -> tuple[Request, ...]:
    """What gives back the fields that an earlier action of ours took: our entry goes, so that the next apply of whoever had
    them finds nobody in its way. () where we hold none. The entry's place is put in when it is sent (``placed``). ``with_it``: what
    else goes in that very write, also where we hold none. ``taken``: a request before it takes some."""
    entries = document.get("metadata", {}).get("managedFields") or ()
    ours = any(isinstance(e, dict) and e.get("manager") == OURS and not e.get("subresource") for e in entries)
    if not ours and not with_it and not taken:
        return ()
    at = f"/metadata/managedFields/{PLACE}"
    operations = [
        {"op": "test", "path": UID, "value": document.get("metadata", {}).get("uid", "")},
        *with_it,
        {"op": "test", "path": f"{at}/manager", "value": OURS},
        {"op": "remove", "path": at},
    ]
    what = f"give its fields back: the entry of {OURS} in managedFields goes"
    return (patch_request(path, operations, what, subject, dry_run=False),)


PLACE = "{ours}"


def placed(request: Request, document: Mapping[str, Any]) -> Request | None:
    """With the place of our entry as it is now; where there is none any more, what else it changes; None where that is nothing."""
    entries = document.get("metadata", {}).get("managedFields") or ()
    for index, entry in enumerate(entries):
        if entry.get("manager") == OURS and not entry.get("subresource"):
            return msgspec.structs.replace(request, body=request.body.replace(PLACE, str(index)))
    rest = [o for o in operations_of(request) if PLACE not in o["path"]]
    changes = any(o["op"] != "test" for o in rest)
    return msgspec.structs.replace(request, body=canonical(rest)) if changes else None
