"""Text to the clipboard: by the terminal (OSC 52, works over SSH), and by the desktop's own tool where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading

from screens.shell import Shell
from tfdash.text import safe_lines

_TOOLS = (("wl-copy",), ("xclip", "-selection", "clipboard"), ("xsel", "-ib"), ("pbcopy",))


def copy_text(shell: Shell, text: str, what: str) -> None:
    """Copies, made safe line by line; a message says what was done. The desktop's tool runs in a thread."""
    clean = "\n".join(safe_lines(text))
    shell.copy_to_clipboard(clean)
    tools = [tool for tool in _TOOLS if shutil.which(tool[0])] if _has_desktop() else []
    if not tools:
        shell.tell(f"copied {what} through the terminal (OSC 52; some terminals ignore it)")
        return

    def run() -> None:
        told = f"copied {what} through the terminal (OSC 52; {tools[0][0]} failed)"
        for tool in tools:
            try:
                subprocess.run(tool, input=clean.encode(), timeout=2, check=True, stderr=subprocess.DEVNULL)
            except (OSError, subprocess.SubprocessError):
                continue
            told = f"copied {what} with {tool[0]}"
            break
        try:
            shell.call_from_thread(shell.tell, told)
        except RuntimeError:  # the program was left meanwhile
            return

    threading.Thread(target=run, daemon=True, name="tfdash-copy").start()


def _has_desktop() -> bool:
    return bool(os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or shutil.which("pbcopy"))
