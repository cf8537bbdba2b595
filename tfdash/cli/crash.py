"""What is left when the program fails: a report without values of variables, in a file that only the user can read."""

from __future__ import annotations

import os
import platform
import time
import traceback
from pathlib import Path

from tfdash import __version__
from tfdash.cli.output import narrate
from tfdash.cli.parser import ERROR, USAGE
from tfdash.text import safe


def log_folder() -> Path:
    """The platform's folder for logs, for the user alone."""
    import platformdirs

    folder = Path(platformdirs.user_log_dir("tfdash", appauthor=False))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder


def open_private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def report(error: BaseException) -> int:
    """Tell of ``error`` in one sentence and return the exit code. What an operator can mend is no crash."""
    from tfdash.config.problems import ConfigError
    from tfdash.sources.kubernetes.kubeconfig import KubeconfigError

    if isinstance(error, ConfigError):
        narrate(*(f"tfdash: {problem}" for problem in error.problems))
        return USAGE
    if isinstance(error, KubeconfigError):
        narrate(f"tfdash: {safe(str(error))}")
        return ERROR
    path = write_report(error)
    where = f"; the report is {path}" if path else ""
    narrate(f"tfdash: internal error, {type(error).__name__}{where}. Please file it.")
    return ERROR


def write_report(error: BaseException) -> Path | None:
    """Frames only: the message of an exception and local variables may hold secrets, so neither is written."""
    lines = [
        f"tfdash {__version__} on Python {platform.python_version()}, {platform.system()} {platform.release()}",
        f"{type(error).__module__}.{type(error).__qualname__}",
    ]
    cause: BaseException | None = error
    while cause is not None:
        lines.append(f"-- {type(cause).__name__}")
        for frame in traceback.extract_tb(cause.__traceback__):
            lines.append(f"  {frame.filename}:{frame.lineno} in {frame.name}")
        cause = cause.__cause__ or cause.__context__
    try:
        path = log_folder() / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
        with os.fdopen(open_private(path), "w", encoding="utf-8") as out:
            out.write(safe_join(lines))
    except OSError:
        return None
    return path


def safe_join(lines: list[str]) -> str:
    return "\n".join(safe(line) for line in lines) + "\n"
