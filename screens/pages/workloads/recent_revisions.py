"""The newest revisions of the workload under the cursor, read when the cursor rests on it, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from screens.shell import Shell
from tfdash.model.kinds import KINDS
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import Subject
from tfdash.model.workload import WorkloadState
from tfdash.text import safe
from tfdash.views.revisions import Revision, RevisionDiff, latest_change, revisions
from widgets.panel import Piece, PieceLine
from widgets.workers import begin

_REST = 0.25  # seconds that the cursor must rest before the network is asked
_KEPT = 200


class Recent:
    """``lines`` answers at once with what is known, and asks for what is not."""

    def __init__(self, shell: Shell, changed: Callable[[], None]) -> None:
        self._shell, self._changed = shell, changed
        self._known: dict[tuple[Subject, str], tuple[tuple[Revision, ...], RevisionDiff | None] | str] = {}
        self._asked: tuple[Subject, str] | None = None

    def lines(self, state: WorkloadState, now: float) -> list[PieceLine]:
        """What is rolled out, what was before it, and what changed between the two."""
        at = (state.subject._replace(uid=""), state.revision)
        known = self._known.get(at)
        if known is None:
            self._ask(at)
            return [[Piece("  revision ", "tok-dim"), Piece("reading …", "tok-dim")], []]
        if isinstance(known, str):
            return [[Piece("  revision ", "tok-dim"), Piece(f"? {known}", "tok-unknown")], []]
        found, change = known
        current = next((r for r in found if r.current), None)
        if current is None:
            return [[Piece("  revision ", "tok-dim"), Piece("none is kept", "tok-dim")], []]
        first = [Piece("  revision ", "tok-dim"), Piece(current.headline(now).removeprefix("revision "))]
        if change is None:
            return [[*first, Piece("    the first that is kept", "tok-dim")], []]
        first.append(Piece(f"    before it {change.old.headline(now)}", "tok-dim"))
        words = change.summary or "nothing that the template shows"
        return [first, [Piece("  changed  ", "tok-dim"), Piece(safe(words))]]

    def _ask(self, at: tuple[Subject, str]) -> None:
        if self._asked != at:
            self._asked = at
            begin(self._shell, partial(self._read, at), "recent")

    async def _read(self, at: tuple[Subject, str]) -> None:
        subject = at[0]
        await asyncio.sleep(_REST)
        try:
            async with asyncio.timeout(10):
                workload = await self._shell.board.read(subject)
                children = await self._shell.board.read_children(subject, KINDS[subject.kind].revisions)
            found = revisions(workload.document, [child.document for child in children])
            self._keep(at, (found, latest_change(found)))
        except ReadFailed as failed:
            self._keep(at, safe(str(failed.problem)))
        except (
            TimeoutError,
            RuntimeError,
        ):  # slow, or the board is starting or going down: asked again later
            self._asked = None
            return
        self._changed()

    def _keep(
        self, at: tuple[Subject, str], what: tuple[tuple[Revision, ...], RevisionDiff | None] | str
    ) -> None:
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[at] = what
        self._asked = None
