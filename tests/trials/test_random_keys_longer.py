"""Random keys on every screen, more of them than ``make test`` has time for."""

from __future__ import annotations

import pytest

from tests.tui.stillness import exact_pilot
from tests.tui.test_random_keys import patient, survives  # noqa: F401


@pytest.mark.timeout(600)
@pytest.mark.parametrize("turn", range(3))
async def test_a_read_only_terminal_survives_more_keys(turn: int) -> None:
    with exact_pilot():
        await survives(turn, 40)
