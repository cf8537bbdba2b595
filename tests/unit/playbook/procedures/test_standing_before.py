"""How a service stood before recoveries brought it up: whatever was given up, begun again and gone back from in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.playbook.making import NOW, REF, deployment
from tests.unit.playbook.procedures.restoring import LOST, case, good
from tfdash.model.run import RunEvent, RunEventKind, RunJournal
from tfdash.model.store_state import REHEARSED
from tfdash.playbook.policies import Policies
from tfdash.playbook.procedures.candidates import InputCase
from tfdash.playbook.procedures.inputs import INPUT_TYPES, unfit_inputs, whole
from tfdash.playbook.procedures.last_good import StoodBefore, restored_text, stood_before
from tfdash.playbook.procedures.library import library
from tfdash.playbook.procedures.policy import RecoveryPolicy
from tfdash.playbook.procedures.standing_before import APART, stood_here
from tfdash.playbook.procedures.started import run_id

RECOVERY, BACK = "environment-failure", "way-back"
KNOWN = library().procedures
UP = 5
BROUGHT_UP = good(replicas=UP, scaler="checkout", minimum=2, maximum=8)
PLAIN = good(replicas=UP)


def began(id: str, texts: Sequence[str], at: float, *ends: tuple[RunEventKind, dict[str, Any]]) -> RunJournal:
    inputs = {"services": tuple(texts)}
    data: dict[str, Any] = {
        **{"procedure": id, "digest": "d", "nonce": str(at), "text": "", "dry": False},
        **{"inputs": {"services": list(texts)}, "environment": REF.environment, "cluster": REF.cluster},
    }
    run = run_id(id, "d", "ann", inputs, str(at), where=(REF.environment, REF.cluster))
    told = [(RunEventKind.STARTED, data), *ends]
    events = tuple(
        RunEvent(
            kind=kind,
            run=run,
            number=number + 1,
            terminal="ann",
            at=at + number * 0.1,
            by="ann",
            sentence="",
            data=more,
        )
        for number, (kind, more) in enumerate(told)
    )
    return RunJournal(id=run, events=events)


DONE = (RunEventKind.CLOSED, {REHEARSED: BACK, "dry": False})
CLOSED = (RunEventKind.CLOSED, {})
ABORTED = (RunEventKind.ABORTED, {})


def found(at: float, *, had: int, of: Any = PLAIN, bounds: tuple[int, int] | None = None) -> RunJournal:
    """A recovery that began at ``at`` and found so many."""
    before = StoodBefore(had, *(bounds or (None, None)))
    return began(RECOVERY, [restored_text(of, before)], at)


def sizes(*journals: RunJournal) -> list[str]:
    return [one.text for one in stood_here({one.id: one for one in journals}, KNOWN, REF)]


def text(replicas: int) -> str:
    return f"Deployment a/checkout tier=3 replicas={replicas}"


@pytest.mark.parametrize(
    ("journals", "expected"),
    [
        ([], []),
        ([found(10, had=0)], [text(0)]),
        ([found(20, had=UP), found(10, had=0)], [text(0)]),  # given up, and begun again
        ([found(10, had=0), found(20, had=UP), found(30, had=UP)], [text(0)]),
        ([found(10, had=0), began(BACK, [], 15, DONE), found(20, had=1)], [text(1)]),
        ([found(10, had=0), began(BACK, [], 15, ABORTED), found(20, had=UP)], [text(0)]),
        ([found(10, had=0), began(BACK, [], 15, ABORTED, CLOSED), found(20, had=UP)], [text(0)]),
        ([found(10, had=0), began(BACK, [], 15), found(20, had=UP)], [text(0)]),
        ([found(10, had=0), began(BACK, [], 15, DONE)], [text(0)]),  # once more: none began since
        ([found(10, had=0), found(11 + APART, had=2)], [text(2)]),  # long ago
    ],
)
def test_the_first_since_the_last_way_back_that_came_to_its_end(
    journals: list[RunJournal], expected: list[str]
) -> None:
    assert sizes(*journals) == expected


def choices(*journals: RunJournal) -> InputCase:
    at = case(deployment())
    state = msgspec.structs.replace(at.picture.store_state, runs={one.id: one for one in journals})
    return InputCase(
        wanted=next(one for one in KNOWN[BACK].inputs if one.id == "standby"),
        cluster=REF,
        picture=msgspec.structs.replace(at.picture, store_state=state, at=NOW),
        assessment=at.assessment,
        policies=Policies(recovery=RecoveryPolicy(procedures=KNOWN)),
    )


def test_what_somebody_changed_by_hand_in_between_is_told_and_can_be_chosen() -> None:
    of = choices(found(NOW - 900, had=0), found(NOW - 300, had=2))
    first, other = INPUT_TYPES["stood"].candidates(of)
    assert (first.value, other.value, first.other, other.other) == (text(0), text(2), False, True)
    assert "changed by hand" in first.sentence and "set by hand" in other.sentence
    chosen = whole(KNOWN[BACK], {"home": (LOST.cluster,), "standby": ("all",)}, lambda one, _: of)
    assert chosen["standby"] == (text(0),)
    assert not unfit_inputs(KNOWN[BACK], {"home": (LOST.cluster,), "standby": (text(2),)})
    ((_, why),) = unfit_inputs(KNOWN[BACK], {"home": (LOST.cluster,), "standby": (text(0), text(2))})
    assert "Deployment a/checkout stands there 2 times" in why


@pytest.mark.parametrize(
    ("had", "bounds", "by_hand"),
    [
        (0, (1, 2), False),  # as it stood
        (UP, (2, 8), False),  # as it was brought up
        (7, (2, 8), False),  # its HPA moved it
        (0, (2, 8), False),  # its bounds came first
        (9, (2, 8), True),
        (UP, (3, 8), True),
    ],
)
def test_what_an_hpa_does_is_not_by_hand(had: int, bounds: tuple[int, int], by_hand: bool) -> None:
    journals = [
        found(10, had=0, of=BROUGHT_UP, bounds=(1, 2)),
        found(20, had=had, of=BROUGHT_UP, bounds=bounds),
    ]
    (one,) = stood_here({one.id: one for one in journals}, KNOWN, REF)
    assert one.text == stood_before(restored_text(BROUGHT_UP, StoodBefore(0, 1, 2)))
    assert bool(one.changed) is by_hand


@given(
    st.integers(0, 3),
    st.lists(st.sampled_from(["begin", "up", "give up", "back", "back halfway"]), max_size=12),
    st.randoms(),
)
def test_whatever_is_begun_given_up_and_gone_back_from_it_is_what_stood_there(
    stood: int, acts: list[str], random: Any
) -> None:
    """An oracle that has the size itself: what nobody changes by hand goes back to what it was."""
    size, journals, at, recovering = stood, list[RunJournal](), 10.0, False
    for act in acts:
        at += 10.0
        if act == "begin":
            journals.append(found(at, had=size))
            recovering = True
        elif act == "up" and recovering:
            size = UP
        elif act == "back" and recovering:
            journals.append(began(BACK, [], at, DONE))
            size, recovering = stood, False
        elif act == "back halfway":
            journals.append(began(BACK, [], at, ABORTED, CLOSED))
    random.shuffle(journals)
    told = stood_here({one.id: one for one in journals}, KNOWN, REF)
    recovered = any(one.id.startswith(RECOVERY) for one in journals)
    assert [(one.text, one.changed) for one in told] == ([(text(stood), "")] if recovered else [])
