"""``python -m benchmarks.rightsizing``: sizes for 1,000 workloads out of the history in a real Prometheus.

The Prometheus is filled with what ``weeks_of_many`` tells, and asked by the source that the program has, namespace by namespace
and day by day, at most two queries at a time with rests between; then a size is proposed for each workload. Told are the queries,
their samples, the time, and the resident memory of Prometheus and of this process before and at most. With ``--again`` the
days that were kept are read once more: what a second look costs.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.usage import REF, world
from benchmarks.weeks_of_many import DAY, Placed, texts
from tests.platform.harness.prometheus import Prometheus, back_fill
from tfdash.clock import FixedClock
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.kube import Object, Pod
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Objects, Picture, ServerInfo
from tfdash.model.subject import Key
from tfdash.model.traffic import Signals
from tfdash.playbook.policies import Policies
from tfdash.report.rightsize import sized_workloads
from tfdash.sources.prometheus.connecting import usage_history_for
from tfdash.sources.prometheus.options import Connection, Options
from tfdash.sources.prometheus.usage.source import Windows

_BANDED = 7  # days
_SINCE_MIDNIGHT = 1800.0  # so that yesterday is settled, and of today there is little to ask
_WHOLE_BLOCKS = ("--storage.tsdb.min-block-duration=2h", "--storage.tsdb.max-block-duration=2h")
"""Nothing is compacted while it is asked, which would count as its memory."""


class Resident:
    """``with Resident(pid) as memory``: resident bytes as they are and were at most, looked at all the time."""

    def __init__(self, pid: int) -> None:
        self._status, self._over = Path(f"/proc/{pid}/status"), threading.Event()
        self.before = self.most = self._now()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _now(self) -> int:
        line = next(x for x in self._status.read_text().splitlines() if x.startswith("VmRSS"))
        return int(line.split()[1]) * 1024

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.most = max(self.most, self._now())

    def __enter__(self) -> Resident:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def told(self) -> str:
        return f"{self.before / 2**20:.0f} MiB before, {self.most / 2**20:.0f} MiB at most"


class Board:
    """What the source asks of the board: pods that are known, a Prometheus that answers, and a place for histories."""

    def __init__(self, there: dict[str, list[Object]], now: float) -> None:
        kinds: dict[str, Observation[Objects]] = {
            kind: Observation(
                value={Key(o.namespace, o.name): o for o in several}, observed_at=now, complete=True
            )
            for kind, several in there.items()
        }
        info = Observation(value=ServerInfo(version="v1.37.2"), observed_at=now, complete=True)
        self.assessment = EMPTY_ASSESSMENT
        self.now, self._kinds, self._info = now, kinds, info
        self.picture = self._pictured()

    def _pictured(self) -> Picture:
        well = Observation(value="3", observed_at=self.now, complete=True)
        cluster = ClusterPicture(ref=REF, info=self._info, kinds=self._kinds)
        return Picture(
            at=self.now, number=1, clusters={REF: cluster}, signals=Signals(prometheus={REF: well})
        )

    def put_objects(self, ref: Any, kind: str, seen: Observation[Objects], changed: Any) -> None:
        self._kinds = {**self._kinds, kind: seen}
        self.picture = self._pictured()

    def put_status(self, source: str, status: object) -> None:
        """It is asked for at the end."""

    def unsettled(self) -> tuple[Any, ...]:
        return ()

    async def until(self, true: Any, patience: float) -> None:
        """All is known from the start."""

    def put_signals(self, published: object) -> None:
        """A history is none."""

    def put_store_state(self, state: object) -> None:
        """A history is none."""


def placed(there: dict[str, list[Object]]) -> list[Placed]:
    found = []
    for pod in there["Pod"]:
        assert isinstance(pod, Pod) and pod.owner is not None
        above = pod.owner.name
        found.append(Placed(pod.namespace, above.rpartition("-")[0], above, pod.name, pod.node))
    return found


@contextlib.contextmanager
def filled(pods: list[Placed], begin: int, end: int) -> Iterator[Prometheus]:
    """By a process of its own, whose memory goes with it."""
    server = Prometheus(flags=_WHOLE_BLOCKS)
    began = time.monotonic()
    try:
        filler = os.fork()
        if filler == 0:
            try:
                for text in texts(pods, begin, end):
                    back_fill(text, server.folder / "data")
            except BaseException as error:  # nothing of the parent's is run in its copy
                print(error, flush=True)
                os._exit(1)
            os._exit(0)
        if os.waitpid(filler, 0)[1] != 0:
            raise RuntimeError("the samples of the past could not be written")
        print(f"filled in {time.monotonic() - began:.0f} s", flush=True)
        yield server.start()
    finally:
        server.stop()


async def looked(server: Prometheus, board: Board, days: int, folder: Path) -> dict[str, Any]:
    """One round over everything, and a size for each workload of it."""
    policy = Policies().resources
    windows = Windows(min(_BANDED, days), days, policy.rightsize.cpu_percentile)
    source = usage_history_for(
        REF, Connection(url=server.url), Options(), None, FixedClock(board.now), windows, folder,
        asyncio.Semaphore(2),
    )  # fmt: skip
    wall, cpu = time.monotonic(), time.process_time()
    with Resident(server.pid) as theirs, Resident(os.getpid()) as ours:
        await source.round(board)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    if source.status.problem is not None:
        raise RuntimeError(str(source.status.problem))
    began = time.process_time()
    found = sized_workloads(board.picture, policy, None)
    sized = time.process_time() - began
    proposals = [s for one in found for s in one.sized.sizings]
    asking = source.asking
    return {
        "workloads sized": len(found),
        "proposals": sum(s.to is not None for s in proposals),
        "queries": asking.queries,
        "samples": asking.samples,
        "seconds of answers": round(asking.seconds, 1),
        "seconds": round(wall, 1),
        "our CPU seconds": round(cpu, 1),
        "ms of CPU to size them": round(1000 * sized),
        "Prometheus": theirs.told,
        "ours": ours.told,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workloads", type=int, default=1000)
    parser.add_argument("--pods", type=int, default=10, help="of each workload")
    parser.add_argument("--days", type=int, default=14, help="of history")
    parser.add_argument("--again", action="store_true", help="and once more, with the days that were kept")
    args = parser.parse_args()
    there, now = world(args.workloads, args.pods, 100), math.floor(time.time() / DAY) * DAY + _SINCE_MIDNIGHT
    pods, begin = placed(there), math.floor(now / DAY) * DAY - args.days * DAY
    with filled(pods, begin, int(now)) as server, tempfile.TemporaryDirectory() as kept:
        for _ in range(1 + args.again):
            found = asyncio.run(looked(server, Board(there, now), args.days, Path(kept) / "usage"))
            print(json.dumps(found, indent=2), flush=True)


if __name__ == "__main__":
    main()
