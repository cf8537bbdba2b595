"""A terminal of its own for the tests that kill it: ``python -m tests.trials.acting_child act|settle KUBECONFIG FOLDER N``.

``act`` scales a Deployment up by one and kills itself with SIGKILL at the N-th point at which something is about to be, or
was just, recorded or sent. ``settle`` starts as a terminal does after that, and prints what it settled.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.unit.actions.acting import REF, bench
from tests.waiting import until
from tfdash.clock import SystemClock
from tfdash.model.subject import Subject
from tfdash.store.opening import StoreOptions, open_store

NS, NAME = "tf-killed", "web"


class Points:
    """Counts the points and dies at one of them."""

    def __init__(self, at: int) -> None:
        self.at, self.count = at, 0

    def point(self) -> None:
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, thing: Any, name: str) -> None:
        real = getattr(thing, name)

        async def call(*args: Any, **more: Any) -> Any:
            self.point()
            done = await real(*args, **more)
            self.point()
            return done

        setattr(thing, name, call)


def main() -> None:
    word, kubeconfig, folder, number = sys.argv[1:5]
    opened = open_store(StoreOptions(path=folder), SystemClock(), acting=True, terminal="killed")
    kinds = ("Deployment", "ReplicaSet", "Pod")
    with bench(Path(kubeconfig), "admin", kinds=kinds, ledger=opened.store, sources=(opened.source,)) as at:
        subject = Subject(REF, "Deployment", NS, NAME)
        at.see(subject)
        at.until(lambda: bool(at.board.picture.store_state.health.terminal), "the store")
        if word == "settle":
            left = [e.intent for e in at.board.picture.store_state.unsettled]
            settled: tuple[Any, ...] = ()

            def can_be_told() -> bool:
                """Its server may still have been at it."""
                nonlocal settled
                settled = at.run(at.actions.reconcile())
                return not any("look again" in s.sentence for s in settled)

            until(can_be_told, "an outcome that can be told", every=1.0)
            at.until(lambda: not at.board.picture.store_state.unsettled or not settled, "the outcomes")
            told = [[s.entry.intent, str(s.result), s.sentence, s.recorded] for s in settled]
            print(json.dumps({"left": left, "settled": told}))
            return
        points = Points(int(number))
        for name in ("append", "reserve"):
            points.around(opened.store, name)
        points.around(at.actions._parts.writers.clusters[REF], "send")
        document = at.run(at.board.read(subject)).document
        guarded = at.plan("workload.scale", subject, replicas=document["spec"]["replicas"] + 1)
        done, _ = at.act(guarded)
        print(json.dumps({"result": str(done.result), "sentence": done.sentence, "points": points.count}))


if __name__ == "__main__":
    main()
