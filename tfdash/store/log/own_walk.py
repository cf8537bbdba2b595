"""A terminal's own file, walked once when it starts: whether what was recorded before follows one another."""

from __future__ import annotations

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.store.log.audit_recorder import AuditRecorder
from tfdash.store.log.canonical import GENESIS
from tfdash.store.log.chain import stored, wrong
from tfdash.store.log.local_file import LocalFile

_PIECE = 1_000  # entries: some 50 ms, for which an entry that is to be recorded waits


class OwnWalk:
    """``problem``: what is wrong with the first bad entry, "" where nothing was found so far."""

    def __init__(self) -> None:
        self.problem = ""
        self._ended = False
        self._after: float = float("-inf")  # whoever has the file can give a row a number below zero
        self._ends: dict[str, tuple[int, str]] = {}

    async def walk(self, recorder: AuditRecorder) -> str:
        """To the end, or to the first bad entry; goes on where it was where the disk did not answer. The problem."""
        while not self._ended:
            try:
                await recorder.on_file(self._piece, "walking its own log")
            except LedgerUnavailable:
                break
        return self.problem

    def _piece(self, file: LocalFile) -> None:
        rows = file.entries_after(self._after, _PIECE)
        for number, *row in rows:
            one = stored(tuple(row))
            found = wrong(one, *self._ends.get(one.terminal, (0, GENESIS)))
            if found:
                self.problem = f"{file.path}: {found}; see: tfdash audit verify"
                break
            self._ends[one.terminal] = one.sequence, one.hash
            self._after = number
        self._ended = bool(self.problem) or len(rows) < _PIECE
        last = max((sequence for sequence, _ in self._ends.values()), default=0)
        if self._ended and not self.problem and last < file.opened_at:  # a view in the place of the table
            self.problem = (
                f"{file.path}: entries {last + 1} to {file.opened_at} are missing; see: tfdash audit verify"
            )
