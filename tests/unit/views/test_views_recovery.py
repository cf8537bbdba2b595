"""Runbooks of several clusters: each is judged in each of them, and none hides another, on the page or in a report."""

from __future__ import annotations

import msgspec
import pytest

from tests.tui import recoveryworld as rw
from tfdash.model.verdict import Level
from tfdash.playbook.procedures.library import library
from tfdash.playbook.procedures.placeholders import named_in
from tfdash.playbook.procedures.reading import read_procedure
from tfdash.views.recovery import forms
from tfdash.views.recovery.runbooks import BookKey, head, rows_of, said_of
from tfdash.views.state import of_level

BOOK = read_procedure("service-failure", rw.FAILURE)
HERE, AFAR = BookKey(BOOK.id, rw.REF), BookKey(BOOK.id, rw.AFAR)


def test_what_is_said_of_one_cluster_hides_nothing_of_another() -> None:
    said = rw.elsewhere(rw.RECOVERY)
    assert set(said_of(said)) == {HERE, AFAR}
    rows = rows_of([BOOK], said)
    assert list(rows) == [HERE, AFAR]
    assert [row.proposed for row in rows.values()] == [True, False]
    assert [row.readiness.level for row in rows.values() if row.readiness] == [Level.WARN, Level.OK]
    assert {row.title.rpartition(", in ")[2] for row in rows.values()} == {"eu-1", "zz-9"}


def test_what_is_under_way_in_one_cluster_is_still_proposed_in_another() -> None:
    rows = rows_of([BOOK], rw.elsewhere(rw.RECOVERY)).values()
    assert head(rows, True, {AFAR})[0].word == "PROPOSED"
    assert head(rows, True, {HERE})[0].word == of_level(Level.MOVING).worded("under way").word


def test_of_one_cluster_its_name_is_not_said() -> None:
    [row] = rows_of([BOOK], rw.RECOVERY).values()
    assert row.key == HERE and "eu-1" not in row.title


def test_a_way_back_says_where_it_leads_from() -> None:
    """The row of a loss names what is lost, that of a way back where it is begun: one word tells them apart."""
    back = msgspec.structs.replace(library().procedures["way-back"], id=BOOK.id)
    rows = rows_of([back], rw.elsewhere(rw.RECOVERY)).values()
    assert {row.named.partition(":")[0] for row in rows} == {"from eu-1", "from zz-9"}
    assert all(row.title.endswith((", from eu-1", ", from zz-9")) for row in rows)


@pytest.mark.parametrize("id", library().procedures)
def test_what_a_procedure_is_for_is_told_before_anything_is_chosen(id: str) -> None:
    """Lists and the start dialog show it as it stands in its file."""
    assert not [*named_in(library().procedures[id].purpose)]


def test_a_runbook_of_which_nothing_is_said_has_a_row() -> None:
    [row] = rows_of([BOOK], None).values()
    assert row.key == BookKey(BOOK.id) and row.proposed is None and row.readiness is None


def test_what_cannot_be_taken_back_is_told_before_the_start_by_what_is_chosen() -> None:
    """Where nothing is chosen yet, by what is to be chosen: no brace of the file is shown."""
    lost = library().procedures["environment-failure"]
    for given, told in (({"lost": "eu-1"}, "from eu-1"), ({}, "from the cluster that is lost")):
        (hurt, *_) = forms.start(lost, {}, given, "production").hurts
        shown = "".join(cell if isinstance(cell, str) else cell[0] for cell in hurt)
        assert told in shown and "{" not in shown, shown
