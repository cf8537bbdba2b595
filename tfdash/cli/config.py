"""``tfdash config check | show | schema | example | path``."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from tfdash.cli.output import deliver, narrate
from tfdash.cli.parser import OK, program
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.config.settings import Settings


def command(args: argparse.Namespace) -> int:
    from tfdash.config.quick import config_folder, find_config

    path = find_config(args.config)
    if args.what == "path":
        return deliver(str(path or config_folder() / "config.toml"), OK)
    if args.what == "example":
        from tfdash.config.example import example

        return deliver(example().rstrip("\n"), OK)
    from tfdash.config.load import adapter, load
    from tfdash.config.settings import Settings

    if args.what == "schema":
        return deliver(json.dumps(adapter(Settings).json_schema(), indent=2), OK)
    settings = load(path)
    if args.what == "check":
        from tfdash.cli.config_files import unusable
        from tfdash.cli.ui_check import check_ui
        from tfdash.config.problems import read_text

        check_ui(settings.ui, path)
        if settings.demo.enabled:
            from tfdash.cli.compose import clock_of
            from tfdash.config.quick import load_quick

            for name in settings.environments or ("",):
                clock_of(load_quick(args.config, name))
        for words in _ended(settings):
            narrate(f"{path}: policy.waivers: {words}")
        if path is None:
            narrate("no configuration file: the defaults hold")
            return OK
        missing = list(unusable(settings, read_text(path), str(path)))
        for problem in missing:
            narrate(f"{program()}: {problem}")
        lacks = "ok, but for what this machine lacks" if missing else "ok"
        narrate(f"{path}: {lacks}")
        return OK
    return deliver(shown(settings), OK)


def _ended(settings: Settings) -> list[str]:
    from tfdash.cli.compose import policies_of
    from tfdash.clock import SystemClock
    from tfdash.playbook.waivers import said_of_ended

    return [safe(words) for words in said_of_ended(policies_of(settings).waivers, SystemClock().now())]


def shown(settings: Settings) -> str:
    """The whole configuration as TOML. Secrets are references, and of a command's not even that is shown."""
    from tfdash.config.load import adapter
    from tfdash.config.settings import Settings

    return "\n".join(_toml(adapter(Settings).dump_python(settings, mode="json", exclude_none=True)))


def _toml(table: dict[str, Any], prefix: str = "") -> list[str]:
    """A table as TOML."""
    plain = {k: v for k, v in table.items() if not isinstance(v, dict) and not _tables(v)}
    lines = [f"{_key(k)} = {json.dumps(v, ensure_ascii=False)}" for k, v in plain.items()]
    for key, value in table.items():
        name = f"{prefix}{_key(key)}"
        if isinstance(value, dict):
            inner = _toml(value, f"{name}.")
            lines += ["", f"[{name}]", *inner] if inner else []
        elif _tables(value):
            for row in value:
                lines += ["", f"[[{name}]]", *_toml(row, f"{name}.")]
    return lines


def _tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _key(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() else json.dumps(key)
