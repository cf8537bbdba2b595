"""Whether a person of a role gave their word on a step of a run: asked of the server that stamps who people are.

PostgreSQL stamps the login that wrote an entry, and knows who is a member of a database role. A Kubernetes API server writes user and
groups into the spec of each CertificateSigningRequest, whatever its sender says; one that is never signed carries the word.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from tfdash.actions.core.protocols import ApprovalRefused, LedgerUnavailable
from tfdash.store.approvals.kubernetes import KubernetesApprovals, why_not_a_person
from tfdash.store.approvals.postgres import PostgresApprovals
from tfdash.store.approvals.protocol import Approvals, StepWord, Vouches
from tfdash.store.shared.shared_store import SharedStore

_VERB = "run"
_MEMBER = """
SELECT r.rolsuper OR r.rolcreaterole
    OR pg_has_role(r.oid, (SELECT relowner FROM pg_class WHERE oid = 'tfdash.entries'::regclass), 'MEMBER'),
  EXISTS (SELECT FROM tfdash.shared_roles s WHERE s.role = r.rolname),
  (SELECT bool_or(pg_has_role(r.oid, g.oid, 'MEMBER')) FROM pg_roles g WHERE g.rolname = ANY(%s))
FROM pg_roles r WHERE r.rolname = %s AND r.rolcanlogin
"""


class DatabaseRoles:
    """``Vouches`` by the shared PostgreSQL: groups are its roles."""

    stamped_by = "postgresql"

    def __init__(self, shared: SharedStore) -> None:
        self._shared = shared

    async def identity(self) -> str:
        if not self._shared.role:
            await self._shared.ping()
        return self._shared.role

    async def sign(self, word: StepWord, groups: Sequence[str]) -> None:
        """What is written there is stamped by itself."""
        if why := await self._not_of(await self.identity(), groups):
            raise ApprovalRefused(why)

    async def why_not(self, word: StepWord, groups: Sequence[str]) -> str:
        if not word.stamped:
            raise LedgerUnavailable(f"the shared store has not stamped {word.who}'s word yet")
        if word.stamped != word.who:
            return f"{word.stamped} wrote it in the name of {word.who}"
        return await self._not_of(word.who, groups)

    async def _not_of(self, who: str, groups: Sequence[str]) -> str:
        async with self._shared.connection() as connection:
            row = await (await connection.execute(_MEMBER, (list(groups), who))).fetchone()
        if row is None:
            return f"the database knows no {who}"
        powerful, shared, member = row
        if powerful or shared or who in self._shared.shared_roles:
            return f"{who} is a superuser, an owner of the tables or a role that several people share"
        return "" if member else f"{who} is no member of {' or '.join(groups)} in the database"


class ClusterGroups:
    """``Vouches`` by one API server: groups are those that it knows users by."""

    stamped_by = "kubernetes"

    def __init__(self, approvals: KubernetesApprovals) -> None:
        self._approvals = approvals

    async def identity(self) -> str:
        return await self._approvals.identity()

    async def sign(self, word: StepWord, groups: Sequence[str]) -> None:
        user, theirs = await self._approvals.who()
        if why := self._not_of(user, theirs, groups):
            raise ApprovalRefused(why)
        name = f"tfdash-{_VERB}-{word.step}-{secrets.token_hex(4)}"
        await self._approvals.create(name, _VERB, word.step, word.digest, {}, "")

    async def why_not(self, word: StepWord, groups: Sequence[str]) -> str:
        found = [
            one
            for one in await self._approvals.stamped()
            if (one.verb, one.id, one.digest, one.user) == (_VERB, word.step, word.digest, word.who)
        ]
        if not found:
            return f"the API server has no word of {word.who} on this step as it stands"
        whys = [self._not_of(one.user, one.groups, groups) for one in found]
        return "" if "" in whys else whys[0]

    def _not_of(self, user: str, theirs: Sequence[str], groups: Sequence[str]) -> str:
        if why := why_not_a_person(user, theirs, self._approvals.shared):
            return why
        return "" if set(theirs) & set(groups) else f"{user} is of none of the groups {', '.join(groups)}"


def vouches_of(approvals: Approvals | None) -> Vouches | None:
    """By the server that stamps a second person; None where there is none."""
    if isinstance(approvals, KubernetesApprovals):
        return ClusterGroups(approvals)
    return DatabaseRoles(approvals.shared) if isinstance(approvals, PostgresApprovals) else None
