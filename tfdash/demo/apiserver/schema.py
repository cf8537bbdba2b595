"""The API's types, read from the official client's models (same Kubernetes version), imported when first needed.

With them a write is checked for unknown fields and wrong types, and the OpenAPI documents are made.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from typing import Any, NamedTuple

from tfdash.demo.apiserver.errors import bad_request
from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.apiserver.resources import Resource

_SHAPED = re.compile(r"^(List|Dict)\[(?:str, )?(.+)\]$")
_SCALARS = {"str", "int", "float", "bool", "datetime", "bytes", "object"}
# Maps of quantities, which JSON may also give as numbers.
QUANTITIES = frozenset({"limits", "requests", "hard", "used", "capacity", "allocatable", "usage", "default"})
_GO = {
    "str": "string",
    "int": "int32",
    "float": "float64",
    "bool": "bool",
    "datetime": "v1.Time",
    "bytes": "[]uint8",
}


class Field(NamedTuple):
    """``shape`` is "", "List" or "Dict"; ``of`` a scalar's or a model's name."""

    shape: str
    of: str
    description: str


class Model(NamedTuple):
    name: str
    description: str
    fields: dict[str, Field]
    required: tuple[str, ...]


def _module() -> Any:
    return importlib.import_module("kubernetes.client.models")


@cache
def model(name: str) -> Model | None:
    """One type by its name in the client (``V1Deployment``); None for what it does not know."""
    found = getattr(_module(), name, None)
    if found is None or not hasattr(found, "openapi_types"):
        return None
    fields, required = {}, []
    for attribute, kind in found.openapi_types.items():
        shaped = _SHAPED.match(kind)
        json_name = found.attribute_map[attribute]
        about = found.model_fields.get(attribute)
        fields[json_name] = Field(
            shaped.group(1) if shaped else "",
            shaped.group(2) if shaped else kind,
            (about.description or "") if about else "",
        )
        if about is not None and about.is_required():
            required.append(json_name)
    text = (found.__doc__ or "").split("Attributes:")[0].split("NOTE:")[0].strip()
    return Model(name, " ".join(text.split()), fields, tuple(required))


def model_name(resource: Resource) -> str:
    """The client's name for a resource's kind."""
    if resource.kind == "Event":
        return "EventsV1Event" if resource.group else "CoreV1Event"
    return f"V{resource.version.removeprefix('v')}{resource.kind}"


def check_types(resource: Resource, body: Obj, field_validation: str) -> None:
    """400 for a wrong type; for an unknown or doubtful field where ``field_validation`` is Strict."""
    root = model(model_name(resource))
    if root is None:
        return
    unknown: list[str] = []
    _walk(resource, root, body, "", unknown)
    if unknown and field_validation == "Strict":
        said = ", ".join(f'unknown field "{path}"' for path in unknown)
        raise _undecodable(resource, f"strict decoding error: {said}")


def _undecodable(resource: Resource, why: str) -> Exception:
    return bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}'
    )


def _walk(resource: Resource, about: Model, value: Any, path: str, unknown: list[str]) -> None:
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        field = about.fields.get(name)
        if field is None:
            unknown.append(here)
        elif inner is not None:
            _check(resource, about, field, inner, here, unknown)


def _check(resource: Resource, about: Model, field: Field, value: Any, path: str, unknown: list[str]) -> None:
    expected = {"List": list, "Dict": dict}.get(field.shape)
    if expected is not None:
        if not isinstance(value, expected):
            raise _wrong(
                resource, value, path, "[]" + field.of if field.shape == "List" else "map[string]string"
            )
        inner = (
            [(f"{path}[{i}]", v) for i, v in enumerate(value)]
            if isinstance(value, list)
            else [(path, v) for v in value.values()]
        )
    else:
        inner = [(path, value)]
    for here, item in inner:
        if field.of in _SCALARS:
            quantity = path.rpartition(".")[2] in QUANTITIES and isinstance(item, int | float)
            if item is not None and not quantity and not _fits(field.of, item):
                raise _wrong(resource, item, here, _GO.get(field.of, field.of))
            continue
        known = model(field.of)
        if known is not None:
            if not isinstance(item, dict):
                raise _wrong(resource, item, here, f"v1.{field.of.lstrip('V12')}")
            _walk(resource, known, item, here, unknown)


def _fits(scalar: str, value: Any) -> bool:
    if scalar == "str":
        return isinstance(value, str)
    if scalar == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if scalar == "float":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if scalar == "bool":
        return isinstance(value, bool)
    if scalar in ("datetime", "bytes"):
        return isinstance(value, str)
    return True


def _wrong(resource: Resource, value: Any, path: str, expected: str) -> Exception:
    kinds = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}
    found = kinds.get(type(value), "value")
    return _undecodable(
        resource,
        f"json: cannot unmarshal {found} into Go struct field {resource.kind}.{path} of type {expected}",
    )
