"""What each service of a cluster was when it was last known to serve: what a restore brings back. Plain data."""

from __future__ import annotations

import msgspec

from tfdash.model.subject import Subject


class GoodService(msgspec.Struct, frozen=True, kw_only=True):
    """``workload`` as it was at ``at`` (epoch seconds), when it had served without a break since ``since``. ``scaler``: the HPA that sized it
    between ``minimum`` and ``maximum``, "" where none did; 0 and 0 then. ``comes_up``: how it is brought up elsewhere ("scaled", "sync", "pipeline", "signed"), and by
    what (``by``: an application, a pipeline). ``rests_on``: names of services."""

    name: str
    workload: Subject
    at: float
    since: float
    replicas: int
    scaler: str = ""
    minimum: int = 0
    maximum: int = 0
    images: tuple[str, ...] = ()
    tier: int
    owner: str = ""
    rests_on: tuple[str, ...] = ()
    comes_up: str = "scaled"
    by: str = ""


class LastGood(msgspec.Struct, frozen=True, kw_only=True):
    """Of one cluster, in the order in which they are brought back: by tier, and behind what each rests on."""

    services: tuple[GoodService, ...] = ()
