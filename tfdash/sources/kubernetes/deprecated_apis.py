"""Which API versions that a later release removes were asked for, by an API server's own metric: opt-in, each hour.

``apiserver_requested_deprecated_apis`` is 1 for each that was asked for since that server began, by anybody, and says no more of it than
which release removes it. It is one server's, the one that answered: behind one address may be several. All of ``/metrics`` has to be read
for it, some megabytes; the right to get that path is one of its own.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

from tfdash.model.versions import DeprecatedApi, DeprecatedApis
from tfdash.sources.kubernetes.reading_rule import METRICS, Served

_EVERY = 3600.0  # seconds between two readings
_AGAIN = 300.0  # after one that failed
_MOST = 500  # so many are kept
_SERIES = re.compile(
    rb"^apiserver_requested_deprecated_apis\{([^\n]{1,2000})\} 1(?:\.0*|e\+00)?\r?$", re.MULTILINE
)
_LABEL = re.compile(r'([a-z_]{1,40})="([^"\\]{0,300})"')
_BEGAN = re.compile(rb"^process_start_time_seconds ([0-9.e+]{1,40})\r?$", re.MULTILINE)


class DeprecatedApiReader:
    """``found`` is None until it was read once, and for ever where nobody wants it."""

    def __init__(self, wanted: bool, allowed: Served, clock: Callable[[], float] = time.monotonic) -> None:
        allowed.metrics = wanted
        self._wanted, self._clock = wanted, clock
        self._due = 0.0
        self._looked = False
        self.found: DeprecatedApis | None = None

    async def look(self, reader: Any) -> None:
        """Read it where it is due; not with the first answer, which the screen waits for. Never raises but for a log-in that is due."""
        from tfdash.sources.kubernetes.transport import ApiError, problem_of

        if not self._wanted or self._clock() < self._due:
            return
        if not self._looked:
            self._looked = True
            return
        try:
            body = await reader.get(METRICS, accept="text/plain")
            self.found = await asyncio.to_thread(parsed, body)
            self._due = self._clock() + _EVERY
        except Exception as error:
            if isinstance(error, ApiError) and error.status == 401:
                raise
            problem = problem_of(error, 0.0)
            refused = isinstance(error, ApiError) and error.status == 403
            remedy = (
                "; allow get of the non-resource URL /metrics, or turn removed_apis off" if refused else ""
            )
            self.found = DeprecatedApis(problem=f"{problem.cause}{remedy}", refused=refused)
            self._due = self._clock() + _AGAIN


def parsed(body: bytes) -> DeprecatedApis:
    """Of the text of ``/metrics``. One that has no word on when its server began is none that we can judge by."""
    began = _BEGAN.search(body)
    if began is None:
        return DeprecatedApis(problem="its /metrics do not say since when they count")
    found = set()
    for series in _SERIES.finditer(body):
        labels = dict(_LABEL.findall(series[1].decode("utf-8", "replace")))
        if labels.get("removed_release") and labels.get("version") and labels.get("resource"):
            resource = "/".join(filter(None, (labels["resource"], labels.get("subresource"))))
            found.add(
                DeprecatedApi(labels.get("group", ""), labels["version"], resource, labels["removed_release"])
            )
    try:
        since = float(began[1])
    except ValueError:
        return DeprecatedApis(problem="its /metrics do not say since when they count")
    return DeprecatedApis(asked=tuple(sorted(found)[:_MOST]), since=since)
