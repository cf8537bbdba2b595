"""Every application here is waited for exactly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tui.stillness import exact_pilot


@pytest.fixture(autouse=True, scope="session")
def _exact_pilot() -> Iterator[None]:
    with exact_pilot():
        yield
