"""Who gives names others for a command, and the table that stays with whoever asked for it."""

from __future__ import annotations

import argparse
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from tfdash.cli.output import narrate
from tfdash.cli.parser import program
from tfdash.text import safe

if TYPE_CHECKING:
    from tfdash.anonymise.anonymiser import Anonymiser
    from tfdash.config.quick import QuickConfig


def wanted(args: argparse.Namespace) -> bool:
    """Whether names are to be others; keeping their table asks for it."""
    return bool(args.anonymise or getattr(args, "aliases", ""))


def anonymiser_of(args: argparse.Namespace, config: QuickConfig, screen: str = "") -> Anonymiser | None:
    """One for each file; None where the command line asks for none. It knows the environments and clusters of the configuration.
    Raises ``ConfigError`` for a ``screen`` whose names nobody can tell from its words, and for ``--aliases`` where another file would be lost."""
    from tfdash.config.problems import ConfigError, ConfigProblem

    if not wanted(args):
        return None
    if screen:
        raise ConfigError(
            [
                ConfigProblem(
                    "--anonymise",
                    0,
                    "",
                    f"what the columns of {safe(screen)} hold only the cluster knows, so that no name in them can be told from a word",
                )
            ]
        )
    if why := _not_free(args):
        raise ConfigError([ConfigProblem(f"--aliases {args.aliases}", 0, "", why, "name another file")])
    from tfdash.anonymise.anonymiser import Anonymiser

    made = Anonymiser()
    for name in (config.environment.name, *config.environments):
        made.table.alias(name, "environment")
    for cluster in config.environment.clusters:
        made.table.alias(cluster.name, "cluster")
        made.table.alias(cluster.context, "context")
    return made


def environment_of(anonymiser: Anonymiser | None, name: str) -> str:
    """As it may be said: in the name of the file, too."""
    return name if anonymiser is None else anonymiser.table.alias(name, "environment")


def keep_table(args: argparse.Namespace, anonymiser: Anonymiser | None) -> bool:
    """Write ``--aliases``, for its user alone; False where that failed, which is told. Where a file came to be there meanwhile, beside it:
    a table that is lost cannot be made again."""
    if anonymiser is None or not args.aliases:
        return True
    from tfdash.finished_file import PRIVATE, finished
    from tfdash.recording.places import next_path

    path = Path(args.aliases).expanduser()
    try:
        if _holds_something(path):
            path, meanwhile = next_path(path), path
            narrate(
                f"{program()}: {safe(str(meanwhile))} came to be there meanwhile; the aliases are in {safe(str(path))}"
            )
        with finished(path, PRIVATE) as file:
            file.write(anonymiser.table.told().encode(errors="backslashreplace") + b"\n")
    except OSError as error:
        name = safe(args.aliases)
        narrate(f"{program()}: --aliases {name}: {safe(error.strerror or str(error))}")
        return False
    return True


def _not_free(args: argparse.Namespace) -> str:
    """Why no table may be written to ``--aliases``; "" where it may, or nobody asked. Said before anything else is written."""
    if not getattr(args, "aliases", ""):
        return ""
    path = Path(args.aliases).expanduser()
    try:
        if _holds_something(path):
            return "it is there already, and a table of aliases replaces no file"
    except OSError as error:
        return safe(error.strerror or str(error))
    others = (getattr(args, name, "") for name in ("output", "record", "file", "recording"))
    if any(isinstance(o, str) and o and Path(o).expanduser().resolve() == path.resolve() for o in others):
        return "it is what else is written or read here"
    return ""


def _holds_something(path: Path) -> bool:
    """An empty file, as ``mktemp`` leaves one, holds nothing that could be lost. Raises OSError where that cannot be known."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(found.st_mode) or found.st_size > 0


def next_table(args: argparse.Namespace, recorded: str) -> None:
    """Where a terminal goes on that begins anew: ``args.record`` is another file than ``recorded``, with other aliases, so that ``--aliases``
    is one beside the table that is written."""
    from tfdash.recording.places import next_path

    if args.aliases:
        before, args.aliases = args.aliases, str(next_path(Path(args.aliases).expanduser()))
        narrate(
            f"{program()}: {safe(before)} has the aliases of {safe(recorded)};"
            f" those of {safe(args.record)} will be in {safe(args.aliases)}"
        )
