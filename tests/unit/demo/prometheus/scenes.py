"""A simulated world (the staging one: a third of the pods) with its Prometheus, and questions to it without HTTP."""

from __future__ import annotations

from typing import Any

from tests.unit.demo.worlds import Stage
from tfdash.demo.controllers.behaviour import BehaviourRule
from tfdash.demo.scenarios.scenario import Scenario
from tfdash.demo.scenarios.step import Step

MAIN = "tf-staging"


class Scene(Stage):
    def __init__(self, *rules: BehaviourRule, steps: tuple[Step, ...] = (), seed: int = 1) -> None:
        super().__init__(Scenario(behaviour=list(rules), step=list(steps)), seed=seed, environment="staging")

    def answer(self, path: str = "query", **given: object) -> Any:
        """The document's data as of the scene's time."""
        with self.cluster.agenda.pretending(self.time):
            texts = {k: [str(v)] for k, v in given.items()}
            reply = self.cluster.prometheus.api.answer("GET", f"/api/v1/{path}", texts)
        assert reply.status == 200, reply.document
        return reply.document["data"]

    def rows(self, query: str, **given: object) -> list[tuple[dict[str, str], float]]:
        return [(r["metric"], float(r["value"][1])) for r in self.answer(query=query, **given)["result"]]

    def value(self, query: str, **given: object) -> float:
        ((_, found),) = self.rows(query, **given)
        return found

    def samples(self, selector: str) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """Raw samples, as tfdash itself reads them."""
        return [
            (r["metric"], [(float(t), float(v)) for t, v in r["values"]])
            for r in self.answer(query=selector)["result"]
        ]

    def do(self, do: str, **more: Any) -> None:
        with self.cluster.agenda.pretending(self.time):
            self.world.run(Step(do=do, environment="staging", **more))
