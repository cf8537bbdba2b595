"""Puts the parts together: configuration -> sources -> board, and, imported late, the screen."""

from __future__ import annotations

import argparse
import logging
import math
import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfdash.board.board import Board
from tfdash.board.scheduler import Judging
from tfdash.clock import Clock, FixedClock, ScaledClock, SystemClock
from tfdash.config.quick import ChosenEnvironment, QuickConfig, load_quick
from tfdash.config.startup import Cluster
from tfdash.model.subject import ClusterRef
from tfdash.sources.base import ALL, Scope
from tfdash.sources.kubernetes.kubeconfig import Access, resolve
from tfdash.sources.kubernetes.source import KubernetesSource
from tfdash.text import scrubbed

if TYPE_CHECKING:
    from tfdash.config.settings import Settings
    from tfdash.judging.judge import Judge
    from tfdash.playbook.policies import Policies
    from tfdash.playbook.resources.hours import Hours
    from tfdash.playbook.schedule import CalendarPolicy
    from tfdash.playbook.versions.policy import VersionsPolicy


def clock_of(config: QuickConfig) -> Clock:
    """The machine's clock, or the simulated platform's. Raises ``ConfigError`` where a configuration that is not the
    simulator's own says [demo]: it would open the calendar, and stamp the audit log, by a clock of its own."""
    demo = config.demo
    if config.recorded is not None:
        return FixedClock(config.recorded.at)
    if not demo.enabled:
        return SystemClock()
    why = _not_simulated(config)
    if why:
        from tfdash.config.problems import ConfigError, ConfigProblem, line_of, read_text

        key, told, remedy = (
            "demo.enabled",
            f"only the simulated platform's own configuration may say so: {why}",
            "leave [demo] out",
        )
        if config.instead and not _not_simulated(load_quick(str(config.path))):
            key, told = (
                "",
                f"a simulated platform's configuration leads nowhere else, as {config.instead} would",
            )
            remedy = f"leave that out; -e chooses among {', '.join(config.environments)}"
        line = line_of(read_text(config.path), tuple(key.split("."))) if config.path and key else 0
        raise ConfigError([ConfigProblem(str(config.path), line, key, told, remedy)])
    return ScaledClock(demo.epoch, demo.wall_start, demo.speed)


def _not_simulated(config: QuickConfig) -> str:
    """Why this is no configuration of the simulator; "" where it is."""
    from tfdash.cli.simulated import why_not_simulated

    if not all(cluster.kubeconfig for cluster in config.environment.clusters):
        return "it names no kubeconfig"
    return next(filter(None, map(why_not_simulated, map(access_of, config.environment.clusters))), "")


def access_of(cluster: Cluster) -> Access:
    """How to reach a configured cluster. Raises ``KubeconfigError``."""
    named = cluster.kubeconfig and str(Path(cluster.kubeconfig).expanduser())
    return _as_configured(cluster, named, resolve(named, cluster.context))


def _as_configured(cluster: Cluster, named: str, access: Access) -> Access:
    from dataclasses import replace

    again = access.again  # of the same context, whatever has become the current one since
    changes: dict[str, Any] = {"kubeconfig": named} if named else {}
    if cluster.impersonate:
        changes["impersonate"] = cluster.impersonate
    if cluster.impersonate_groups:
        changes["impersonate_groups"] = cluster.impersonate_groups
    if cluster.token:
        changes["secret"] = cluster.token
    if again is not None:
        changes["again"] = lambda: _as_configured(cluster, named, again())
    return replace(access, **changes)


def clusters_of(
    environment: ChosenEnvironment, config: QuickConfig, clock: Clock, *, attended: bool = False
) -> list[KubernetesSource]:
    """``attended``: somebody sits here who can log in with a key."""
    sources = []
    for cluster in environment.clusters:
        access = access_of(cluster)
        if config.demo.enabled:
            from tfdash.cli.simulated import only_simulated

            access = only_simulated(access)
        name = cluster.name if cluster.name != "default" else access.context or "default"
        ref = ClusterRef(environment.name, name)
        source = KubernetesSource(ref, access, clock, namespaces=cluster.namespaces, tuning=config.kubernetes)
        if not attended:
            source.credentials.unattended()
        sources.append(source)
    return sources


def scope_of(
    args: argparse.Namespace, environment: ChosenEnvironment, sources: list[KubernetesSource]
) -> Scope:
    """-n, else the configured namespaces, else all. -A: all."""
    if getattr(args, "all_namespaces", False):
        return ALL
    if getattr(args, "namespace", ""):
        return Scope((args.namespace,))
    configured = {n for cluster in environment.clusters for n in cluster.namespaces}
    return Scope(tuple(sorted(configured))) if configured else ALL


def calendar_of(settings: Settings) -> CalendarPolicy:
    """[calendar] in the zone of [time]."""
    from tfdash.playbook.schedule import calendar_in

    return calendar_in(settings.time.zone, settings.calendar)


def policies_of(settings: Settings) -> Policies:
    """[policy.canary], [policy.resources], [policy.certificates], [calendar], [releases], [versions] and [procedures]."""
    from dataclasses import replace

    from tfdash.cli.recovering import recovery_policy
    from tfdash.playbook.maintenance.policy import maintenance_in
    from tfdash.playbook.policies import Policies
    from tfdash.playbook.waivers import Waivers

    workloads, recovery = settings.policy.workloads, recovery_policy(settings)
    recoveries = [one for one in recovery.procedures.values() if one.recovery]
    # a demonstration's clock may run fast, and its connections do not
    stale_after = workloads.stale_after * max(1.0, settings.demo.speed)
    return Policies(
        workloads=replace(workloads, stale_after=stale_after),
        canary=settings.policy.canary,
        calendar=calendar_of(settings),
        resources=settings.policy.resources,
        certificates=settings.policy.certificates,
        pairs=settings.releases.pairs,
        hours=hours_of(settings),
        waivers=Waivers(settings.policy.waivers, settings.time.zone),
        maintenance=maintenance_in(settings.time.zone, settings.maintenance, recoveries),
        environments=tuple(settings.environments),
        pool_labels=settings.sources.usage.pool_labels,
        versions=versions_of(settings),
        recovery=recovery,
    )


def versions_of(settings: Settings) -> VersionsPolicy:
    """[versions] in the zone of [time], with its tables of support and the clusters that [environments] names."""
    from tfdash.playbook.versions.policy import versions_in

    clusters = {
        name: tuple(cluster.name for cluster in found.clusters) or ((found.name,) if found.name else ())
        for name, found in settings.environments.items()
    }
    return versions_in(settings.versions, settings.time.zone, clusters)


def hours_of(settings: Settings) -> dict[str, Hours]:
    """Of each environment with production = false, in the zone of [time]."""
    from tfdash.playbook.resources.hours import hours_in

    return {
        name: hours_in(name, settings.time.zone, found.hours)
        for name, found in settings.environments.items()
        if not found.production
    }


def judge_of(settings: Settings, hold: float = math.inf, of: Collection[str] = ()) -> Judge:
    """A judge by the configuration's policies. ``hold``: for how many seconds releases may be judged in one go. ``of``: ids of the
    sections that are asked for, where not all are: what these do not read is not judged."""
    from tfdash.judging.judge import Judge
    from tfdash.playbook.registry import RULES, SECTIONS, rules_behind

    sections = tuple(section for section in SECTIONS if not of or section.id in of)
    rules = rules_behind(sections) if of else RULES
    policies = policies_of(settings)
    return Judge(
        policies.workloads,
        policies,
        hold=hold,
        stale_after=policies.workloads.stale_after,
        rules=rules,
        sections=sections,
    )


class _WithoutSecrets(logging.Formatter):
    """Tracebacks too: an exception may repeat a header."""

    def format(self, record: logging.LogRecord) -> str:
        return scrubbed(super().format(record))


def log_to_file(debug: bool) -> None:
    """The terminal belongs to the screen: everything logged goes to a file of the user's."""
    from tfdash.cli.crash import log_folder, open_private

    try:
        descriptor = open_private(log_folder() / "tfdash.log")
    except OSError:
        logging.getLogger().addHandler(logging.NullHandler())
        return
    handler = logging.StreamHandler(os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace"))
    handler.setFormatter(_WithoutSecrets("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger("tfdash").setLevel(logging.DEBUG if debug else logging.INFO)


def board_of(
    config: QuickConfig,
    settings: Settings,
    clock: Clock,
    *,
    probing: bool = False,
    remembering: bool = False,
    others: bool = False,
    weeks: bool = False,
    kept: bool = False,
    keeping: bool = False,
    of: Collection[str] = (),
    judge: Judging | None = None,
) -> tuple[Board, list[KubernetesSource]]:
    """For a headless judgement. ``probing``: with the sources that send requests of their own, which only read here.
    ``remembering``: with the store, opened for reading: nothing is made or written. ``others``: and with what other terminals left.
    ``weeks``: and with what was used over weeks, of which what the store keeps is read first and waited for.
    ``kept``: and with a look whether what terminals keep for later could be written. ``keeping``: days of usage that are over are kept for whoever asks next.
    ``of``: ids of the sections that are asked for, where not all are. ``judge``: another than the configuration's. Raises ``ConfigError`` where a secret of the store cannot be had."""
    if config.recorded is not None:
        from tfdash.cli import recorded

        return recorded.board_of(config.recorded, lambda: judge_of(settings, of=of)), []
    from tfdash.cli.source_registry import Needs, Wiring, made, not_measured

    clusters = clusters_of(config.environment, config, clock)
    opened = None
    if remembering:
        from tfdash.cli.store_options import store_options
        from tfdash.store.opening import open_store

        opened = open_store(store_options(settings, config.path), clock, acting=False, reading=True)
    wiring = Wiring(
        config.environment.name,
        settings,
        clusters,
        clock,
        opened=opened,
        path=config.path,
        keeping=keeping,
        once=weeks,
    )
    needs = (Needs.LEAVE,) * probing + (Needs.STORE,) * remembering + (Needs.OTHERS,) * others
    needs += (Needs.WEEKS,) * (weeks or others) + (Needs.KEEPING,) * kept
    sources = made(wiring, Needs.SETTINGS, *needs)
    board = Board(
        clusters,
        judge or judge_of(settings, of=of),
        clock,
        interval=config.kubernetes.publish_every,
        sources=sources,
        signals=not_measured(wiring),
    )
    return board, clusters
