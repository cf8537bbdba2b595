"""A shared store that is put back to what it was: long, since each terminal must notice that it went and came."""

from __future__ import annotations

import pytest

from tests.platform.test_two_terminals import (  # noqa: F401 - fixtures among them
    NS,
    Two,
    app,
    ask,
    decide,
    down,
    replicas,
    seeded,
    two,
    waiting,
    writes,
)
from tests.unit.store.conftest import Database, database, postgres, template  # noqa: F401
from tfdash.model.action import Result

pytestmark = pytest.mark.platform


def test_a_database_that_was_put_back_replays_nothing(two: Two, app: str) -> None:  # noqa: F811 - the fixtures
    """A whole copy from between approval and use, put in the database's place."""
    ann, bob = two.open("ann"), two.open("bob")
    guarded = down(ann, app)
    request = ask(ann, guarded)
    decide(bob, waiting(bob, request))
    name, admin = two.database.name, Database(two.database.host, "postgres")

    def cut_off(which: str) -> None:
        admin.sql(f"ALTER DATABASE {which} ALLOW_CONNECTIONS false")
        admin.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", which)
        ann.until(lambda: bool(ann.board.picture.store_state.health.shared), "the loss, while it lasts")

    cut_off(name)
    admin.sql(f"CREATE DATABASE {name}_before TEMPLATE {name}")
    admin.sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    ann.until(lambda: not ann.board.picture.store_state.health.shared, "the shared store again", 60)
    done, _ = ann.act(ann.run(ann.actions.refresh(guarded.plan)), approval=request.id)
    assert done.result is Result.APPLIED, done.sentence
    two.cluster.kubectl("scale", f"deployment/{app}", "-n", NS, "--replicas=3")
    cut_off(name)
    admin.sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.sql(f"ALTER DATABASE {name}_before ALLOW_CONNECTIONS true")
    admin.sql(f"ALTER DATABASE {name}_before RENAME TO {name}")
    assert two.database.sql("SELECT count(*) FROM tfdash.approval_uses") == [(0,)]
    subject = ann.subject("Deployment", NS, app)
    ann.until(
        lambda: (
            getattr(
                ann.board.picture.clusters[subject.cluster].objects("Deployment")[subject.key], "desired", 0
            )
            == 3
        ),
        "three again",
    )
    ann.until(lambda: not ann.board.picture.store_state.health.shared, "the shared store again", 60)
    again, _ = ann.act(ann.run(ann.actions.refresh(guarded.plan)), approval=request.id)
    assert again.result is Result.REFUSED
    assert "used already, on this terminal" in again.sentence
    assert replicas(two.cluster, app) == 3
    assert [w for w in writes(two.cluster, app) if w[2] == 200] == [("admin@corp", "patch", 200)]
