"""Every application here is waited for exactly, and does nothing twice that one before it did."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tui.once import frames_painted, once
from tests.tui.stillness import exact_pilot


@pytest.fixture(autouse=True, scope="session")
def _exact_pilot() -> Iterator[None]:
    with exact_pilot(), once():
        yield


@pytest.fixture
def painted() -> Iterator[None]:
    """For what is about the painting, or wants a fault in it to be seen at once: each frame is painted, though nobody sees it."""
    with frames_painted():
        yield
