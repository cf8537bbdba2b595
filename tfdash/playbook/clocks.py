"""Whether our clock may be believed: what is recorded of times stands for years, and whoever sets the clock of their machine would choose
in which month a promise was kept. Servers that we ask anyway say what time it is. Pure.
"""

from __future__ import annotations

from tfdash.model.picture import Picture
from tfdash.playbook.versions.wording import lasting
from tfdash.text import safe

APART = 300.0
"""Seconds; what is more is no lag of an answer."""


def astray(picture: Picture, environment: str = "") -> str:
    """Why our clock is not believed, "" where a server agrees with it, or none says its time. ``environment``: whose servers are asked, ""
    for all that are shown."""
    known = [
        (c.info.value.skew, ref.cluster)
        for ref, c in picture.clusters.items()
        if environment in ("", ref.environment) and c.info.value is not None and c.info.value.skew is not None
    ]
    skew, where = min(known, key=lambda pair: abs(pair[0]), default=(0.0, ""))
    if abs(skew) <= APART:
        return ""
    way = "ahead of" if skew > 0 else "behind"
    return f"the clock of {safe(where)} is {lasting(abs(skew))} {way} ours: nothing is recorded of times until one of them is set right"
