"""What of our own access a wall has to tell: that its login could write, and that it ends soon with nothing to renew it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from tfdash.board.board import Board
from tfdash.clock import Clock
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.login import LoginNeeded
from tfdash.sources.kubernetes.login_ends import LoginEnd, token_end
from tfdash.sources.kubernetes.source import KubernetesSource
from tfdash.text import safe
from tfdash.views.age import short_age

log = logging.getLogger(__name__)
_EVERY, _AGAIN = 3600.0, 60.0  # seconds between two looks, and after one at which a server would not say
_NAMED = 3  # rights that are named


class LoginLook:
    """Of the clusters of one environment. ``told`` may be read from any thread."""

    def __init__(self, word: str, clusters: Sequence[KubernetesSource], clock: Clock) -> None:
        self._word, self._clusters, self._clock = word, clusters, clock
        self.told: tuple[str, ...] = ()

    async def run(self, board: Board) -> None:
        """On the board's loop, for as long as it goes."""
        while True:
            whole = await self.look()
            await asyncio.sleep(_EVERY if whole else _AGAIN)

    async def look(self) -> bool:
        """Whether every cluster answered; of one that did not, what was told before stays."""
        told: list[str] = []
        whole = True
        for cluster in self._clusters:
            may = await cluster.singly.writes()
            whole = whole and all(p.allowed is not None for p in may)
            able = [
                f"{p.verb} {p.resource}" + (f" in {p.namespace}" if p.namespace else "")
                for p in may
                if p.allowed
            ]
            at = safe(f"{self._word} {cluster.ref.cluster}")
            if able:
                more = f", {len(able) - _NAMED} more" if len(able) > _NAMED else ""
                told.append(f"{at}: this login can write ({safe(', '.join(able[:_NAMED]))}{more})")
            end = await asyncio.to_thread(self._end, cluster)
            if end is not None and end.late(self._clock.now()):
                left = end.at - self._clock.now()
                when = f"ends in {short_age(left)}" if left > 0 else "has ended"
                told.append(f"{at}: {safe(end.what)} {when}, and nothing here renews it")
        if whole or not self.told:
            self.told = tuple(told)
        return whole

    def _end(self, cluster: KubernetesSource) -> LoginEnd | None:
        access: Access = cluster.credentials.access
        if access.plugin is not None:
            return None
        pem = cluster.credentials.shown_certificate()
        if pem is not None:
            from tfdash.sources.certificates.x509 import bundle_of

            found = bundle_of(pem)[0]
            if found:
                return LoginEnd("the client certificate", found[0].not_after, found[0].not_before, False)
        try:
            return token_end(access, cluster.credentials.authorization())
        except LoginNeeded as error:
            log.info("when the login ends is not known: %s", error)
            return None
