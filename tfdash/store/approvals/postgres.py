"""Approvals in the shared PostgreSQL: who asks and who decides is ``session_user``, stamped by functions.

Nothing in a row is believed because it stands there: the executor checks that the approver's own audit log, written by the
same login, holds the same decision on the same digest, and that the row's approver is a person by the database's own roles.
An owner of the database who forges a whole chain of another person's terminal is beyond what this proves; that person's
terminal finds the fork when it next delivers.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tfdash.actions.core.plan_digest import carried
from tfdash.actions.core.protocols import ApprovalRefused
from tfdash.model.action import Plan
from tfdash.model.store_state import ApprovalRequest, Entry
from tfdash.store.approvals.protocol import matches, still_open
from tfdash.store.log.canonical import GENESIS, UnreadableEntry, data_of, decode, digest, read_header
from tfdash.store.log.encryption import close_up, open_up
from tfdash.store.shared.shared_store import RefusedByDatabase, SharedStore

_ASKED = """
SELECT r.id, r.digest, r.requester, r.reason, r.requested_at, r.expires_at, p.plan, clock_timestamp() >= r.expires_at,
  EXISTS (SELECT FROM tfdash.approval_uses u WHERE u.id = r.id),
  (SELECT d.approver FROM tfdash.approval_decisions d WHERE d.id = r.id AND NOT d.approve ORDER BY d.at LIMIT 1),
  (SELECT d.approver FROM tfdash.approval_decisions d WHERE d.id = r.id AND d.approve AND d.digest = r.digest
     AND d.approver <> r.requester ORDER BY d.at LIMIT 1)
FROM tfdash.approval_requests r LEFT JOIN tfdash.approval_plans p ON p.id = r.id
"""


class PostgresApprovals:
    """See the module. ``life`` in seconds; ``key`` seals the plan on its way, where people share one."""

    def __init__(self, shared: SharedStore, *, life: float, key: bytes = b"") -> None:
        self.shared, self._life, self._key = shared, life, key

    stamped_by, every = "postgresql", 4.0

    async def identity(self) -> str:
        if not self.shared.role:
            await self.shared.ping()
        return self.shared.role

    async def request(self, plan: Plan, reason: str) -> ApprovalRequest:
        identifier = secrets.token_hex(8)
        text = msgspec.json.encode(carried(plan), order="sorted").decode()
        body = close_up(self._key, text) if self._key else text.encode()
        try:
            async with self.shared.connection() as connection:
                await connection.execute(
                    "SELECT tfdash.request_approval(%s, %s, %s, %s, make_interval(secs => %s))",
                    (identifier, plan.digest, reason, body, self._life),
                )
        except RefusedByDatabase as error:
            raise ApprovalRefused(str(error)) from None
        return await self.find(identifier)

    async def find(self, approval: str) -> ApprovalRequest:
        async with self.shared.connection() as connection:
            row = await (await connection.execute(_ASKED + " WHERE r.id = %s", (approval,))).fetchone()
        if row is None:
            raise ApprovalRefused("there is no such request")
        return self._read(row)

    async def waiting(self) -> tuple[ApprovalRequest, ...]:
        async with self.shared.connection() as connection:
            cursor = await connection.execute(
                _ASKED
                + " WHERE r.requested_at > clock_timestamp() - interval '1 hour' ORDER BY r.requested_at"
            )
            return tuple(self._read(row) for row in await cursor.fetchall())

    def _read(self, row: Sequence[Any]) -> ApprovalRequest:
        identifier, plan_digest, requester, reason, asked, expires, plan, expired, used, denier, approver = (
            row
        )
        state = (
            "consumed"
            if used
            else "denied"
            if denier
            else "expired"
            if expired
            else "approved"
            if approver
            else "waiting"
        )
        text = ""
        if plan is not None:
            text = open_up(self._key, bytes(plan)) if self._key else bytes(plan).decode("utf-8", "replace")
        return ApprovalRequest(
            id=identifier,
            digest=plan_digest,
            requester=str(requester),
            requested_at=_at(asked),
            expires_at=_at(expires),
            reason=reason,
            plan=text,
            state=state,
            approver=str(denier or approver or ""),
            stamped_by="postgresql",
        )

    def may_decide(self, request: ApprovalRequest, identity: str, approve: bool) -> None:
        still_open(request, request.requested_at)  # whether it expired is for the server's clock to say
        if identity in self.shared.shared_roles:
            raise ApprovalRefused(f"{identity} is a role that several people share and cannot approve")
        if approve and identity == request.requester:
            raise ApprovalRefused("whoever asked cannot approve: it needs a second person")

    async def decide(
        self, request: ApprovalRequest, approve: bool, reason: str, entry: Entry
    ) -> ApprovalRequest:
        try:
            async with self.shared.connection() as connection:
                await connection.execute(
                    "SELECT tfdash.decide_approval(%s, %s, %s, %s, %s, %s)",
                    (request.id, approve, request.digest, reason, entry.terminal, entry.sequence),
                )
        except RefusedByDatabase as error:
            raise ApprovalRefused(str(error)) from None
        return await self.find(request.id)

    async def consume(self, approval: str, digest: str, requester: str) -> ApprovalRequest:
        request = await self.find(approval)
        still_open(request, request.requested_at)
        matches(request, digest, requester)
        await self._genuine(request)
        try:
            async with self.shared.connection() as connection:
                await connection.execute("SELECT tfdash.use_approval(%s, %s)", (approval, digest))
        except RefusedByDatabase as error:
            raise ApprovalRefused(str(error)) from None
        return msgspec.structs.replace(request, state="consumed")

    async def _genuine(self, request: ApprovalRequest) -> None:
        """Raises ``ApprovalRefused`` for a decision that the approver's own log does not hold, or by no person."""
        approver = request.approver
        async with self.shared.connection() as connection:
            cursor = await connection.execute(
                "SELECT e.terminal, e.sequence, e.body, e.hash, e.written_by, b.hash, r.rolsuper OR r.rolcreaterole"
                " OR pg_has_role(r.oid, (SELECT relowner FROM pg_class WHERE oid = 'tfdash.entries'::regclass), 'MEMBER'),"
                " EXISTS (SELECT FROM tfdash.shared_roles s WHERE s.role = d.approver)"
                " FROM tfdash.approval_decisions d"
                " JOIN tfdash.entries e ON e.terminal = d.terminal AND e.sequence = d.sequence"
                " LEFT JOIN tfdash.entries b ON b.terminal = e.terminal AND b.sequence = e.sequence - 1"
                " JOIN pg_roles r ON r.rolname = d.approver AND r.rolcanlogin"
                " WHERE d.id = %s AND d.approver = %s AND d.approve AND d.digest = %s",
                (request.id, approver, request.digest),
            )
            row = await cursor.fetchone()
        if row is None:
            raise ApprovalRefused(f"the approval was forged: {approver}'s audit log does not hold it")
        terminal, sequence, raw, hash, written_by, before, powerful, shared = row
        if powerful or shared or approver in self.shared.shared_roles:
            raise ApprovalRefused(
                f"{approver} cannot approve: a superuser, an owner of the tables or a shared role"
            )
        raw = bytes(raw)
        try:
            header, entry = read_header(raw), decode(raw, hash)
        except UnreadableEntry:
            raise ApprovalRefused("the approval was forged: its entry is none") from None
        data = data_of(entry)
        if (
            digest(raw) != hash
            or str(written_by) != approver
            or (header.terminal, header.sequence, header.kind) != (terminal, sequence, "approval")
            or header.previous != (before or GENESIS)
            or (data.get("id"), data.get("digest")) != (request.id, request.digest)
        ):
            raise ApprovalRefused(
                f"the approval was forged: the entry in {approver}'s audit log is another one"
            )


def _at(value: datetime) -> float:
    return value.timestamp()
