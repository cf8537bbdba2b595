"""What a run writes for its clients: a kubeconfig with its identities, a tfdash configuration, the token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from tfdash.demo.apiserver.discovery import ENDING
from tfdash.demo.options import ENVIRONMENTS, MARK, SECOND
from tfdash.demo.platform import Platform
from tfdash.demo.scenarios.catalogue import catalogue
from tfdash.demo.scenarios.identities import one_namespace
from tfdash.demo.scenarios.scenario import Region
from tfdash.demo.tls import Certificates
from tfdash.demo.traffic.profile import table

_COLOURS = {"production": "production", "staging": "staging", "development": "development"}
# The identity that tfdash itself uses: an operator on call, who sees everything but secrets.
_OWN = "oncall"
_OWN_TOKEN = "oncall-token"
LAST_GOOD = "last-good"
"""Where in the run's folder it is kept what each service was."""
_COLLEAGUE = "colleague"  # a second one, who approves


class Files(NamedTuple):
    kubeconfig: Path
    config: Path
    token: Path


def _private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")
    return path


def context_name(environment: str, identity: str) -> str:
    """``production`` is the administrator's; the others carry their identity: ``production-viewer``."""
    return environment if identity == "admin" else f"{environment}-{identity}"


def shown_name(cluster: str) -> str:
    """As tfdash shows a cluster of the run."""
    return f"demo-{cluster}"


def _kubeconfig(
    platform: Platform, ports: dict[str, int], certificates: Certificates, current: str = "production"
) -> str:
    authority = str(certificates.authority)
    clusters = [
        {
            "name": name,
            "cluster": {"server": f"https://127.0.0.1:{ports[name]}", "certificate-authority": authority},
        }
        for name in platform.clusters
    ]
    users = [{"name": name, "user": {"token": token}} for name, token in platform.tokens.items()]
    contexts = [
        {
            "name": context_name(name, identity),
            "context": {
                "cluster": name,
                "user": identity,
                "namespace": one_namespace(of.environment)
                if identity == "one-namespace"
                else f"tf-{of.environment}",
            },
        }
        for name, of in platform.clusters.items()
        for identity in platform.tokens
    ]
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": current,
        "clusters": clusters,
        "users": users,
        "contexts": contexts,
    }
    return json.dumps(document, indent=1) + "\n"  # JSON is YAML


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False)


def config_text(platform: Platform, kubeconfig: Path) -> str:
    """The configuration with which tfdash shows this run and follows its clock."""
    lines = [
        "# Written by tfdash demo for one run of its simulated platform.",
        'default_environment = "production"',
        "read_only = false",
        "",
    ]
    for name in ENVIRONMENTS:
        lines += [
            f"[environments.{name}]",
            f"word = {_quoted('DEMO ' + name.upper())}",
            f"colour = {_quoted(_COLOURS[name])}",
        ]
        hours = [f"[environments.{name}.hours]", f"label = {_quoted(MARK)}", ""]
        for cluster in (one for one in platform.clusters.values() if one.environment == name):
            lines += ["", f"[[environments.{name}.clusters]]"] if cluster.several else []
            lines += [
                f"kubeconfig = {_quoted(str(kubeconfig))}",
                f"context = {_quoted(context_name(cluster.name, _OWN))}",
                f"name = {_quoted(shown_name(cluster.name))}",
            ]
            lines += [""] if name == "production" else ["production = false", "", *hours]
            for backend in cluster.backends:
                found = backend.settings(kubeconfig.with_name(_OWN_TOKEN), kubeconfig.with_name("ca.crt"))
                lines += [*found, ""] if found else []
    lines += ["[metrics.usage]", 'step = "15m"  # two weeks are computed at each question', ""]
    for price in platform.scenario.prices:
        lines += [
            "[[policy.resources.prices]]",
            *(f"{key} = {_written(value)}" for key, value in price.items()),
            "",
        ]
    lines += _journeys(platform)
    lines += _recovery(platform.scenario.region, kubeconfig.parent)
    lines += ["[versions.endings]", f'{_quoted(ENDING)} = "upstream"', ""]
    for plan in platform.scenario.planned:
        lines += [
            "[[versions.plan]]",
            f"version = {_quoted(plan.version)}",
            f"date = {_quoted(plan.date)}",
            "",
        ]
    clock = platform.clock
    lines += [
        "[store]",
        f"path = {_quoted(str(kubeconfig.parent / 'store'))}",
        'approvals = "kubernetes"  # its simulated API server stamps who approves',
        "",
        "[certificates]",
        "api_servers = false  # this run's own, by the machine's clock and not by the simulated one",
        'interval = "1m"  # nobody waits an hour here',
        "",
        "[demo]",
        "enabled = true",
        f"epoch = {clock.epoch!r}",
        f"wall_start = {clock.wall_start!r}",
        f"speed = {float(clock.speed)!r}",
        "",
    ]
    return "\n".join(lines)


def _written(value: Any) -> str:
    return _quoted(value) if isinstance(value, str) else str(value)


def _journeys(platform: Platform) -> list[str]:
    """The probes of users' journeys, each beside the service that it is last about. Those of ``rollouts`` are no Deployments."""
    lines, rollouts = [], platform.scenario.rollouts
    homes = {s.name: s.namespace for s in catalogue().service}
    for cluster in platform.clusters.values():
        for journey in table().journey:
            selector = f'{{journey="{journey.name}"}}'
            lines += [
                "[[journeys]]",
                f"name = {_quoted(f'{journey.name} ({cluster.name})')}",
                f"environment = {_quoted(cluster.environment)}",
                *([f"cluster = {_quoted(shown_name(cluster.name))}"] if cluster.several else []),
                f"probe = {_quoted('probe_success' + selector)}",
                f"probe_duration = {_quoted('probe_duration_seconds' + selector)}",
            ]
            if journey.through:
                last = journey.through[-1]
                lines.append(
                    f"workload = {_quoted(f'{catalogue().namespace(homes[last], cluster.environment)}/{last}')}"
                )
                lines += ['kind = "Rollout"'] if last in rollouts else []
            else:
                lines.append("control = true")
            lines.append("")
    return lines


def _recovery(region: Region | None, folder: Path) -> list[str]:
    """What a second region brings up."""
    if region is None:
        return []
    lines = ["[recovery.last_good]", f"folder = {_quoted(str(folder / LAST_GOOD))}", ""]
    for one in region.brings_up:
        kind, namespace = place_of(one.service, region.environment)
        lines += [
            f"[recovery.services.{one.service}]",
            f"workload = {_quoted(f'{kind} {namespace}/{one.service}')}",
            f"tier = {one.tier}",
            f"owner = {_quoted(one.owner)}",
            f"rests_on = {json.dumps(one.rests_on)}",
            f"comes_up = {_quoted(one.comes_up)}",
            "",
        ]
    return lines


def place_of(service: str, environment: str) -> tuple[str, str]:
    """Kind and namespace of a service of data/world.toml."""
    found = next(one for one in catalogue().service if one.name == service)
    return found.kind, catalogue().namespace(found.namespace, environment)


def write(platform: Platform, folder: Path, ports: dict[str, int], certificates: Certificates) -> Files:
    kubeconfig = _private(folder / "kubeconfig", _kubeconfig(platform, ports, certificates))
    second = _kubeconfig(platform, ports, certificates, context_name("production", _COLLEAGUE))
    _private(folder / SECOND, second)
    _private(folder / _OWN_TOKEN, platform.tokens[_OWN] + "\n")
    config = _private(folder / "tfdash.toml", config_text(platform, kubeconfig))
    token = _private(folder / "token", platform.tokens["admin"] + "\n")
    return Files(kubeconfig, config, token)


def rewrite_config(platform: Platform, written: Files) -> None:
    """Bring the configuration's clock up to date after it was set."""
    _private(written.config, config_text(platform, written.kubeconfig))
