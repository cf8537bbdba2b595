"""What a scenario loses with which nothing can be carried out there: a cluster."""

from __future__ import annotations

from tfdash.model.procedure import Procedure

CLUSTER = "cluster"
"""Of what a scenario loses, and the type of the input that says which."""


def loses_cluster(procedure: Procedure) -> bool:
    return procedure.scenario is not None and CLUSTER in procedure.scenario.loses
