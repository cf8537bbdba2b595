"""What is noted while the world lives: targets of scrapes with their lives, shares of the traffic, profiles."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from tfdash.demo.apiserver.object_store import DELETED, Happened
from tfdash.demo.apiserver.objects import (
    Obj,
    condition_is,
    deleting,
    dig,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)
from tfdash.demo.cluster_state import ClusterState
from tfdash.demo.scenarios.catalogue import catalogue
from tfdash.demo.traffic import usage
from tfdash.demo.traffic.profile import Profile, ServiceLoad, profile_of, table

INTERVAL = 15_000  # milliseconds between scrapes
KEPT = 7_200_000 + 600_000  # how much of the past is held
ROLLOUTS = "rollouts.argoproj.io"
PRIMARY = "-primary"  # the suffix of Flagger's serving copies, and their version in a split's weights
_HASHES = ("rollouts-pod-template-hash", "pod-template-hash")


class Life:
    """One run of a pod's main container; times in milliseconds, ``end`` None while it runs."""

    __slots__ = ("end", "index", "start", "state")

    def __init__(self, index: int, start: int) -> None:
        self.index = index
        self.start = start
        self.end: int | None = None
        self.state: Any = None  # what ``samples`` has drawn of it


class ScrapeTarget:
    """One pod as Prometheus finds it: from its address until it is gone. ``profiles`` are (from when, how), ascending."""

    def __init__(self, pod: Obj, service: ServiceLoad, address: str, since: int) -> None:
        self.uid = uid_of(pod)
        self.service = service
        self.key = (namespace_of(pod), service.name)
        self.image = pod["spec"]["containers"][0]["image"]
        self.hash = next((found for n in _HASHES if (found := labels_of(pod).get(n))), "")
        if labels_of(pod).get("app", "").endswith(PRIMARY):
            self.hash = PRIMARY
        self.labels = {
            "job": "kubernetes-pods",
            "namespace": self.key[0],
            "app": service.name,
            "pod": name_of(pod),
            "instance": f"{address}:{pod['spec']['containers'][0].get('ports', [{}])[0].get('containerPort', 8080)}",
        }
        self.offset = zlib.crc32(self.uid.encode()) % INTERVAL
        self.since = since
        self.gone: int | None = None
        self.restarts = -1
        self.lives: list[Life] = []
        self.profiles: list[tuple[int, Profile]] = []

    def begin(self, at: int) -> None:
        self.lives.append(Life(len(self.lives), at))

    def end(self, at: int) -> None:
        if self.lives and self.lives[-1].end is None:
            self.lives[-1].end = at

    def profile(self, at: int) -> Profile:
        return next((p for since, p in reversed(self.profiles) if since <= at), self.profiles[0][1])


class Split:
    """How a service's traffic is shared: ``changes`` are (from when, share by pod), ascending."""

    def __init__(self) -> None:
        self.serving: dict[str, ScrapeTarget] = {}
        self.weights: dict[
            str, float
        ] = {}  # by template hash, where something routes by weight; "" is any other
        self.changes: list[tuple[int, dict[str, float]]] = []

    def shares(self) -> dict[str, float]:
        """By weight between the versions that have pods, evenly between the pods of one."""
        if not self.serving:
            return {}
        if not self.weights:
            return dict.fromkeys(self.serving, 1 / len(self.serving))
        groups: dict[str, list[str]] = {}
        for uid, target in self.serving.items():
            version = target.hash if target.hash in self.weights else ""
            if self.weights.get(version, 0) > 0:
                groups.setdefault(version, []).append(uid)
        total = sum(self.weights[version] for version in groups)
        if not total:
            return dict.fromkeys(self.serving, 1 / len(self.serving))
        return {
            uid: self.weights[version] / total / len(uids) for version, uids in groups.items() for uid in uids
        }

    def at(self, when: int) -> dict[str, float]:
        return next(
            (s for since, s in reversed(self.changes) if since <= when),
            self.changes[0][1] if self.changes else {},
        )


class History:
    """Listens to a cluster's pods and rollouts. ``origin`` is the oldest time for which there are samples."""

    def __init__(self, cluster: ClusterState) -> None:
        self.cluster = cluster
        plan = catalogue()
        homes = {s.name: plan.namespace(s.namespace, cluster.environment) for s in plan.service}
        self.services = {(homes[s.name], s.name): s for s in table().service if s.name in homes}
        self.targets: dict[str, ScrapeTarget] = {}
        self.splits: dict[tuple[str, str], Split] = {key: Split() for key in self.services}
        self.origin: int | None = None
        self._images: dict[tuple[str, str, str], int] = {}  # since when a service runs an image
        self._rates: dict[tuple[tuple[str, str], int], float] = {}
        cluster.store.listen("pods", self._pod)
        cluster.store.listen(ROLLOUTS, self.rollout_changed)
        cluster.behaviours.changed = self._behaviours_changed

    def now(self) -> int:
        return round(self.cluster.agenda.now() * 1000)

    # -- what it hears ------------------------------------------------------------------------------------------

    def _pod(self, storage: str, event: Happened) -> None:
        pod = event.now.obj
        app = labels_of(pod).get("app", "")
        service = self.services.get((namespace_of(pod), app)) or self.services.get(
            (namespace_of(pod), app.removesuffix(PRIMARY))  # what Flagger has serve
        )
        if service is None:
            return
        now = self.now()
        if self.origin is None:  # the world's beginning; before it all was as it is then
            self.origin = now - 1_800_000
        target = self.targets.get(uid_of(pod))
        address = dig(pod, "status", "podIP")
        if target is None:
            if not address or event.type == DELETED:
                return
            target = self._found(pod, service, address, now)
        if event.type == DELETED or dig(pod, "status", "phase") in ("Succeeded", "Failed"):
            target.end(now)
            target.gone = target.gone or now
            self._serves(target, False, now)
            if not any(
                t.image == target.image and t.key == target.key and t.gone is None
                for t in self.targets.values()
            ):
                self._images.pop((*target.key, target.image), None)
            return
        self._note_run(target, pod, now)
        alive = bool(target.lives) and target.lives[-1].end is None
        self._serves(target, alive and condition_is(pod, "Ready") and not deleting(pod), now)

    def _found(self, pod: Obj, service: ServiceLoad, address: str, now: int) -> ScrapeTarget:
        target = self.targets[uid_of(pod)] = ScrapeTarget(pod, service, address, now)
        laid_down = condition_is(pod, "Ready")  # a pod that comes into being is not ready at once
        if laid_down:
            target.since = min(now, self.origin or now) - INTERVAL
        self._images.setdefault((*target.key, target.image), target.since)
        self._set_profiles(target, pod, target.since)
        return target

    def _note_run(self, target: ScrapeTarget, pod: Obj, now: int) -> None:
        """Whether the main container runs, and whether it is still the same run of it."""
        name = pod["spec"]["containers"][0]["name"]
        status = next(
            (s for s in dig(pod, "status", "containerStatuses", default=()) if s["name"] == name), None
        )
        running = status is not None and "running" in (status.get("state") or {})
        node = self.cluster.store.find("nodes", "", dig(pod, "spec", "nodeName", default=""))
        if status is None or not running or (node is not None and not condition_is(node, "Ready")):
            target.end(now)
            return
        if (
            status.get("restartCount", 0) != target.restarts
            or not target.lives
            or target.lives[-1].end is not None
        ):
            target.restarts = status.get("restartCount", 0)
            target.end(now)
            old = not target.lives and target.since < (self.origin or now)
            target.begin(target.since if old else now)

    def _serves(self, target: ScrapeTarget, serving: bool, now: int) -> None:
        split = self.splits[target.key]
        if serving == (target.uid in split.serving):
            return
        if serving:
            split.serving[target.uid] = target
        else:
            del split.serving[target.uid]
        self._shared(split, now)

    def _shared(self, split: Split, now: int) -> None:
        shares = split.shares()
        if split.changes and split.changes[-1][0] == now:
            split.changes[-1] = (now, shares)
        elif not split.changes or split.changes[-1][1] != shares:
            split.changes.append((now, shares))

    def rollout_changed(self, storage: str, event: Happened) -> None:
        """The weights with which a Rollout's traffic router splits, or the one version that is active."""
        rollout = event.now.obj
        app = dig(rollout, "spec", "selector", "matchLabels", "app") or name_of(rollout)
        split = self.splits.get((namespace_of(rollout), app))
        if split is None:
            return
        weights: dict[str, float] = {}
        if event.type != DELETED:
            active = dig(rollout, "status", "blueGreen", "activeSelector")
            told = dig(rollout, "status", "canary", "weights")
            if active:
                weights = {active: 1.0}
            elif told and dig(rollout, "spec", "strategy", "canary", "trafficRouting") is not None:
                for side in ("canary", "stable"):
                    version = dig(told, side, "podTemplateHash")
                    if version:
                        weights[version] = weights.get(version, 0.0) + float(dig(told, side, "weight") or 0)
        if weights != split.weights:
            split.weights = weights
            self._shared(split, self.now())

    def routed(self, key: tuple[str, str], canary: int) -> None:
        """Flagger's mesh sends ``canary`` percent to the target's own pods, the rest to the primary's."""
        split = self.splits.get(key)
        weights = {PRIMARY: float(100 - canary), "": float(canary)}
        if split is not None and split.weights != weights:
            split.weights = weights
            self._shared(split, self.now())

    # -- how well they answer -----------------------------------------------------------------------------------

    def _behaviours_changed(self) -> None:
        now = self.now()
        for pod in self.cluster.store.all("pods"):
            target = self.targets.get(uid_of(pod))
            if target is not None and target.gone is None:
                self._set_profiles(target, pod, now)

    def _set_profiles(self, target: ScrapeTarget, pod: Obj, now: int) -> None:
        """What the behaviours in force make of ``target`` from ``now`` on; each begins its ``after`` after the image came."""
        rules = self.cluster.behaviours.traffic(pod, pod["spec"]["containers"][0])
        came = self._images[(*target.key, target.image)]
        begins = [(max(came, rule.since) + round(rule.after * 1000), rule.does) for rule in rules]
        kept = [(since, profile) for since, profile in target.profiles if since < now]
        for moment in sorted({now, *(at for at, _ in begins if at > now)}):
            profile = profile_of(target.service)
            for at, does in begins:
                if at <= moment:
                    profile = profile.changed(does)
            kept.append((moment, profile))
        target.profiles = kept

    # -- what is asked of it ------------------------------------------------------------------------------------

    def rate(self, key: tuple[str, str], scrape: int) -> float:
        """Requests a second that a service gets around a scrape (counted in intervals since 1970)."""
        found = self._rates.get((key, scrape))
        if found is None:
            demand = self.cluster.demands.get(key)
            cores = (
                0.0 if demand is None else usage.cores(self.cluster, *key, demand, scrape * INTERVAL / 1000)
            )
            found = self._rates[key, scrape] = cores * self.services[key].requests
        return found

    def forget(self, before: int) -> None:
        """Drop what lies before ``before`` (milliseconds)."""
        for uid in [u for u, t in self.targets.items() if t.gone is not None and t.gone < before]:
            del self.targets[uid]
        for split in self.splits.values():
            while len(split.changes) > 1 and split.changes[1][0] < before:
                del split.changes[0]
        if len(self._rates) > 40_000:
            oldest = before // INTERVAL
            self._rates = {k: v for k, v in self._rates.items() if k[1] >= oldest}

    def all(self) -> Iterable[ScrapeTarget]:
        return self.targets.values()
