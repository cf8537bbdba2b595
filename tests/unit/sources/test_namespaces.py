"""Which of the namespaces that somebody names are not there."""

from __future__ import annotations

from tests.unit.sources.scripted import Answer, Asked, failing, scripted
from tfdash.model.picture import AbsentNamespace
from tfdash.sources.base import ALL, Scope
from tfdash.sources.kubernetes.namespaces import missing


async def test_only_a_404_says_that_one_is_not_there() -> None:
    def say(asked: Asked) -> Answer:
        if asked.path == "/api/v1/namespaces":
            assert asked.query == {"limit": "500"}
            return Answer([b'{"items": [{"metadata": {}}, {"metadata": {"name": "4045"}}]}'])
        name = asked.path.removeprefix("/api/v1/namespaces/")
        return failing(int(name)) if name.isdecimal() else Answer([b"{}"])

    async with scripted(say) as (reader, asked):
        scopes = (Scope(("404", "405")), ALL, Scope(("there", "403")))
        found = await missing(reader, ("there", "404", "410"), scopes)
        assert found == (AbsentNamespace("404", "4045", configured=True),)
        assert len(asked) == 6, "each once, and what there is instead"
        asked.clear()
        assert await missing(reader, ("404",), (), before=found) is found
        assert await missing(reader, ("there",), (), before=found) == ()
        assert len(asked) == 2
        asked.clear()
        assert await missing(reader, [f"n{i}" for i in range(60)], ()) == ()
        assert len(asked) == 50, "so many at each look"


async def test_where_they_may_not_be_listed_none_is_named_instead() -> None:
    async with scripted(lambda asked: failing(404 if "/namespaces/" in asked.path else 403)) as (reader, _):
        assert await missing(reader, (), (Scope(("gone",)),)) == (
            AbsentNamespace("gone", "", configured=False),
        )
