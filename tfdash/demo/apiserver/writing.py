"""Create, update and patch: defaults, validation, admission, field ownership, conflicts, dry run."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tfdash.demo.apiserver import deleting, quotas, signing_requests
from tfdash.demo.apiserver.body import body_of, identified
from tfdash.demo.apiserver.defaults import filled
from tfdash.demo.apiserver.errors import (
    MODIFIED,
    ApiError,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    method_not_allowed,
    not_found,
)
from tfdash.demo.apiserver.eviction import evict
from tfdash.demo.apiserver.negotiate import decode_body
from tfdash.demo.apiserver.object_store import Exists, Missing, Stale, Stored
from tfdash.demo.apiserver.objects import Obj, dig, make_uid, name_of, stamp, suffix, with_meta
from tfdash.demo.apiserver.objects import deleting as is_deleting
from tfdash.demo.apiserver.patch.apply import apply
from tfdash.demo.apiserver.patch.ownership import after_update
from tfdash.demo.apiserver.patch.simple import PatchRefused, json_patch, merge_patch
from tfdash.demo.apiserver.patch.strategic import strategic_merge
from tfdash.demo.apiserver.reading import answer, stored
from tfdash.demo.apiserver.request import Call
from tfdash.demo.apiserver.scaling import write_scale
from tfdash.demo.apiserver.service_addresses import give_address
from tfdash.demo.apiserver.validation import check
from tfdash.demo.apiserver.versions import shown as shown_in

GENERATED = frozenset(
    {
        "pods",
        "deployments",
        "replicasets",
        "statefulsets",
        "daemonsets",
        "jobs",
        "cronjobs",
        "horizontalpodautoscalers",
        "poddisruptionbudgets",
        "ingresses",
        "networkpolicies",
        "replicationcontrollers",
        "customresourcedefinitions",
        "validatingwebhookconfigurations",
        "mutatingwebhookconfigurations",
        "rollouts",
        "analysisruns",
        "analysistemplates",
        "clusteranalysistemplates",
        "experiments",
        "canaries",
        "applications",
    }
)
_SYSTEM_META = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "generateName",
)
_APPLY = "application/apply-patch+yaml"
_NO_STRATEGIC = (
    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
    "application/merge-patch+json, application/apply-patch+yaml"
)


async def write(call: Call) -> web.StreamResponse:
    """Answer one writing request."""
    if call.verb == "delete":
        return await deleting.delete(call)
    if call.verb == "deletecollection":
        return await deleting.delete_collection(call)
    if call.subresource == "eviction":
        return await evict(call)
    if call.subresource == "scale":
        return await write_scale(call)
    if call.verb == "create":
        if call.name:
            raise method_not_allowed()
        return await create(call)
    if call.verb == "update":
        return await update(call)
    return await patch(call)


# -- what all of them do --------------------------------------------------------------------------------------------


def _time(call: Call) -> str:
    return stamp(call.cluster.store.now())


def _has_status(call: Call) -> bool:
    return "status" in call.resource.subresources


def _manager(call: Call, before: Obj | None, after: Obj) -> Obj:
    fields = after_update(
        before, after, call.manager[:128], call.subresource, call.resource.api_version, _time(call)
    )
    return with_meta(after, managedFields=fields or None)


def _living_namespace(call: Call, obj: Obj) -> None:
    if not call.resource.namespaced:
        return
    found = call.cluster.store.find("namespaces", "", call.namespace)
    if found is None:
        raise not_found("namespaces", "", call.namespace)
    if is_deleting(found):
        why = f"unable to create new content in namespace {call.namespace} because it is being terminated"
        error = forbidden(call.resource.plural, call.resource.group, name_of(obj), why)
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {call.namespace} is being terminated",
            "field": "metadata.namespace",
        }
        error.details = {**(error.details or {}), "causes": [cause]}
        raise error


def _admitted(call: Call, obj: Obj) -> Obj:
    """What admission makes of a new object, or its refusal."""
    if call.resource.plural == "pods":
        quotas.admit(call.cluster.store, obj, dry_run=call.dry_run)
    return obj


# -- create ---------------------------------------------------------------------------------------------------------


async def create(call: Call) -> web.StreamResponse:
    return _create(call, _fresh(call, await body_of(call)), owned=True)


def _fresh(call: Call, obj: Obj) -> Obj:
    """A new object before its checks: name made, status as a new one has it, defaults filled in."""
    meta = {
        k: v
        for k, v in obj["metadata"].items()
        if k
        not in (
            "uid",
            "creationTimestamp",
            "generation",
            "managedFields",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
        )
    }
    if meta.pop("resourceVersion", ""):
        raise bad_request("resourceVersion should not be set on objects to be created")
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = meta["generateName"][:58] + suffix(
            call.cluster.luck.of("name", call.storage, call.namespace, meta["generateName"])
        )
    obj = {**obj, "metadata": meta}
    if _has_status(call) and call.resource.plural != "nodes":
        obj["status"] = {}
    obj = filled(call.storage, obj)
    if call.resource.plural == "pods":
        obj["status"] = {"phase": "Pending", "qosClass": qos(obj["spec"])}
    if call.resource.plural in GENERATED:
        obj["metadata"]["generation"] = 1
    if call.resource.plural == "services":
        obj = give_address(call.cluster, obj)
    if call.storage == signing_requests.STORAGE:
        obj = signing_requests.stamped(obj, call.user)
    if call.resource.plural == "namespaces":
        labels = {**(meta.get("labels") or {}), "kubernetes.io/metadata.name": meta.get("name", "")}
        obj["metadata"]["labels"] = labels
    return obj


def qos(spec: Obj) -> str:
    """The pod's quality of service class."""
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    stated = [c.get("resources") or {} for c in containers]
    if not any(r.get("requests") or r.get("limits") for r in stated):
        return "BestEffort"
    for r in stated:
        limits, requests = r.get("limits") or {}, r.get("requests") or {}
        if any(limits.get(k) is None or requests.get(k, limits[k]) != limits[k] for k in ("cpu", "memory")):
            return "Burstable"
    return "Guaranteed"


def _create(call: Call, obj: Obj, *, owned: bool) -> web.Response:
    check(call.resource, obj)
    _living_namespace(call, obj)
    if owned:
        obj = _manager(call, None, obj)
    store = call.cluster.store
    if store.get(call.storage, obj["metadata"].get("namespace", ""), name_of(obj)) is not None:
        raise already_exists(call.resource.plural, call.resource.group, name_of(obj))
    obj = _admitted(call, obj)
    if call.dry_run:
        meta = {
            **obj["metadata"],
            "uid": make_uid(call.cluster.machine_rng),
            "creationTimestamp": _time(call),
        }
        return answer(call, Stored({**obj, "metadata": meta}, store.version), 201)
    try:
        made = store.create(call.storage, obj)
    except Exists:
        raise already_exists(call.resource.plural, call.resource.group, name_of(obj)) from None
    return answer(call, Stored(made, store.version), 201)


# -- update and patch -----------------------------------------------------------------------------------------------


async def update(call: Call) -> web.StreamResponse:
    obj = await body_of(call)
    before = stored(call).obj
    if not obj["metadata"].get("name"):
        raise bad_request("name must be provided")
    uid = obj["metadata"].get("uid")
    if uid and uid != before["metadata"]["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {before['metadata']['uid']}"
        raise conflict(call.resource.plural, call.resource.group, call.name, why)
    return _change(call, before, obj)


def _change(call: Call, before: Obj, after: Obj, *, managed: list[Obj] | None = None) -> web.Response:
    """Make ``before`` into ``after`` as far as the subresource lets it, or refuse."""
    expect = after["metadata"].get("resourceVersion") or ""
    if expect and expect != before["metadata"]["resourceVersion"]:
        raise conflict(call.resource.plural, call.resource.group, call.name, MODIFIED)
    after = _merged_parts(call, before, after)
    check(call.resource, after, before)
    if managed is not None:
        after = with_meta(after, managedFields=managed or None)
    else:
        after = _manager(call, before, after)
    store = call.cluster.store
    if call.dry_run:
        return answer(call, Stored(after, store.version))
    try:
        done = store.update(call.storage, after)
        if (
            is_deleting(done)
            and not done["metadata"].get("finalizers")
            and before["metadata"].get("finalizers")
        ) and (call.storage != "pods" or not done["metadata"].get("deletionGracePeriodSeconds")):
            store.delete(call.storage, call.namespace if call.resource.namespaced else "", call.name)
    except Missing:
        raise not_found(call.resource.plural, call.resource.group, call.name) from None
    except Stale:
        raise conflict(call.resource.plural, call.resource.group, call.name, MODIFIED) from None
    return answer(call, Stored(done, int(done["metadata"]["resourceVersion"])))


def _merged_parts(call: Call, before: Obj, after: Obj) -> Obj:
    """The parts that this write may change from ``after``, the rest from ``before``."""
    old, meta = before["metadata"], dict(after["metadata"])
    for field in (*_SYSTEM_META, "resourceVersion", "name", "namespace"):
        meta.pop(field, None)
        if field in old:
            meta[field] = old[field]
    ordered = {k: meta[k] for k in old if k in meta} | meta
    ordered = {k: v for k, v in ordered.items() if v not in (None, {}, [])}
    if call.subresource == "status":
        kept = {**before, "metadata": ordered}
        return {**kept, "status": after.get("status") or {}}
    after = filled(call.storage, {**after, "metadata": ordered})
    if (_has_status(call) and call.resource.plural != "nodes") or call.resource.plural == "nodes":
        after["status"] = before.get("status", {})
    if call.storage == signing_requests.STORAGE:
        after = signing_requests.unchanged(before, after)
    if call.resource.plural == "services":
        spec, had = after["spec"], before["spec"]
        kept_fields = {k: had[k] for k in ("clusterIP", "clusterIPs") if k in had and not spec.get(k)}
        after["spec"] = {**spec, **kept_fields}
    if call.resource.custom and not _has_status(call):
        changed = {k: v for k, v in after.items() if k != "metadata"} != {
            k: v for k, v in before.items() if k != "metadata"
        }
        if changed:
            after["metadata"]["generation"] = old.get("generation", 0) + 1
    elif call.resource.plural in GENERATED and after.get("spec") != before.get("spec"):
        after["metadata"]["generation"] = old.get("generation", 0) + 1
    return after


async def patch(call: Call) -> web.StreamResponse:
    media = call.request.content_type
    if media == _APPLY:
        return await _apply(call)
    methods: dict[str, Any] = {
        "application/json-patch+json": json_patch,
        "application/merge-patch+json": merge_patch,
        "application/strategic-merge-patch+json": strategic_merge,
    }
    if call.resource.custom and media == "application/strategic-merge-patch+json":
        raise ApiError(415, "UnsupportedMediaType", _NO_STRATEGIC)
    if media not in methods:
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    raw = await call.request.read()
    change = _decoded_patch(raw, media)
    before = stored(call).obj
    served = {
        **shown_in(call.resource, before),
        "kind": call.resource.kind,
        "apiVersion": call.resource.api_version,
    }
    try:
        after = methods[media](served, change)
    except PatchRefused as refused:
        raise _patch_error(refused, media) from refused
    if not isinstance(after, dict):
        raise bad_request("the patch leaves no object")
    return _change(call, before, identified(call, after))


def _decoded_patch(raw: bytes, media: str) -> Any:
    try:
        return decode_body(raw, "application/json", "patch")
    except ApiError as error:
        said = str(error).partition("json parse error: ")[2]
        raise bad_request(f"error decoding patch: {said}") from error


def _patch_error(refused: PatchRefused, media: str) -> ApiError:
    if media == "application/json-patch+json" and not refused.bad:
        message = "the server rejected our request due to an error in our request"
        return ApiError(422, "Invalid", message, {})
    return bad_request(f"error decoding patch: {refused}" if refused.bad else str(refused))


async def _apply(call: Call) -> web.StreamResponse:
    if not call.text("fieldManager"):
        cause = ("FieldValueRequired", "Required value: is required for apply patch", "fieldManager")
        raise invalid("PatchOptions", "meta.k8s.io", "", [cause])
    body = decode_body(await call.request.read(), _APPLY, call.resource.kind)
    if not isinstance(body, dict) or not body.get("kind") or not body.get("apiVersion"):
        raise bad_request("invalid object type: /, Kind=")
    if dig(body, "metadata", "managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    given = identified(call, body)
    given["metadata"]["name"] = call.name
    live = call.cluster.store.find(
        call.storage, call.namespace if call.resource.namespaced else "", call.name
    )
    if live is None and call.subresource:
        raise not_found(call.resource.plural, call.resource.group, call.name)
    after, managed = apply(
        live,
        given,
        manager=call.text("fieldManager"),
        subresource=call.subresource,
        version=call.resource.api_version,
        time=_time(call),
        force=call.flag("force"),
    )
    if live is None:
        fresh = _fresh(call, after)
        return _create(call, with_meta(fresh, managedFields=managed), owned=False)
    after = with_meta(after, resourceVersion=given["metadata"].get("resourceVersion"))
    return _change(call, live, after, managed=managed)
