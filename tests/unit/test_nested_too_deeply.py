"""JSON in a text from outside that is nested deeper than any reader follows is nonsense like any other: it ends nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tfdash.actions.kubernetes.field_managers import managers_of
from tfdash.actions.kubernetes.keepers import STOPPED, _memory
from tfdash.model.subject import ClusterRef
from tfdash.sources.kubernetes.managed_fields import _part
from tfdash.store.log.redact import _walk
from tfdash.store.log.size_facts import _sizes
from tfdash.store.peers.cluster_records import digest_of, verified_in_cluster
from tfdash.views.changes import drifted

DEEP = "[" * 100_000


def _keeper() -> object:
    with pytest.raises(ValueError, match="nested too deeply"):
        _memory({"metadata": {"annotations": {STOPPED: DEEP}}})
    return None


def _record() -> object:
    notes = {"annotations": {"tfdash.dev/digest": digest_of("{}")}}
    data = {"template.json": "{}", "about.json": DEEP}
    return verified_in_cluster({"metadata": notes, "data": data}, ClusterRef("e", "c"))


def _managers() -> object:
    fields = {"f:spec": {"f:items": {f"k:{DEEP}": {}}}}
    document = {"spec": {"items": [{}]}, "metadata": {"managedFields": [{"fieldsV1": fields}]}}
    return managers_of(document, ["/spec/items/0"])


READERS: list[tuple[Callable[[], object], object]] = [
    (_keeper, None),
    (_record, None),
    (_managers, ()),
    (lambda: list(_sizes({"plan": {"arguments": [["remembers", DEEP]]}})), []),
    (lambda: drifted({}, DEEP), ()),
    (lambda: _part(f"k:{DEEP}", ""), f"[{DEEP}]"),
    (lambda: isinstance(_walk(DEEP, set()), str), True),
]


@pytest.mark.parametrize(("read", "wanted"), READERS)
def test_it_ends_nothing(read: Callable[[], object], wanted: object) -> None:
    assert read() == wanted
