"""Options that all tests share."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# No example is timed (a busy machine is no defect), and the same commit tries the same examples, so a failure is the
# change's. New examples are looked for with ``pytest --hypothesis-profile=search``;
# a test that gives a number of its own keeps it there.
settings.register_profile(
    "same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "search", settings.get_profile("same"), derandomize=False, max_examples=2000, print_blob=True
)
settings.load_profile("same")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--platform", action="store_true", help="run against the real parts too (make platform)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without ``--platform`` the real parts are left out openly (deselected); with it nothing is ever skipped."""
    if not config.getoption("--platform"):
        real = [item for item in items if "platform" in item.keywords]
        if real:
            config.hook.pytest_deselected(items=real)
            items[:] = [item for item in items if "platform" not in item.keywords]
