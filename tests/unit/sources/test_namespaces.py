"""Which of the namespaces that somebody names are not there."""

from __future__ import annotations

from tests.unit.sources.scripted import Answer, Asked, failing, scripted
from tfdash.sources.base import ALL, Scope
from tfdash.sources.kubernetes.namespaces import missing, named


def test_named_are_those_of_the_configuration_and_of_every_screen_once() -> None:
    assert named(["b", "a"], [Scope(("c", "a")), ALL, Scope(())]) == ("a", "b", "c")
    assert named([], [ALL]) == ()


async def test_only_a_404_says_that_one_is_not_there() -> None:
    def say(asked: Asked) -> Answer:
        name = asked.path.removeprefix("/api/v1/namespaces/")
        return failing(int(name)) if name.isdecimal() else Answer([b"{}"])

    async with scripted(say) as (reader, asked):
        assert await missing(reader, ("there", "404", "403", "410", "other")) == ("404",)
        assert len(asked) == 5
        asked.clear()
        assert await missing(reader, [f"n{i}" for i in range(60)]) == ()
        assert len(asked) == 50, "so many at each look"
