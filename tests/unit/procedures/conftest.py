"""Terminals that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.procedures.world import Terminal
from tests.unit.store.conftest import database, postgres, template  # noqa: F401


@pytest.fixture
def terminal(tmp_path: Path, holds_no_secret: None) -> Iterator[Callable[..., Terminal]]:
    """Makes terminals on one folder."""
    made: list[Terminal] = []

    def make(procedures: dict[str, str], *arguments: Any, **more: Any) -> Terminal:
        made.append(Terminal(tmp_path, procedures, *arguments, **more))
        return made[-1]

    yield make
    for one in made:
        one.end()
