"""The table of probes: one line each, in the module of what it looks at."""

from __future__ import annotations

from tfdash.playbook.procedures.probe import Probe
from tfdash.playbook.procedures.probes import (
    control_plane,
    last_good,
    nodes,
    pipelines,
    releases,
    runbooks,
    sources,
    standby,
    times,
    updates,
    verdicts,
    workloads,
)

PROBES: dict[str, Probe] = {
    probe.id: probe
    for module in (
        verdicts,
        workloads,
        releases,
        times,
        nodes,
        control_plane,
        sources,
        pipelines,
        updates,
        last_good,
        standby,
        runbooks,
    )
    for probe in module.PROBES
}
