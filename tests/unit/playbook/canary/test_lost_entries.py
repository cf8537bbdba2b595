"""Where the log lost entries: of which releases it is not known whether a person decided."""

from __future__ import annotations

import msgspec
import pytest

from tests.tui import canaryworld as cw
from tfdash.model.store_state import StoreState
from tfdash.playbook.canary.lost_entries import lost_of


@pytest.mark.parametrize(
    ("started", "decided", "lost"),
    [
        (9.0, None, True),
        (10.0, None, True),  # in the very second: nobody can tell which was first
        (11.0, None, False),
        (None, None, True),  # since when it goes on is not known
        (9.0, 9.0, True),
        (9.0, 10.0, False),  # decided anew, then, too
    ],
)
def test_what_was_lost_since_it_began_and_not_decided_anew(
    started: float | None, decided: float | None, lost: bool
) -> None:
    release = msgspec.structs.replace(cw.release(), started=started)
    known = {release.subject: decided} if decided is not None else {}
    facts = StoreState(losses=((10.0, "its tail was cut"),), decided_at=known)
    assert bool(lost_of(facts, release)) is lost
    assert lost_of(StoreState(), release) == ""
