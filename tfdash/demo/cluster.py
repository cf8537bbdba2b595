"""One simulated cluster: its world, and the backends that answer beside the API server.

A further backend is a module that derives from ``Backend``, and its line here.
"""

from __future__ import annotations

from typing import TypeVar

from tfdash.demo.addresses.server import Addresses
from tfdash.demo.apiserver.auth import Tokens
from tfdash.demo.backend import Backend
from tfdash.demo.clock import SimulatedClock
from tfdash.demo.cluster_state import ClusterState
from tfdash.demo.controllers.flagger.load_tester import Gates
from tfdash.demo.options import DemoOptions
from tfdash.demo.pipelines.server import Pipelines
from tfdash.demo.prometheus.server import PrometheusServer

BACKENDS: tuple[type[Backend], ...] = (PrometheusServer, Gates, Addresses, Pipelines)


B = TypeVar("B", bound=Backend)


class Cluster(ClusterState):
    """See the module."""

    def __init__(
        self, name: str, options: DemoOptions, clock: SimulatedClock, tokens: Tokens, environment: str = ""
    ) -> None:
        super().__init__(name, options, clock, tokens, environment)
        self.backends = tuple(kind(self) for kind in BACKENDS)
        self.prometheus = self.backend(PrometheusServer)
        self.gates = self.backend(Gates)

    def backend(self, kind: type[B]) -> B:
        return next(found for found in self.backends if isinstance(found, kind))
