"""The store out of the configuration: its secrets resolved, a read-only terminal without a place in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tfdash.config.problems import ConfigError, ConfigProblem
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.config.settings import Settings, StoreSettings
    from tfdash.config.types import SecretRef
    from tfdash.store.opening import StoreOptions


def store_options(settings: Settings, path: Path | None = None) -> StoreOptions:
    """[store] with its secrets. Blocks (files, commands). Raises ``ConfigError`` where a secret cannot be had."""
    from tfdash.store.opening import StoreOptions

    store: StoreSettings = settings.store
    return StoreOptions(
        path=store.path,
        url=_secret(store.url, "store.url", path),
        key=_secret(store.key, "store.key", path),
        deadline=store.deadline,
        heartbeat=store.heartbeat,
        approval_life=store.approval_life,
        break_glass=store.break_glass,
        shared_roles=tuple(store.shared_roles),
        anchor_file=store.anchor_file,
        anchor_command=tuple(store.anchor_command),
        anchor_every=store.anchor_every,
        approvals=store.approvals,
    )


def _secret(reference: SecretRef | None, name: str, path: Path | None) -> str:
    if reference is None:
        return ""
    from tfdash.sources.kubernetes.credentials import LoginNeeded, read_secret

    try:
        return read_secret(f"{reference.kind}:{reference.target}")
    except LoginNeeded as error:
        raise ConfigError(
            [ConfigProblem(str(path or "configuration"), 0, name, safe(str(error)), "or leave the key out")]
        ) from None
