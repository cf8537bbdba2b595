"""What is so in one simulated cluster: its objects, its agenda, who may do what, its load, and its faults.

Whatever speaks a protocol to the outside (the API server, the backends) and whoever acts in it shares this one world.
"""

from __future__ import annotations

import asyncio
import random

from tfdash.demo.apiserver.auth import Authorizer, Tokens
from tfdash.demo.apiserver.faults import Faults
from tfdash.demo.apiserver.object_store import ObjectStore
from tfdash.demo.clock import Agenda, SimulatedClock
from tfdash.demo.controllers.argo.git_repository import Repository
from tfdash.demo.controllers.behaviour import Behaviours, Refusal
from tfdash.demo.luck import Luck
from tfdash.demo.options import DemoOptions
from tfdash.demo.traffic.demand import Demand

KUBERNETES = "v1.37.2"


class ClusterState:
    """``several``: its environment has another cluster, too. ``luck`` decides what happens in the world; ``machine_rng`` what does not belong to it (time-outs)."""

    def __init__(
        self, name: str, options: DemoOptions, clock: SimulatedClock, tokens: Tokens, environment: str = ""
    ) -> None:
        self.name = name
        self.environment = environment or name  # of which it may be a second region
        self.several = False
        self.options = options
        self.clock = clock
        self.agenda = Agenda(clock)
        self.luck = Luck(f"{options.seed}/{name}")
        self.machine_rng = random.Random()
        self.store = ObjectStore(self.agenda.now, self.luck, options.history)
        self.authorizer = Authorizer(self.store)
        self.tokens = tokens
        self.faults = Faults(name)
        self.address = ""
        self.demands: dict[tuple[str, str], Demand] = {}  # by namespace and the label app
        self.serving: tuple[int, dict[tuple[str, str], int]] = (0, {})
        self.behaviours = Behaviours(self.environment, self.store)
        self.refusals: list[Refusal] = []
        self.unproven: dict[tuple[str, str], str] = {}  # Certificates whose challenge fails, and why
        self.asleep: set[tuple[str, str]] = set()  # Certificates at which cert-manager does not look
        self.metrics_away = False  # nothing answers behind metrics.k8s.io
        self.repository = Repository()
        self.shown_from = 0.0  # epoch seconds: nobody sees what passes before it, only what it leaves behind
        self.kubernetes = KUBERNETES  # what its API server and the kubelets of its new nodes run
        self.custom = True  # whether custom resources are served

    async def pause(self, real_seconds: float) -> None:
        await asyncio.sleep(real_seconds)

    async def breathe(self) -> None:
        """Let other requests have their turn."""
        await asyncio.sleep(0)
