"""What a client accepts, and answers written so."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import yaml
from aiohttp import web

from tfdash.demo.apiserver import protobuf
from tfdash.demo.apiserver.errors import ApiError


class Shape(NamedTuple):
    """``form`` is "object", "table" or "partial"; ``yaml`` where the body is to be YAML."""

    form: str = "object"
    yaml: bool = False


_AVAILABLE = (
    "application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, "
    "application/vnd.kubernetes.protobuf;stream=watch"
)


def ranges(accept: str) -> list[tuple[str, dict[str, str]]]:
    """The media ranges of an Accept header with their parameters, in the client's order."""
    found = []
    for part in accept.split(","):
        kind, *rest = (p.strip() for p in part.split(";"))
        if kind:
            found.append((kind, dict(p.split("=", 1) for p in rest if "=" in p)))
    return found


def shape(accept: str) -> Shape:
    """The first form that can be served; 406 where there is none."""
    offered = ranges(accept or "*/*")
    for kind, params in offered:
        wanted = params.get("as", "")
        if kind in ("application/json", "*/*", "application/*"):
            if not wanted:
                return Shape()
            if params.get("g", "meta.k8s.io") == "meta.k8s.io" and params.get("v", "v1") in ("v1", "v1beta1"):
                if wanted == "Table":
                    return Shape("table")
                if wanted in ("PartialObjectMetadata", "PartialObjectMetadataList"):
                    return Shape("partial")
        elif kind in ("application/yaml", "text/yaml") and not wanted:
            return Shape(yaml=True)
    message = f"406: Not Acceptable\n\nAvailable representations: {_AVAILABLE}"
    raise ApiError(406, "NotAcceptable", message, {})


def json_response(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=body + b"\n", status=status, content_type="application/json", headers=headers)


def document(value: Any, status: int = 200, *, as_yaml: bool = False) -> web.Response:
    if as_yaml:
        text = yaml.safe_dump(value, sort_keys=True)
        return web.Response(text=text, status=status, content_type="application/yaml")
    return json_response(msgspec.json.encode(value), status)


def failure(error: ApiError) -> web.Response:
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
    if error.code == 403:
        headers["X-Content-Type-Options"] = "nosniff"
    return json_response(msgspec.json.encode(error.status()), error.code, headers)


def decode_body(raw: bytes, content_type: str, kind: str) -> Any:
    """A request's body, JSON or YAML; 400 and 415 in the server's words."""
    media = content_type.partition(";")[0].strip().lower()
    if media in ("application/yaml", "text/yaml", "application/apply-patch+yaml"):
        try:
            return yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # JSON is YAML
        except yaml.YAMLError as error:
            raise ApiError(400, "BadRequest", f"error decoding YAML: {error}") from error
    if media == protobuf.MEDIA:
        try:
            return protobuf.decode(raw)
        except (protobuf.NotDecodable, UnicodeDecodeError) as error:
            raise ApiError(
                415, "UnsupportedMediaType", f"415: Unsupported Media Type: {error}", {}
            ) from error
    if media not in ("", "application/json") and not media.endswith("+json"):
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        shown = raw[:200].decode("utf-8", "replace")
        message = (
            f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; "
            f"json parse error: {error} ({shown})"
        )
        raise ApiError(400, "BadRequest", message) from error
