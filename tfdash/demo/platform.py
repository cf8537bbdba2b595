"""All simulated clusters of one run on one clock, and the task that lets time pass in them."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable

from tfdash.demo.apiserver.auth import Tokens
from tfdash.demo.clock import SimulatedClock
from tfdash.demo.cluster import Cluster
from tfdash.demo.options import ENVIRONMENTS, DemoOptions
from tfdash.demo.scenarios.identities import USERS
from tfdash.demo.scenarios.scenario import load
from tfdash.demo.world import World, settle

_SLICE = 0.02  # real seconds of world work before requests have their turn
_LONGEST_SLEEP = 30.0


class Platform:
    """The clusters of a run. ``tokens`` are this run's, by identity; ``changed`` is told when the clock was set."""

    def __init__(self, options: DemoOptions) -> None:
        self.options = options
        self.tokens = {name: secrets.token_urlsafe(24) for name in USERS}
        self.scenario = load(options.scenario)
        begins = options.start if options.start is not None else self.scenario.begins
        self.start = time.time() if begins is None else begins
        self.clock = SimulatedClock(self.start, options.speed)
        identities = Tokens({self.tokens[name]: user for name, user in USERS.items()})
        self.clusters = {name: Cluster(name, options, self.clock, identities) for name in ENVIRONMENTS}
        if (region := self.scenario.region) is not None:
            self.clusters[region.name] = Cluster(
                region.name, options, self.clock, identities, region.environment
            )
            for cluster in self.clusters.values():
                cluster.several = cluster.environment == region.environment
        self.worlds = {name: World(cluster, self.scenario) for name, cluster in self.clusters.items()}
        self.changed: Callable[[], None] = lambda: None
        self._woken = asyncio.Event()
        for cluster in self.clusters.values():
            cluster.agenda.woken = self._woken.set

    def prepare(self) -> None:
        """Lay the worlds down and let their past pass; takes about a second."""
        for world in self.worlds.values():
            world.begin(self.start)
            settle(world, self.start)
        self.clock.restart(self.start)

    def catch_up(self) -> None:
        for cluster in self.clusters.values():
            cluster.agenda.run_until(self.clock.now())

    def clock_changed(self) -> None:
        self._woken.set()
        self.changed()

    def step_names(self) -> Iterable[str]:
        return self.scenario.names()

    def run_step(self, name: str) -> None:
        steps = [step for step in self.scenario.step if name and step.name == name]
        if not steps:
            raise KeyError(name)
        for step in steps:
            for world in self.worlds.values():
                world.run(step)

    async def live(self) -> None:
        """Let time pass, until cancelled."""
        while True:
            self._woken.clear()
            now = self.clock.now()
            done = all([c.agenda.run_until(now, _SLICE) for c in self.clusters.values()])
            if not done:
                await asyncio.sleep(0.001)
                continue
            times = [t for c in self.clusters.values() if (t := c.agenda.next_time()) is not None]
            delay = self.clock.wall_delay(min(times)) if times else None
            try:
                wait = _LONGEST_SLEEP if delay is None else min(delay, _LONGEST_SLEEP)
                async with asyncio.timeout(max(wait, 0.001)):
                    await self._woken.wait()
            except TimeoutError:
                continue
