"""A namespace that was named and is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest

from tests.unit.views.making import EU, US, cluster, picture, pod
from tfdash.board.board import Board
from tfdash.cli.headless import no_namespace
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import AbsentNamespace, ClusterPicture, Picture, ServerInfo
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import ClusterRef
from tfdash.namespaces import absent
from tfdash.sources.base import ALL, Scope
from tfdash.views.namespaces import unknown_namespace


class Asked:
    """Clusters that list their namespaces, or do not say."""

    def __init__(self, *names: str, picture: Picture) -> None:
        self.names, self.picture = names, picture

    async def read_labelled(
        self, ref: ClusterRef, kind: str, namespace: str | None, selector: str, *, metadata: bool = False
    ) -> tuple[Mapping[str, Any], ...]:
        assert (ref, kind, namespace) == (EU, "Namespace", None)
        if not self.names:
            raise ReadFailed(Problem(kind=ProblemKind.FORBIDDEN, cause="may not list namespaces"))
        return tuple({"metadata": {"name": name}} for name in self.names)


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (("tf-production", "web"), "There is no namespace tf-prodution; the nearest is tf-production."),
        (("web",), "There is no namespace tf-prodution."),
        (("tf-prodution",), ""),
        ((), ""),  # may not be known
    ],
)
def test_it_is_named_with_the_nearest_where_the_cluster_says_which_it_has(
    there: tuple[str, ...], told: str
) -> None:
    seen = picture(cluster(Pod=[pod("x")]))
    assert asyncio.run(unknown_namespace(Asked(*there, picture=seen), ("tf-prodution",))) == told


@pytest.mark.parametrize(
    ("scope", "named"), [(Scope(("web", "tf-prod")), True), (Scope(("web",)), False), (ALL, False)]
)
def test_a_report_asks_for_all_that_the_option_or_the_configuration_names(scope: Scope, named: bool) -> None:
    asked = cast(Board, Asked("web", picture=picture(cluster(Pod=[pod("x")]))))
    assert no_namespace(asked, scope, 1.0) == ("There is no namespace tf-prod." if named else "")


@pytest.mark.parametrize(
    ("here", "there", "told"),
    [
        ([("x", "y", False)], [("x", "", False)], [("x", "y", False)]),  # in neither; the nearest of any
        ([("x", "", False)], [], []),  # the other one has it
        ([("x", "", True)], [], [("x", "", True)]),  # this one should have it
        ([("x", "", False)], None, []),  # the other one did not answer
        ([("x", "", True)], None, [("x", "", True)]),
    ],
)
def test_of_several_clusters_one_may_have_it(
    here: list[tuple[str, str, bool]], there: list[tuple[str, str, bool]] | None, told: list[Any]
) -> None:
    def of(ref: ClusterRef, names: list[tuple[str, str, bool]] | None) -> ClusterPicture:
        if names is None:
            return ClusterPicture(ref=ref, info=Observation(), kinds={})
        return cluster(ref, ServerInfo(missing=tuple(AbsentNamespace(*one) for one in names)))

    assert absent([of(EU, here), of(US, there)]) == told
