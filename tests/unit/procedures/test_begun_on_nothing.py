"""A run is not begun on what is known not to exist; what is not known to is taken, and said in its start."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tests.unit.playbook.making import deployment, picture
from tests.unit.procedures.world import HEAD, Terminal, step
from tfdash.judging.judge import judge_all
from tfdash.model.assessment import Assessment
from tfdash.model.picture import Picture
from tfdash.procedures.beginning import UNSEEN
from tfdash.procedures.protocols import RunRefused

Make = Callable[..., Terminal]
INPUT = '[[inputs]]\nid = "service"\ntitle = "the service"\ntype = "workload"\n{more}\n'


def text(more: str = "") -> str:
    return HEAD + INPUT.format(more=more) + step("look", "manual")


class Standing:
    """A board whose clusters stand still; all else is the real one."""

    def __init__(self, at: Terminal, stands: Picture) -> None:
        self._board = at.board
        seen = self._seen = at.clock.now()
        self._clusters = {
            ref: msgspec.structs.replace(
                one, kinds={k: msgspec.structs.replace(o, observed_at=seen) for k, o in one.kinds.items()}
            )
            for ref, one in stands.clusters.items()
        }

    @property
    def picture(self) -> Picture:
        return msgspec.structs.replace(self._board.picture, clusters=self._clusters)

    @property
    def assessment(self) -> Assessment:
        return judge_all(self.picture, self._seen)

    def __getattr__(self, name: str) -> object:
        return getattr(self._board, name)


def standing(at: Terminal) -> Terminal:
    object.__setattr__(at.runs._means, "board", Standing(at, picture(deployment())))
    return at


@pytest.mark.parametrize("dry", [True, False])
def test_what_is_not_there_is_refused_and_what_was_meant_is_said(terminal: Make, dry: bool) -> None:
    at = standing(terminal({"p": text()}))
    with pytest.raises(RunRefused, match=r"the service: there is no Deployment a/checkuot in ") as refused:
        at.start("p", dry=dry, service=("Deployment a/checkuot",))
    assert refused.value.remedy == 'did you mean "Deployment a/checkout"?'
    with pytest.raises(RunRefused, match=r"there is no Deployment z/nothing-like-it in ") as refused:
        at.start("p", dry=dry, service=("Deployment z/nothing-like-it",))
    assert refused.value.remedy == "choose one that is there"
    assert at.runs.runs() == ()
    run = at.start("p", dry=dry, service=("Deployment a/checkout",))
    assert UNSEEN not in at.runs.events(run.id)[0].data


def test_what_is_new_need_not_be_there(terminal: Make) -> None:
    at = standing(terminal({"p": text("new = true")}))
    run = at.start("p", service=("Deployment a/next",))
    assert UNSEEN not in at.runs.events(run.id)[0].data


def test_what_nobody_can_see_is_taken_and_said(terminal: Make) -> None:
    at = terminal({"p": text()})  # whose board has no cluster
    run = at.start("p", service=("Deployment a/checkout",))
    begun = at.runs.events(run.id)[0]
    (told,) = begun.data[UNSEEN]
    assert told.startswith("whether there is a Deployment a/checkout is not known: ")
    assert begun.sentence.endswith(told)
