"""Renders one template of a company's own in a process of its own: a loop may count for ever, and no thread of ours can be ended.

    python -m tfdash.report.template_child FOLDER NAME DOCUMENT SECONDS PACKAGE

``DOCUMENT`` is a file of JSON. Prints the text, and ends with 0; or one sentence, and ends with 1; details are on stderr.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from pathlib import Path
from types import FrameType

from jinja2 import TemplateError

from tfdash.report.templates import TemplateFault, Templates

MEMORY = 2 << 30  # bytes of address space
_MORE = 2  # seconds after which it is ended, where it is in the middle of what cannot be interrupted


def main(argv: list[str]) -> int:
    folder, name, document, seconds, package = argv
    given = json.loads(Path(document).read_bytes())
    _bounded(int(seconds))
    try:
        told, code = Templates(folder, package=package).render_here(name, given), 0
    except TemplateFault as error:
        told, code = str(error), 1
    sys.stdout.buffer.write(told.encode("utf-8", "backslashreplace"))
    return code


def _bounded(seconds: int) -> None:
    """So much of a processor from now on, and memory; where the system has no such bound the parent's deadline is left."""

    def too_long(number: int, frame: FrameType | None) -> None:
        raise TemplateError(f"it computes for longer than {seconds} s")

    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        until = int(used.ru_utime + used.ru_stime) + 1 + seconds
        signal.signal(signal.SIGXCPU, too_long)
        resource.setrlimit(resource.RLIMIT_CPU, (until, until + _MORE))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
