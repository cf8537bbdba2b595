"""The policies that the rules judge by, together; the playbook's own where nothing else is configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tfdash.model.calendar import FeedDays
from tfdash.model.observation import Observation
from tfdash.node_pools import POOL_LABELS
from tfdash.playbook.canary import CanaryPolicy, default_canary_policy
from tfdash.playbook.certificates.policy import CertificatesPolicy, default_certificates_policy
from tfdash.playbook.maintenance.policy import MaintenancePolicy, default_maintenance_policy
from tfdash.playbook.policy import WorkloadPolicy, default_policy
from tfdash.playbook.procedures.policy import RecoveryPolicy
from tfdash.playbook.resources.hours import Hours
from tfdash.playbook.resources.policy import ResourcesPolicy, default_resources_policy
from tfdash.playbook.schedule import CalendarPolicy, default_calendar_policy
from tfdash.playbook.schedule.feeds import in_force
from tfdash.playbook.schedule.policy import DEFAULT_ZONE
from tfdash.playbook.versions.policy import VersionsPolicy, default_versions_policy
from tfdash.playbook.waivers import Waivers


@dataclass(frozen=True)
class Policies:
    """``pairs`` are (stable, canary) names of Deployments; ``settled`` how long a finished release counts as COMPLETE.
    ``hours``: of each environment that is marked as non-production. ``pool_labels``: the first that a node has names its pool.
    ``environments``: all that are configured, also those that are not shown."""

    workloads: WorkloadPolicy = field(default_factory=default_policy)
    canary: CanaryPolicy = field(default_factory=default_canary_policy)
    calendar: CalendarPolicy = field(default_factory=default_calendar_policy)
    resources: ResourcesPolicy = field(default_factory=default_resources_policy)
    certificates: CertificatesPolicy = field(default_factory=default_certificates_policy)
    pairs: tuple[tuple[str, str], ...] = ()
    hours: Mapping[str, Hours] = field(default_factory=dict)
    waivers: Waivers = field(default_factory=Waivers)
    maintenance: MaintenancePolicy = field(default_factory=lambda: default_maintenance_policy(DEFAULT_ZONE))
    environments: tuple[str, ...] = ()
    pool_labels: tuple[str, ...] = POOL_LABELS
    versions: VersionsPolicy = field(default_factory=default_versions_policy)
    recovery: RecoveryPolicy = field(default_factory=RecoveryPolicy)

    def fed(self, feeds: Mapping[str, Observation[FeedDays]]) -> Policies:
        """With what the feeds of the calendar close."""
        calendar = in_force(self.calendar, feeds)
        return self if calendar is self.calendar else replace(self, calendar=calendar)

    @property
    def settled(self) -> float:
        """Long enough to be verified, seconds."""
        return max(3600.0, self.canary.verification + self.canary.hold)
