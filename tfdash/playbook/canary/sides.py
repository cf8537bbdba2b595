"""Which of the two versions a series belongs to, and whether two versions can be compared at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tfdash.model.release import Carrier, Phase, ReleaseState, Side
from tfdash.model.traffic import CounterSeries, HistogramSeries
from tfdash.playbook.canary.policy import CanaryPolicy

CANARY, BASELINE = "canary", "baseline"


class Versions(NamedTuple):
    """The version that is judged and the one it is held against; ``problem``: why they cannot be compared."""

    canary: Side | None
    baseline: Side | None
    label: str
    problem: str = ""


def versions(release: ReleaseState, policy: CanaryPolicy, frozen_hash: str | None) -> Versions:
    """Who is judged. After the release served everything, the version left is judged against the frozen baseline's."""
    canary, stable = release.canary, release.stable
    if canary is None and frozen_hash is not None and release.phase is Phase.COMPLETE and stable is not None:
        if stable.hash == frozen_hash:
            return Versions(None, stable, "", "the version that serves is the frozen baseline itself")
        return Versions(stable, Side(hash=frozen_hash), "")
    if policy.baseline == "dedicated":
        stable = Side(hash=policy.baseline_version)
        label = f"dedicated baseline pods {policy.baseline_version}, same window"
    elif policy.baseline == "before":
        label = "the service before the release (weaker)"
    else:
        label = "stable pods, same window"
    if canary is None:
        return Versions(None, stable, label, "one version only: nothing to compare")
    if stable is None:
        return Versions(canary, None, label)
    if not canary.hash and not canary.pods:
        return Versions(canary, stable, label, "the canary's version has no label value to tell it by")
    if canary.hash and canary.hash == stable.hash:
        return Versions(
            canary,
            stable,
            label,
            f"both sides are version {canary.hash}: a version is not compared with itself",
        )
    own = release.carrier in (
        Carrier.DEPLOYMENT,
        Carrier.ROLLOUT,
    )  # two objects number theirs each for itself
    if own and _number(canary.revision) < _number(stable.revision):
        return Versions(
            canary,
            stable,
            label,
            f"the sides look swapped: the canary is revision {canary.revision}, older than stable revision {stable.revision}",
        )
    return Versions(canary, stable, label)


def returned(release: ReleaseState, left: Mapping[str, float], frozen_hash: str | None) -> bool:
    """Whether this version came back in place of one that a BREACH was said of (``left``: those, and when, epoch seconds)."""
    if not left or not release.version or release.version in left:
        return False
    beside = release.stable.hash if release.canary is not None and release.stable is not None else ""
    return beside in left or frozen_hash == release.version


def back_from(
    release: ReleaseState, left: Mapping[str, float], frozen_hash: str | None, label: str
) -> Versions:
    """Who is judged then: what came back, against its own baseline from before the version that was left."""
    side = release.canary or release.stable
    if frozen_hash is None or frozen_hash in left:
        bad = max(left, key=left.__getitem__)
        why = f"it came back in place of {bad}, of which a BREACH was said, and no baseline from before that is kept"
        return Versions(side, None, "", f"{why}: nothing to compare with")
    return Versions(side, Side(), label)


def _number(revision: str) -> float:
    return float(revision) if revision.isdecimal() else float("nan")


class Sorter:
    """Tells of each series whose it is. Pods that are gone are known by the hash in their name."""

    def __init__(self, who: Versions, pods: Mapping[str, str]) -> None:
        self._pods = pods
        self._sides = [(CANARY, who.canary), (BASELINE, who.baseline)]
        self._known: dict[tuple[str, str], str] = {}
        self.strangers: set[str] = set()  # pods and versions that are neither

    def __call__(self, series: CounterSeries | HistogramSeries) -> str:
        """CANARY, BASELINE, or "" for neither."""
        key = (series.pod, series.version)
        told = self._known.get(key)
        if told is None:
            told = self._known[key] = self._find(*key)
            if not told and any(key):
                self.strangers.add(series.pod or series.version)
        return told

    def _find(self, pod: str, version: str) -> str:
        if pod:
            mapped = self._pods.get(pod)
            for name, side in self._sides:
                if side is None:
                    continue
                if mapped:
                    if side.hash and mapped == side.hash:
                        return name
                elif pod in side.pods or (side.hash and f"-{side.hash}-" in pod):
                    return name
            if mapped or not version:
                return ""
        for name, side in self._sides:
            if side is not None and version and version in _labels(side):
                return name
        return ""


def _labels(side: Side) -> set[str]:
    """What a version label may say of this version: its hash, its revision, its image's tag."""
    tag = side.image.rpartition(":")[2] if ":" in side.image else ""
    return {v for v in (side.hash, side.revision, tag) if v}
