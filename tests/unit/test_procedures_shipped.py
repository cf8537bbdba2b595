"""The procedures that ship name only what there is, where nothing is configured."""

from __future__ import annotations

import pytest

from tfdash.notify.settings import NotifySettings
from tfdash.playbook.procedures.library import library
from tfdash.playbook.procedures.settings import ProceduresSettings
from tfdash.procedures.vocabulary import vocabulary_of


@pytest.mark.usefixtures("holds_no_secret")
def test_those_that_ship_are_right_where_nothing_is_configured() -> None:
    found = library(None, vocabulary_of(ProceduresSettings(), NotifySettings()))
    assert [str(one) for one in found.problems] == []
    assert {"release", "emergency-fix", "rollback", "service-failure"} <= set(found.procedures)
