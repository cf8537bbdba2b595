"""What other tests gave the process to keep back is taken out of no procedure here."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_secrets(holds_no_secret: None) -> None:
    """For all tests of this folder."""
