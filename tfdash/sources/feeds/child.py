"""Reads one calendar in a process of its own: a hostile rule may count for ever, and no thread of ours can be ended.

    python -m tfdash.sources.feeds.child FILE ZONE BEGIN END SECONDS

Prints what it closes as JSON, and ends with 0; or one sentence on stderr, and ends with 1.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

MEMORY = 1 << 30  # bytes of address space


def main(argv: list[str]) -> int:
    path, zone, begin, end, seconds = argv
    _bounded(int(seconds))
    from tfdash.sources.feeds.expanding import expanded

    try:
        found = expanded(Path(path).read_bytes(), ZoneInfo(zone), float(begin), float(end))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    except MemoryError:
        print("it takes more memory than any calendar", file=sys.stderr)
        return 1
    json.dump(found._asdict(), sys.stdout)
    return 0


def _bounded(seconds: int) -> None:
    """So much of a processor, and memory; where the system has no such bound the parent's deadline is left."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
