"""The JSON Schemas of what reports and gates write."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def schema(document: str = "snapshot") -> dict[str, Any]:
    """The JSON Schema of a snapshot of any screen, of "snapshot calendar", "snapshot certificates" or "snapshot versions", of "gate release",
    "gate canary", "gate versions", "gate findings", "report" or "calendar items". Raises KeyError for another name."""
    text = files("tfdash.report").joinpath("schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    if document == "snapshot":
        return found
    if document.startswith("snapshot "):  # what every one has, and what this one must have
        own = found["$defs"][document]
        required, properties = [*found["required"], *own["required"]], found["properties"] | own["properties"]
        return {**found, "title": own["title"], "required": required, "properties": properties}
    return {"$schema": found["$schema"], **found["$defs"][document], "$defs": found["$defs"]}
