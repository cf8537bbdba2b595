"""Events: one object for each thing said, counted when it is said again, combined when much alike is said at once."""

from __future__ import annotations

from collections import deque

from tfdash.demo.apiserver.object_store import Exists
from tfdash.demo.apiserver.objects import Obj, micro_stamp, name_of, namespace_of, seconds, stamp
from tfdash.demo.apiserver.resources import Resource
from tfdash.demo.cluster import Cluster

KEPT = 3600.0  # seconds an Event lives after it was last said
_ALIKE, _ALIKE_WINDOW = 10, 600.0  # so many different messages in so many seconds, then they are combined
_COMBINED = "(combined from similar events): "
_Said = tuple[str, str, str, str, str, str]


class EventRecorder:
    """Sources with ``series`` in ``tell`` write as the newer events API does: eventTime and a series."""

    def __init__(self, cluster: Cluster) -> None:
        self._store = cluster.store
        self._agenda = cluster.agenda
        self._known: dict[_Said, str] = {}
        self._alike: dict[tuple[str, ...], deque[float]] = {}

    def tell(
        self,
        about: Resource,
        obj: Obj,
        kind: str,
        reason: str,
        message: str,
        source: str,
        host: str = "",
        path: str = "",
        series: str = "",
    ) -> None:
        """``host`` is the node of a kubelet, ``path`` the container's field, ``series`` the action of a newer event."""
        now = self._agenda.now()
        uid, namespace = obj["metadata"]["uid"], namespace_of(obj) or "default"
        if not series:
            message = self._combined(uid, kind, reason, source, path, message, now)
        said = (uid, kind, reason, _COMBINED if message.startswith(_COMBINED) else message, source, path)
        name = self._known.get(said)
        if name is not None:
            found = self._store.find("events", namespace, name)
            if found is not None:
                self._store.update("events", _again(found, message, now, series=bool(series)))
                self._agenda.after(KEPT, self._forget, said, namespace, name)
                return
        involved: Obj = {
            "kind": about.kind,
            "namespace": namespace_of(obj),
            "name": name_of(obj),
            "uid": uid,
            "apiVersion": about.api_version,
            "resourceVersion": obj["metadata"]["resourceVersion"],
            "fieldPath": path,
        }
        event: Obj = {
            "metadata": {
                "name": f"{name_of(obj)}.{int(now * 1e9) & 0xFFFFFFFFFFFFFFFF:x}",
                "namespace": namespace,
            },
            "involvedObject": {k: v for k, v in involved.items() if v},
            "reason": reason,
            "message": message,
            "source": {},
            "firstTimestamp": None,
            "lastTimestamp": None,
            "type": kind,
            "eventTime": None,
            "reportingComponent": source,
            "reportingInstance": host if not series else f"{source}-demo",
        }
        if series:
            event |= {"eventTime": micro_stamp(now), "action": series}
        else:
            origin = {"component": source, "host": host} if host else {"component": source}
            event |= {"source": origin, "firstTimestamp": stamp(now), "lastTimestamp": stamp(now), "count": 1}
        self._create(event, namespace)
        self._known[said] = event["metadata"]["name"]
        self._agenda.after(KEPT, self._forget, said, namespace, event["metadata"]["name"])

    def _create(self, event: Obj, namespace: str) -> None:
        base = event["metadata"]["name"]
        for number in range(1000):  # two within one tick differ by a count
            try:
                self._store.create("events", event)
                return
            except Exists:
                event["metadata"] = {"name": f"{base[:-3]}{number:03x}", "namespace": namespace}

    def _combined(
        self, uid: str, kind: str, reason: str, source: str, path: str, message: str, now: float
    ) -> str:
        """``message``, or its combined form when too much alike was said; the same message again is no new one."""
        if (uid, kind, reason, message, source, path) in self._known:
            return message
        times = self._alike.setdefault((uid, kind, reason, source), deque())
        while times and times[0] < now - _ALIKE_WINDOW:
            times.popleft()
        times.append(now)
        return f"{_COMBINED}{message}" if len(times) > _ALIKE else message

    def _forget(self, said: _Said, namespace: str, name: str) -> None:
        found = self._store.get("events", namespace, name)
        if found is not None and self._last(found.obj) > self._agenda.now() - KEPT + 1:
            return  # said again meanwhile: a later turn forgets it
        if found is not None:
            self._store.delete("events", namespace, name)
        if self._known.get(said) == name:
            del self._known[said]
            self._alike.pop((said[0], said[1], said[2], said[4]), None)

    @staticmethod
    def _last(event: Obj) -> float:
        series = event.get("series") or {}
        last = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
        return seconds(last) or 0.0


def _again(event: Obj, message: str, now: float, *, series: bool) -> Obj:
    if series:
        count = (event.get("series") or {}).get("count", 1) + 1
        return {**event, "series": {"count": count, "lastObservedTime": micro_stamp(now)}}
    return {**event, "message": message, "count": event.get("count", 1) + 1, "lastTimestamp": stamp(now)}
