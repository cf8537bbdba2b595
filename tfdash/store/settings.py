"""[store]: what must be remembered, and where: this user's folder, and a PostgreSQL that people share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from tfdash.setting import Between, Note, Seconds, SecretText, SettingsTable, Texts, Words


@dataclass(frozen=True, kw_only=True)
class StoreSettings(SettingsTable):
    """What must be remembered: the audit log, approvals, break-glass, verified releases. See "tfdash audit --help"."""

    path: Annotated[
        str, Note('a folder on a local disk; "": the platform\'s own for state (~/.local/state/tfdash/store)')
    ] = ""
    url: Annotated[
        SecretText,
        Note(
            "PostgreSQL, one role a person: terminals see each other's entries; approvals are stamped there",
            '"env:TFDASH_STORE"',
        ),
    ] = field(default="", repr=False)
    key: Annotated[
        SecretText,
        Note(
            "a shared key that encrypts pod templates and plans in PostgreSQL; without it templates stay on this machine",
            '"file:~/.config/tfdash/store.key"',
        ),
    ] = field(default="", repr=False)
    approvals: Annotated[
        Literal["auto", "kubernetes", "none"],
        Note("who vouches for a second person: auto (PostgreSQL, where there is one) | kubernetes | none"),
    ] = "auto"
    deadline: Annotated[Seconds, Note("of each call to a disk or a database")] = 2.0
    heartbeat: Annotated[
        Seconds,
        Note("how often an entry is written though nothing happens: silence and deletion are told apart"),
    ] = 3600.0
    approval_life: Annotated[Seconds, Between(0, 3600, seconds=True)] = 900.0
    break_glass: Annotated[Seconds, Between(0, 3600, seconds=True)] = 3600.0
    shared_roles: Annotated[Texts, Note("logins that several people use: they cannot approve")] = (
        "postgres",
        "tfdash",
        "tfdash_owner",
        "admin",
        "root",
        "app",
        "deploy",
        "ci",
    )
    anchor_file: Annotated[
        str, Note("a file to which the head of the log is written, best on another machine's disk")
    ] = ""
    anchor_command: Annotated[
        Words,
        Note('["logger", "-t", "tfdash"]: a command that gets the head of the log on its standard input'),
    ] = ()
    anchor_every: Seconds = 300.0
