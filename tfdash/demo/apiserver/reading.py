"""Get and list: single objects, pages with continue tokens, Tables, metadata only."""

from __future__ import annotations

import base64
import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import msgspec
from aiohttp import web

from tfdash.demo.apiserver.errors import ApiError, bad_request, expired, invalid, not_found
from tfdash.demo.apiserver.negotiate import document, json_response
from tfdash.demo.apiserver.object_store import Gone, Stored, StoreKey
from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.apiserver.request import Call
from tfdash.demo.apiserver.selectors import Test, both
from tfdash.demo.apiserver.table import cells, columns, row_conditions
from tfdash.demo.apiserver.versions import full, full_json, item_json, partial_json

EXPIRED_PAGE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)
EXPIRED_LIST = "The resourceVersion for the provided list is too old."
_encode = msgspec.json.encode
_CHUNK = 400  # items written at a time, so that a long list does not hold the loop


class Page(NamedTuple):
    items: list[Stored]
    version: int
    token: str
    remaining: int | None


def stored(call: Call) -> Stored:
    """The object that the call names; 404."""
    found = call.cluster.store.get(
        call.storage, call.namespace if call.resource.namespaced else "", call.name
    )
    if found is None:
        raise not_found(call.resource.plural, call.resource.group, call.name)
    return found


def answer(call: Call, item: Stored, status: int = 200) -> web.Response:
    """One object in the shape that the client accepts."""
    if call.shape.form == "table":
        head = (
            b'{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"%d"},'
            % item.version
        )
        return json_response(
            head + b'"columnDefinitions":' + columns(call.resource) + b',"rows":[' + row(call, item) + b"]}",
            status,
        )
    if call.shape.form == "partial":
        return json_response(partial_json(item), status)
    if call.shape.yaml:
        return document(full(call.resource, item.obj), status, as_yaml=True)
    return json_response(full_json(call.resource, item), status)


def get(call: Call) -> web.Response:
    return answer(call, stored(call))


def selection(call: Call) -> Test | None:
    return both(
        call.text("labelSelector"), call.text("fieldSelector"), call.storage, call.resource.namespaced
    )


def row(call: Call, item: Stored) -> bytes:
    include = call.text("includeObject") or "Metadata"
    if include == "None":
        shown = b"null"
    elif include == "Object":
        shown = full_json(call.resource, item)
    else:
        shown = partial_json(item)
    found = cells(call.resource, item.obj, call.cluster.store.now())
    conditions = row_conditions(call.resource, item.obj)
    more = b',"conditions":' + _encode(conditions) if conditions else b""
    return b'{"cells":' + _encode(found) + more + b',"object":' + shown + b"}"


# -- pages ------------------------------------------------------------------------------------------------------


def _token(version: int, key: StoreKey, call: Call) -> str:
    namespace, name = key
    start = name if call.namespace or not call.resource.namespaced else f"{namespace}/{name}"
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": f"{start}\0"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token: str, call: Call) -> tuple[int, StoreKey]:
    """(resourceVersion, the last key shown); version -1 asks for the present state."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        found = json.loads(raw)
        version, start = int(found["rv"]), str(found["start"]).lstrip("/").rstrip("\0")
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request(f"invalid continue token: continue key is not valid: {error}") from error
    if call.namespace or not call.resource.namespaced:
        return version, (call.namespace if call.resource.namespaced else "", start)
    namespace, _, name = start.partition("/")
    return version, (namespace, name)


def version_option(call: Call) -> int | None:
    text = call.text("resourceVersion")
    if not text:
        return None
    if not text.isdigit():
        why = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise bad_request(f'invalid resource version: resourceVersion: Invalid value: "{text}": {why}')
    return int(text)


def options_refused(message: str, field: str) -> ApiError:
    return invalid(
        "ListOptions", "meta.k8s.io", "", [("FieldValueForbidden", f"Forbidden: {message}", field)]
    )


def _check_options(call: Call) -> None:
    match, version = call.text("resourceVersionMatch"), call.text("resourceVersion")
    field = "resourceVersionMatch"
    if not match:
        return
    if not version:
        raise options_refused("resourceVersionMatch is forbidden unless resourceVersion is provided", field)
    if call.text("continue"):
        raise options_refused("resourceVersionMatch is forbidden when continue is provided", field)
    if match not in ("Exact", "NotOlderThan"):
        shown = f'Unsupported value: "{match}": supported values: "Exact", "NotOlderThan", ""'
        raise invalid("ListOptions", "meta.k8s.io", "", [("FieldValueNotSupported", shown, field)])
    if match == "Exact" and version == "0":
        shown = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        raise options_refused(shown, field)


async def _present(call: Call, version: int) -> None:
    """Wait a little for a version that is still to come; the server's 504 when it does not."""
    if version > call.cluster.store.version:
        await call.cluster.pause(3.0)
    if version > call.cluster.store.version:
        raise too_large(version, call.cluster.store.version)


def too_large(version: int, current: int) -> ApiError:
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    message = f"Timeout: Too large resource version: {version}, current: {current}"
    return ApiError(504, "Timeout", message, {"causes": causes, "retryAfterSeconds": 1}, retry_after=1)


async def page(call: Call) -> Page:
    """The items that the call's options select: from a consistent state, at most ``limit`` of them."""
    _check_options(call)
    store = call.cluster.store
    limit, token = call.number("limit") or 0, call.text("continue")
    asked, match = version_option(call), call.text("resourceVersionMatch")
    chosen = selection(call)
    namespace = call.namespace if call.resource.namespaced else ""
    after: StoreKey | None = None
    version = store.version
    at: int | None = None
    if token:
        if asked not in (None, 0):
            raise bad_request("specifying resource version is not allowed when using continue")
        version, after = _read_token(token, call)
        at = version if version >= 0 else None
        version = version if version >= 0 else store.version
    elif asked:
        await _present(call, asked)
        version = store.version
        if match == "Exact" or (limit and match != "NotOlderThan"):
            at = version = asked
    elif asked == 0 and not match:
        limit = 0  # served from the watch cache, which knows no pages
    try:
        items = store.listed(call.storage, namespace, at)
    except Gone:
        if not token:
            raise expired(EXPIRED_LIST) from None
        assert after is not None
        raise expired(EXPIRED_PAGE, {"continue": _token(-1, after, call)}) from None
    if call.name:
        items = [item for item in items if item.key[1] == call.name]
    if after is not None:
        items = items[bisect_left(items, (*after, "\0"), key=lambda s: (*s.key, "")) :]
        items = items[1:] if items and items[0].key == after else items
    if chosen is not None:
        items = [item for item in items if chosen(item.obj)]
    rest = 0
    if limit > 0 and len(items) > limit:
        rest = len(items) - limit
        items = items[:limit]
    following = _token(version, items[-1].key, call) if rest else ""
    return Page(items, version, following, rest if rest and chosen is None else None)


def _list_meta(found: Page) -> bytes:
    meta: Obj = {"resourceVersion": str(found.version)}
    if found.token:
        meta["continue"] = found.token
    if found.remaining is not None:
        meta["remainingItemCount"] = found.remaining
    return _encode(meta)


def _pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    iterator = iter(parts)
    first = True
    while chunk := list(islice(iterator, _CHUNK)):
        yield (b"" if first else b",") + b",".join(chunk)
        first = False


async def listing(call: Call) -> web.StreamResponse:
    found = await page(call)
    resource, meta = call.resource, _list_meta(found)
    if call.shape.form == "table":
        head = b'{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":' + meta
        head += b',"columnDefinitions":' + columns(resource) + b',"rows":['
        parts: Iterable[bytes] = (row(call, item) for item in found.items)
    elif call.shape.form == "partial":
        head = (
            b'{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":'
            + meta
            + b',"items":['
        )
        parts = (partial_json(item) for item in found.items)
    else:
        head = f'{{"kind":"{resource.kind}List","apiVersion":"{resource.api_version}","metadata":'.encode()
        head += meta + b',"items":['
        parts = (item_json(resource, item) for item in found.items)
    if call.shape.yaml:
        return document(json.loads(head + b",".join(parts) + b"]}"), as_yaml=True)
    if len(found.items) <= _CHUNK:
        return json_response(head + b",".join(parts) + b"]}")
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(call.request)
    await response.write(head)
    for piece in _pieces(parts):
        await response.write(piece)
        await call.cluster.breathe()
    await response.write(b"]}\n")
    await response.write_eof()
    return response
