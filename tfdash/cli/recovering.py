"""What recoveries are judged by, out of the configuration: the procedures, what their steps may use, and where that lies."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tfdash.config.startup import Cluster

if TYPE_CHECKING:
    from tfdash.config.settings import Settings
    from tfdash.playbook.procedures.policy import Dependency, RecoveryPolicy

_ADDRESS = re.compile(r"https?://[^\s\"']+")
_HOST = re.compile(r"(?:^|\s)host=(\S+)")
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "fuse.sshfs"})
UNKNOWN_HOST = "?"
"""Of an address that is only had by running a command."""


def recovery_policy(settings: Settings) -> RecoveryPolicy:
    """Reads the files of the procedures, and secrets that are files or variables, of which it keeps hosts alone. Never raises."""
    from tfdash.playbook.procedures.policy import RecoveryPolicy
    from tfdash.procedures.shelf import library_of

    own, found = settings.procedures, library_of(settings)
    return RecoveryPolicy(
        procedures=found.procedures,
        problems=tuple(map(str, found.problems)),
        hosts=tuple(own.hosts),
        pipelines=tuple(own.pipelines),
        channels=tuple(settings.notify.channels),
        commands={name: one.places for name, one in own.commands.items()},
        dependencies=tuple(_dependencies(settings)),
        inside="KUBERNETES_SERVICE_HOST" in os.environ,
        apart=own.apart,
        along=own.along,
        services=settings.recovery.services,
        keeps_last_good=bool(settings.recovery.last_good.folder),
        fresh=settings.recovery.last_good.fresh,
    )


def _dependencies(settings: Settings) -> Iterator[Dependency]:
    from tfdash.playbook.procedures.policy import Dependency

    if settings.store.url:
        yield Dependency("shared", "the shared store", _host_of(settings.store.url), "store.url")
    for name, channel in settings.notify.channels.items():
        if channel.url:
            host = _host_of(channel.url, service=channel.kind == "apprise")
            yield Dependency("notify", f"channel {name}", host, f"notify.channels.{name}.url")
    for name, pipeline in settings.procedures.pipelines.items():
        if pipeline.kind == "command":
            kind, _, which = pipeline.at.partition(" ")
            if kind == "host" and (found := settings.procedures.hosts.get(which)) is not None:
                host = found.address.rpartition("@")[2]
                yield Dependency("pipeline", f"pipeline {name}", host, f"procedures.hosts.{which}.address")
            continue
        default = "https://api.github.com" if pipeline.kind == "github" else "https://gitlab.com"
        host = urlsplit(pipeline.url or default).hostname or UNKNOWN_HOST
        yield Dependency("pipeline", f"pipeline {name}", host, f"procedures.pipelines.{name}.url")
    if settings.procedures.folder:
        folder = Path(settings.procedures.folder).expanduser()
        yield Dependency("runbooks", "the folder of the runbooks", _server_of(folder), "procedures.folder")
    if settings.recovery.last_good.folder:
        folder = Path(settings.recovery.last_good.folder).expanduser()
        yield Dependency(
            "last-good", "the last-good picture", _server_of(folder), "recovery.last_good.folder"
        )
    if settings.store.path:
        yield Dependency(
            "store", "the store", _server_of(Path(settings.store.path).expanduser()), "store.path"
        )
    for host in dict.fromkeys(_logins(settings)):
        yield Dependency("login", "the log-in", host, "environments")


def _host_of(reference: str, *, service: bool = False) -> str:
    """Where an address leads that is named by reference; nothing else of it leaves here. Of a ``service`` (apprise) only which it is: what
    stands there in the place of a host may be a token."""
    from tfdash.sources.kubernetes.credentials import read_secret
    from tfdash.sources.kubernetes.login import LoginNeeded

    if reference.startswith("command:"):
        return UNKNOWN_HOST
    try:
        address = read_secret(reference)
        parts = urlsplit(address)
        host = parts.hostname
    except (LoginNeeded, ValueError):
        return UNKNOWN_HOST
    if service:
        return f"{parts.scheme}:" if parts.scheme else UNKNOWN_HOST
    if host is None and not parts.scheme and (told := _HOST.search(address)):
        host = told[1]  # "host=db.example.com dbname=tfdash"
    if host is None:
        return "" if parts.scheme.startswith("postgres") else UNKNOWN_HOST  # a socket of this machine
    return host


def _server_of(path: Path) -> str:
    """The machine that serves a folder, "" where its disk is this machine's, as the mounts tell (Linux; elsewhere not known to be others')."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
        whole = str(path.resolve())
    except (OSError, RuntimeError):
        return ""
    best, server = "", ""
    for line in mounts:
        device, at, kind = (*line.split(" "), "", "", "")[:3]
        inside = whole == at or whole.startswith(at.rstrip("/") + "/")
        if inside and len(at) >= len(best):
            remote = kind in _REMOTE
            best, server = at, _host_in(device) if remote else ""
    return server


def _host_in(device: str) -> str:
    """``nas.example.com`` of "nas.example.com:/export", "//nas.example.com/share" and "user@nas.example.com:"."""
    name = device.lstrip("/").partition("/")[0].rpartition("@")[2]
    return name.partition(":")[0] or UNKNOWN_HOST


def _logins(settings: Settings) -> Iterator[str]:
    """Who issues what this terminal is let in by, where a plug-in's words say it."""
    from tfdash.sources.kubernetes.kubeconfig import KubeconfigError, resolve

    clusters: list[Cluster] = []
    for environment in settings.environments.values():
        clusters += environment.clusters or (environment,)
    for cluster in clusters or [Cluster()]:
        try:
            named = cluster.kubeconfig and str(Path(cluster.kubeconfig).expanduser())
            plugin = resolve(named, cluster.context).plugin
        except (KubeconfigError, OSError):
            continue
        for word in (plugin.command, *plugin.args) if plugin is not None else ():
            for address in _ADDRESS.findall(word):
                yield urlsplit(address).hostname or UNKNOWN_HOST
