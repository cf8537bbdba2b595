"""The whole configuration: which table of the file is which part's declaration. ``load`` validates it.

A setting is one line of the dataclass that is named here: type, bounds, comment and, for all but the playbook's values,
its default. A new table is one field here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Annotated, Any

from tfdash.actions.settings import ActionsTable
from tfdash.config.startup import Cluster, DemoSettings, Environment, TimeSettings, UiSettings
from tfdash.model.kinds import KINDS
from tfdash.notify.settings import NotifySettings
from tfdash.playbook.canary.policy import CanaryPolicy
from tfdash.playbook.certificates.policy import CertificatesPolicy
from tfdash.playbook.maintenance.policy import MaintenanceRules
from tfdash.playbook.policy import WorkloadPolicy
from tfdash.playbook.procedures.recovery_settings import RecoverySettings
from tfdash.playbook.procedures.settings import ProceduresSettings
from tfdash.playbook.resources.hours import HoursSettings
from tfdash.playbook.resources.policy import ResourcesPolicy
from tfdash.playbook.schedule.policy import CalendarRules
from tfdash.playbook.versions.policy import VersionsRules
from tfdash.playbook.waivers import FindingWaiver
from tfdash.recording.settings import RecordingSettings
from tfdash.report.settings import ReportsSettings
from tfdash.setting import Listed, Note, SettingsTable, Spelled, Unfit, refuse, shipped
from tfdash.sources.certificates.settings import CertificatesSettings
from tfdash.sources.cluster_autoscaler.settings import ClusterAutoscalerSettings
from tfdash.sources.helm.settings import HelmSettings
from tfdash.sources.journeys.options import JourneySettings
from tfdash.sources.kubernetes.settings import KubernetesSettings
from tfdash.sources.prometheus.options import Connection, MetricsSettings
from tfdash.sources.usage.settings import UsageSettings
from tfdash.spelling import nearest
from tfdash.store.settings import StoreSettings


@dataclass(frozen=True)
class ClusterSettings(Cluster):
    """Several clusters in one environment, shown together; instead of kubeconfig and context above."""

    prometheus: Connection = field(default_factory=Connection)


@dataclass(frozen=True)
class EnvironmentSettings(Environment):
    """One table for each environment. Without any, kubectl's current context is shown."""

    production: Annotated[
        bool, Note("false: its namespaces that are marked so may be scaled down outside its hours")
    ] = True
    hours: HoursSettings = field(default_factory=HoursSettings)
    prometheus: Connection = field(default_factory=Connection)
    clusters: Annotated[tuple[ClusterSettings, ...], Listed()] = ()

    def __post_init__(self) -> None:
        if self.production and self.hours != HoursSettings():
            raise Unfit(
                "hours",
                "are of what is not production, and this is; write production = false, or take hours out",
            )
        if not self.clusters:
            return
        plain = Cluster()
        for key in (f.name for f in fields(Cluster)):
            if getattr(self, key) != getattr(plain, key):
                raise Unfit(key, f"is of one cluster, and clusters is a list; write {key} into each of those")
        names = [cluster.name.strip() for cluster in self.clusters]
        if "" in names or len(set(names)) != len(names):
            raise Unfit("clusters", "several clusters need a name each, all different; add name = ...")


@dataclass(frozen=True)
class SourcesSettings(SettingsTable):
    kubernetes: KubernetesSettings = field(default_factory=KubernetesSettings)
    usage: UsageSettings = field(default_factory=UsageSettings)
    cluster_autoscaler: ClusterAutoscalerSettings = field(default_factory=ClusterAutoscalerSettings)
    helm: HelmSettings = field(default_factory=HelmSettings)


@dataclass(frozen=True)
class PolicySettings(SettingsTable):
    """Of each section of the playbook."""

    workloads: WorkloadPolicy
    canary: CanaryPolicy
    resources: ResourcesPolicy
    certificates: CertificatesPolicy
    waivers: Annotated[tuple[FindingWaiver, ...], Listed(), Note("findings that somebody answers for")] = ()


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    found = []
    for pair in value if isinstance(value, list) else [value]:
        names = (
            [name for name in pair if isinstance(name, str) and name.strip()]
            if isinstance(pair, list)
            else []
        )
        if not (isinstance(pair, list) and len(pair) == len(names) == len(set(names)) == 2):
            raise ValueError('each is the stable and the canary name: ["checkout", "checkout-canary"]')
        found.append((names[0], names[1]))
    return tuple(found)


@dataclass(frozen=True)
class ReleasesSettings(SettingsTable):
    """Deployments that are the stable and the canary half of one service, by hand."""

    pairs: Annotated[
        tuple[tuple[str, str], ...],
        Spelled(_pairs, lambda pairs: [list(pair) for pair in pairs], "list"),
        Note(
            '[["checkout", "checkout-canary"]] or [["*", "*-canary"]]: canaries made by hand of two Deployments'
        ),
    ] = ()


@dataclass(frozen=True, kw_only=True)
class Settings(SettingsTable):
    """tfdash: every setting, with its default."""

    default_environment: Annotated[
        str,
        Note(
            'the environment shown at the start; "": the first of [environments], or kubectl\'s current context if none is set'
        ),
    ] = ""
    read_only: Annotated[
        bool,
        Note(
            'true: this terminal reads; "tfdash --act", or ":elevate" in it, starts it anew to act for [actions] elevation. '
            'false: it may always act. "tfdash run --read-only" never acts. The rights are the kubeconfig user\'s in any case.'
        ),
    ] = True
    time: TimeSettings = field(default_factory=TimeSettings)
    environments: Annotated[dict[str, EnvironmentSettings], Note(sample="production")] = field(
        default_factory=dict
    )
    sources: SourcesSettings = field(default_factory=SourcesSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    journeys: Annotated[tuple[JourneySettings, ...], Listed()] = ()
    certificates: CertificatesSettings = field(default_factory=CertificatesSettings)
    policy: PolicySettings
    releases: ReleasesSettings = field(default_factory=ReleasesSettings)
    calendar: CalendarRules
    maintenance: MaintenanceRules
    versions: VersionsRules
    store: StoreSettings = field(default_factory=StoreSettings)
    recording: RecordingSettings = field(default_factory=RecordingSettings)
    actions: ActionsTable = field(default_factory=ActionsTable)
    procedures: ProceduresSettings = field(default_factory=ProceduresSettings)
    recovery: RecoverySettings = field(default_factory=RecoverySettings)
    notify: NotifySettings = field(default_factory=NotifySettings)
    reports: ReportsSettings = field(default_factory=ReportsSettings)
    ui: UiSettings = field(default_factory=UiSettings)
    demo: DemoSettings = field(default_factory=DemoSettings)

    def __post_init__(self) -> None:
        refuse(self._faults())

    def _faults(self) -> Iterator[Unfit]:
        """What is named elsewhere in the file must be there: a misspelt name would silently never apply."""
        if self.default_environment and self.default_environment not in self.environments:
            known = ", ".join(sorted(self.environments)) or "none is set"
            yield Unfit(
                "default_environment", f'"{self.default_environment}" is not one of [environments]: {known}'
            )
        for name in self.environments:
            if not name.strip():
                yield Unfit(
                    ("environments", name), "an environment needs a name; write [environments.production]"
                )
        for path, environment, fits in self._environments_named() if self.environments else ():
            if not any(fits(name, environment) for name in self.environments):
                known = nearest(environment, self.environments)
                yield Unfit(path, f'"{environment}" is not one of [environments]; {known}')
        for path, environment, cluster, fits in self._clusters_named():
            there = self._clusters_of(environment)
            if there and not any(fits(name, cluster) for name in there):
                whose = (
                    f"the clusters of {environment}" if environment in self.environments else "the clusters"
                )
                yield Unfit(path, f'"{cluster}" is not one of {whose}; {nearest(cluster, there)}')
        for at, kind in (
            *((("journeys", str(i)), journey.kind) for i, journey in enumerate(self.journeys)),
            *((("metrics", "services", str(i)), one.kind) for i, one in enumerate(self.metrics.services)),
        ):
            if kind not in KINDS:
                yield Unfit((*at, "kind"), f'"{kind}" is no kind; {nearest(kind, KINDS)}')

    def _clusters_named(self) -> Iterator[tuple[tuple[str, ...], str, str, Callable[[str, str], bool]]]:
        """Likewise of clusters, with the environment, "" for all."""
        rows: tuple[tuple[str, Sequence[Any]], ...] = (
            ("journeys", self.journeys),
            ("certificates.endpoints", self.certificates.endpoints),
        )
        for table, found in rows:
            for i, row in enumerate(found):
                if row.cluster:
                    yield (*table.split("."), str(i), "cluster"), row.environment, row.cluster, str.__eq__
        for name, item in self.maintenance.items.items():
            for pattern in item.clusters:
                yield ("maintenance", "items", name, "clusters"), "", pattern, fnmatchcase

    def _clusters_of(self, environment: str) -> frozenset[str]:
        """The names of all its clusters, of all environments for ""; none where not all are known: kubectl's context is one then."""
        of = [found for name, found in self.environments.items() if environment in ("", name)]
        if not all(found.clusters or found.name for found in of):
            return frozenset()
        return frozenset(c for found in of for c in ([c.name for c in found.clusters] or [found.name]))

    def _environments_named(self) -> Iterator[tuple[tuple[str, ...], str, Callable[[str, str], bool]]]:
        """Each key that names an environment, with what it says and how that is held against a name."""
        rows: tuple[tuple[str, Sequence[Any], Callable[[str, str], bool]], ...] = (
            ("journeys", self.journeys, str.__eq__),
            ("metrics.services", self.metrics.services, str.__eq__),
            ("certificates.endpoints", self.certificates.endpoints, str.__eq__),
            ("versions.plan", self.versions.plan, str.__eq__),
            ("policy.waivers", self.policy.waivers, fnmatchcase),
        )
        for table, found, fits in rows:
            for i, row in enumerate(found):
                if row.environment:
                    yield (*table.split("."), str(i), "environment"), row.environment, fits
        for name, item in self.maintenance.items.items():
            for pattern in item.environments:
                yield ("maintenance", "items", name, "environments"), pattern, fnmatchcase
        plain = shipped(VersionsRules)
        for key in ("development", "staging", "production"):
            said = getattr(self.versions, key)
            if said and said != plain[key]:  # what ships is a name for whoever has it
                yield ("versions", key), said, str.__eq__
