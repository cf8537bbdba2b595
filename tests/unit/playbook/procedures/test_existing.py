"""What was chosen for a run and does not exist: said of what was read whole and lately, and of nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.making import NOW
from tests.unit.playbook.procedures.probing import FORBIDDEN, GONE, case_of, seen
from tests.unit.playbook.procedures.test_candidates import SEEN
from tfdash.model.procedure import Input, Procedure
from tfdash.playbook.procedures.existing import Chosen, existing, object_of
from tfdash.playbook.procedures.inputs import INPUT_TYPES


def said(type: str, *values: str, new: bool = False, now: float = NOW, **kind: Any) -> list[bool | None]:
    """``kind``: of which the observation is another."""
    found = SEEN
    for name, fields in kind.items():
        found = seen(found, name, **fields)
    return [one.there for one in told(type, values, new=new, case=case_of(found, now=now))]


def told(type: str, values: tuple[str, ...], *, new: bool = False, case: Any = None) -> list[Chosen]:
    wanted = Input(id="x", title="x", type=type, many=True, new=new)
    procedure = Procedure(id="p", title="p", purpose="p", inputs=(wanted,), steps=(), text="", digest="")
    return list(existing(procedure, {"x": values}, case or case_of(SEEN)))


@pytest.mark.parametrize(
    ("type", "value", "there"),
    [
        ("workload", "Deployment a/checkout", True),
        ("workload", "Deployment a/checkuot", False),
        ("workload", "Deployment b/checkout", False),
        ("workload", "StatefulSet a/db", True),
        ("workload", "StatefulSet a/checkout", False),
        ("workload", "CronJob a/nightly", None),  # nothing here looks for one
        ("release", "Deployment a/nosuch", False),
        ("pod", "Pod a/db-0", True),
        ("pod", "Pod a/db-1", False),
        ("node", "n1", True),
        ("node", "n9", False),
        ("namespace", "a", True),
        ("namespace", "z", False),
    ],
)
def test_each_type_that_names_an_object(type: str, value: str, there: bool | None) -> None:
    assert said(type, value) == [there]
    assert said(type, value, new=True) == []


@pytest.mark.parametrize(
    "type", sorted(INPUT_TYPES.keys() - {"workload", "release", "pod", "node", "namespace"})
)
def test_what_names_no_object_of_the_cluster_is_not_asked(type: str) -> None:
    value = INPUT_TYPES[type].example
    assert object_of(Input(id="x", title="x", type=type, many=True), value) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"problem": GONE, "observed_at": NOW - 3600},
        {"problem": FORBIDDEN, "observed_at": None},
        {"complete": False},
        {"partial": True},  # of other namespaces
    ],
)
def test_what_was_not_read_whole_is_not_known(fields: dict[str, Any]) -> None:
    assert said("workload", "Deployment z/nosuch", Deployment=fields) == [None]


def test_what_was_not_read_lately_is_not_known() -> None:
    assert said("workload", "Deployment a/nosuch", now=NOW + 3600) == [None]
    (one,) = told("workload", ("Deployment a/nosuch",), case=case_of(SEEN, now=NOW + 3600))
    assert one.why
