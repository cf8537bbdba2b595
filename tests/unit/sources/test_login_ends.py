"""When a login ends, and whether somebody has to look after it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from tfdash.sources.kubernetes.kubeconfig import Access, ExecPlugin
from tfdash.sources.kubernetes.login_ends import LoginEnd, token_end

NOW, HOUR, DAY = 1_795_443_300.0, 3600.0, 86_400.0
ACCESS = Access(server="https://x", context="x", user="x")


def bearer(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"Bearer e30.{body}.c2ln"


def test_a_token_says_when_it_ends() -> None:
    assert token_end(ACCESS, bearer(exp=NOW + DAY, iat=NOW)) == LoginEnd("the token", NOW + DAY, NOW, False)
    file = token_end(replace(ACCESS, token_file="/run/token"), bearer(exp=NOW + DAY))
    assert file == LoginEnd("the token in /run/token", NOW + DAY, None, True)
    named = token_end(replace(ACCESS, secret="file:/run/t", token_file="/other"), bearer(exp=NOW))
    assert named is not None and named.what == "the token in /run/t"
    assert token_end(replace(ACCESS, secret="env:T", token_file="/f"), bearer(exp=NOW)) == LoginEnd(
        "the token", NOW, None, False
    )


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic abc",
        "Bearer opaque",
        "Bearer a.b.c",
        "Bearer a.%%.c",
        bearer(),
        bearer(exp="soon"),
        bearer(exp=None),
    ],
)
def test_what_says_no_end_has_none_that_is_known(header: str) -> None:
    assert token_end(ACCESS, header) is None


def test_what_a_command_prints_is_had_anew() -> None:
    plugin = ExecPlugin(command="login", api_version="client.authentication.k8s.io/v1")
    assert token_end(replace(ACCESS, plugin=plugin), bearer(exp=NOW)) is None
    assert token_end(replace(ACCESS, secret="command:x"), bearer(exp=NOW)) is None


@pytest.mark.parametrize(
    ("end", "late"),
    [
        (LoginEnd("x", NOW + 8 * DAY, NOW - 90 * DAY, False), False),
        (LoginEnd("x", NOW + 6 * DAY, NOW - 90 * DAY, False), True),
        (LoginEnd("x", NOW + 6 * DAY, NOW - 90 * DAY, True), True),
        (LoginEnd("x", NOW - DAY, None, True), True),
        (LoginEnd("x", NOW + DAY / 2, NOW - DAY / 2, False), True),  # nothing puts another in its place
        (LoginEnd("x", NOW + HOUR / 2, NOW - HOUR / 2, True), False),  # a pod's: the kubelet does
        (LoginEnd("x", NOW + HOUR / 20, NOW - HOUR, True), True),  # and should have
    ],
)
def test_a_week_before_its_end_and_of_a_short_one_that_is_replaced_its_last_tenth(
    end: LoginEnd, late: bool
) -> None:
    assert end.late(NOW) is late
