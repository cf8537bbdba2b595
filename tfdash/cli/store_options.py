"""The store out of the configuration: its secrets resolved, a read-only terminal without a place in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tfdash.config.problems import ConfigError, ConfigProblem
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.config.settings import Settings
    from tfdash.store.opening import StoreOptions


def store_options(settings: Settings, path: Path | None = None) -> StoreOptions:
    """[store] with its secrets. Blocks (files, commands). Raises ``ConfigError`` where a secret cannot be had."""
    from tfdash.store.opening import StoreOptions

    store = settings.store
    secrets = {name: _secret(getattr(store, name), f"store.{name}", path) for name in ("url", "key")}
    return StoreOptions(**{**vars(store), **secrets})


def _secret(reference: str, name: str, path: Path | None) -> str:
    if not reference:
        return ""
    from tfdash.sources.kubernetes.credentials import read_secret
    from tfdash.sources.kubernetes.login import LoginNeeded

    try:
        return read_secret(reference)
    except LoginNeeded as error:
        raise ConfigError(
            [ConfigProblem(str(path or "configuration"), 0, name, safe(str(error)), "or leave the key out")]
        ) from None
