"""What is said when an API server is killed: at once that it is lost, nothing taken away; at ``stale_after`` no green, all red."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.protocol.watching import QUICK, REF, until
from tests.reports import snapshot_of
from tfdash.board.board import Board
from tfdash.judging.judge import Judge
from tfdash.model.kinds import JUDGED
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level
from tfdash.playbook.policy import default_policy
from tfdash.sources.base import ALL
from tfdash.sources.kubernetes.kubeconfig import resolve
from tfdash.sources.kubernetes.settings import KubernetesSettings
from tfdash.sources.kubernetes.source import KubernetesSource

STALE_AFTER = default_policy().stale_after
SCREENS = ("overview", "deployments", "nodes", "rollouts", "pods", "canary")
UTC = ZoneInfo("UTC")


class Stepped:
    """The machine's clock, ahead by ``ahead`` seconds."""

    ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead


def printed(board: Board, now: float) -> dict[str, tuple[str, int]]:
    """Every screen as text, with its exit code."""
    picture, told = board.picture, board.assessment
    found = {}
    for screen in SCREENS:
        if screen == "canary":
            found[screen] = snapshot_of(picture, told, "canary", None, "text", now, UTC)
        else:
            text = snapshot_of(picture, told, screen, None, "text", now, UTC)[0]
            found[screen] = text, snapshot_of(picture, told, screen, None, "text", now, UTC)[1]
    return found


def red(board: Board) -> dict[Subject, Level]:
    """What is WARN or worse, by subject."""
    verdicts = board.assessment.verdicts
    worst = {subject: max(v.level for v in several) for subject, several in verdicts.items() if several}
    return {subject: level for subject, level in worst.items() if level >= Level.WARN}


def goes_silent(kubeconfig: Path, context: str, kill: Callable[[], None]) -> None:
    """``kill`` ends the API server, which has something well and something in BREACH."""
    clock = Stepped()
    access = resolve(str(kubeconfig), context)
    source = KubernetesSource(REF, access, clock, tuning=KubernetesSettings(**QUICK))
    board = Board([source], Judge(stale_after=STALE_AFTER), clock, interval=0.02)
    board.want("test", dict.fromkeys(JUDGED, ALL))
    board.start()
    try:
        until(board, lambda: not board.unsettled(), "the first lists", 60.0)
        until(board, lambda: Level.BREACH in red(board).values(), "something in BREACH", 60.0)
        before, texts = red(board), printed(board, clock.now())
        assert "✔" in texts["overview"][0] and "✔" in texts["deployments"][0]
        kill()

        def lost() -> bool:
            cluster = board.picture.clusters[REF]
            served = [seen for seen in cluster.kinds.values() if not seen.note]
            return all(seen.problem is not None for seen in (cluster.info, *served))

        until(board, lost, "every source says that it is lost", 60.0)
        texts = printed(board, clock.now())
        assert "✔" in texts["deployments"][0], "a lost connection takes nothing away"
        assert "? unreachable" in texts["overview"][0] or "? timed out" in texts["overview"][0]
        clock.ahead = STALE_AFTER + 1.0

        def aged() -> bool:
            told = board.assessment
            well = [v for several in told.verdicts.values() for v in several if v.level < Level.UNKNOWN]
            sections = [
                section for section in told.sections if section.id != "recovery"
            ]  # no runbook is here
            return not well and all(section.level >= Level.UNKNOWN for section in sections)

        until(board, aged, "nothing that is well", 60.0)
        for screen, (text, code) in printed(board, clock.now()).items():
            assert "✔" not in text, f"{screen}\n{text}"
            assert code in (1, 2), f"{screen}\n{text}"
        after = red(board)
        paler = {str(s): (was, after.get(s)) for s, was in before.items() if after.get(s, Level.IDLE) < was}
        assert not paler, "what was red stays as red as it was; time alone may make it worse"
        for subject in before:
            sentences = [v.sentence for v in board.assessment.verdicts[subject] if v.level >= Level.WARN]
            assert all(", as of " in sentence for sentence in sentences), sentences
        assert printed(board, clock.now())["overview"][1] == 1
    finally:
        board.stop(5.0)
