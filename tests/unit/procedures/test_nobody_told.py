"""A message that no channel takes is told by hand, as its file says: nothing is sent in vain first."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.procedures.world import HEAD, ZONE, Terminal, step
from tests.unit.store.helpers import NOW, Clock
from tfdash.model.run import StepStatus
from tfdash.notify.notifier import OnlyPreviews
from tfdash.notify.writing import MessageWriter


def test_it_is_signed_where_no_channel_takes_it(terminal: Callable[..., Terminal]) -> None:
    clock = Clock(NOW)
    told = {"p": HEAD + step("told", "notify", message='"started"', by_hand='"call them"')}
    nobody = OnlyPreviews({}, MessageWriter("", "production", ZONE, clock))
    one = terminal(told, clock=clock, notifier=nobody)
    run = one.start("p").id
    shown = one.prepare(run, "told")
    assert shown.may == ("sign", "skip")
    assert shown.refused.startswith("no channel takes it")
    one.do(run, "told", worked=True, note="called")
    assert one.step(run, "told").status is StepStatus.DONE
