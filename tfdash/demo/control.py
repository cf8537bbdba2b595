"""The switches of a run, under ``/_control`` with the run's own token: faults, time, history, bookmarks, scenario.

``GET state``; ``POST faults`` (a Fault), ``DELETE faults``; ``POST clock`` {speed, running, advance}; ``POST history``
{keep, capacity}; ``POST bookmarks``; ``POST watches`` (drop them); ``POST steps`` {name} (a scenario's step, now).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import msgspec
from aiohttp import web

from tfdash.demo.apiserver import faults
from tfdash.demo.apiserver.errors import ApiError, bad_request
from tfdash.demo.apiserver.negotiate import document
from tfdash.demo.apiserver.objects import Obj, stamp
from tfdash.demo.clock import SimulatedClock
from tfdash.demo.cluster import Cluster


class Switched(Protocol):
    """What the switches act on."""

    clock: SimulatedClock
    clusters: dict[str, Cluster]

    def catch_up(self) -> None:
        """Run everything that is due by now."""

    def clock_changed(self) -> None:
        """The clock was set: whoever waits for it looks again, and the written configuration follows."""

    def step_names(self) -> Iterable[str]: ...

    def run_step(self, name: str) -> None:
        """Run a step of the scenario now. Raises KeyError for an unknown one."""


class ClockChange(msgspec.Struct, forbid_unknown_fields=True):
    speed: float | None = None
    running: bool | None = None
    advance: float = 0.0


class HistoryChange(msgspec.Struct, forbid_unknown_fields=True):
    keep: int = 0
    capacity: int | None = None
    cluster: str = ""


class Which(msgspec.Struct, forbid_unknown_fields=True):
    cluster: str = ""
    name: str = ""


async def _read(request: web.Request, kind: type[msgspec.Struct]) -> msgspec.Struct:
    raw = await request.read() or b"{}"
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise bad_request(f"{request.path}: {error}") from error


def _some(platform: Switched, name: str) -> list[Cluster]:
    if name and name not in platform.clusters:
        raise bad_request(f"cluster {name!r} is unknown; one of {', '.join(platform.clusters)}")
    return [c for n, c in platform.clusters.items() if name in ("", n)]


def _state(platform: Switched, cluster: Cluster) -> Obj:
    return {
        "demo": True,
        "scenario": cluster.options.scenario,
        "seed": cluster.options.seed,
        "now": stamp(platform.clock.now()),
        "speed": platform.clock.speed,
        "running": platform.clock.running,
        "steps": list(platform.step_names()),
        "clusters": {
            name: {
                "resourceVersion": str(c.store.version),
                "pods": len(c.store.shelf("pods").items),
                "faults": [msgspec.to_builtins(f) for f in c.faults.active if not f.over()],
                "streams": len(c.faults.streams),
            }
            for name, c in platform.clusters.items()
        },
    }


async def _faults(platform: Switched, cluster: Cluster, request: web.Request) -> None:
    if request.method == "DELETE":
        for each in platform.clusters.values():
            each.faults.clear()
        return
    fault = faults.parse(await request.read())
    for each in _some(platform, fault.cluster):
        each.faults.add(msgspec.structs.replace(fault))


async def _clock(platform: Switched, cluster: Cluster, request: web.Request) -> None:
    change = await _read(request, ClockChange)
    assert isinstance(change, ClockChange)
    if change.speed is not None and not 0 < change.speed <= 3600:
        raise bad_request("speed: must be above 0 and at most 3600")
    if not 0 <= change.advance <= 7 * 86_400:
        raise bad_request("advance: must be between 0 seconds and a week")
    platform.clock.set(speed=change.speed, running=change.running, advance=change.advance)
    platform.catch_up()
    platform.clock_changed()


async def _history(platform: Switched, cluster: Cluster, request: web.Request) -> None:
    change = await _read(request, HistoryChange)
    assert isinstance(change, HistoryChange)
    if change.keep < 0 or (change.capacity is not None and change.capacity < 1):
        raise bad_request("keep must not be negative and capacity at least 1")
    for each in _some(platform, change.cluster):
        each.store.forget(change.keep, change.capacity)


async def _bookmarks(platform: Switched, cluster: Cluster, request: web.Request) -> None:
    which = await _read(request, Which)
    assert isinstance(which, Which)
    for each in _some(platform, which.cluster):
        for stream in tuple(each.faults.streams):
            stream.ask_bookmark()


async def _watches(platform: Switched, cluster: Cluster, request: web.Request) -> None:
    which = await _read(request, Which)
    assert isinstance(which, Which)
    for each in _some(platform, which.cluster):
        each.store.drop_watches()


async def _steps(platform: Switched, cluster: Cluster, request: web.Request) -> None:
    which = await _read(request, Which)
    assert isinstance(which, Which)
    try:
        platform.run_step(which.name)
    except KeyError:
        known = ", ".join(platform.step_names()) or "none"
        raise bad_request(f"step {which.name!r} is unknown; this scenario has: {known}") from None


async def control(platform: Switched, cluster: Cluster, request: web.Request) -> web.Response:
    """Answer one request to the switches; always with the state after it."""
    name = request.path.removeprefix("/_control/").strip("/")
    actions: dict[tuple[str, str], Callable[[Switched, Cluster, web.Request], Awaitable[None]]] = {
        ("POST", "faults"): _faults,
        ("DELETE", "faults"): _faults,
        ("POST", "clock"): _clock,
        ("POST", "history"): _history,
        ("POST", "bookmarks"): _bookmarks,
        ("POST", "watches"): _watches,
        ("POST", "steps"): _steps,
    }
    action = actions.get((request.method, name))
    if action is not None:
        await action(platform, cluster, request)
    elif (request.method, name) != ("GET", "state"):
        raise ApiError(404, "NotFound", f"there is no switch {request.method} /_control/{name}", {})
    return document(_state(platform, cluster))
