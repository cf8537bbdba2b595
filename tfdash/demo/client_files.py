"""What a run writes for its clients: a kubeconfig with its identities, a tfdash configuration, the token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from tfdash.demo.apiserver.discovery import ENDING
from tfdash.demo.options import ENVIRONMENTS, MARK
from tfdash.demo.platform import Platform
from tfdash.demo.scenarios.catalogue import catalogue
from tfdash.demo.scenarios.identities import one_namespace
from tfdash.demo.tls import Certificates
from tfdash.demo.traffic.profile import table

_COLOURS = {"production": "production", "staging": "staging", "development": "development"}
# The identity that tfdash itself uses: an operator on call, who sees everything but secrets.
_OWN = "oncall"
_OWN_TOKEN = "oncall-token"


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


def _kubeconfig(platform: Platform, ports: dict[str, int], certificates: Certificates) -> str:
    authority = str(certificates.authority)
    clusters = [
        {
            "name": name,
            "cluster": {"server": f"https://127.0.0.1:{ports[name]}", "certificate-authority": authority},
        }
        for name in ENVIRONMENTS
    ]
    users = [{"name": name, "user": {"token": token}} for name, token in platform.tokens.items()]
    contexts = [
        {
            "name": context_name(name, identity),
            "context": {
                "cluster": name,
                "user": identity,
                "namespace": one_namespace(name) if identity == "one-namespace" else f"tf-{name}",
            },
        }
        for name in ENVIRONMENTS
        for identity in platform.tokens
    ]
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "production",
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
            f"kubeconfig = {_quoted(str(kubeconfig))}",
            f"context = {_quoted(context_name(name, _OWN))}",
            f"name = {_quoted(f'demo-{name}')}",
            "",
        ]
        if name != "production":
            lines[-1:] = [
                "production = false",
                "",
                f"[environments.{name}.hours]",
                f"label = {_quoted(MARK)}",
                "",
            ]
        for backend in platform.clusters[name].backends:
            found = backend.settings(kubeconfig.with_name(_OWN_TOKEN), kubeconfig.with_name("ca.crt"))
            lines += [*found, ""] if found else []
    lines += ["[metrics.usage]", 'step = "15m"  # two weeks are computed at each question', ""]
    for price in platform.scenario.prices:
        lines += [
            "[[policy.resources.prices]]",
            *(f"{key} = {_written(value)}" for key, value in price.items()),
            "",
        ]
    lines += _journeys(platform.scenario.rollouts)
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


def _journeys(rollouts: list[str]) -> list[str]:
    """The probes of users' journeys, each beside the service that it is last about. ``rollouts``: services that are no Deployments."""
    lines = []
    homes = {s.name: s.namespace for s in catalogue().service}
    for name in ENVIRONMENTS:
        for journey in table().journey:
            selector = f'{{journey="{journey.name}"}}'
            lines += [
                "[[journeys]]",
                f"name = {_quoted(f'{journey.name} ({name})')}",
                f"environment = {_quoted(name)}",
                f"probe = {_quoted('probe_success' + selector)}",
                f"probe_duration = {_quoted('probe_duration_seconds' + selector)}",
            ]
            if journey.through:
                last = journey.through[-1]
                lines.append(f"workload = {_quoted(f'{catalogue().namespace(homes[last], name)}/{last}')}")
                lines += ['kind = "Rollout"'] if last in rollouts else []
            else:
                lines.append("control = true")
            lines.append("")
    return lines


def write(platform: Platform, folder: Path, ports: dict[str, int], certificates: Certificates) -> Files:
    kubeconfig = _private(folder / "kubeconfig", _kubeconfig(platform, ports, certificates))
    _private(folder / _OWN_TOKEN, platform.tokens[_OWN] + "\n")
    config = _private(folder / "tfdash.toml", config_text(platform, kubeconfig))
    token = _private(folder / "token", platform.tokens["admin"] + "\n")
    return Files(kubeconfig, config, token)


def rewrite_config(platform: Platform, written: Files) -> None:
    """Bring the configuration's clock up to date after it was set."""
    _private(written.config, config_text(platform, written.kubeconfig))
