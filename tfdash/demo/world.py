"""One cluster's world, put together: laid down in the past, run up to the present, then left to live."""

from __future__ import annotations

import gc

from tfdash.demo.cluster import Cluster
from tfdash.demo.controllers.argo.analysis_run import Analyses
from tfdash.demo.controllers.argo.applications import Applications
from tfdash.demo.controllers.argo.experiment import Experiments
from tfdash.demo.controllers.argo.rollout import Rollouts
from tfdash.demo.controllers.autoscaler import Autoscalers
from tfdash.demo.controllers.budgets_and_quotas import Guards
from tfdash.demo.controllers.cert_manager.certificates import Issuance
from tfdash.demo.controllers.cronjob import CronJobs
from tfdash.demo.controllers.daemonset import DaemonSets
from tfdash.demo.controllers.deployment import Deployments
from tfdash.demo.controllers.endpoints import Network
from tfdash.demo.controllers.flagger.canaries import Canaries
from tfdash.demo.controllers.garbage_collector import Collector
from tfdash.demo.controllers.job import Jobs
from tfdash.demo.controllers.kernel import Kernel
from tfdash.demo.controllers.kubelet import Kubelet
from tfdash.demo.controllers.nodes import Nodes
from tfdash.demo.controllers.replicaset import ReplicaSets
from tfdash.demo.controllers.scheduler import Scheduler
from tfdash.demo.controllers.statefulset import StatefulSets
from tfdash.demo.pipelines.server import Pipelines
from tfdash.demo.scenarios.bulk import lay_bulk
from tfdash.demo.scenarios.certificate_layout import lay_addresses, lay_certificates
from tfdash.demo.scenarios.delivery_layout import carriers
from tfdash.demo.scenarios.layout import Layout
from tfdash.demo.scenarios.scenario import Scenario
from tfdash.demo.scenarios.step import Step
from tfdash.demo.scenarios.steps import Actions

LEAD = 5400.0  # simulated seconds that have passed in the world before it is shown


class World:
    def __init__(self, cluster: Cluster, scenario: Scenario) -> None:
        self.cluster = cluster
        self.scenario = scenario
        kernel = self.kernel = Kernel(cluster)
        self.kubelet = Kubelet(kernel)
        scheduler = Scheduler(kernel)
        self.nodes = Nodes(kernel, self.kubelet)
        self.parts = (
            scheduler,
            ReplicaSets(kernel),
            Deployments(kernel),
            StatefulSets(kernel),
            DaemonSets(kernel),
            Jobs(kernel),
            CronJobs(kernel),
            Autoscalers(kernel),
            Network(kernel),
            Guards(kernel),
            Collector(kernel),
            Rollouts(kernel),
            Analyses(kernel),
            Experiments(kernel),
            Applications(kernel),
            Canaries(kernel),
            Issuance(kernel),
        )
        self.actions = Actions(kernel, self.nodes, self.kubelet)
        self._called: set[str] = set()
        cluster.backend(Pipelines).acts_by(self.actions.run)

    def begin(self, at: float) -> None:
        """Lay everything down as of ``at`` minus the lead, and plan the scenario's steps around ``at``."""
        begin = at - LEAD
        self.cluster.shown_from = at
        agenda = self.cluster.agenda
        for rule in self.scenario.behaviour:
            self.cluster.behaviours.add(rule)
        self.cluster.custom = self.scenario.argo
        self.cluster.kubernetes = self.scenario.kubernetes.get(
            self.cluster.environment, self.cluster.kubernetes
        )
        with agenda.pretending(begin):
            layout = Layout(self.cluster, self.kubelet, begin)
            if self.scenario.argo:
                layout.carriers = carriers(self.scenario)
            rotated = self.scenario.rotated(self.cluster.environment)
            mounted = {c.mounted_by: f"{c.name}-tls" for c in rotated.certificate if c.mounted_by}
            mounted |= {
                c.mounted_by: f"{c.name}-tls"
                for c in self.scenario.certificate
                if c.mounted_by and self._meant(c.environment)
            }
            region = self.scenario.region
            second = region is not None and region.name == self.cluster.name
            if second and region is not None:
                layout.standing_by = tuple(one.service for one in region.brings_up)
            layout.everything(self.scenario.quotas, mounted)
            if self.scenario.argo and not second:
                lay_certificates(layout, self.scenario.certificate, rotated)
                lay_addresses(layout, self.scenario.address)
            for use in self.scenario.usage:
                if self._meant(use.environment):
                    layout.uses(use)
            if self.scenario.bulk is not None and self.cluster.name == "production":
                lay_bulk(layout, self.cluster.options.pods, self.scenario.bulk)
            for step in self.scenario.step:
                if self._here(step) and step.at is not None:
                    agenda.at(max(begin, at + step.offset), self._planned, step)

    def run(self, step: Step) -> None:
        """Carry a step out now; what was called does not come once more by itself, behind what was done about it meanwhile."""
        self._called.add(step.name)
        if self._here(step):
            self.actions.run(step)

    def _planned(self, step: Step) -> None:
        if not (step.name and step.name in self._called):
            self.actions.run(step)

    def _here(self, step: Step) -> bool:
        """A step is of one cluster: the environment's own, or a second region by its name."""
        return step.environment in ("*", self.cluster.name)

    def _meant(self, environment: str) -> bool:
        return environment in ("*", self.cluster.environment)


def settle(world: World, until: float) -> None:
    """Let the world's past pass. The collector of garbage rests meanwhile: almost all of it stays."""
    gc.disable()
    try:
        world.cluster.agenda.run_until(until)
    finally:
        gc.enable()
