"""[sources.kubernetes]: how lists and watches are paced. Seconds, but for ``page_size``.

Its annotations are no texts (``from __future__``): reading those costs time before the first frame."""

from dataclasses import dataclass
from typing import Annotated

from tfdash.setting import Between, Note, Seconds, SettingsTable


@dataclass(frozen=True)
class KubernetesSettings(SettingsTable):
    """How lists and watches are paced."""

    page_size: Annotated[int, Between(10, 1000), Note("objects in one page of a list")] = 250
    connect_timeout: Seconds = 5.0
    read_timeout: Annotated[Seconds, Note("of one answer")] = 30.0
    watch_silence: Annotated[
        Seconds,
        Note("a watch that is silent for this long is taken as dead; before that its server is asked"),
    ] = 90.0
    backoff_first: Annotated[Seconds, Note("wait after a first failure, doubled with full jitter")] = 0.5
    backoff_longest: Seconds = 30.0
    publish_every: Annotated[Seconds, Note("for how long changes are gathered before they are shown")] = 0.2
    removed_apis: Annotated[
        bool,
        Note(
            "true: each hour the API server's /metrics are read (some MB, and a right of its own: get of that path) for which API "
            "versions that a later release removes were asked for"
        ),
    ] = False
