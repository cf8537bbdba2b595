"""One and many."""

from __future__ import annotations

import pytest

from tfdash.model.kinds import KINDS
from tfdash.nouns import counted, plural, singular
from tfdash.views.kinds import VIEWS


@pytest.mark.parametrize("kind", KINDS)
def test_the_plural_of_a_kind_is_that_of_its_resource(kind: str) -> None:
    spec = KINDS[kind]
    resource = (
        spec.id if spec.group == "metrics.k8s.io" else spec.resource
    )  # there called as what they are of
    assert plural(kind).lower() == resource
    assert singular(resource) == kind.lower()


def test_what_lists_count_has_a_singular() -> None:
    for view in VIEWS.values():
        assert plural(singular(view.noun)) == view.noun, view.noun


def test_a_number_and_its_noun() -> None:
    assert [counted(n, "Canary") for n in (0, 1, 2)] == ["0 Canaries", "1 Canary", "2 Canaries"]
    assert singular("series") == "series" and singular("access") == "access"
