"""The JSON Schemas of what reports and gates write."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

_COMMANDS = ("snapshot ", "gate ", "calendar ", "report")


def _all() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        files("tfdash.report").joinpath("schema.json").read_text(encoding="utf-8")
    )
    return found


def documents() -> tuple[str, ...]:
    """The documents that have a schema, each by the words of the command that writes it."""
    return ("snapshot", *sorted(name for name in _all()["$defs"] if name.startswith(_COMMANDS)))


def schema(document: str = "snapshot") -> dict[str, Any]:
    """The JSON Schema of a snapshot of any screen, or of another of ``documents``. Raises KeyError for another name."""
    found = _all()
    if document == "snapshot":
        return found
    if (
        document.startswith("snapshot ") and "type" not in found["$defs"][document]
    ):  # what every one has, and what this one must have
        own = found["$defs"][document]
        required, properties = [*found["required"], *own["required"]], found["properties"] | own["properties"]
        return {**found, "title": own["title"], "required": required, "properties": properties}
    return {"$schema": found["$schema"], **found["$defs"][document], "$defs": found["$defs"]}
