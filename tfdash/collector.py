"""The garbage collector's rests."""

from __future__ import annotations

import gc
import threading


class quiet_collector:
    """No garbage collection while many objects are made that stay: its passes over what grows cost as much as making it. Threads may be in it at
    one time.

    ``freeze``: what was made the first time is frozen, so that later passes do not walk it. Once in the program's life: what is garbage when it is
    frozen stays for ever, and each list leaves some, the screen more.
    """

    _lock = threading.Lock()
    _depth = 0
    _frozen = False

    def __init__(self, *, freeze: bool = False) -> None:
        self._freeze = freeze

    def __enter__(self) -> None:
        with quiet_collector._lock:
            quiet_collector._depth += 1
            gc.disable()

    def __exit__(self, *exc: object) -> None:
        with quiet_collector._lock:
            quiet_collector._depth -= 1
            if not quiet_collector._depth:
                if self._freeze and not quiet_collector._frozen:
                    quiet_collector._frozen = True
                    gc.freeze()
                gc.enable()
