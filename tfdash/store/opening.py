"""Puts the store together from its settings. Nothing here imports a client library before it is needed."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.clock import Clock, boottime
from tfdash.store.approvals.protocol import Approvals
from tfdash.store.handing_on import Anchoring
from tfdash.store.ledger import Store
from tfdash.store.log.audit_recorder import AuditRecorder
from tfdash.store.log.data_dir import default_folder, prepare, why
from tfdash.store.log.draft import EntryDraft
from tfdash.store.log.encryption import key_from, local_key
from tfdash.store.log.redact import Redactor
from tfdash.store.settings import StoreSettings
from tfdash.store.store_source import StoreSource


@dataclass(frozen=True, kw_only=True)
class StoreOptions(StoreSettings):
    """[store] with its secrets resolved, which stand in no ``repr``. Times in seconds."""

    @property
    def folder(self) -> Path:
        return Path(self.path).expanduser() if self.path else default_folder()


class Opened(msgspec.Struct, frozen=True):
    """The ledger for the gate, and the source for the board."""

    store: Store
    source: StoreSource


def terminal_name(given: str = "") -> str:
    """Host and user, in the letters that an entry's header takes; the chain's own random part follows."""
    if not given:
        try:
            user = getpass.getuser()
        except (KeyError, OSError):
            user = str(os.getuid())
        given = f"{os.uname().nodename.partition('.')[0]}-{user}"
    return re.sub(r"[^a-z0-9-]+", "-", given.lower()).strip("-")[:48] or "terminal"


def open_store(
    options: StoreOptions,
    clock: Clock,
    *,
    acting: bool,
    reading: bool = False,
    terminal: str = "",
    policy: str = "",
    secrets: Iterable[str] = (),
    approvals: Approvals | None = None,
    boot: Callable[[], float] = boottime,
) -> Opened:
    """Open this terminal's part of the store; never raises for a disk or a database, which is what ``StoreHealth`` says.

    ``acting`` False: this terminal takes no place and records nothing; it reads what others remember. ``reading``: it judges
    once, and asks nobody for approvals either; sessions of the shared PostgreSQL refuse to write. ``secrets`` are what
    the program holds and must never be recorded. ``policy``: the digest of the policies in force. ``approvals``: who stamps
    approvals instead of the shared PostgreSQL.
    """
    folder = options.folder
    redact = Redactor([*secrets, options.url, options.key, *_password(options.url)])
    name = terminal_name(terminal)
    shared = sync = None
    if options.url:
        from tfdash.store.shared.shared_store import SharedStore
        from tfdash.store.shared.sync import Sync

        shared = SharedStore(
            options.url, deadline=options.deadline, shared_roles=options.shared_roles, reading=reading
        )
        sync = Sync(shared, key=key_from(options.key) if options.key else b"")
        if approvals is None and options.approvals == "auto" and not reading:
            from tfdash.store.approvals.postgres import PostgresApprovals

            approvals = PostgresApprovals(shared, life=options.approval_life, key=sync.key)
    recorder = AuditRecorder(
        folder if acting else None,
        redact,
        clock.now,
        name=name,
        deadline=options.deadline,
        sink=shared,
        refused="" if acting else "this terminal is read-only: it records nothing",
    )
    keys: list[bytes] = [key_from(options.key)] if options.key else []
    if acting:
        try:
            prepare(folder)
            for note in recorder.thread.submit(recorder.open_now).result(options.deadline):
                recorder.thread.submit(partial(_note, recorder, note))
        except (LedgerUnavailable, TimeoutError) as error:
            recorder.local_problem = str(error) or f"the disk under {folder} did not answer"
    try:
        if acting or (folder / "key").is_file():  # without it nothing can be opened, and none is made here
            keys.insert(0, local_key(folder))
    except (LedgerUnavailable, OSError, ValueError) as error:
        said = why(error) if isinstance(error, OSError) else str(error)
        recorder.local_problem = recorder.local_problem or said
    store = Store(
        recorder,
        clock,
        key=lambda: keys[0] if keys else local_key(folder),
        break_glass_life=options.break_glass,
        boot=boot,
        approvals=approvals,
        folder=folder,
    )
    store.health = msgspec.structs.replace(
        store.health,
        terminal=store.terminal,
        local=recorder.local_problem,
        shared_configured=shared is not None,
        stamps=approvals.stamped_by if approvals is not None else "",
    )
    source = StoreSource(
        store,
        folder,
        acting=acting,
        sync=sync,
        heartbeat=options.heartbeat,
        policy=policy,
        keys=tuple(keys),
        anchoring=Anchoring(
            file=Path(options.anchor_file).expanduser() if options.anchor_file else None,
            command=options.anchor_command,
            every=options.anchor_every,
        ),
    )
    if sync is not None:
        store.deliver = partial(sync.deliver, source)
    return Opened(store, source)


def _note(recorder: AuditRecorder, note: EntryDraft) -> None:
    if recorder.file is not None:
        recorder.file.append(note)


def _password(url: str) -> list[str]:
    """The password in a DSN, of either form."""
    found = re.search(r"://[^:/@\s]*:([^@/\s]+)@", url) or re.search(r"\bpassword\s*=\s*'?([^'\s]+)", url)
    return [found[1]] if found else []
