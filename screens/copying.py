"""Text to the clipboard: by the terminal (OSC 52, works over SSH), and by the desktop's own tool where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

from textual.app import App

from tfdash.text import safe_lines

_TOOLS = (("wl-copy",), ("xclip", "-selection", "clipboard"), ("xsel", "-ib"), ("pbcopy",))


def copy_text(app: App[Any], text: str) -> str:
    """Copies, made safe line by line; returns what was done, for a message."""
    clean = "\n".join(safe_lines(text))
    app.copy_to_clipboard(clean)
    desktop = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or shutil.which("pbcopy")
    for tool in _TOOLS if desktop else ():
        if shutil.which(tool[0]):
            try:
                subprocess.run(tool, input=clean.encode(), timeout=1, check=True, stderr=subprocess.DEVNULL)
            except (OSError, subprocess.SubprocessError):
                continue
            return f"copied {len(clean)} characters with {tool[0]}"
    return f"copied {len(clean)} characters through the terminal (OSC 52; some terminals ignore it)"
