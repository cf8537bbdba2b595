"""What the first frame needs of the configuration, read with the standard library alone.

Building the validated models costs 110 ms before the first frame, so the screen starts from this and the whole file
is validated behind it; a fault ends the program then with its sentence. A file that is not TOML is refused at once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from tfdash.config.problems import ConfigError, ConfigProblem, read_text, toml_of
from tfdash.config.startup import Cluster, DemoSettings, Environment, TimeSettings, UiSettings
from tfdash.setting import read
from tfdash.sources.kubernetes.settings import KubernetesSettings
from tfdash.spelling import nearest


@dataclass(frozen=True)
class ChosenEnvironment:
    """The environment that is shown: what is configured of it, and what the command line says instead."""

    name: str
    word: str
    colour: str
    clusters: tuple[Cluster, ...]


class RecordedMoment(NamedTuple):
    """A recording in the place of clusters, and a time of it (epoch seconds)."""

    path: Path
    at: float
    anonymised: bool = False


@dataclass(frozen=True)
class QuickConfig:
    """``environments`` are the names of all, ``words`` the word and the colour of each; what is wrong in ``ui`` or ``demo`` stands at its default until it is told.
    ``instead``: what the command line names in the place of the file's own cluster, "" for nothing."""

    path: Path | None
    environment: ChosenEnvironment
    environments: tuple[str, ...]
    instead: str = ""
    zone: str = TimeSettings().zone
    ui: UiSettings = field(default_factory=UiSettings)
    demo: DemoSettings = field(default_factory=DemoSettings)
    kubernetes: KubernetesSettings = field(default_factory=KubernetesSettings)
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    recorded: RecordedMoment | None = None

    def known(self, name: str) -> ChosenEnvironment:
        """An environment that a recording names, with the word and the colour that it is configured with, if it is."""
        word, colour = self.words.get(name, ("", Environment().colour))
        return ChosenEnvironment(name, word or name.upper(), colour, ())


def find_config(given: str | None) -> Path | None:
    """``--config``, then ``TFDASH_CONFIG``, then the platform's folder; None where there is none."""
    named = given or os.environ.get("TFDASH_CONFIG")
    if named:
        return Path(named).expanduser()
    path = config_folder() / "config.toml"
    return path if path.exists() else None


def config_folder() -> Path:
    """Where the platform keeps configuration. platformdirs is asked only off the first-frame path's common case."""
    base = os.environ.get("XDG_CONFIG_HOME")
    if base:
        return Path(base) / "tfdash"
    if os.name == "posix" and os.uname().sysname != "Darwin":
        return Path.home() / ".config" / "tfdash"
    import platformdirs

    return Path(platformdirs.user_config_dir("tfdash", appauthor=False))


def load_quick(
    given: str | None, environment: str = "", kubeconfig: str = "", context: str = ""
) -> QuickConfig:
    """Read the file that applies. ``environment``, ``kubeconfig``, ``context`` come from the command line.

    Raises ``ConfigError`` for a file that cannot be read, is not TOML, or does not know ``environment``.
    """
    path = find_config(given)
    raw: dict[str, Any] = {}
    if path is not None:
        raw = toml_of(read_text(path), str(path))
    table = _table(raw, "environments")
    name = environment or _text(raw, "default_environment") or next(iter(table), "")
    if (
        context and not environment
    ):  # never under the name and colour of an environment that it does not belong to
        name = next((n for n in table if context in _contexts(_table(table, n))), "") if table else name
    if environment and environment not in table:
        known = nearest(environment, table) or "no environment is configured; leave --environment out"
        raise ConfigError(
            [
                ConfigProblem(
                    str(path or "command line"), 0, "environments", f'no environment "{environment}"', known
                )
            ]
        )
    return QuickConfig(
        path=path,
        environment=_environment(name or context, _table(table, name), kubeconfig, context),
        environments=tuple(table),
        instead=" ".join(
            f"--{option} {given}"
            for option, given in (("kubeconfig", kubeconfig), ("context", context))
            if given and given not in _contexts(_table(table, name))
        ),
        zone=read(TimeSettings, _table(raw, "time")).zone,
        ui=read(UiSettings, _table(raw, "ui")),
        demo=read(DemoSettings, _table(raw, "demo")),
        kubernetes=read(KubernetesSettings, _table(_table(raw, "sources"), "kubernetes")),
        words={n: (e.word, e.colour) for n in table for e in (read(Environment, _table(table, n)),)},
    )


def _environment(name: str, table: dict[str, Any], kubeconfig: str, context: str) -> ChosenEnvironment:
    several = table.get("clusters")
    rows = [r for r in several if isinstance(r, dict)] if isinstance(several, list) and several else [table]
    clusters = tuple(_cluster(row, name) for row in rows)
    if kubeconfig or context:  # the command line names one cluster, whatever the file says
        first = clusters[0]
        own = replace(
            first,
            name=context or first.name,
            kubeconfig=kubeconfig or first.kubeconfig,
            context=context or ("" if kubeconfig else first.context),
        )
        clusters = (own,)
    found = read(Environment, table)
    return ChosenEnvironment(name or "default", found.word or name.upper(), found.colour, clusters)


def _cluster(row: dict[str, Any], fallback: str) -> Cluster:
    found = read(Cluster, row)
    return replace(found, name=found.name or found.context or fallback or "default")


def _contexts(table: dict[str, Any]) -> list[str]:
    """The kubeconfig contexts that an environment names."""
    rows = table.get("clusters")
    return [
        _text(row, "context")
        for row in (table, *(rows if isinstance(rows, list) else ()))
        if isinstance(row, dict)
    ]


def _table(raw: dict[str, Any], key: str) -> dict[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def _text(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    return value if isinstance(value, str) else ""
