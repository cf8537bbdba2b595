"""Policies, sources and journeys out of tables as the configuration has them: validated, and refused as the file would be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from tfdash.clock import Clock
from tfdash.config.load import table_of
from tfdash.config.settings import Settings
from tfdash.model.subject import ClusterRef
from tfdash.playbook.canary import CanaryPolicy
from tfdash.playbook.maintenance.policy import MaintenancePolicy, maintenance_in
from tfdash.playbook.schedule import CalendarPolicy, calendar_in
from tfdash.sources.journeys import JourneySettings
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.prometheus import Connection, PrometheusSource, options_of, source_for


def calendar_policy(values: Mapping[str, Any], zone: str = "America/New_York") -> CalendarPolicy:
    """The playbook's calendar with ``values`` over it."""
    settings = table_of(Settings, {"time": {"zone": zone}, "calendar": values})
    return calendar_in(settings.time.zone, settings.calendar)


def maintenance_policy(values: Mapping[str, Any], zone: str = "America/New_York") -> MaintenancePolicy:
    """The playbook's promises with ``values`` over them."""
    settings = table_of(Settings, {"time": {"zone": zone}, "maintenance": values})
    return maintenance_in(settings.time.zone, settings.maintenance)


def canary_policy(values: Mapping[str, Any]) -> CanaryPolicy:
    """The playbook's triggers with ``values`` over them."""
    return table_of(CanaryPolicy, values)


def journey(table: Mapping[str, Any]) -> JourneySettings:
    return table_of(JourneySettings, table)


def metrics_source(
    ref: ClusterRef,
    raw: Mapping[str, Any],
    table: Mapping[str, Any],
    credentials: Credentials | None,
    clock: Clock,
) -> PrometheusSource:
    """``raw`` is the whole configuration, ``table`` the cluster's Prometheus."""
    settings = table_of(Settings, raw)
    options = options_of(settings.metrics, settings.journeys)
    return source_for(
        ref, table_of(Connection, table), options, credentials, clock, ZoneInfo(settings.time.zone)
    )
