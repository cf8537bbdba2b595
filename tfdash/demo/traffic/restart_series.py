"""What kube-state-metrics says of how containers ended: noted while the world lives, since an object remembers the last time only."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tfdash.demo.apiserver.objects import Obj, dig, uid_of
from tfdash.demo.prometheus.series import NAME, Labels, Matchers, Series, matches

RESTARTS = "kube_pod_container_status_restarts_total"
ENDED = "kube_pod_container_status_last_terminated_reason"


class Restarted(NamedTuple):
    """From ``at`` (milliseconds) on: how often it was started again, and how it ended last ("": it never did)."""

    at: int
    restarts: int
    reason: str


class RestartSeries:
    """By uid of the pod and name of the container, in the order of time."""

    def __init__(self) -> None:
        self._noted: dict[tuple[str, str], list[Restarted]] = {}

    def note(self, pod: Obj, now: int) -> None:
        for status in dig(pod, "status", "containerStatuses", default=()):
            noted = self._noted.setdefault((uid_of(pod), status["name"]), [])
            reason = str(dig(status, "lastState", "terminated", "reason", default=""))
            run = Restarted(now, int(status.get("restartCount", 0)), reason)
            if not noted or noted[-1][1:] != run[1:]:
                noted.append(run)

    def series(
        self,
        uid: str,
        container: str,
        labels: Labels,
        wanted: set[str],
        matchers: Matchers,
        times: Sequence[int],
    ) -> Iterator[Series]:
        """What it was before it was seen first is taken to be as it was then."""
        noted = self._noted.get((uid, container)) or [Restarted(0, 0, "")]
        starts = [run.at for run in noted]
        at_times = [noted[max(0, bisect_right(starts, at) - 1)] for at in times]
        if RESTARTS in wanted and matches(matchers, {NAME: RESTARTS, **labels}):
            yield Series({NAME: RESTARTS, **labels}, times, [float(run.restarts) for run in at_times])
        for reason in sorted({run.reason for run in at_times} - {""}) if ENDED in wanted else ():
            of = {NAME: ENDED, **labels, "reason": reason}
            if matches(matchers, of):
                there = [at for at, run in zip(times, at_times, strict=True) if run.reason == reason]
                yield Series(of, there, [1.0] * len(there))
