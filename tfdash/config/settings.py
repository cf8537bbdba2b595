"""Every setting, its type and its default. ``config.example.toml`` holds the same, commented; a test compares them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tfdash.config.acting import ActionsSettings
from tfdash.config.canary import CanarySettings
from tfdash.config.signals import JourneySettings, MetricsSettings, PrometheusSettings
from tfdash.config.types import Day, Duration, LocalDate, LocalTime, SecretRef, TimeOfDay, Zone
from tfdash.playbook.schedule.policy import parse_freeze

Colour = Literal["production", "staging", "development", "neutral"]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class TimeSettings(Section):
    zone: Zone = "America/New_York"


class ClusterSettings(Section):
    """One cluster: whose kubeconfig, which context, which namespaces (none: all that may be seen)."""

    name: str = ""
    kubeconfig: str = ""
    context: str = ""
    namespaces: list[str] = Field(default_factory=list)
    impersonate: str = ""
    impersonate_groups: list[str] = Field(default_factory=list)
    token: SecretRef | None = None
    prometheus: PrometheusSettings = PrometheusSettings()


class EnvironmentSettings(ClusterSettings):
    """One environment with one cluster in place, or several under ``clusters``."""

    word: str = ""
    colour: Colour = "neutral"
    clusters: list[ClusterSettings] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_or_many(self) -> EnvironmentSettings:
        if self.clusters:
            if self.kubeconfig or self.context:
                raise ValueError("names a cluster in place and also a list of clusters; keep one of the two")
            names = [cluster.name for cluster in self.clusters]
            if "" in names or len(set(names)) != len(names):
                raise ValueError("several clusters need a name each, all different; add name = ...")
        return self


class KubernetesSettings(Section):
    page_size: int = Field(default=250, ge=10, le=1000)
    connect_timeout: Duration = 5.0
    read_timeout: Duration = 30.0
    watch_silence: Duration = 90.0
    backoff_first: Duration = 0.5
    backoff_longest: Duration = 30.0
    publish_every: Duration = 0.2


class SourcesSettings(Section):
    kubernetes: KubernetesSettings = KubernetesSettings()


class WorkloadPolicy(Section):
    """``tfdash.playbook`` reads these; the playbook's TOML holds the same defaults."""

    oom_window: Duration = 600.0
    ready_grace: Duration = 30.0
    terminating_grace: Duration = 60.0
    stale_after: Duration = 120.0


class PolicySettings(Section):
    workloads: WorkloadPolicy = WorkloadPolicy()
    canary: CanarySettings = CanarySettings()


class FreezeSettings(Section):
    """[start, end) in local time; a date is its midnight."""

    start: LocalTime
    end: LocalTime
    reason: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> FreezeSettings:
        parse_freeze(self.model_dump())
        return self


class ReleasesSettings(Section):
    """``pairs``: Deployments that are the stable and the canary half of one service, by hand."""

    pairs: list[list[str]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _two(self) -> ReleasesSettings:
        if any(len(pair) != 2 for pair in self.pairs):
            raise ValueError('pairs: each is the stable and the canary name: ["checkout", "checkout-canary"]')
        return self


class CalendarSettings(Section):
    """``tfdash.playbook.schedule`` reads these; the playbook's TOML holds the same defaults."""

    days: list[Day] = Field(default=["Tue", "Thu"])
    start: TimeOfDay = "10:00"
    length: Duration = 7200.0
    finish_by: TimeOfDay = "16:00"
    blackout_from_day: int = Field(default=28, ge=0, le=31)
    blackout_to_day: int = Field(default=3, ge=0, le=31)
    holidays: list[LocalDate] = Field(default_factory=list)
    freezes: list[FreezeSettings] = Field(default_factory=list)
    max_clock_skew: Duration = 30.0

    @model_validator(mode="after")
    def _usable(self) -> CalendarSettings:
        if (self.blackout_from_day == 0) is not (self.blackout_to_day == 0):
            raise ValueError("a blackout needs both of its days, or 0 for both")
        if self.length > 86400:
            raise ValueError("length: a window lasts a day at most")
        return self


class StoreSettings(Section):
    """What must be remembered, and where: this user's folder, and a PostgreSQL that people share."""

    path: str = ""
    url: SecretRef | None = None
    key: SecretRef | None = None
    approvals: Literal["auto", "kubernetes", "none"] = "auto"
    deadline: Duration = 2.0
    heartbeat: Duration = 3600.0
    approval_life: Duration = Field(default=900.0, le=3600)
    break_glass: Duration = Field(default=3600.0, le=3600)
    shared_roles: list[str] = Field(
        default=["postgres", "tfdash", "tfdash_owner", "admin", "root", "app", "deploy", "ci"]
    )
    anchor_file: str = ""
    anchor_command: list[str] = Field(default_factory=list)
    anchor_every: Duration = 300.0


class UiSettings(Section):
    theme: Literal["dark", "light", "ansi", "colour-blind"] = "dark"
    mouse: bool = True
    start: str = "overview"
    frames_per_second: int = Field(default=5, ge=1, le=30)
    log_lines: int = Field(default=10_000, ge=100, le=200_000)
    keys: dict[str, str] = Field(default_factory=dict)
    aliases: dict[str, str] = Field(default_factory=dict)


class DemoSettings(Section):
    """Written by the simulated platform: its clock, and that it is none of yours."""

    enabled: bool = False
    epoch: float = 0.0
    wall_start: float = 0.0
    speed: float = Field(default=1.0, gt=0)


class Settings(Section):
    default_environment: str = ""
    read_only: bool = True
    time: TimeSettings = TimeSettings()
    environments: dict[str, EnvironmentSettings] = Field(default_factory=dict)
    sources: SourcesSettings = SourcesSettings()
    metrics: MetricsSettings = MetricsSettings()
    journeys: list[JourneySettings] = Field(default_factory=list)
    policy: PolicySettings = PolicySettings()
    calendar: CalendarSettings = CalendarSettings()
    releases: ReleasesSettings = ReleasesSettings()
    store: StoreSettings = StoreSettings()
    actions: ActionsSettings = ActionsSettings()
    ui: UiSettings = UiSettings()
    demo: DemoSettings = DemoSettings()

    @model_validator(mode="after")
    def _known_default(self) -> Settings:
        if self.default_environment and self.default_environment not in self.environments:
            raise ValueError(
                f'default_environment "{self.default_environment}" is not one of [environments]: '
                f"{', '.join(sorted(self.environments)) or 'none is set'}"
            )
        return self
