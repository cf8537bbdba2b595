"""JSON Patches (RFC 6902) that hold only while what was decided upon still stands. Pure.

A ``test`` of an absent member is written with the value null: the API server's library takes that as "absent or null"
(evanphx/json-patch, ``Patch.test``), as long as the parent is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tfdash.model.action import Request
from tfdash.model.subject import Subject
from tfdash.playbook.releases.facts import canonical, canonical_at, pointer_of, resolve

JSON_PATCH = "application/json-patch+json"
MANAGER = (("fieldManager", "tfdash"),)
UID = "/metadata/uid"

Operation = dict[str, Any]


def test(document: Mapping[str, Any], pointer: str) -> Operation:
    """That ``pointer`` holds what it holds in ``document``; where it holds nothing, that the outermost of its parents
    which is not there still is not."""
    names = pointer.split("/")
    for end in range(2, len(names) + 1):
        part = "/".join(names[:end])
        if not canonical_at(document, part):
            return {"op": "test", "path": part, "value": None}
    return {"op": "test", "path": pointer, "value": resolve(document, pointer)}


def put(document: Mapping[str, Any], pointer: str, value: Any) -> list[Operation]:
    """Set a member; the parents that ``document`` lacks are made first."""
    made: list[Operation] = []
    names = pointer.split("/")[1:]
    for end in range(1, len(names)):
        parent = "/" + "/".join(names[:end])
        if canonical_at(document, parent) in ("", "null"):
            inner: Any = value
            for name in reversed(names[end:]):
                inner = {name.replace("~1", "/").replace("~0", "~"): inner}
            return [{"op": "add", "path": parent, "value": inner}]
    had = canonical_at(document, pointer)
    made.append({"op": "replace" if had else "add", "path": pointer, "value": value})
    return made


def drop(document: Mapping[str, Any], pointer: str) -> list[Operation]:
    """Remove a member, where it is there."""
    return [{"op": "remove", "path": pointer}] if canonical_at(document, pointer) else []


def map_changes(
    document: Mapping[str, Any], where: Sequence[str], wanted: Mapping[str, str]
) -> list[Operation]:
    """Make the map at ``where`` into ``wanted`` key by key, so that keys which came meanwhile are left alone."""
    had = resolve(document, pointer_of(*where))
    if not isinstance(had, dict):
        return [{"op": "add", "path": pointer_of(*where), "value": dict(wanted)}] if wanted else []
    operations: list[Operation] = [
        {"op": "remove", "path": pointer_of(*where, key)} for key in sorted(had) if key not in wanted
    ]
    for key in sorted(wanted):
        if had.get(key) != wanted[key]:
            op = "replace" if key in had else "add"
            operations.append({"op": op, "path": pointer_of(*where, key), "value": wanted[key]})
    return operations


def patch_request(
    path: str, operations: Sequence[Operation], what: str, subject: Subject, *, dry_run: bool = True
) -> Request:
    return Request(
        method="PATCH",
        path=path,
        body=canonical(list(operations)),
        content_type=JSON_PATCH,
        query=MANAGER,
        what=what,
        subject=subject,
        dry_run=dry_run,
    )


def conditional(
    path: str,
    document: Mapping[str, Any],
    pointers: Sequence[str],
    changes: Sequence[Operation],
    what: str,
    subject: Subject,
) -> Request:
    """A patch with a ``test`` of the uid and of each of ``pointers`` before its changes."""
    tests = [test(document, p) for p in dict.fromkeys((UID, *pointers))]
    return patch_request(path, [*tests, *changes], what, subject)


def by_scale(document: Mapping[str, Any]) -> dict[str, Any]:
    """An object as its scale subresource shows it to a patch: a size of 0 is left out there (``ScaleSpec``, ``omitempty``), where the object itself says 0."""
    spec = document.get("spec") or {}
    return {
        **document,
        "spec": {name: value for name, value in spec.items() if name != "replicas" or value},
    }


def operations_of(request: Request) -> list[Operation]:
    """The operations of a JSON Patch; [] of any other request."""
    if request.content_type != JSON_PATCH or not request.body:
        return []
    found = msgspec.json.decode(request.body)
    return found if isinstance(found, list) else []


def took_effect(request: Request, document: Any) -> bool | None:
    """Whether ``document`` is as the patch would have left it; None where the request is no JSON Patch."""
    changes = [o for o in operations_of(request) if o["op"] != "test"]
    if not changes:
        return None
    for change in changes:
        if change["path"].startswith("/metadata/managedFields/"):
            if _manages(document, MANAGER[0][1]):
                return False
            continue  # its place is another's by now
        found = canonical_at(document, change["path"])
        if change["op"] == "remove":
            if found not in ("", "null"):
                return False
        elif not _holds(resolve(document, change["path"]), change["value"]):
            return False
    return True


def _manages(document: Any, manager: str) -> bool:
    entries = (document.get("metadata") or {}).get("managedFields") or ()
    return any(e.get("manager") == manager and not e.get("subresource") for e in entries)


def still_stands(request: Request, document: Any) -> bool:
    """Whether every ``test`` of the patch would still pass."""
    document = _as_tested(request, document)
    return all(
        canonical_at(document, o["path"])
        in (("", "null") if o["value"] is None else (canonical(o["value"]),))
        for o in operations_of(request)
        if o["op"] == "test"
    )


def _as_tested(request: Request, document: Any) -> Any:
    return by_scale(document) if request.path.endswith("/scale") else document


Marks = list[list[str]]
"""``[op, path, SHA-256 of the canonical value]`` of each operation: an intent keeps these, since secrets are taken out of
its requests before it is recorded."""


def marks_of(request: Request) -> Marks:
    return [[o["op"], o["path"], _mark(canonical(o.get("value")))] for o in operations_of(request)]


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def by_marks(marks: Marks, document: Any, request: Request) -> bool | None:
    """True: it took effect; False: everything is as it was; None: neither."""
    tested = _as_tested(request, document)

    def is_at(path: str, mark: str, seen: Any = document) -> bool:
        return _mark(canonical_at(seen, path) or "null") == mark

    changes = [m for m in marks if m[0] != "test"]
    if changes and all(is_at(path, _mark("null") if op == "remove" else mark) for op, path, mark in changes):
        return True
    return False if all(is_at(path, mark, tested) for op, path, mark in marks if op == "test") else None


def _holds(found: Any, wanted: Any) -> bool:
    """Whether ``found`` says at least what ``wanted`` says: the server adds its defaults to maps."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(_holds(found.get(k), v) for k, v in wanted.items() if v not in (None, {}, []))
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(_holds(f, w) for f, w in zip(found, wanted, strict=True))
    if wanted in (None, {}, [], False, "") and not isinstance(found, dict | list):
        return found in (None, {}, [], False, "") or not isinstance(found, bool | int | float | str)
    return bool(found == wanted)
