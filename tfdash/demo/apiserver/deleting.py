"""Delete one or many: preconditions, grace, propagation, finalizers; what happens next is the world's business."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from tfdash.demo.apiserver.errors import ApiError, about, bad_request, conflict, qualified
from tfdash.demo.apiserver.negotiate import decode_body, document, json_response
from tfdash.demo.apiserver.object_store import Missing, ObjectStore, Stored
from tfdash.demo.apiserver.objects import (
    Obj,
    dig,
    name_of,
    namespace_of,
    seconds,
    stamp,
    uid_of,
    with_meta,
    with_status,
)
from tfdash.demo.apiserver.reading import answer, page, stored
from tfdash.demo.apiserver.request import Call
from tfdash.demo.apiserver.versions import item_json

# Kinds whose delete answers with the object even when it is gone at once.
_RETURNED = frozenset(
    {
        "pods",
        "services",
        "serviceaccounts",
        "persistentvolumeclaims",
        "persistentvolumes",
        "resourcequotas",
        "podtemplates",
        "namespaces",
    }
)
_POLICIES = ("Orphan", "Background", "Foreground")


async def options(call: Call) -> Obj:
    """The DeleteOptions of the body; those of the query only where there is none (apiserver endpoints/handlers/delete.go):
    ``dryRun`` in the query beside a body is ignored, and it is deleted."""
    raw = await call.request.read()
    found: Obj = {}
    if raw:
        body = decode_body(raw, call.request.content_type, "DeleteOptions")
        found = body if isinstance(body, dict) else {}
    else:
        grace = call.number("gracePeriodSeconds")
        if grace is not None:
            found["gracePeriodSeconds"] = grace
        if call.text("propagationPolicy"):
            found["propagationPolicy"] = call.text("propagationPolicy")
        if call.dry_run:
            found["dryRun"] = ["All"]
    policy = found.get("propagationPolicy")
    if policy is not None and policy not in _POLICIES:
        message = (
            f'Unsupported value: "{policy}": supported values: "Foreground", "Background", "Orphan", null'
        )
        cause = {"reason": "FieldValueNotSupported", "message": message, "field": "propagationPolicy"}
        details = {"group": "meta.k8s.io", "kind": "DeleteOptions", "causes": [cause]}
        text = f'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: {message}'
        raise ApiError(422, "Invalid", text, details)
    if isinstance(found.get("dryRun"), list) and found["dryRun"] not in ([], ["All"]):
        raise bad_request("dryRun: Unsupported value")
    return found


def _demand(call: Call, obj: Obj, preconditions: Obj) -> None:
    """Raise the 409 where the object is not the one that the client decided upon."""
    for field, shown, hint in (
        ("uid", "UID", "The object might have been deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "The object might have been modified"),
    ):
        wanted, have = preconditions.get(field), obj["metadata"][field]
        if wanted and wanted != have:
            why = f"the {shown} in the precondition ({wanted}) does not match the {shown} in record ({have}). {hint}"
            kind, group, name = call.resource.kind, call.resource.group, name_of(obj)
            message = f'Operation cannot be fulfilled on {qualified(kind, group)} "{name}": {why}'
            raise ApiError(409, "Conflict", message, about(name, group, kind))


def grace_of(obj: Obj, asked: int | None) -> int:
    """Seconds a pod has to end: none where nothing of it can run."""
    if not dig(obj, "spec", "nodeName") or dig(obj, "status", "phase") in ("Succeeded", "Failed"):
        return 0
    if asked is not None:
        return max(0, asked)
    return int(dig(obj, "spec", "terminationGracePeriodSeconds", default=30))


def marked(obj: Obj, now: float, grace: int) -> Obj:
    """``obj`` with its deletion due after ``grace`` seconds, or sooner if it was due sooner."""
    due = seconds(obj["metadata"].get("deletionTimestamp"))
    if due is not None and due <= now + grace:
        return obj
    generation = obj["metadata"].get("generation")
    return with_meta(
        obj,
        deletionTimestamp=stamp(now + grace),
        deletionGracePeriodSeconds=grace,
        generation=None if generation is None else generation + (due is None),
    )


def remove(
    store: ObjectStore, storage: str, obj: Obj, grace: int | None = None, policy: str = "Background"
) -> tuple[Obj, bool]:
    """Begin or finish the end of ``obj``: (its last state, whether it is gone)."""
    now = store.now()
    namespace, name = namespace_of(obj), name_of(obj)
    if storage == "namespaces":
        return store.update(storage, with_status(marked(obj, now, 0), phase="Terminating")), False
    if storage == "pods":
        period = grace_of(obj, grace)
        if period > 0:
            return store.update(storage, marked(obj, now, period)), False
    finalizers = list(obj["metadata"].get("finalizers") or ())
    if policy == "Foreground" and "foregroundDeletion" not in finalizers:
        finalizers.append("foregroundDeletion")
    if policy == "Orphan" and "orphan" not in finalizers:
        finalizers.append("orphan")
    if finalizers:
        return store.update(storage, with_meta(marked(obj, now, 0), finalizers=finalizers)), False
    if storage == "pods":
        store.update(storage, marked(obj, now, 0))
    return store.delete(storage, namespace, name), True


async def delete(call: Call) -> web.StreamResponse:
    given = await options(call)
    dry = bool(given.get("dryRun"))
    item = stored(call)
    _demand(call, item.obj, given.get("preconditions") or {})
    if dry:
        shown, gone = (
            marked(item.obj, call.cluster.store.now(), 0) if call.storage == "pods" else item.obj,
            True,
        )
    else:
        shown, gone = _remove(call, item.obj, given)
    if gone and call.resource.plural not in _RETURNED:
        return document(
            {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Success",
                "details": about(call.name, call.resource.group, call.resource.plural, uid=uid_of(shown)),
            }
        )
    return answer(call, Stored(shown, int(shown["metadata"]["resourceVersion"])))


def _remove(call: Call, obj: Obj, given: Obj) -> tuple[Obj, bool]:
    policy = given.get("propagationPolicy") or ("Orphan" if given.get("orphanDependents") else "Background")
    try:
        return remove(call.cluster.store, call.storage, obj, given.get("gracePeriodSeconds"), policy)
    except Missing:
        raise conflict(
            call.resource.plural, call.resource.group, name_of(obj), "the object has been deleted"
        ) from None


async def delete_collection(call: Call) -> web.StreamResponse:
    """All that the selectors take; answers with the list of them."""
    given = await options(call)
    found = await page(call)
    parts: list[bytes] = []
    for item in found.items:
        parts.append(item_json(call.resource, item))
        if not given.get("dryRun"):
            _remove(call, item.obj, given)
    meta: dict[str, Any] = {"resourceVersion": str(found.version)}
    head = (
        f'{{"kind":"{call.resource.kind}List","apiVersion":"{call.resource.api_version}","metadata":'.encode()
    )
    return json_response(head + msgspec.json.encode(meta) + b',"items":[' + b",".join(parts) + b"]}")
