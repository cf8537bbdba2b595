"""Which API versions were asked for that a later release removes: an API server's own metric, opt-in, each hour."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tfdash.model.versions import DeprecatedApi, DeprecatedApis
from tfdash.sources.kubernetes.deprecated_apis import DeprecatedApiReader, parsed
from tfdash.sources.kubernetes.reading_rule import Refused, Served, check_allowed
from tfdash.sources.kubernetes.transport import ApiError

NAME = "apiserver_requested_deprecated_apis"
TEXT = f"""\
# HELP {NAME} [STABLE] Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.
# TYPE {NAME} gauge
{NAME}{{group="",removed_release="",resource="componentstatuses",subresource="",version="v1"}} 1
{NAME}{{group="policy",removed_release="1.25",resource="podsecuritypolicies",subresource="",version="v1beta1"}} 1
{NAME}{{group="flowcontrol.apiserver.k8s.io",removed_release="1.32",resource="flowschemas",subresource="status",version="v1beta3"}} 1
{NAME}{{group="batch",removed_release="1.25",resource="cronjobs",subresource="",version="v1beta1"}} 0
{NAME}_more{{group="x",removed_release="1.25",resource="x",subresource="",version="v1"}} 1
apiserver_request_total{{code="200"}} 17
process_start_time_seconds 1.79550000012e+09
"""
FOUND = DeprecatedApis(
    asked=(
        DeprecatedApi("flowcontrol.apiserver.k8s.io", "v1beta3", "flowschemas/status", "1.32"),
        DeprecatedApi("policy", "v1beta1", "podsecuritypolicies", "1.25"),
    ),
    since=1_795_500_000.12,
)


def test_what_the_server_says_is_read() -> None:
    """What has no release that removes it takes nothing away from anybody."""
    assert parsed(TEXT.encode()) == FOUND
    assert parsed(TEXT.replace("\n", "\r\n").encode()) == FOUND


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT.replace("process_start", "process_end"),
        TEXT.replace("1.79550000012e+09", "e" * 20),
        "\0" * 99,
    ],
)
def test_where_it_does_not_say_since_when_nothing_is_known(text: str) -> None:
    assert parsed(text.encode()).problem == "its /metrics do not say since when they count"


def test_hostile_lines_are_nothing_and_hold_nobody() -> None:
    many = "".join(
        f'{NAME}{{group="g",removed_release="1.{n}",resource="r{n}",subresource="",version="v1"}} 1\n'
        for n in range(2000)
    )
    assert len(parsed((many + TEXT).encode()).asked) == 500
    odd = f'{NAME}{{{"x" * 100_000}}} 1\n{NAME}{{group="\\" 1\n{NAME}{{{"a=" * 50_000}\n'
    assert parsed((odd + TEXT).encode()) == FOUND


def test_the_path_is_open_where_it_is_opted_in_to_and_nowhere_else() -> None:
    served = Served()
    DeprecatedApiReader(False, served)
    for given in (None, served):
        with pytest.raises(Refused):
            check_allowed("GET", "/metrics", served=given)
    DeprecatedApiReader(True, served)
    check_allowed("GET", "/metrics", served=served)
    for method, path in (
        ("POST", "/metrics"),
        ("GET", "/metrics/slis"),
        ("GET", "/metrics/"),
        ("GET", "/logs"),
    ):
        with pytest.raises(Refused):
            check_allowed(method, path, served=served)


class Server:
    """An API server as its reader has it. ``answers``: bodies and failures, one after the other."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers, self.asked = list(answers), 0

    async def get(self, path: str, accept: str) -> bytes:
        assert (path, accept) == ("/metrics", "text/plain")
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def error(status: int) -> ApiError:
    return ApiError(status, "forbidden: cannot get path /metrics")


async def test_it_is_asked_behind_the_first_answer_and_then_each_hour() -> None:
    now = 0.0
    reader = DeprecatedApiReader(True, Served(), lambda: now)
    server: Any = Server(TEXT.encode(), error(403), httpx.ReadTimeout("slow"), TEXT.encode())
    seen = []
    for at in (0.0, 30.0, 60.0, 3620.0, 3640.0, 3660.0, 3920.0, 3960.0, 4300.0):
        now = at
        await reader.look(server)
        seen.append((server.asked, reader.found))
    assert [asked for asked, _ in seen] == [0, 1, 1, 1, 2, 2, 2, 3, 4]
    assert seen[0][1] is None and seen[1][1] == seen[8][1] == FOUND
    refused, slow = seen[4][1], seen[7][1]
    assert refused is not None and refused.refused
    assert refused.problem.endswith("allow get of the non-resource URL /metrics, or turn removed_apis off")
    assert slow is not None and slow.problem and not slow.refused


async def test_who_does_not_want_it_is_not_asked_and_a_log_in_that_is_due_is_said() -> None:
    server: Any = Server(error(401))
    reader = DeprecatedApiReader(False, Served())
    for _ in range(3):
        await reader.look(server)
    assert (server.asked, reader.found) == (0, None)
    reader = DeprecatedApiReader(True, Served())
    await reader.look(server)
    with pytest.raises(ApiError):
        await reader.look(server)
