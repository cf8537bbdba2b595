"""How long a server asks to be left alone: as seconds, as a time by its own clock, or as a limit of a rate that is used up."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest
from aiohttp import web

from tests.unit.writers.pipeline_servers import TOKEN, GitHub
from tfdash.connecting import LeftAlone, asked_wait
from tfdash.model.observation import ProblemKind
from tfdash.playbook.procedures.settings import PipelineSettings
from tfdash.sources.pipelines.hosts import GitHubHost
from tfdash.sources.pipelines.reading import HostUnread

TODAY = "Mon, 30 Nov 2026 12:00:00 GMT"
AT = 1_796_040_000  # that, in epoch seconds


@pytest.mark.parametrize(
    ("said", "date", "wait"),
    [
        ("30", "", 30.0),
        ("Mon, 30 Nov 2026 12:05:00 GMT", TODAY, 300.0),
        ("Mon, 30 Nov 2026 12:05:00 +0000", TODAY, 300.0),
        ("Mon, 30 Nov 2026 11:05:00 GMT", TODAY, 0.0),  # it is over
        ("Mon, 30 Nov 2026 12:05:00 GMT", "", None),  # nobody knows what time it is there
        ("Mon, 30 Nov 2026 12:05:00 GMT", "soon", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", TODAY, 1e9),
        ("Mon, 99 Nov 2026 12:05:00 GMT", TODAY, None),
        ("", TODAY, None),
    ],
)
def test_a_retry_after_is_seconds_or_a_time(said: str, date: str, wait: float | None) -> None:
    assert asked_wait(said, date) == wait


LIMITS: list[tuple[int, Mapping[str, str], float]] = [
    (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(AT + 900)}, 900.0),  # GitHub's by the hour
    (429, {"RateLimit-Remaining": "0", "RateLimit-Reset": str(AT + 40)}, 40.0),  # GitLab's
    (403, {"X-RateLimit-Remaining": "4999", "X-RateLimit-Reset": str(AT + 900)}, 0.0),  # it is no right
    (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}, 0.0),
    (403, {"Retry-After": "60", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(AT + 900)}, 60.0),
    (429, {}, 60.0),  # it does not say how long
    (429, {"Retry-After": "Mon, 30 Nov 2026 12:01:30 GMT"}, 90.0),
    (429, {"Retry-After": "999999"}, 3600.0),  # no longer than an hour
    (503, {"Retry-After": "60"}, 0.0),
    (200, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(AT + 900)}, 0.0),
]


@pytest.mark.parametrize(("status", "headers", "left"), LIMITS)
def test_a_limit_of_a_rate_is_obeyed(status: int, headers: Mapping[str, str], left: float) -> None:
    now = [100.0]
    alone = LeftAlone(lambda: now[0])
    alone.note(status, httpx.Headers({"Date": TODAY, **headers}))
    assert alone.seconds() == left
    alone.note(200, {})
    assert alone.seconds() == left  # what was asked for stands, whatever was under way meanwhile
    now[0] += left
    assert alone.seconds() == 0.0


async def test_a_limit_is_no_missing_right_and_is_not_asked_against() -> None:
    server = GitHub()

    def limited() -> web.Response:
        told = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}
        return web.json_response({"message": "API rate limit exceeded"}, status=403, headers=told)

    server.denied = lambda request: limited()  # type: ignore[method-assign]
    async with server.serving() as url:
        settings = PipelineSettings(kind="github", url=url, repository="acme/shop", token="env:CI")
        host = GitHubHost("deploy", settings, lambda reference: TOKEN)
        for _ in range(3):
            with pytest.raises(HostUnread) as failed:
                await host.seen("v2")
            assert failed.value.problem.kind is ProblemKind.THROTTLED
    assert len(server.asked) == 1
