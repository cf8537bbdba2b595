"""What tests need of every kind at once."""

from __future__ import annotations

from typing import get_type_hints

from tfdash.model.kinds import LISTED
from tfdash.model.kube import Object, Resources
from tfdash.model.maintenance import MaintenanceRecord
from tfdash.model.store_state import StoreState
from tfdash.quantities import amounts
from tfdash.sources.kubernetes.codec import decoder_of


def resources(**limits: str | float) -> Resources:
    """``cpu="250m"``, ``memory="1Gi"`` are requests, ``cpu_limit``, ``memory_limit`` limits."""
    asked = {name: str(value) for name, value in limits.items() if not name.endswith("_limit")}
    most = {name.removesuffix("_limit"): str(v) for name, v in limits.items() if name.endswith("_limit")}
    return Resources(amounts(asked), amounts(most))


NOTHING_STORED = StoreState(maintenance=MaintenanceRecord(known=True))
"""A store that was read, and in which nothing stands."""
TYPES: dict[str, type[Object]] = {kind: get_type_hints(decoder_of(kind)[1])["return"] for kind in LISTED}
"""The struct that each listed kind is decoded to."""
SERVED = tuple(kind for kind, spec in LISTED.items() if not spec.optional)
"""Those that every cluster serves."""
CUSTOM = tuple(kind for kind, spec in LISTED.items() if spec.optional)
"""Those that come with a CRD."""
