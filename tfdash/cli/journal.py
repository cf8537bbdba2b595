"""Has a terminal keep its verdict journal: whatever watches for longer than a moment does, also one that may change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfdash.board.board import Board
    from tfdash.clock import Clock
    from tfdash.config.settings import Settings
    from tfdash.sources.base import Scope


def keep_journal(board: Board, environment: str, settings: Settings, clock: Clock, scope: Scope) -> None:
    """For as long as the board runs. ``scope``: the namespaces that it looks at."""
    from tfdash.playbook.registry import RULES, SECTIONS
    from tfdash.store.journal.reading import journal_folder
    from tfdash.store.journal.recorder import JournalRecorder
    from tfdash.store.journal.seeing import JudgedTable, Outlook
    from tfdash.store.opening import StoreOptions, terminal_name

    recorder = JournalRecorder(
        journal_folder(StoreOptions(path=settings.store.path).folder),
        terminal_name(),
        clock,
        Outlook(environment, scope.namespaces or ()),
        JudgedTable(RULES, SECTIONS),
        deadline=settings.store.deadline,
    )
    board.add_task("verdict journal", recorder.run)
