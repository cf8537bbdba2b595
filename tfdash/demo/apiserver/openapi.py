"""OpenAPI documents, as far as kubectl's apply and explain read them: v3 by group version, and the index of them."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import msgspec
from aiohttp import web

from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.apiserver.patch.keys import schema_extension
from tfdash.demo.apiserver.resources import Resource, groups, registry
from tfdash.demo.apiserver.schema import Model, model, model_name

_JSON: dict[str, Obj] = {
    "str": {"type": "string"},
    "int": {"type": "integer", "format": "int32"},
    "float": {"type": "number", "format": "double"},
    "bool": {"type": "boolean"},
    "datetime": {"type": "string", "format": "date-time"},
    "bytes": {"type": "string", "format": "byte"},
    "object": {"type": "object"},
}
_PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
_WRITE_OPTIONS = ("dryRun", "fieldManager", "fieldValidation")


def _document_name(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _schema(about: Model, resource: Resource | None, seen: dict[str, Obj]) -> None:
    if about.name in seen:
        return
    entry: Obj = {"description": about.description, "type": "object", "properties": {}}
    seen[about.name] = entry
    for name, field in about.fields.items():
        inner: Obj
        if field.of in _JSON:
            inner = dict(_JSON[field.of])
        else:
            inner = {"$ref": f"#/components/schemas/{field.of}"}
            known = model(field.of)
            if known is not None:
                _schema(known, None, seen)
            else:
                inner = {"type": "object"}
        if field.shape == "List":
            inner = {"type": "array", "items": inner, **schema_extension(about.name, name)}
        elif field.shape == "Dict":
            inner = {"type": "object", "additionalProperties": inner}
        elif "$ref" in inner:
            inner = {"allOf": [inner], "default": {}}
        if name in ("strategy", "updateStrategy"):
            inner["x-kubernetes-patch-strategy"] = "retainKeys"
        inner["description"] = field.description
        entry["properties"][name] = inner
    if about.required:
        entry["required"] = list(about.required)
    if resource is not None:
        entry["x-kubernetes-group-version-kind"] = [_kind(resource)]


def _untyped(resource: Resource) -> Obj:
    """A custom resource's schema: whatever it holds is kept."""
    parts: Obj = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
    }
    for part in ("spec", "status"):
        parts[part] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {"type": "object", "properties": parts, "x-kubernetes-group-version-kind": [_kind(resource)]}


def _kind(resource: Resource) -> Obj:
    return {"group": resource.group, "kind": resource.kind, "version": resource.version}


def _parameters(names: tuple[str, ...]) -> list[Obj]:
    return [{"name": n, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for n in names]


def _paths(resource: Resource) -> dict[str, Obj]:
    base = "/" + _document_name(resource.group, resource.version)
    base += f"/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else f"/{resource.plural}"
    kind = {"x-kubernetes-group-version-kind": _kind(resource)}
    ok = {"200": {"description": "OK"}}
    one: Obj = {"get": {"x-kubernetes-action": "get", "responses": ok, **kind}}
    if "patch" in resource.verbs:
        medias = [m for m in _PATCHES if not (resource.custom and "strategic" in m)]
        body = {"content": {media: {"schema": {"type": "object"}} for media in medias}}
        options = _parameters((*_WRITE_OPTIONS, "force"))
        one["patch"] = {
            "x-kubernetes-action": "patch",
            "parameters": options,
            "requestBody": body,
            "responses": ok,
            **kind,
        }
        one["put"] = {
            "x-kubernetes-action": "put",
            "parameters": _parameters(_WRITE_OPTIONS),
            "responses": ok,
            **kind,
        }
        one["delete"] = {
            "x-kubernetes-action": "delete",
            "parameters": _parameters(("dryRun",)),
            "responses": ok,
            **kind,
        }
    many: Obj = {}
    if "list" in resource.verbs:
        many["get"] = {"x-kubernetes-action": "list", "responses": ok, **kind}
    if "create" in resource.verbs:
        many["post"] = {
            "x-kubernetes-action": "post",
            "parameters": _parameters(_WRITE_OPTIONS),
            "responses": ok,
            **kind,
        }
    return {base: many, base + "/{name}": one}


@cache
def document(group: str, version: str) -> bytes | None:
    """The OpenAPI v3 document of one group version; None where it is not served."""
    resources = [r for r in registry().values() if (r.group, r.version) == (group, version)]
    if not resources:
        return None
    schemas: dict[str, Obj] = {}
    paths: dict[str, Obj] = {}
    for resource in resources:
        about = model(model_name(resource))
        if about is not None:
            _schema(about, resource, schemas)
        elif resource.custom:
            schemas[f"{resource.group}.{resource.version}.{resource.kind}"] = _untyped(resource)
        paths |= _paths(resource)
    value: dict[str, Any] = {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes (simulated by tfdash demo)", "version": "v1.37.2+demo"},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    return msgspec.json.encode(value)


@cache
def index(custom: bool = True) -> bytes:
    found = {}
    for group, versions in groups(custom).items():
        for version in versions:
            name = _document_name(group, version)
            digest = hashlib.sha256(name.encode()).hexdigest().upper()
            found[name] = {"serverRelativeURL": f"/openapi/v3/{name}?hash={digest}"}
    return msgspec.json.encode({"paths": found})


@cache
def second() -> bytes:
    """OpenAPI v2: the paths with their options, for clients that look there; the types are in v3."""
    paths: dict[str, Obj] = {}
    for resource in registry().values():
        paths |= _paths(resource)
    info = {"title": "Kubernetes (simulated by tfdash demo)", "version": "v1.37.2+demo"}
    return msgspec.json.encode({"swagger": "2.0", "info": info, "paths": paths, "definitions": {}})


def answer(request: web.Request, custom: bool = True) -> web.Response:
    parts = request.path.strip("/").split("/")[1:]
    body: bytes | None = None
    if parts == ["v3"]:
        body = index(custom)
    elif parts == ["v2"]:
        body = second()
    elif parts[:2] == ["v3", "api"] and len(parts) == 3:
        body = document("", parts[2])
    elif parts[:2] == ["v3", "apis"] and len(parts) == 4 and parts[2] in groups(custom):
        body = document(parts[2], parts[3])
    if body is None:
        return web.Response(text="404 page not found\n", status=404)
    return web.Response(body=body, content_type="application/json")
