"""[ui] against what the screens have: key ids, pages and commands, which only they know."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tfdash.config.problems import ConfigError, ConfigProblem, line_of, read_text

if TYPE_CHECKING:
    from tfdash.config.startup import UiSettings


def check_ui(ui: UiSettings, path: Path | None) -> None:
    """Raises ``ConfigError``. Imports the screens."""
    if path is None:
        return
    from screens.own_keys import wrong

    found = [(("ui", *at), why) for at, why in wrong(ui)]
    if found:
        text = read_text(path)
        raise ConfigError(ConfigProblem(str(path), line_of(text, at), ".".join(at), why) for at, why in found)
