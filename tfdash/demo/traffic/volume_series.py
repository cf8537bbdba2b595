"""What the kubelets would have said of volumes for two weeks: of those that a running pod has mounted, as kubelet_volume_stats_* are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tfdash.demo.apiserver.objects import Obj, dig, name_of, namespace_of
from tfdash.demo.apiserver.quantity import parse
from tfdash.demo.prometheus.series import NAME, Matchers, Series, matches
from tfdash.demo.traffic import usage
from tfdash.demo.traffic.history import History
from tfdash.demo.traffic.usage_series import EVERY, PAST

_PREFIX = "kubelet_volume_stats_"
_HELP = {
    "used_bytes": "Number of used bytes in the volume",
    "capacity_bytes": "Capacity in bytes of the volume",
    "available_bytes": "Number of available bytes in the volume",
    "inodes_used": "Number of used inodes in the volume",
    "inodes": "Maximum number of inodes in the volume",
    "inodes_free": "Number of free inodes in the volume",
}
_PER_INODE = 16_384  # bytes, as mkfs.ext4 has it
_FILE = 6 * _PER_INODE  # bytes of one, as large as they are here
_DAY = 86_400_000.0


class VolumeSeries:
    """A ``Storage`` over one cluster's claims."""

    def __init__(self, history: History) -> None:
        self._history, self._cluster = history, history.cluster

    def metadata(self) -> dict[str, tuple[str, str]]:
        return {f"{_PREFIX}{name}": ("gauge", told) for name, told in _HELP.items()}

    def select(self, matchers: Matchers, begin: int, end: int) -> list[Series]:
        names = [m for m in matchers if m.name == NAME]
        wanted = [name for name in _HELP if all(m.accepts(f"{_PREFIX}{name}") for m in names)]
        if not wanted or not names:
            return []
        now = self._history.now()
        begin, end = max(begin, now - PAST), min(end, now)
        return [
            series
            for pod in self._cluster.store.all("pods")
            if dig(pod, "status", "phase") == "Running"
            for series in self._of_pod(pod, wanted, matchers, begin, end)
        ]

    def _of_pod(
        self, pod: Obj, wanted: list[str], matchers: Matchers, begin: int, end: int
    ) -> Iterator[Series]:
        for volume in pod["spec"].get("volumes") or ():
            name = dig(volume, "persistentVolumeClaim", "claimName")
            claim = (
                self._cluster.store.find("persistentvolumeclaims", namespace_of(pod), name) if name else None
            )
            if claim is None or dig(claim, "status", "phase") != "Bound":
                continue
            made = round(datetime.fromisoformat(claim["metadata"]["creationTimestamp"]).timestamp() * 1000)
            times = range(-(-max(begin, made) // EVERY) * EVERY, end + 1, EVERY)
            labels = {
                "job": "kubelet",
                "metrics_path": "/metrics",
                "node": str(pod["spec"].get("nodeName", "")),
                "namespace": namespace_of(claim),
                "persistentvolumeclaim": name_of(claim),
            }
            for figure in wanted:
                whole = {NAME: f"{_PREFIX}{figure}", **labels}
                if times and matches(matchers, whole):
                    yield Series(whole, times, self._values(figure, pod, claim, times))

    def _values(self, figure: str, pod: Obj, claim: Obj, times: range) -> list[float]:
        demand = self._cluster.demands.get((namespace_of(pod), usage.app_of(pod)))
        capacity = float(parse(claim["status"]["capacity"]["storage"]))
        own = usage.noise(name_of(claim), namespace_of(claim))
        share, a_day = (demand.filled, demand.a_day) if demand is not None else (None, 0.0)
        share = (40 + 15 * own if share is None else share) / 100
        origin = self._cluster.shown_from * 1000
        match figure:
            case "capacity_bytes":
                return [capacity] * len(times)
            case "inodes":
                return [float(capacity // _PER_INODE)] * len(times)
        used = [min(capacity, max(0.0, capacity * share + a_day * (at - origin) / _DAY)) for at in times]
        match figure:
            case "used_bytes":
                return used
            case "available_bytes":
                return [capacity - value for value in used]
            case "inodes_used":
                return [float(value // _FILE) for value in used]
        return [float(capacity // _PER_INODE - value // _FILE) for value in used]
