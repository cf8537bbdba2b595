"""The table of probes: one line each."""

from __future__ import annotations

from tfdash.playbook.procedures.probe import Probe

PROBES: dict[str, Probe] = {}
