"""A board with its judge feeds the journal: what the rules said while objects changed is what is read of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.unit.playbook import making
from tests.unit.test_board import REF, Scripted
from tests.waiting import until
from tfdash.board.board import Board
from tfdash.cli.journal import keep_journal, read_journal
from tfdash.clock import SystemClock
from tfdash.judging.judge import Judge
from tfdash.model.assessment import Assessment
from tfdash.model.kinds import JUDGED
from tfdash.model.kube import Deployment
from tfdash.model.observation import Observation
from tfdash.model.picture import Objects, Picture, ServerInfo
from tfdash.model.subject import Key
from tfdash.model.verdict import Level
from tfdash.playbook.serving import workload
from tfdash.sources.base import ALL
from tfdash.store.journal.times import verdict_times
from tfdash.store.journal.view import SECTION, Ended
from tfdash.store.journal.watched import watched
from tfdash.store.opening import StoreOptions

CLOCK = SystemClock()
RULE = workload.RULE.id


class Cluster(Scripted):
    """One whose objects the test puts."""

    def unsettled(self, picture: Picture, assessment: Assessment) -> tuple[str, ...]:
        return ()


def deployment(ready: int) -> Deployment:
    return making.deployment(created=CLOCK.now() - 9000, ready=ready, available=ready)


def seen(*objects: Deployment) -> Observation[Objects]:
    value = {Key(one.namespace, one.name): one for one in objects}
    return Observation(value=value, complete=True, source="eu-1", observed_at=CLOCK.now())


def level_of(board: Board) -> Level:
    return max(
        (v.level for of in board.assessment.verdicts.values() for v in of if v.rule == RULE), default=Level.OK
    )


def judged(board: Board, well: bool) -> bool:
    return (level_of(board) is Level.OK) is well


def test_what_the_rules_said_is_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfdash.store.journal.recorder.TICK", 0.05)
    board = Board([Cluster()], Judge(), CLOCK, interval=0.01)
    options = StoreOptions(path=str(tmp_path))
    began = CLOCK.now()
    board.put_info(REF, Observation(value=ServerInfo(version="v1.34.0", skew=0.0), observed_at=began))
    for kind in JUDGED:
        board.put_objects(REF, kind, seen(), None)
    board.put_objects(REF, "Deployment", seen(deployment(3)), None)
    keep_journal(board, REF.environment, options, CLOCK, ALL)

    def told() -> list[tuple[str, bool, Level | None, Level | None]]:
        words = [w for span in read_journal(options, began, CLOCK.now() + 1).spans for w in span.words]
        return [(w.subject.name, w.first, w.before, w.level) for w in words if w.rule == RULE]

    levels = []
    board.start()
    try:
        until(lambda: read_journal(options, began, CLOCK.now() + 1).spans, "a span")
        for ready in (0, 3, 2):
            board.put_objects(REF, "Deployment", seen(deployment(ready)), None)
            until(partial(judged, board, ready == 3), "its verdict")
            levels.append(level_of(board))
            until(partial(lambda many: len(told()) == many, len(levels)), "its word")
    finally:
        board.stop()
    bad, _, less = levels
    assert bad > Level.OK and less > Level.OK
    assert told() == [
        ("checkout", False, None, bad),
        ("checkout", False, bad, None),
        ("checkout", False, None, less),
    ]
    view = read_journal(options, began, CLOCK.now())
    assert not view.doubts and [span.ended for span in view.spans] == [Ended.CLOSED]
    [times] = [one for one in verdict_times(view) if one.rule == RULE]
    assert [(s.level, s.begun, s.ended) for s in times.spells] == [(bad, True, True), (less, True, False)]
    assert sum(times.seconds.values()) <= watched(view, REF.environment).seconds
    serving = [w.level for w in view.changes() if w.rule == SECTION and w.subject.name == "serving"]
    assert serving and max(level for level in serving if level is not None) >= bad
