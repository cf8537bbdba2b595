"""Why a channel could not send from this machine, as far as that is known without sending. Blocks; used by ``doctor`` and the command."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.util import find_spec

from tfdash.notify.settings import ChannelSettings
from tfdash.text import safe

NO_APPRISE = "apprise is not installed: it comes with the extra \"notify\" of this package, pip install 'tfdash[notify]'"


def lacks(settings: ChannelSettings, secret: Callable[[str], str]) -> str:
    """One sentence, "" where nothing speaks against it. ``secret`` resolves a reference."""
    if settings.kind == "command":
        program = settings.command[0]
        return "" if shutil.which(program) else f"{safe(program)} is not installed or not on PATH"
    if settings.kind == "apprise" and find_spec("apprise") is None:
        return NO_APPRISE
    try:
        secret(settings.url)
    except Exception as error:  # whatever a command may do
        return f"its secret cannot be had: {safe(str(error))}"
    return ""
