"""What the first frame needs of the configuration, read with the standard library alone.

Building the validated models costs 110 ms before the first frame, so the screen starts from this and the whole file
is validated behind it; a fault ends the program then with its sentence. A file that is not TOML is refused at once.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfdash.config.problems import ConfigError, ConfigProblem, nearest, read_text


@dataclass(frozen=True)
class QuickCluster:
    """One cluster as configured; "" and () mean "as kubectl would"."""

    name: str
    kubeconfig: str = ""
    context: str = ""
    namespaces: tuple[str, ...] = ()
    impersonate: str = ""
    impersonate_groups: tuple[str, ...] = ()
    token: str = ""  # a reference, resolved by the source


@dataclass(frozen=True)
class QuickEnvironment:
    name: str
    word: str
    colour: str
    clusters: tuple[QuickCluster, ...]


@dataclass(frozen=True)
class QuickConfig:
    path: Path | None
    raw: dict[str, Any] = field(repr=False)
    environment: QuickEnvironment
    environments: tuple[str, ...]
    zone: str = "America/New_York"
    theme: str = "dark"
    mouse: bool = True
    start: str = "overview"
    frames_per_second: int = 5
    log_lines: int = 10_000
    keys: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    demo: bool = False
    demo_clock: tuple[float, float, float] | None = None


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
        try:
            raw = tomllib.loads(read_text(path))
        except tomllib.TOMLDecodeError as error:
            raise ConfigError([ConfigProblem(str(path), 0, "", f"not valid TOML: {error}")]) from None
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
    ui = _table(raw, "ui")
    demo = _table(raw, "demo")
    clock = None
    if demo.get("enabled") is True:
        clock = (_number(demo, "epoch", 0.0), _number(demo, "wall_start", 0.0), _number(demo, "speed", 1.0))
    return QuickConfig(
        path=path,
        raw=raw,
        environment=_environment(name or context, _table(table, name), kubeconfig, context),
        environments=tuple(table),
        zone=_text(_table(raw, "time"), "zone") or "America/New_York",
        theme=_text(ui, "theme") or "dark",
        mouse=ui.get("mouse") is not False,
        start=_text(ui, "start") or "overview",
        frames_per_second=int(_number(ui, "frames_per_second", 5)),
        log_lines=int(_number(ui, "log_lines", 10_000)),
        keys={k: v for k, v in _table(ui, "keys").items() if isinstance(v, str)},
        aliases={k: v for k, v in _table(ui, "aliases").items() if isinstance(v, str)},
        demo=demo.get("enabled") is True,
        demo_clock=clock,
    )


def _environment(name: str, table: dict[str, Any], kubeconfig: str, context: str) -> QuickEnvironment:
    several = table.get("clusters")
    rows = (
        [row for row in several if isinstance(row, dict)]
        if isinstance(several, list) and several
        else [table]
    )
    clusters = tuple(_cluster(row, name) for row in rows)
    if kubeconfig or context:  # the command line names one cluster, whatever the file says
        first = clusters[0]
        clusters = (
            QuickCluster(
                name=context or first.name,
                kubeconfig=kubeconfig or first.kubeconfig,
                context=context or ("" if kubeconfig else first.context),
                namespaces=first.namespaces,
                impersonate=first.impersonate,
                impersonate_groups=first.impersonate_groups,
                token=first.token,
            ),
        )
    word = _text(table, "word") or name.upper()
    return QuickEnvironment(name or "default", word, _text(table, "colour") or "neutral", clusters)


def _contexts(table: dict[str, Any]) -> list[str]:
    """The kubeconfig contexts that an environment names."""
    rows = table.get("clusters")
    return [
        _text(row, "context")
        for row in (table, *(rows if isinstance(rows, list) else ()))
        if isinstance(row, dict)
    ]


def _cluster(row: dict[str, Any], fallback: str) -> QuickCluster:
    return QuickCluster(
        name=_text(row, "name") or _text(row, "context") or fallback or "default",
        kubeconfig=_text(row, "kubeconfig"),
        context=_text(row, "context"),
        namespaces=_texts(row, "namespaces"),
        impersonate=_text(row, "impersonate"),
        impersonate_groups=_texts(row, "impersonate_groups"),
        token=_text(row, "token"),
    )


def _table(raw: dict[str, Any], key: str) -> dict[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def _text(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    return value if isinstance(value, str) else ""


def _texts(raw: dict[str, Any], key: str) -> tuple[str, ...]:
    value = raw.get(key)
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()


def _number(raw: dict[str, Any], key: str, default: float) -> float:
    value = raw.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default
