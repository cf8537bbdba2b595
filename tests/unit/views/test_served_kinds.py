"""What the clusters serve is asked of all at once, and told in their order."""

from __future__ import annotations

import asyncio

from tfdash.model.observation import Problem, ProblemKind
from tfdash.model.requests import ReadFailed
from tfdash.model.resources import ApiResource, Catalogue
from tfdash.model.subject import ClusterRef
from tfdash.views.served_kinds import ServedKinds

ONE, TWO = ClusterRef("production", "one"), ClusterRef("production", "two")


def serving(group: str) -> Catalogue:
    return Catalogue((ApiResource(group, "v1", "widgets", "Widget", verbs=("get", "list")),))


class Clusters:
    """``ONE`` answers when ``let`` is set."""

    clusters = (ONE, TWO)

    def __init__(self, first: Catalogue | Problem) -> None:
        self.first = first
        self.let, self.answered = asyncio.Event(), asyncio.Event()

    async def read_catalogue(self, ref: ClusterRef, max_age: float) -> Catalogue:
        if ref == TWO:
            self.answered.set()
            return serving("two.io")
        await self.let.wait()
        if isinstance(self.first, Problem):
            raise ReadFailed(self.first)
        return self.first


async def test_a_cluster_that_is_slow_holds_up_no_other() -> None:
    board = Clusters(Problem(kind=ProblemKind.UNREACHABLE, cause="no answer"))
    kinds = ServedKinds(board)
    looking = asyncio.create_task(kinds.look(0.0))
    async with asyncio.timeout(5):
        await board.answered.wait()
    assert kinds.meant("widgets") is not None
    assert not kinds.problems
    board.let.set()
    await looking
    assert list(kinds.catalogues) == [TWO]
    assert list(kinds.problems) == [ONE]


async def test_a_word_means_what_it_means_in_the_first_cluster_whoever_answers_first() -> None:
    board = Clusters(serving("one.io"))
    kinds = ServedKinds(board)
    looking = asyncio.create_task(kinds.look(0.0))
    async with asyncio.timeout(5):
        await board.answered.wait()
    board.let.set()
    await looking
    found = kinds.meant("widgets")
    assert found is not None and found[0] == "widgets.one.io"
