"""A simulated world without a server, whose time passes as fast as the machine allows."""

from __future__ import annotations

from typing import Any

from tfdash.demo.apiserver.auth import Tokens
from tfdash.demo.apiserver.defaults import filled
from tfdash.demo.apiserver.objects import Obj
from tfdash.demo.clock import SimulatedClock
from tfdash.demo.cluster import Cluster
from tfdash.demo.options import DemoOptions
from tfdash.demo.scenarios.scenario import Scenario
from tfdash.demo.world import LEAD, World, settle

START = 1_795_500_000.0  # Tuesday, 24 November 2026, 05:20 UTC
NAMESPACE = "drill"


class Stage:
    """One world, by default with nothing of the platform's own but its nodes and namespaces."""

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        seed: int = 1,
        environment: str = "production",
        cluster: str = "",
    ) -> None:
        self.options = DemoOptions(start=START, seed=seed)
        clock = SimulatedClock(START)
        clock.set(running=False)
        self.cluster = Cluster(cluster or environment, self.options, clock, Tokens({}), environment)
        self.world = World(self.cluster, scenario or Scenario())
        # without a scenario nobody asks for the half hour before: most of the time that such a world takes to begin
        self.world.begin(START + LEAD if scenario is None else START)
        settle(self.world, START)
        self.time = START
        self.store = self.cluster.store
        with self.cluster.agenda.pretending(START):
            self.store.create("namespaces", filled("namespaces", {"metadata": {"name": NAMESPACE}}))

    def run(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.time += seconds
        settle(self.world, self.time)

    def put(self, storage: str, name: str, **parts: Any) -> Obj:
        """Create an object in the drill's namespace, with defaults."""
        meta = {"name": name, "namespace": NAMESPACE, "generation": 1, **parts.pop("metadata", {})}
        with self.cluster.agenda.pretending(self.time):
            return self.store.create(storage, filled(storage, {"metadata": meta, **parts}))

    def change(self, storage: str, obj: Obj) -> Obj:
        with self.cluster.agenda.pretending(self.time):
            meta = {**obj["metadata"], "generation": obj["metadata"].get("generation", 1) + 1}
            return self.store.update(storage, {**obj, "metadata": meta})

    def get(self, storage: str, name: str, namespace: str = NAMESPACE) -> Obj:
        found = self.store.find(storage, namespace, name)
        assert found is not None, f"no {storage} {namespace}/{name}"
        return found

    def pods(self, app: str, namespace: str = NAMESPACE) -> list[Obj]:
        return [
            p for p in self.store.all("pods", namespace) if p["metadata"].get("labels", {}).get("app") == app
        ]

    def said(self, reason: str, namespace: str = NAMESPACE) -> list[str]:
        """The messages of all Events with this reason."""
        return [e["message"] for e in self.store.all("events", namespace) if e["reason"] == reason]


def template(app: str, *, behaviour: str = "", **container: Any) -> Obj:
    meta: Obj = {"labels": {"app": app}}
    if behaviour:
        meta["annotations"] = {"demo.tfdash/behaviour": behaviour}
    one = {"name": "main", "image": f"registry.example/{app}:1", **container}
    return {"metadata": meta, "spec": {"containers": [one]}}


def deployment(
    app: str, replicas: int = 4, *, behaviour: str = "", container: Obj | None = None, **spec: Any
) -> Obj:
    """The spec of a Deployment."""
    chosen = {"matchLabels": {"app": app}}
    return {
        "replicas": replicas,
        "selector": chosen,
        "template": template(app, behaviour=behaviour, **(container or {})),
        **spec,
    }


def conditions(obj: Obj) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c.get("reason", "")) for c in obj["status"].get("conditions", ())}
