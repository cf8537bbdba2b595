"""What of our own access a wall has to tell: that its login could write, and that it ends soon with nothing to renew it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence

from tfdash.board.board import Board
from tfdash.clock import Clock
from tfdash.model.observation import ProblemKind
from tfdash.model.requests import ReadFailed
from tfdash.model.subject import ClusterRef
from tfdash.model.verdict import Level
from tfdash.sources.kubernetes.kubeconfig import Access
from tfdash.sources.kubernetes.login import LoginNeeded
from tfdash.sources.kubernetes.login_ends import LoginEnd, token_end
from tfdash.sources.kubernetes.source import KubernetesSource
from tfdash.sources.kubernetes.write_rights import WriteRight, told
from tfdash.text import safe
from tfdash.views.age import short_age
from tfdash.views.wall.warnings import WallWarning

log = logging.getLogger(__name__)
_EVERY, _AGAIN = 3600.0, 15.0  # seconds after which rights are asked for anew, and between two looks
_NAMED = 12  # rights that are named
_ALWAYS = ("default", "kube-system")  # what both hold is a right everywhere; they need not exist
_SILENT = frozenset({ProblemKind.FORBIDDEN, ProblemKind.NOT_SERVED, ProblemKind.BAD_ANSWER})


class ClusterLogin:
    """Of one cluster. ``told`` may be read from any thread."""

    def __init__(self, word: str, cluster: KubernetesSource, clock: Clock) -> None:
        self._cluster, self._clock = cluster, clock
        self._at = safe(f"{word} {cluster.ref.cluster}")
        self._of: dict[str, frozenset[WriteRight]] = {}  # by namespace
        self._listed = True  # whether the server lists all rights
        self._asked: tuple[str, ...] = ()  # those that it grants to a single question, where it lists none
        self._login = ""
        self._since = float("-inf")  # of the loop's clock: when all was asked for
        self.told: tuple[WallWarning, ...] = ()

    async def look(self, namespaces: Collection[str] = ()) -> bool:
        """Whether the server answered; what it did not tell anew stays as it was told."""
        login, end = await asyncio.to_thread(self._now)
        at = asyncio.get_running_loop().time()
        anew = login != self._login or at - self._since >= _EVERY
        whole = await self._ask({*_ALWAYS, *self._cluster.namespaces, *namespaces}, anew)
        if whole and anew:
            self._login, self._since = login, at
        found = self._writes()
        if end is not None and end.late(self._clock.now()):
            left = end.at - self._clock.now()
            when = f"ends in {short_age(left)}" if left > 0 else "has ended"
            detail = f": {safe(end.what)}, and nothing here renews it"
            found.append(WallWarning(self._at, f"login {when}", detail))
        self.told = tuple(found)
        return whole

    async def _ask(self, namespaces: Collection[str], anew: bool) -> bool:
        """Of those that were not asked about. One after the other: nobody waits for it."""
        of = {} if anew else {n: rights for n, rights in self._of.items() if n in namespaces}
        listed = anew or self._listed
        fresh = sorted(set(namespaces) - of.keys())
        try:
            for namespace in fresh:
                of[namespace], whole = await self._cluster.singly.rules(namespace)
                listed = listed and whole
        except ReadFailed as failed:
            log.info("the rights of %s are not listed: %s", self._at, failed)
            if failed.problem.kind not in _SILENT:
                return False
            listed = False
            of |= dict.fromkeys(set(namespaces) - of.keys(), frozenset())  # it would say the same of each
        asked = () if anew else self._asked
        if fresh and not any(of.values()):
            may = await self._cluster.singly.writes()
            if any(p.allowed is None for p in may):
                return False
            asked = tuple(
                f"{p.verb} {p.resource}" + (f" in {p.namespace}" if p.namespace else "") for p in may
            )
        self._of, self._listed, self._asked = of, listed, asked
        return True

    def _writes(self) -> list[WallWarning]:
        able = told(self._of) or self._asked
        if able:
            more = f", {len(able) - _NAMED} more" if len(able) > _NAMED else ""
            return [WallWarning(self._at, "login can write", f" ({safe(', '.join(able[:_NAMED]))}{more})")]
        if not self._listed:
            detail = ": the server does not list all that this login may do"
            return [WallWarning(self._at, "login could write", detail, Level.UNKNOWN)]
        return []

    def _now(self) -> tuple[str, LoginEnd | None]:
        """What we log in with, to be compared, "" where that is not asked; and when it ends."""
        access: Access = self._cluster.credentials.access
        if access.plugin is not None:
            return "", None
        pem = self._cluster.credentials.shown_certificate()
        if pem is not None:
            from tfdash.sources.certificates.x509 import bundle_of

            found = bundle_of(pem)[0]
            if found:
                return "", LoginEnd("the client certificate", found[0].not_after, found[0].not_before, False)
        try:
            header = self._cluster.credentials.authorization()
        except LoginNeeded as error:
            log.info("when the login ends is not known: %s", error)
            return "", None
        return header, token_end(access, header)


class LoginLook:
    """Of the clusters of one environment. ``told`` may be read from any thread."""

    def __init__(self, word: str, clusters: Sequence[KubernetesSource], clock: Clock) -> None:
        self._logins = {cluster.ref: ClusterLogin(word, cluster, clock) for cluster in clusters}

    @property
    def told(self) -> tuple[WallWarning, ...]:
        return tuple(warning for login in self._logins.values() for warning in login.told)

    async def run(self, board: Board) -> None:
        """On the board's loop, for as long as it goes: of one cluster whatever another does."""

        async def follow(login: ClusterLogin, ref: ClusterRef) -> None:
            while True:
                picture = board.picture.clusters.get(ref)
                known = [key.name for key in picture.objects("Namespace")] if picture is not None else []
                await login.look(known)
                await asyncio.sleep(_AGAIN)

        await asyncio.gather(*(follow(login, ref) for ref, login in self._logins.items()))

    async def look(self) -> bool:
        """Whether every cluster answered."""
        return all([await login.look() for login in self._logins.values()])
