"""The shared store: PostgreSQL, by functions that check every entry. psycopg is imported when the first connection is made.

Every call has a deadline and raises ``LedgerUnavailable`` with the cause; nothing here is tried again by itself.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.connecting import no_way
from tfdash.store.log.audit_recorder import Put
from tfdash.store.shared.shared_schema import LOCK, META, MIGRATIONS, NEEDED, PEOPLE, SCHEMA
from tfdash.text import safe

DEFAULT_SHARED_ROLES = (
    "postgres",
    "tfdash",
    "tfdash_owner",
    "tfdash_people",
    "admin",
    "root",
    "app",
    "deploy",
    "ci",
)


class RefusedByDatabase(LedgerUnavailable):
    """The database answered, and said no; the text is its own sentence."""


def cause_of(error: Exception, dsn: str) -> str:
    """One line without a secret: psycopg names host, port and user, and of a DSN that it cannot read, or reads otherwise than
    it was meant ("@" or "/" in a password), parts of the password."""
    diag = getattr(error, "diag", None)
    text = (getattr(diag, "message_primary", None) if diag is not None else None) or str(
        error
    ).strip().partition("\n")[0]
    text = re.sub("^connection (failed|is bad): ", "", text)  # the sentence behind it says so again
    unknown = re.match("failed to resolve host '(.*?)'", text)
    if unknown is not None:
        text = f"{no_way(error, unknown[1]) or f'there is no host {unknown[1]}'}; check [store] url"
    scheme, _, rest = dsn.rpartition("://")
    if scheme:
        secret = rest.rpartition("@")[0].partition(":")[2]
    else:  # what is no "name=value" is a part of one that was not quoted
        secret = " ".join(w for w in dsn.split() if "=" not in w or w.startswith("password"))
        secret = secret.replace("password=", "")
    for piece in (secret, *re.split(r"[@:/?#%\s=]+", secret)):
        if len(piece) > 1:
            text = text.replace(piece, "…")
    return safe(text) or type(error).__name__


def asking_nobody(dsn: str) -> str:
    """``dsn`` with a passphrase for its client key, if it has none: without one OpenSSL asks the terminal for it. Raises
    ``psycopg.Error`` for what is no address of a database."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    return dsn if conninfo_to_dict(dsn).get("sslpassword") else make_conninfo(dsn, sslpassword="-")


class SharedStore:
    """One database. ``deadline`` in seconds, of each call. ``reading``: its sessions refuse whatever writes."""

    def __init__(
        self, dsn: str, *, deadline: float, shared_roles: Sequence[str] = (), reading: bool = False
    ) -> None:
        self._dsn, self._deadline, self._reading = dsn, deadline, reading
        self.shared_roles = tuple(shared_roles) or DEFAULT_SHARED_ROLES
        self._pool: Any = None
        self._opening = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._checked = False
        self.role = ""

    def __repr__(self) -> str:
        return "SharedStore(...)"

    async def _connect(self) -> Any:
        import psycopg

        connection = await psycopg.AsyncConnection.connect(
            asking_nobody(self._dsn),
            autocommit=True,
            connect_timeout=max(2, int(self._deadline)),
            application_name="tfdash",
        )
        await self._configure(connection)
        return connection

    async def _configure(self, connection: Any) -> None:
        if self._reading:
            await connection.execute("SET default_transaction_read_only = on")

    async def _open(self) -> Any:
        async with self._opening:  # two that come first would make two pools, and one of them stay open
            if self._pool is None or self._loop is not asyncio.get_running_loop():
                self._pool = await self._made()
                self._loop = asyncio.get_running_loop()
            return self._pool

    async def _made(self) -> Any:
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # a warning for each failed try
        from psycopg_pool import AsyncConnectionPool

        first = (
            await self._connect()
        )  # says at once, and in words, why it cannot; a pool only says that it waited
        await first.close()
        pool = AsyncConnectionPool(
            asking_nobody(self._dsn),
            min_size=1,
            max_size=3,
            open=False,
            configure=self._configure,
            timeout=self._deadline,
            max_idle=120,
            reconnect_timeout=5,
            kwargs={
                "autocommit": True,
                "connect_timeout": max(2, int(self._deadline)),
                "application_name": "tfdash",
            },
        )
        await pool.open(wait=False)
        return pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection within the deadline; every failure as ``LedgerUnavailable``."""
        import psycopg
        import psycopg_pool

        try:
            async with asyncio.timeout(self._deadline):
                pool = await self._open()
                async with pool.connection(timeout=self._deadline) as connection:
                    await self._check(connection)
                    yield connection
        except (psycopg.errors.RaiseException, psycopg.errors.InsufficientPrivilege) as error:
            raise RefusedByDatabase(cause_of(error, self._dsn)) from None
        except psycopg.Error as error:
            if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
                self._checked = False
                raise LedgerUnavailable(_NOT_MIGRATED) from None
            raise LedgerUnavailable(f"the shared store: {cause_of(error, self._dsn)}") from None
        except psycopg_pool.PoolTimeout:
            await self.close()
            raise LedgerUnavailable(
                f"the shared store gave no connection within {self._deadline:g} s"
            ) from None
        except TimeoutError:
            raise LedgerUnavailable(f"the shared store did not answer within {self._deadline:g} s") from None

    async def _check(self, connection: Any) -> None:
        """Once: is the database one that this program may use, and who are we there."""
        if self._checked:
            return
        import psycopg

        try:
            row = await (
                await connection.execute(
                    "SELECT coalesce(max(number), 0), coalesce(max(minimum), 0), session_user FROM tfdash.migrations"
                )
            ).fetchone()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            raise LedgerUnavailable(_NOT_MIGRATED) from None
        except psycopg.errors.InsufficientPrivilege:
            raise LedgerUnavailable(
                f"the shared store does not let this role in; its owner runs: GRANT {PEOPLE} TO your_role"
            ) from None
        version, minimum, self.role = int(row[0]), int(row[1]), str(row[2])
        if minimum > SCHEMA:
            raise LedgerUnavailable(
                f"the shared store (tables number {version}) needs a program that knows number {minimum}, this one knows "
                f"{SCHEMA}; use a newer tfdash"
            )
        if version < NEEDED:
            raise LedgerUnavailable(
                f"the shared store's tables are number {version}, this program needs {NEEDED}; its owner runs: tfdash audit migrate"
            )
        self._checked = True

    async def ping(self) -> None:
        async with self.connection() as connection:
            await connection.execute("SELECT 1")

    # -- entries ------------------------------------------------------------------------------------------------

    async def put(self, rows: Sequence[tuple[bytes, str]]) -> list[Put]:
        """Insert (bytes, hash), in order and in one round trip. A row that does not fit is told, not raised."""
        async with self.connection() as connection:
            cursor = await connection.execute(
                "SELECT p.status, p.head FROM unnest(%s::bytea[], %s::text[]) WITH ORDINALITY AS r(body, hash, place)"
                " CROSS JOIN LATERAL tfdash.put_entry(r.body, r.hash) AS p ORDER BY r.place",
                ([raw for raw, _ in rows], [hash for _, hash in rows]),
            )
            return [Put(status, head) for status, head in await cursor.fetchall()]

    async def heads(self) -> dict[str, tuple[int, str]]:
        """The last sequence and hash of every chain."""
        async with self.connection() as connection:
            cursor = await connection.execute(
                "SELECT DISTINCT ON (terminal) terminal, sequence, hash FROM tfdash.entries ORDER BY terminal, sequence DESC"
            )
            return {row[0]: (row[1], row[2]) for row in await cursor.fetchall()}

    async def after(
        self, terminal: str, sequence: int, limit: int = 500
    ) -> list[tuple[str, int, bytes, str, str]]:
        """(terminal, sequence, bytes, hash, written by) of one chain after a sequence."""
        async with self.connection() as connection:
            cursor = await connection.execute(
                "SELECT terminal, sequence, body, hash, written_by FROM tfdash.entries"
                " WHERE terminal = %s AND sequence > %s ORDER BY sequence LIMIT %s",
                (terminal, sequence, limit),
            )
            return [(t, s, bytes(b), h, str(w)) for t, s, b, h, w in await cursor.fetchall()]

    async def newest(self, count: int) -> list[tuple[str, int, bytes, str, str]]:
        """The entries that came last, of all terminals."""
        async with self.connection() as connection:
            cursor = await connection.execute(
                "SELECT terminal, sequence, body, hash, written_by FROM tfdash.entries ORDER BY received_at DESC LIMIT %s",
                (count,),
            )
            return [(t, s, bytes(b), h, str(w)) for t, s, b, h, w in await cursor.fetchall()]

    async def forks(self) -> list[tuple[str, int, bytes, str, str]]:
        async with self.connection() as connection:
            cursor = await connection.execute(
                "SELECT terminal, sequence, body, hash, written_by FROM tfdash.forks ORDER BY terminal, sequence"
            )
            return [(t, s, bytes(b), h, str(w)) for t, s, b, h, w in await cursor.fetchall()]

    async def put_body(self, digest: str, sealed: bytes) -> None:
        async with self.connection() as connection:
            await connection.execute("SELECT tfdash.put_body(%s, %s)", (digest, sealed))

    async def bodies(self, digests: Sequence[str]) -> Mapping[str, bytes]:
        async with self.connection() as connection:
            cursor = await connection.execute(
                "SELECT digest, sealed FROM tfdash.bodies WHERE digest = ANY(%s)", (list(digests),)
            )
            return {digest: bytes(sealed) for digest, sealed in await cursor.fetchall()}

    # -- claims -------------------------------------------------------------------------------------------------

    async def claim_of(self, run: str, step: str) -> tuple[int, str, str] | None:
        """Fence, holder and terminal of the newest claim of a step; None where there is none."""
        async with self._claims() as connection:
            cursor = await connection.execute(
                "SELECT fence, holder, terminal FROM tfdash.claims WHERE run = %s AND step = %s", (run, step)
            )
            row = await cursor.fetchone()
            return (int(row[0]), str(row[1]), str(row[2])) if row is not None else None

    async def put_claim(
        self, run: str, step: str, *, before: int, fence: int, holder: str, terminal: str
    ) -> bool:
        """Whether it stands there now: only where ``before`` was the fence until then."""
        async with self._claims() as connection:
            cursor = await connection.execute(
                "SELECT tfdash.put_claim(%s, %s, %s, %s, %s, %s)",
                (run, step, before, fence, holder, terminal),
            )
            return bool((await cursor.fetchone())[0])

    @asynccontextmanager
    async def _claims(self) -> AsyncIterator[Any]:
        import psycopg

        async with self.connection() as connection:
            try:
                yield connection
            except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction):
                raise LedgerUnavailable(
                    "the shared store has no table for claims yet; its owner runs: tfdash audit migrate"
                ) from None

    # -- hints --------------------------------------------------------------------------------------------------

    async def listen(self) -> AsyncIterator[str]:
        """What is notified, on a connection of its own. Ends with ``LedgerUnavailable`` when that connection does."""
        import psycopg

        try:
            async with asyncio.timeout(self._deadline + 1):
                connection = await self._connect()
        except (psycopg.Error, OSError) as error:
            raise LedgerUnavailable(f"the shared store: {cause_of(error, self._dsn)}") from None
        except TimeoutError:
            raise LedgerUnavailable(f"the shared store did not answer within {self._deadline:g} s") from None
        try:
            await connection.execute("LISTEN tfdash")
            async for notice in connection.notifies():
                yield notice.payload
        except psycopg.Error as error:
            raise LedgerUnavailable(f"the shared store: {cause_of(error, self._dsn)}") from None
        finally:
            await connection.close()

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close(timeout=1.0)


_NOT_MIGRATED = "the shared store has no tables of ours yet; its owner runs: tfdash audit migrate"


def migrate(dsn: str, shared_roles: Sequence[str] = DEFAULT_SHARED_ROLES) -> list[int]:
    """Bring the database up to ``SCHEMA``; only its owner can. Returns what was done. Raises ``LedgerUnavailable``.

    One advisory lock for all: who comes second finds it done.
    """
    import psycopg

    done: list[int] = []
    try:
        with psycopg.connect(
            asking_nobody(dsn), autocommit=True, connect_timeout=10, application_name="tfdash migrate"
        ) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
            with connection.transaction():
                connection.execute(META)
                row = connection.execute("SELECT coalesce(max(number), 0) FROM tfdash.migrations").fetchone()
                for number in range((row[0] if row else 0) + 1, SCHEMA + 1):
                    connection.execute(MIGRATIONS[number].encode())
                    connection.execute(
                        "INSERT INTO tfdash.migrations(number, minimum) VALUES (%s, 1)", (number,)
                    )
                    done.append(number)
                connection.execute(f"GRANT SELECT ON tfdash.migrations TO {PEOPLE}".encode())
                for role in shared_roles:
                    connection.execute(
                        "INSERT INTO tfdash.shared_roles(role) VALUES (%s) ON CONFLICT DO NOTHING", (role,)
                    )
    except psycopg.Error as error:
        raise LedgerUnavailable(f"the shared store: {cause_of(error, dsn)}") from None
    return done
