"""Rows of custom resources: their definition's printer columns, as the server prints them."""

from __future__ import annotations

import re
from typing import Any

from tfdash.demo.apiserver.objects import Obj, seconds
from tfdash.demo.apiserver.resources import Resource
from tfdash.demo.apiserver.table.durations import human

_NAME = (
    "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a "
    "client to request the generation of an appropriate name automatically. Name is primarily intended for creation "
    "idempotence and configuration definition. Cannot be updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)


def columns(resource: Resource) -> list[Obj]:
    """The columnDefinitions."""
    found: list[Obj] = [
        {"name": "Name", "type": "string", "format": "name", "description": _NAME, "priority": 0}
    ]
    for column in resource.columns:
        about = column.get("description") or (
            f"Custom resource definition column (in JSONPath format): {column['path']}"
        )
        found.append(
            {
                "name": column["name"],
                "type": column["type"],
                "format": "",
                "description": about,
                "priority": column.get("priority", 0),
            }
        )
    return found


def cells(resource: Resource, obj: Obj, now: float) -> list[Any]:
    """What a path does not find is null, which kubectl leaves blank."""
    return [obj["metadata"]["name"], *(_cell(column, obj, now) for column in resource.columns)]


_STEP = re.compile(r'([^.\[]+)(?:\[\?\(@\.(\w+) == "([^"]*)"\)\])?')


def _at(obj: Any, path: str) -> Any:
    """What a JSONPath of a definition leads to: names, and the first of a list whose member has a value."""
    for name, member, wanted in _STEP.findall(path):
        obj = obj.get(name) if isinstance(obj, dict) else None
        if member:
            several = obj if isinstance(obj, list) else []
            obj = next((o for o in several if isinstance(o, dict) and o.get(member) == wanted), None)
    return obj


def _cell(column: Obj, obj: Obj, now: float) -> Any:
    value = _at(obj, column["path"])
    if value is None:
        return None
    match column["type"]:
        case "date":
            at = seconds(value)
            return "<unknown>" if at is None else human(now - at)
        case "integer":
            return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        case "boolean":
            return value if isinstance(value, bool) else None
    if isinstance(value, list):  # as JSONPath prints one
        return "[" + ",".join(str(v) for v in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
