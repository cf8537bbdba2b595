"""Has a terminal keep its verdict journal: whatever watches for longer than a moment does, also one that may change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfdash.cli.kept import kept_journal
from tfdash.sources.kept import KeptSource

if TYPE_CHECKING:
    from tfdash.board.board import Board
    from tfdash.clock import Clock
    from tfdash.sources.base import Scope
    from tfdash.store.journal.view import JournalView
    from tfdash.store.opening import StoreOptions


def keep_journal(board: Board, environment: str, options: StoreOptions, clock: Clock, scope: Scope) -> None:
    """For as long as the board runs. ``scope``: the namespaces that it looks at."""
    from tfdash.playbook.registry import RULES, SECTIONS
    from tfdash.store.journal.reading import journal_folder
    from tfdash.store.journal.recorder import JournalRecorder
    from tfdash.store.journal.seeing import JudgedTable, Outlook
    from tfdash.store.journal.sharing import JournalSharing
    from tfdash.store.opening import terminal_name

    folder = journal_folder(options.folder)
    recorder = JournalRecorder(
        folder,
        terminal_name(),
        clock,
        Outlook(environment, scope.namespaces or ()),
        JudgedTable(RULES, SECTIONS),
        deadline=options.deadline,
    )
    board.add_task("verdict journal", recorder.run)
    sharing = JournalSharing(folder, options.url, options.deadline) if options.url else None
    if sharing is not None:
        board.add_task("verdict journals of others", sharing.run)
    board.add_source(KeptSource(kept_journal(options, recorder, sharing), clock))


def read_journal(options: StoreOptions, since: float, until: float) -> JournalView:
    """What is on record of ``[since, until)`` here and in the shared store. Blocks; writes nothing and never raises."""
    from tfdash.store.journal.reading import journal_folder, read

    shared = None
    if options.url:
        from tfdash.store.journal.sharing import fetched

        shared = fetched(options.url, options.deadline, since)
    return read(journal_folder(options.folder), since, until, shared)
