"""The object that a client sends, held against the path that it is sent to."""

from __future__ import annotations

from tfdash.demo.apiserver.errors import bad_request
from tfdash.demo.apiserver.negotiate import decode_body
from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.apiserver.request import Call
from tfdash.demo.apiserver.schema import check_types
from tfdash.demo.apiserver.versions import stored as stored_from


async def body_of(call: Call) -> Obj:
    """The object that the client sent, checked against the path, in stored form."""
    resource = call.resource
    body = decode_body(await call.request.read(), call.request.content_type, resource.kind)
    if not isinstance(body, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {resource.kind})")
    return identified(call, body)


def identified(call: Call, body: Obj) -> Obj:
    """``body`` in stored form, where it is what the path names. Raises ``ApiError``."""
    resource = call.resource
    kind, version = body.get("kind"), body.get("apiVersion")
    if kind and kind != resource.kind:
        raise bad_request(
            f'{kind} in version "{version or resource.version}" cannot be handled as a {resource.kind}: '
            f"converting ({version}.{kind}) to ({resource.group or 'core'}.{resource.kind}): unknown conversion"
        )
    if version and version != resource.api_version:
        raise bad_request(
            f"the API version in the data ({version}) does not match the expected API version ({resource.api_version})"
        )
    check_types(resource, body, call.text("fieldValidation"))
    meta = dict(body.get("metadata") or {})
    if resource.namespaced:
        if meta.get("namespace") not in (None, "", call.namespace):
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        meta["namespace"] = call.namespace
    else:
        meta.pop("namespace", None)
    if call.name and meta.get("name") not in (None, "", call.name):
        raise bad_request(
            f"the name of the object ({meta['name']}) does not match the name on the URL ({call.name})"
        )
    obj = {k: v for k, v in body.items() if k not in ("kind", "apiVersion")}
    return stored_from(resource, {**obj, "metadata": meta})
