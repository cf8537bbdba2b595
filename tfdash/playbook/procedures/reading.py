"""The file of a procedure, read: its TOML, its tables (``fields``), and what it names (``checks``)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from tfdash.config.problems import ConfigError, ConfigProblem, TomlLines, dotted, toml_of
from tfdash.model.procedure import Procedure
from tfdash.playbook.procedures.checks import check
from tfdash.playbook.procedures.fields import ID, PROCEDURE, EnoughFaults, Faults, table
from tfdash.playbook.procedures.rows import written_out
from tfdash.playbook.procedures.stated import check_status
from tfdash.playbook.procedures.vocabulary import ANYTHING, Vocabulary

LARGEST = 256 * 1024
"""Bytes of one file: it stands in one entry of the audit log."""
_ROWS = 5


def digest_of(text: str) -> str:
    """SHA-256 of the file as it stands."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_procedure(id: str, text: str, file: str = "", vocabulary: Vocabulary = ANYTHING) -> Procedure:
    """The procedure ``id`` as the TOML ``text`` says it; ``file`` is where it came from, "" of one that ships or of a run.

    ``vocabulary``: what there is to be named beyond the file itself; of what it does not know nothing is checked. Raises
    ``ConfigError`` with all faults, each with its line, key and remedy.
    """
    shown = file or f"{id}.toml"
    if not ID.fullmatch(id):
        remedy = "name the file with up to 40 small letters, digits and single hyphens, a letter first"
        raise ConfigError([ConfigProblem(shown, 0, "", f'"{id}" is no name of a procedure', remedy)])
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        told = f"has more than {LARGEST // 1024:,} KB"
        raise ConfigError([ConfigProblem(shown, 0, "", told, "make two procedures of it")])
    faults, more = Faults(), False
    found: Procedure | None = None
    try:
        raw, places = written_out(toml_of(text, shown), faults)
        faults.where = places.of
        said = table(raw, (), faults, PROCEDURE) if not faults.found else {}
        if not faults.found:  # what is not there cannot be named
            found = Procedure(**said, id=id, text=text, digest=digest_of(text), file=file)
            check(found, vocabulary, faults)
            check_status(found, vocabulary, faults)
    except EnoughFaults:
        more = True
    if found is None or faults.found:
        raise ConfigError(_told(faults, more, text, shown))
    return found


def _of_rows(rows: Sequence[str]) -> str:
    more = f" and {len(rows) - _ROWS} more" if len(rows) > _ROWS else ""
    return f" (row{'s' if len(rows) > 1 else ''} {', '.join(rows[:_ROWS])}{more})" if rows else ""


def _told(faults: Faults, more: bool, text: str, shown: str) -> Iterator[ConfigProblem]:
    lines = TomlLines(text)
    for (at, message, remedy, line), rows in faults.found.items():
        told = message + _of_rows(rows)
        yield ConfigProblem(shown, line or lines.of(at), dotted(at), told, remedy)
    if more:
        yield ConfigProblem(shown, 0, "", "there are more faults than these", "mend these first")
