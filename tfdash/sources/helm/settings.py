"""[sources.helm]: whether stored releases are read, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from tfdash.setting import Between, Listed, Note, Seconds, SettingsTable


@dataclass(frozen=True)
class HelmSettings(SettingsTable):
    """Releases as Helm stores them: read for API versions that an update takes away, by which an upgrade of the release fails."""

    stored_in: Annotated[
        tuple[Literal["Secret", "ConfigMap"], ...],
        Listed(),
        Note(
            "needs the right to list and get these; of a release its kinds of objects are kept, values and all else are dropped where "
            "the answer is decoded",
            '["Secret"]',
        ),
    ] = ()
    interval: Annotated[
        Seconds,
        Between(60, 86_400, seconds=True),
        Note("how often it is looked for releases that changed; only these are read"),
    ] = 900.0
