"""How long a recording takes to open and to jump, as ``tfdash replay`` does it, without a screen.

    .venv/bin/python -m benchmarks.replay [FILE] [--pods 10000] [--minutes 60] [--no-metrics] [--profile]

Without a file one is made as ``benchmarks.recording`` makes it. Opened is what stands before the first frame of what was seen: the file read and held
against its checksums, the first picture, judged. A jump is the picture of another time, and all of it judged afresh, which the terminal does behind
that picture. Told are milliseconds of CPU time of this process.
"""

from __future__ import annotations

import argparse
import cProfile
import math
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from benchmarks.recording import asked, record
from tfdash.cli.compose import judge_of
from tfdash.config.load import load
from tfdash.judging.judge import Judge
from tfdash.model.picture import Change, Picture
from tfdash.recording.reading import Recording
from tfdash.replay.player import Player

SETTINGS = load(None)
T = TypeVar("T")


class Measured:
    """By name, how long each took."""

    def __init__(self) -> None:
        self.took: dict[str, list[float]] = {}

    def __call__(self, name: str, work: Callable[[], T]) -> T:
        began = time.process_time()
        found = work()
        self.took.setdefault(name, []).append(1e3 * (time.process_time() - began))
        return found

    def told(self) -> None:
        for name, took in self.took.items():
            print(f"{name:34}median {statistics.median(took):6.0f}   worst {max(took):6.0f}   of {len(took)}")


def make(hold: float = math.inf) -> Judge:
    return judge_of(SETTINGS)


def judged(picture: Picture, at: float) -> None:
    keys = {(ref, kind): None for ref, cluster in picture.clusters.items() for kind in cluster.kinds}
    judge = make()
    judge.assess(picture, Change(keys=keys, freshness=frozenset(keys), signals=None, store=None), at)
    while judge.go_on(at):
        judge.assess(picture, Change(keys={}, freshness=frozenset()), at)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", default="")
    asked(parser)
    parser.add_argument("--profile", action="store_true", help="where a jump's time goes")
    given = parser.parse_args()
    path = Path(given.file or Path(tempfile.mkdtemp()) / "a.tfrec")
    if not given.file:
        record(path, given)
    make()  # what is imported by then is no part of it
    measure = Measured()
    recording = measure("opening: the file", lambda: Recording.open(path))
    player = measure("opening: the first picture", lambda: Player(recording.again, make))
    measure("opening: judged", lambda: judged(player.board.picture, recording.start))
    print(f"{path.stat().st_size / 1e6:.1f} MB, {(recording.end - recording.start) / 60:.0f} minutes")
    random.seed(2)
    profile = cProfile.Profile()
    reader = player.recording
    for _ in range(20):
        at = random.uniform(recording.start, recording.end)
        if given.profile:
            profile.enable()
        picture = measure("a jump: the picture", lambda at=at: reader.picture_at(at))  # type: ignore[misc]  # a default binds this round's time; mypy infers no lambda with one
        profile.disable()
        measure("a jump: judged", lambda at=at, picture=picture: judged(picture, at))  # type: ignore[misc]  # likewise
    measure.told()
    if given.profile:
        profile.print_stats("tottime")


if __name__ == "__main__":
    main()
