"""Journeys of our own against a server on loopback: steps, assertions, and everything that they must not do."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.configured import journey
from tfdash.clock import FixedClock
from tfdash.config.problems import ConfigError
from tfdash.model.assessment import EMPTY_ASSESSMENT
from tfdash.model.observation import Observation
from tfdash.model.picture import Picture, SourceInfo
from tfdash.model.subject import ClusterRef
from tfdash.model.traffic import NO_SIGNALS, JourneyRun, Published, Signals, with_signals
from tfdash.sources.journeys import source_for
from tfdash.sources.journeys.address import AddressRefused, pin, refusal
from tfdash.sources.journeys.running import MOST, CannotRun, run_journey

REF = ClusterRef("production", "eu-1")


class Shop:
    """What it was asked, and the answers of a small shop."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], str]] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path_qs, dict(request.headers), await request.text()))
        match request.path:
            case "/login":
                answer = web.json_response({"id": 7, "state": "open", "ok": True, "items": [{"sku": "a/b"}]})
                answer.set_cookie("session", "s3cret")
                return answer
            case "/cart/7":
                if request.cookies.get("session") != "s3cret":
                    return web.Response(status=401)
                return web.Response(text="items: 3, Total 9.90", headers={"X-Next": "/pay"})
            case "/away":
                raise web.HTTPFound("http://169.254.169.254/latest/meta-data/?token=hidden")
            case "/near":
                raise web.HTTPFound("/login")
            case "/other-port":
                raise web.HTTPFound(f"http://127.0.0.1:{self.port + 1}/")
            case "/loop":
                raise web.HTTPFound("/loop")
            case "/huge":
                return web.Response(body=b"x" * (3 * MOST))
            case "/late":
                await asyncio.sleep(0.05)
            case "/slow":
                await asyncio.sleep(30)
        return web.Response(status=502 if request.path == "/broken" else 200, text=request.path)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    it = Shop()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", it.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    it.port = runner.addresses[0][1]
    yield it
    await runner.cleanup()


async def _now() -> None:
    """Every request's turn has come."""


async def ran(shop: Shop, *steps: dict[str, Any], acting: bool = False, **more: Any) -> JourneyRun:
    table = {"name": "j", "url": f"http://127.0.0.1:{shop.port}", "steps": list(steps), **more}
    return await run_journey(journey(table), 5.0, acting=acting, turn=_now)


async def test_a_journey_of_several_steps_keeps_cookies_and_captured_values(shop: Shop) -> None:
    run = await ran(
        shop,
        {
            "path": "/login",
            "json_values": {"/state": "open", "/ok": True, "/items/0/sku": "a/b"},
            "capture": {"user": "json:/id"},
        },
        {
            "path": "/cart/{user}",
            "contains": "Total",
            "matches": r"items: \d+",
            "status": [200],
            "within": "5s",
            "capture": {"next": "header:x-next", "count": r"regex:items: (\d+)"},
        },
        {"path": "/pay/{count}", "headers": {"X-Next": "{next}"}},
    )
    assert run.ok is True and run.message == "" and run.step == 0 and run.steps == 3 and run.at == 5.0
    assert [a[1] for a in shop.asked] == ["/login", "/cart/7", "/pay/3"]
    assert shop.asked[2][2]["X-Next"] == "/pay"


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"path": "/broken"}, "502"),
        ({"path": "/x", "status": [204]}, "200 instead of 204"),
        ({"path": "/x", "contains": "secret-marker"}, "does not contain the expected text"),
        ({"path": "/x", "matches": "^y"}, "does not match"),
        ({"path": "/x", "json_values": {"/a": 1}}, "is not JSON"),
        ({"path": "/login", "json_values": {"/ok": 1}}, "another value at /ok"),
        ({"path": "/login", "json_values": {"/items/9": 1}}, "nothing at /items/9"),
        ({"path": "/login", "capture": {"a": "json:/items"}}, "holds nothing for {a}"),
        ({"path": "/huge", "contains": "y"}, "larger than a journey reads"),
        ({"path": "/loop"}, "more than 5 redirects"),
        ({"path": "/away"}, "a redirect to another origin: http://169.254.169.254:80"),
        ({"path": "/other-port"}, "a redirect to another origin"),
        ({"path": "/late", "within": "10ms"}, "10 ms are allowed"),
    ],
)
async def test_a_step_that_fails_says_what(shop: Shop, step: dict[str, Any], told: str) -> None:
    run = await ran(shop, {"path": "/fine"}, step)
    assert run.ok is False and run.step == 2 and told in run.message and run.message.endswith("at step 2")
    assert "hidden" not in run.message and "secret-marker" not in run.message


async def test_a_redirect_on_the_origin_is_followed_and_one_that_is_expected_is_not(shop: Shop) -> None:
    assert (await ran(shop, {"path": "/near", "json_values": {"/state": "open"}})).ok is True
    assert (await ran(shop, {"path": "/away", "status": [302]})).ok is True


async def test_a_huge_answer_without_assertions_is_cut(shop: Shop) -> None:
    assert (await ran(shop, {"path": "/huge"})).ok is True


async def test_the_whole_journey_has_a_time(shop: Shop) -> None:
    run = await ran(shop, {"path": "/slow"}, timeout="100ms")
    assert run.ok is False and "no end within 0.1 s" in run.message and run.duration < 5


async def test_a_changing_journey_runs_only_where_acting_is_allowed(shop: Shop) -> None:
    step = {"path": "/order", "method": "POST", "body": '{"a": 1}'}
    with pytest.raises(CannotRun, match="only reads"):
        await ran(shop, step, mutates=True)
    assert shop.asked == []
    assert (await ran(shop, step, mutates=True, acting=True)).ok is True
    assert [a[0] for a in shop.asked] == ["POST"] and shop.asked[0][3] == '{"a": 1}'


async def test_the_transport_itself_sends_no_changing_method() -> None:
    from tfdash.sources.journeys.pinned import WouldChange, pinned_client

    async with pinned_client("127.0.0.1", 9, None, {}, 1.0, acting=False) as client:
        for method in ("POST", "PUT", "PATCH", "DELETE", "CONNECT"):
            with pytest.raises(WouldChange):
                await client.request(method, "http://shop/")


async def test_dial_connects_there_and_still_asks_for_the_name(shop: Shop) -> None:
    one = journey(
        {"name": "j", "url": "http://shop.example.com", "dial": f"127.0.0.1:{shop.port}", "side": "canary"}
    )
    assert (await run_journey(one, 0.0, acting=False, turn=_now)).ok is True
    assert shop.asked[0][2]["Host"] == "shop.example.com"


async def test_the_resolved_address_is_the_one_that_is_reached(shop: Shop) -> None:
    asked = []

    async def resolve(host: str, port: int) -> str:
        asked.append(host)
        return "127.0.0.1"

    table = {
        "name": "j",
        "url": f"http://rebinding.test:{shop.port}",
        "steps": [{"path": "/a"}, {"path": "/near"}],
    }
    assert (await run_journey(journey(table), 0.0, acting=False, turn=_now, resolve=resolve)).ok is True
    assert asked == ["rebinding.test"]  # once for all steps


async def test_secrets_come_by_reference_and_are_never_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNEY_TOKEN", "planted-secret")
    run = await ran(shop, {"path": "/broken"}, headers={"Authorization": "env:JOURNEY_TOKEN"})
    assert shop.asked[0][2]["Authorization"] == "planted-secret" and "planted" not in repr(run)
    monkeypatch.setenv("JOURNEY_BODY", '{"password": "planted-secret"}')
    run = await ran(shop, {"path": "/broken", "method": "OPTIONS", "body": "env:JOURNEY_BODY"})
    assert shop.asked[-1][3] == '{"password": "planted-secret"}' and "planted" not in repr(run)
    monkeypatch.delenv("JOURNEY_TOKEN")
    with pytest.raises(CannotRun, match="JOURNEY_TOKEN is not set"):
        await ran(shop, {"path": "/"}, headers={"Authorization": "env:JOURNEY_TOKEN"})


async def test_nobody_listens() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        one = journey({"name": "j", "url": f"http://127.0.0.1:{held.getsockname()[1]}"})
        run = await run_journey(one, 0.0, acting=False, turn=_now)
    assert run.ok is False and run.message == "cannot connect"


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("169.254.169.254", True),
        ("169.254.1.1", True),
        ("fe80::1", True),
        ("fd00:ec2::254", True),
        ("100.100.100.200", True),
        ("168.63.129.16", True),
        ("::ffff:169.254.169.254", True),
        ("64:ff9b::a9fe:a9fe", True),
        ("2002:a9fe:a9fe::1", True),
        ("::a9fe:a9fe", True),
        ("0.0.0.0", True),
        ("::", True),
        ("224.0.0.1", True),
        ("10.0.0.1", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("192.0.2.7", False),
        ("2001:db8::1", False),
        ("fd12::1", False),
    ],
)
def test_addresses_that_are_refused(address: str, refused: bool) -> None:
    assert bool(refusal(ipaddress.ip_address(address))) is refused


async def test_a_name_that_also_leads_to_the_metadata_service_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("192.0.2.1", "169.254.169.254")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: rows)
    with pytest.raises(AddressRefused, match="metadata"):
        await pin("shop.test", 80)
    with pytest.raises(CannotRun, match=r"leads to 169\.254\.169\.254"):
        await run_journey(journey({"name": "j", "url": "http://shop.test"}), 0.0, acting=False, turn=_now)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"url": "http://h"}, "name: missing"),
        (
            {"name": "j", "url": "ftp://h"},
            'url: does not begin with http:// or https://; write it as "https://host"',
        ),
        ({"name": "j", "url": "http://u:p@h"}, "a user or a password does not belong into an address"),
        ({"name": "j", "url": "http://h/x", "steps": [{}]}, "put it into the step"),
        ({"name": "j", "url": "http://h", "side": "canary"}, "needs a way to the canary"),
        ({"name": "j", "url": "http://h", "dial": "h"}, 'dial: write it as "host:port"'),
        ({"name": "j", "url": "http://h", "headers": {"Authorization": "Bearer x"}}, "give it by reference"),
        ({"name": "j", "url": "http://h", "headers": {"Host": "x"}}, "set by the request itself"),
        ({"name": "j", "url": "http://h", "headers": {"X": "a\r\nb"}}, "no header of HTTP"),
        ({"name": "j", "url": "http://h", "every": "soon"}, "every: 'soon' is not a duration"),
        ({"name": "j", "url": "http://h", "steps": [{"method": "POST"}]}, "set mutates = true"),
        ({"name": "j", "url": "http://h", "steps": [{"path": "//evil"}]}, 'must begin with one "/"'),
        ({"name": "j", "url": "http://h", "steps": [{"path": "/{a}"}]}, "{a}: no step before captures it"),
        ({"name": "j", "url": "http://h", "steps": [{"matches": "("}]}, "regular expression of RE2"),
        ({"name": "j", "url": "http://h", "steps": [{"capture": {"a": "css:x"}}]}, "capture.a: write"),
        ({"name": "j", "url": "http://h", "steps": [{"json_values": {"a": 1}}]}, "JSON pointers"),
    ],
)
def test_journeys_that_are_refused(table: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        journey(table)
    assert told in str(caught.value) and "Bearer" not in str(caught.value)


class Board:
    """What a source sees of the board."""

    picture = Picture(at=0.0, number=0, clusters={})
    assessment = EMPTY_ASSESSMENT
    signals = NO_SIGNALS

    def put_signals(self, published: Published) -> None:
        self.signals: Signals = with_signals(self.signals, published)[0]

    def put_status(self, source: str, status: Observation[SourceInfo]) -> None:
        self.status = status

    def put_store_state(self, facts: Any) -> None:
        raise AssertionError


async def test_the_feeder_publishes_runs_and_why_it_does_not_run(shop: Shop) -> None:
    raw = {
        "journeys": [
            {
                "name": "sign in",
                "url": f"http://127.0.0.1:{shop.port}/login",
                "workload": "shop/web",
                "control": True,
            },
            {
                "name": "order",
                "url": f"http://127.0.0.1:{shop.port}",
                "mutates": True,
                "steps": [{"method": "POST"}],
            },
            {"name": "elsewhere", "url": "http://h", "environment": "staging"},
            {"name": "probe", "probe": "probe_success"},
        ]
    }
    source = source_for([REF], list(map(journey, raw["journeys"])), FixedClock(100.0))
    assert source is not None
    board = Board()
    for one in source._journeys:
        await source.once(board, one)
    assert sorted(board.signals.journeys) == ["production/eu-1/order", "production/eu-1/sign in"]
    first = board.signals.journeys["production/eu-1/sign in"]
    assert first.value is not None and first.problem is None and first.observed_at == 100.0
    assert (
        [r.ok for r in first.value.runs] == [True]
        and first.value.control
        and str(first.value.workload) == "Deployment shop/web"
    )
    order = board.signals.journeys["production/eu-1/order"]
    assert (
        order.problem is not None
        and "only reads" in order.problem.cause
        and [a[0] for a in shop.asked] == ["GET"]
    )


async def test_another_terminal_runs_them(shop: Shop) -> None:
    async def no() -> bool:
        return False

    raw = {"journeys": [{"name": "j", "url": f"http://127.0.0.1:{shop.port}"}]}
    source = source_for([REF], list(map(journey, raw["journeys"])), FixedClock(1.0), may_run=no)
    assert source is not None
    board = Board()
    await source.once(board, source._journeys[0])
    (seen,) = board.signals.journeys.values()
    assert seen.problem is not None and "another terminal" in seen.problem.cause and shop.asked == []


def test_no_journey_no_feeder() -> None:
    assert source_for([REF], [], FixedClock(0.0)) is None
    assert source_for([], [journey({"name": "j", "url": "http://h"})], FixedClock(0.0)) is None
