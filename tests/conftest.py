"""Options that all tests share."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--platform", action="store_true", help="run against the real parts too (make platform)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without ``--platform`` the real parts are left out openly (deselected); with it nothing is ever skipped."""
    if not config.getoption("--platform"):
        real = [item for item in items if "platform" in item.keywords]
        if real:
            config.hook.pytest_deselected(items=real)
            items[:] = [item for item in items if "platform" not in item.keywords]
