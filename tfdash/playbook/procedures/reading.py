"""The file of a procedure, read: its TOML, its tables (``fields``), and what it names (``checks``)."""

from __future__ import annotations

import hashlib

from tfdash.config.problems import ConfigError, ConfigProblem, dotted, line_of, toml_of
from tfdash.model.procedure import Procedure
from tfdash.playbook.procedures.checks import check
from tfdash.playbook.procedures.fields import ID, PROCEDURE, Faults, table
from tfdash.playbook.procedures.vocabulary import ANYTHING, Vocabulary

LARGEST = 256 * 1024
"""Bytes of one file: it stands in one entry of the audit log."""
_MOST = 50  # faults that are told


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
    faults = Faults()
    said = table(toml_of(text, shown), (), faults, PROCEDURE)
    found = Procedure(
        **{"title": "", "steps": (), **said}, id=id, text=text, digest=digest_of(text), file=file
    )
    if not faults.found:  # what is not there cannot be named
        check(found, vocabulary, faults)
    if faults.found:
        told_all = [
            ConfigProblem(shown, line or line_of(text, at), dotted(at), message, remedy)
            for at, message, remedy, line in faults.found[:_MOST]
        ]
        if len(faults.found) > _MOST:
            rest = f"{len(faults.found) - _MOST:,} more faults are not told"
            told_all.append(ConfigProblem(shown, 0, "", rest, "mend these first"))
        raise ConfigError(told_all)
    return found
