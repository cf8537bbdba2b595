"""The pages of a wall by their ids: the command line reads them, and nothing that draws."""

from __future__ import annotations

OVERVIEW = "overview"
WALL_IDS = (
    OVERVIEW,
    "workloads",
    "canary",
    "resources",
    "calendar",
    "certificates",
    "versions",
    "recovery",
    "nodes",
)
"""In the order in which they take turns; what each shows stands in ``pages.py``."""
