"""Settings of the rollback triggers; ``tfdash.playbook.canary.policy`` reads the same table and checks what belongs together."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tfdash.config.types import Duration


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ErrorsSettings(Table):
    enabled: bool = True
    mode: Literal["relative", "points", "both"] = "relative"
    relative: float = Field(default=10.0, ge=0.01, le=10_000)
    points: float = Field(default=10.0, ge=0.001, le=100)
    floor_points: float = Field(default=0.1, ge=0, le=100)
    min_errors: int = Field(default=5, ge=1)
    min_requests: int = Field(default=100, ge=1)
    gross_percent: float = Field(default=20.0, ge=1, le=100)
    gross_requests: int = Field(default=20, ge=1)


class LatencySettings(Table):
    enabled: bool = True
    quantile: float = Field(default=0.9, ge=0.5, le=0.999)
    increase: Duration = 0.1
    min_observations: int = Field(default=100, ge=10)
    within_bucket: Literal["interpolate", "refuse"] = "interpolate"


class JourneysSettings(Table):
    enabled: bool = True
    fails: int = Field(default=2, ge=1, le=100)
    of: int = Field(default=3, ge=1, le=100)
    stale_after: Duration = 300.0


class CanarySettings(Table):
    window: Duration = 60.0
    windows: int = Field(default=30, ge=1, le=1000)
    warm_up: Duration = 30.0
    false_alarms: float = Field(default=0.05, ge=0.0001, le=0.5)
    least_scatter: float = Field(default=1.0, ge=1, le=100)
    confidence: float = Field(default=0.95, ge=0.5, le=0.9999)
    baseline: Literal["stable", "dedicated", "before"] = "stable"
    baseline_version: str = ""
    stale_intervals: float = Field(default=2.0, ge=1, le=100)
    persist: int = Field(default=2, ge=1, le=100)
    persist_of: int = Field(default=3, ge=1, le=100)
    hold: Duration = 300.0
    verification: Duration = 1800.0
    second_opinion: bool = True
    errors: ErrorsSettings = ErrorsSettings()
    latency: LatencySettings = LatencySettings()
    journeys: JourneysSettings = JourneysSettings()

    @model_validator(mode="after")
    def _together(self) -> CanarySettings:
        if self.persist > self.persist_of or self.journeys.fails > self.journeys.of:
            raise ValueError("so many of fewer cannot be; persist and fails are the smaller of their pairs")
        if self.baseline == "dedicated" and not self.baseline_version:
            raise ValueError(
                "a dedicated baseline needs baseline_version, its template hash or version label"
            )
        return self
