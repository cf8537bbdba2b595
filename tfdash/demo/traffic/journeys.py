"""Probes that walk a user's journey every 15 seconds, as a blackbox exporter reports them."""

from __future__ import annotations

import zlib

from tfdash.demo.prometheus.series import NAME, Matchers, Series, matches
from tfdash.demo.scenarios.catalogue import catalogue
from tfdash.demo.traffic.history import INTERVAL, History
from tfdash.demo.traffic.profile import Journey, table

SUCCESS, DURATION = "probe_success", "probe_duration_seconds"
_TIMEOUT = 10.0
_HOP = 0.012  # seconds of network for each service on the way


def _draw(*parts: object) -> float:
    """A stable number in [0, 1) for these parts."""
    return zlib.crc32("/".join(map(str, parts)).encode()) / 2**32


class Journeys:
    """Computed from the history at each question; nothing is kept."""

    def __init__(self, history: History) -> None:
        self._history = history
        cluster, plan = history.cluster, catalogue()
        domain = plan.environments[cluster.environment].domain
        self._homes = {app: (namespace, app) for namespace, app in history.services}
        self._seed = f"{cluster.options.seed}/{cluster.name}"
        self._labels = []
        for journey in table().journey:
            last = journey.through[-1] if journey.through else ""
            labels = {
                "job": "journeys",
                "journey": journey.name,
                "instance": f"https://{journey.host}.{domain}{journey.path}",
                **({"app": last, "namespace": self._homes[last][0]} if last else {"control": "true"}),
            }
            self._labels.append((journey, labels, zlib.crc32(journey.name.encode()) % INTERVAL))

    def select(self, matchers: Matchers, begin: int, end: int) -> list[Series]:
        found = []
        for journey, labels, offset in self._labels:
            wanted = [name for name in (SUCCESS, DURATION) if matches(matchers, {NAME: name, **labels})]
            if not wanted:
                continue
            first, last = -(-(begin - offset) // INTERVAL), (end - offset) // INTERVAL
            times = [index * INTERVAL + offset for index in range(first, last + 1)]
            runs = [self._walk(journey, time) for time in times]
            for name in wanted:
                values = [(1.0 if ok else 0.0) if name == SUCCESS else took for ok, took in runs]
                found.append(Series({NAME: name, **labels}, times, values))
        return found

    def _walk(self, journey: Journey, at: int) -> tuple[bool, float]:
        """(whether it reached its end, seconds)."""
        took = _HOP * (1 + _draw(self._seed, journey.name, at))
        for app in journey.through:
            key = self._homes[app]
            split = self._history.splits[key]
            chosen = _draw(self._seed, journey.name, app, at)
            pod = ""
            for uid, share in split.at(at).items():  # the pod that the probe reaches, by the shares
                chosen -= share
                pod = uid
                if chosen < 0:
                    break
            target = self._history.targets.get(pod)
            if target is None:
                return False, min(_TIMEOUT, took + 1)
            profile = target.profile(at)
            took += _HOP + profile.latency_ms / 1000 * (
                0.3 + 0.9 * _draw(self._seed, journey.name, app, at, "time")
            )
            if _draw(self._seed, journey.name, app, at, "fails") < profile.broken or took > _TIMEOUT:
                return False, min(took, _TIMEOUT)
        return True, took
