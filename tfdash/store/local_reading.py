"""What lies in this user's files, read in pieces: this terminal's own, walked once, and those of its local peers as they grow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.store_state import Entry
from tfdash.store.ledger import Store
from tfdash.store.log.chain_walk import ChainWalk
from tfdash.store.peers.local_peers import LocalPeers


class LocalReading:
    """``apply`` takes what others recorded. ``anchors``: the file that heads were handed to, where the heads in it are held
    against the files. ``acting``: this terminal has a file of its own."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        acting: bool,
        anchors: Path | None,
        apply: Callable[[list[tuple[Entry, str]]], None],
        take: Callable[[dict[str, bytes]], None],
    ) -> None:
        self._store, self._folder, self._anchors = store, folder, anchors
        self._apply, self._take = apply, take
        self._peers: LocalPeers | None = None
        self._own = ChainWalk()
        self._walked, self._looked = not acting, False
        self._unread = ""

    @property
    def walked(self) -> bool:
        """Whether this terminal's own file was walked to its end, or to what is wrong with it."""
        return self._walked

    @property
    def read_once(self) -> bool:
        """Whether all was read, or could not be."""
        return self._walked and self._looked

    @property
    def broken(self) -> str:
        """What is wrong with this terminal's own chain, "" for nothing that was found yet."""
        file = self._store.recorder.file
        return self._own.problem and f"{file and file.path}: {self._own.problem}; see: tfdash audit verify"

    @property
    def unread(self) -> str:
        """Why not all is known that terminals recorded, "" where it is."""
        why = self.broken or self._unread
        return why and f"what terminals recorded cannot be read whole: {why}"

    @property
    def count(self) -> int:
        """How many entries were read."""
        return self._own.count + (self._peers.count if self._peers is not None else 0)

    def numbers(self) -> list[int]:
        """The places of this user's other terminals."""
        return self._others().numbers()

    def _others(self) -> LocalPeers:
        if self._peers is None:
            file = self._store.recorder.file
            self._peers = LocalPeers(self._folder, file.path if file is not None else None, self._anchors)
        return self._peers

    async def walk(self) -> None:
        """The next piece of this terminal's file: whether it follows one another. Raises ``LedgerUnavailable``."""
        self._walked = await self._store.recorder.on_file(
            lambda file: file.walk(self._own), "walking its own log"
        )

    async def look(self) -> None:
        """Read what the others recorded since the last look."""
        thread, what, came = self._store.recorder.thread, "reading other terminals' files", False
        peers = self._others()
        try:
            ended = frozenset(await thread.call(peers.ended, what))
            while True:  # what is read after it had ended is all that it wrote
                async for _ in thread.pieces(peers.look, what):
                    came = await self._take_news(peers, what) or came
                came = await self._take_news(peers, what) or came
                before, ended = ended, frozenset(await thread.call(peers.ended, what))
                if ended <= before:
                    break
            if came:
                self._take(await thread.call(peers.bodies, what))
            self._store.ended_terminals = ended
        except (LedgerUnavailable, OSError) as error:
            self._unread = str(error)
        else:
            self._unread = peers.problem
        self._looked = True

    async def _take_news(self, peers: LocalPeers, what: str) -> bool:
        """Whether something came, also what a look left there that the disk held up. The texts that it names come first, so that
        nobody sees a verified release without its template."""
        if any('"template_digest"' in entry.data for entry in peers.news):
            self._take(await self._store.recorder.thread.call(peers.bodies, what))
        came = [(peers.news.popleft(), "") for _ in range(len(peers.news))]
        self._apply(came)
        return bool(came)

    def close(self) -> None:
        if self._peers is not None:
            self._store.recorder.thread.submit(self._peers.close)
