"""Rows of custom resources: their definition's printer columns, as the server prints them."""

from __future__ import annotations

from typing import Any

from tfdash.demo.apiserver.objects import Obj, dig, seconds
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


def _cell(column: Obj, obj: Obj, now: float) -> Any:
    value = dig(obj, *column["path"].strip(".").split("."))
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
