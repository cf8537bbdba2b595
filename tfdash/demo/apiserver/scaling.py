"""The scale subresource: replicas seen and set without the rest of the object."""

from __future__ import annotations

from aiohttp import web

from tfdash.demo.apiserver.errors import MODIFIED, ApiError, bad_request, conflict, invalid
from tfdash.demo.apiserver.negotiate import decode_body, document
from tfdash.demo.apiserver.objects import Obj, dig, stamp, with_meta, with_spec
from tfdash.demo.apiserver.patch.ownership import after_update
from tfdash.demo.apiserver.patch.simple import PatchRefused, json_patch, merge_patch
from tfdash.demo.apiserver.reading import stored
from tfdash.demo.apiserver.request import Call
from tfdash.demo.apiserver.table.workloads import selector

_METHODS = {
    "application/json-patch+json": json_patch,
    "application/merge-patch+json": merge_patch,
    "application/strategic-merge-patch+json": merge_patch,
}


def scale_of(obj: Obj) -> Obj:
    meta = {
        k: obj["metadata"][k] for k in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    }
    counted = "HPAReplicas" if "HPAReplicas" in obj.get("status", {}) else "replicas"  # a Rollout has its own
    status: Obj = {"replicas": dig(obj, "status", counted, default=0)}
    chosen = dig(obj, "spec", "selector")
    if chosen:
        plain = "matchLabels" not in chosen and "matchExpressions" not in chosen
        status["selector"] = selector({"matchLabels": chosen} if plain else chosen)
    replicas = dig(obj, "spec", "replicas", default=0)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": meta,
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def read_scale(call: Call) -> web.Response:
    return document(scale_of(stored(call).obj))


async def write_scale(call: Call) -> web.Response:
    """PUT or PATCH of a Scale: changes ``spec.replicas`` alone."""
    obj = stored(call).obj
    raw, media = await call.request.read(), call.request.content_type
    if call.verb == "update":
        wanted = decode_body(raw, media, "Scale")
    elif media in _METHODS:
        try:
            wanted = _METHODS[media](scale_of(obj), decode_body(raw, "application/json", "patch"))
        except PatchRefused as refused:
            message = "the server rejected our request due to an error in our request"
            raise ApiError(422, "Invalid", message, {}) from refused
    else:
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    expect = dig(wanted, "metadata", "resourceVersion", default="")
    if expect and expect != obj["metadata"]["resourceVersion"]:
        raise conflict(call.resource.plural, call.resource.group, call.name, MODIFIED)
    replicas = dig(wanted, "spec", "replicas", default=0)
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        raise bad_request("json: cannot unmarshal into Go struct field ScaleSpec.spec.replicas of type int32")
    if replicas < 0:
        why = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise invalid("Scale", "autoscaling", call.name, [("FieldValueInvalid", why, "spec.replicas")])
    after = with_spec(obj, replicas=replicas)
    if replicas != dig(obj, "spec", "replicas"):
        after = with_meta(after, generation=obj["metadata"].get("generation", 0) + 1)
        now = stamp(call.cluster.store.now())
        fields = after_update(obj, after, call.manager, "scale", call.resource.api_version, now)
        after = with_meta(after, managedFields=fields)
    if not call.dry_run:
        after = call.cluster.store.update(call.storage, after)
    return document(scale_of(after))
