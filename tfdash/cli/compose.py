"""Puts the parts together: configuration -> sources -> board, and, imported late, the screen."""

from __future__ import annotations

import argparse
import logging
import math
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfdash.board.board import Board
from tfdash.board.scheduler import Judging
from tfdash.clock import Clock, ScaledClock, SystemClock
from tfdash.config.quick import QuickCluster, QuickConfig, QuickEnvironment
from tfdash.durations import parse_duration
from tfdash.model.subject import ClusterRef
from tfdash.sources.base import ALL, Feeder, Scope
from tfdash.sources.kubernetes.kubeconfig import Access, resolve
from tfdash.sources.kubernetes.source import KubernetesSource

if TYPE_CHECKING:
    from tfdash.judging.policies import Policies
    from tfdash.playbook.policy import WorkloadPolicy
    from tfdash.playbook.schedule import CalendarPolicy

KINDS_OF_SCREEN: dict[str, str] = {
    "deployments": "Deployment",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
    "replicasets": "ReplicaSet",
    "pods": "Pod",
    "nodes": "Node",
    "namespaces": "Namespace",
    "jobs": "Job",
    "cronjobs": "CronJob",
    "services": "Service",
    "endpointslices": "EndpointSlice",
    "hpa": "HorizontalPodAutoscaler",
    "pdb": "PodDisruptionBudget",
    "events": "Event",
}
JUDGED_KINDS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Pod",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "Event",
    "Node",
    "Rollout",
    "AnalysisRun",
    "Experiment",
    "Canary",
    "Application",
    "Kustomization",
    "HelmRelease",
)


def clock_of(config: QuickConfig) -> Clock:
    """The machine's clock, or the simulated platform's."""
    return SystemClock() if config.demo_clock is None else ScaledClock(*config.demo_clock)


def access_of(cluster: QuickCluster) -> Access:
    """How to reach a configured cluster. Raises ``KubeconfigError``."""
    from dataclasses import replace

    named = cluster.kubeconfig and str(Path(cluster.kubeconfig).expanduser())
    access = resolve(named, cluster.context)
    changes: dict[str, Any] = {"kubeconfig": named} if named else {}
    if cluster.impersonate:
        changes["impersonate"] = cluster.impersonate
    if cluster.impersonate_groups:
        changes["impersonate_groups"] = cluster.impersonate_groups
    if cluster.token:
        changes["secret"] = cluster.token
    return replace(access, **changes) if changes else access


def tuning_of(raw: Mapping[str, Any]) -> dict[str, float]:
    """[sources.kubernetes] as numbers; what is wrong there is told by the validation behind the first frame."""
    table = raw.get("sources", {})
    table = table.get("kubernetes", {}) if isinstance(table, dict) else {}
    values: dict[str, float] = {}
    for key, value in table.items() if isinstance(table, dict) else ():
        try:
            values[key] = (
                value if isinstance(value, int) and not isinstance(value, bool) else parse_duration(value)
            )
        except ValueError:
            continue
    return values


def sources_of(environment: QuickEnvironment, config: QuickConfig, clock: Clock) -> list[KubernetesSource]:
    sources = []
    for cluster in environment.clusters:
        access = access_of(cluster)
        name = cluster.name if cluster.name != "default" else access.context or "default"
        ref = ClusterRef(environment.name, name)
        sources.append(
            KubernetesSource(ref, access, clock, namespaces=cluster.namespaces, tuning=tuning_of(config.raw))
        )
    return sources


def scope_of(
    args: argparse.Namespace, environment: QuickEnvironment, sources: list[KubernetesSource]
) -> Scope:
    """-n, else the configured namespaces, else all. -A: all."""
    if getattr(args, "all_namespaces", False):
        return ALL
    if getattr(args, "namespace", ""):
        return Scope((args.namespace,))
    configured = {n for cluster in environment.clusters for n in cluster.namespaces}
    return Scope(tuple(sorted(configured))) if configured else ALL


def policy_of(raw: Mapping[str, Any]) -> WorkloadPolicy:
    """[policy.workloads] over the playbook's own values; what is wrong there is told by the validation."""
    from tfdash.playbook.policy import changed, default_policy

    table = raw.get("policy", {})
    table = table.get("workloads", {}) if isinstance(table, dict) else {}
    policy = default_policy()
    values = {}
    for key, value in table.items() if isinstance(table, dict) else ():
        try:
            if hasattr(policy, key):
                values[key] = parse_duration(value)
        except ValueError:
            continue
    return changed(policy, values)


def calendar_of(config: QuickConfig) -> CalendarPolicy:
    """[calendar] over the playbook's own. Raises ``ConfigError``, never falls back to another zone or calendar."""
    from tfdash.config.problems import ConfigError, ConfigProblem
    from tfdash.playbook.policy import PolicyError
    from tfdash.playbook.schedule import calendar_policy

    table = config.raw.get("calendar", {})
    try:
        return calendar_policy(table if isinstance(table, dict) else {}, config.zone)
    except PolicyError as error:
        raise ConfigError([ConfigProblem(str(config.path or "configuration"), 0, "", str(error))]) from None


def policies_of(config: QuickConfig) -> Policies:
    """[policy.canary], [calendar] and [releases] over the playbook's own. Raises ``ConfigError``."""
    from tfdash.config.problems import ConfigError, ConfigProblem
    from tfdash.judging.policies import Policies
    from tfdash.playbook.canary import parse_canary_policy
    from tfdash.playbook.policy import PolicyError

    table = _table(_table(config.raw, "policy"), "canary")
    pairs = _table(config.raw, "releases").get("pairs") or ()
    try:
        canary = parse_canary_policy(table)
    except PolicyError as error:
        raise ConfigError([ConfigProblem(str(config.path or "configuration"), 0, "", str(error))]) from None
    good = tuple((str(p[0]), str(p[1])) for p in pairs if isinstance(p, list) and len(p) == 2)
    return Policies(canary=canary, calendar=calendar_of(config), pairs=good)


def judge_of(config: QuickConfig, hold: float = math.inf) -> Judging:
    """A judge by the configuration's policies. ``hold``: for how many seconds releases may be judged in one go."""
    from tfdash.judging.judge import Judge

    return Judge(policy_of(config.raw), policies_of(config), hold=hold)


def _table(raw: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def prometheus_of(
    environment: QuickEnvironment, config: QuickConfig, sources: list[KubernetesSource], clock: Clock
) -> list[Feeder]:
    """The metric backend of each cluster that names one; a cluster's own table goes before its environment's."""
    table = _table(_table(config.raw, "environments"), environment.name)
    rows = table.get("clusters")
    own = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    if not any("prometheus" in row for row in (table, *own)):
        return []  # nothing is imported for it
    from tfdash.config.problems import ConfigError, ConfigProblem
    from tfdash.sources.prometheus import feeder_of

    found: list[Feeder] = []
    for number, source in enumerate(sources):
        mine = _table(own[number], "prometheus") if number < len(own) else {}
        try:
            feeder = feeder_of(
                source.ref, config.raw, mine or _table(table, "prometheus"), source.credentials, clock
            )
        except ValueError as error:
            raise ConfigError(
                [ConfigProblem(str(config.path or "configuration"), 0, "", str(error))]
            ) from None
        if feeder is not None:
            found.append(feeder)
    return found


def journeys_of(
    config: QuickConfig,
    refs: Sequence[ClusterRef],
    clock: Clock,
    *,
    acting: bool = False,
    may_run: Callable[[], Awaitable[bool]] | None = None,
) -> Feeder | None:
    """Our own journeys; None where none is configured. ``acting`` False: those that change things never run.

    ``may_run`` says whether it is this terminal's turn; a headless run asks nobody. Raises ``ConfigError``.
    """
    rows = config.raw.get("journeys")
    if not isinstance(rows, list) or not any(isinstance(row, dict) and row.get("url") for row in rows):
        return None  # nothing is imported for it
    from tfdash.config.problems import ConfigError, ConfigProblem
    from tfdash.sources.journeys import feeder_of

    try:
        return feeder_of(refs, config.raw, clock, acting=acting, may_run=may_run)
    except ValueError as error:
        raise ConfigError([ConfigProblem(str(config.path or "configuration"), 0, "", str(error))]) from None


def log_to_file(debug: bool) -> None:
    """The terminal belongs to the screen: everything logged goes to a file of the user's."""
    from tfdash.cli.crash import log_folder, open_private

    try:
        descriptor = open_private(log_folder() / "tfdash.log")
    except OSError:
        logging.getLogger().addHandler(logging.NullHandler())
        return
    handler = logging.StreamHandler(os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace"))
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger("tfdash").setLevel(logging.DEBUG if debug else logging.INFO)


def board_of(
    environment: QuickEnvironment,
    config: QuickConfig,
    clock: Clock,
    judge: Judging | None,
    *,
    journeys: bool = False,
) -> tuple[Board, list[KubernetesSource]]:
    """``journeys``: also run our own ones that only read, for a headless judgement."""
    sources = sources_of(environment, config, clock)
    feeders = prometheus_of(environment, config, sources, clock)
    own = journeys_of(config, [s.ref for s in sources], clock) if journeys else None
    return Board(sources, judge, clock, feeders=[*feeders, *([own] if own is not None else [])]), sources
