"""One step of a scenario, as its TOML says it."""

from __future__ import annotations

from typing import Any

import msgspec

from tfdash.demo.controllers.behaviour import duration


class Step(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One thing that happens. ``at`` counts from the demo's start, "-12m" lies before it; without it the step waits
    for the control endpoint. The other fields are the action's.
    """

    do: str
    name: str = ""
    at: str | int | float | None = None
    environment: str = "production"
    namespace: str = "main"  # a role of data/world.toml, or a name
    service: str = ""
    version: str = ""
    replicas: int = 0
    node: str = ""
    factor: float = 1.0
    over: str | int | float = 0  # how long a change of demand takes
    env: dict[str, str] = {}
    cpu: str = ""
    memory_limit: str = ""
    does: dict[str, Any] = {}
    image: str = "*"
    webhook: str = ""
    reason: str = ""
    manifest: dict[str, Any] = {}
    data: dict[str, str] = {}
    age: str | int | float = 0  # of what is created
    labels: dict[str, str] = {}  # which a node gets
    most: int = 0  # nodes of a group, at most; ``replicas``: how many it has
    kubernetes: str = ""
    authority: str = ""  # by the name of its Certificate

    @property
    def offset(self) -> float:
        return duration(self.at if self.at is not None else 0)
