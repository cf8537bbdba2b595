"""Which revision of a release Helm goes by when it upgrades."""

from __future__ import annotations

import json

import pytest

from tests.unit.sources.helm.storing import PLANTED, stored
from tfdash.model.subject import Key
from tfdash.sources.kubernetes.helm_stored import StoredRevision, page, upgraded_from


@pytest.mark.parametrize(
    ("statuses", "which"),
    [
        (["deployed"], 1),
        (["superseded", "deployed"], 2),
        (["superseded", "deployed", "failed"], 2),
        (["superseded", "deployed", "pending-upgrade"], 2),
        (["deployed", "deployed"], 2),
        (["superseded", "failed"], 2),
        (["superseded", "superseded"], 2),
        (["failed"], 1),
        (["uninstalled"], None),
        (["superseded", "uninstalled"], None),
        (["pending-install"], None),
        (["uninstalling"], None),
        ([""], 1),
        ([], None),
    ],
)
def test_the_last_that_is_deployed_else_the_last_that_failed(statuses: list[str], which: int | None) -> None:
    """As ``prepareUpgrade`` of Helm has it."""
    items = [stored(revision=n, status=status) for n, status in enumerate(statuses, 1)]
    _, revisions = page(json.dumps({"metadata": {}, "items": items[::-1]}).encode())
    found = upgraded_from(revisions)
    assert {key: one.revision for key, one in found.items()} == (
        {} if which is None else {Key("shop", "web"): which}
    )


def test_releases_of_one_name_in_two_namespaces_are_two_and_revisions_are_numbers() -> None:
    items = [stored(revision=9), stored(revision=10), stored(namespace="other")]
    _, revisions = page(json.dumps({"metadata": {}, "items": items}).encode())
    assert [one.revision for one in upgraded_from(revisions).values()] == [10, 3]


def test_what_has_no_labels_is_known_by_its_name_and_content_is_left_out() -> None:
    items = [
        {
            "metadata": {"name": "sh.helm.release.v1.a.v1.v12", "namespace": "shop"},
            "data": {"release": PLANTED},
        },
        {"metadata": {"name": "odd", "labels": {"version": "9" * 5000}}},
        {},
    ]
    following, revisions = page(json.dumps({"metadata": {"continue": "more"}, "items": items}).encode())
    assert following == "more" and PLANTED not in repr(revisions)
    assert [(one.release, one.revision) for one in revisions] == [("a.v1", 12), ("odd", 0), ("", 0)]
    assert isinstance(revisions[0], StoredRevision)
