"""The shared store on a real PostgreSQL: delivery, fetching, forks, forgery, versions, and a database that is not there."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import psycopg
import pytest

from tests.unit.store.conftest import Database
from tests.unit.store.helpers import CHECKOUT, NOW, Clock, note, opened
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.model.judgement import Breach
from tfdash.model.store_state import EntryKind, VerifiedGood
from tfdash.store.approvals.break_glass import reviewed
from tfdash.store.log.anchors import SHARED
from tfdash.store.log.canonical import GENESIS, seal
from tfdash.store.log.redact import Redactor
from tfdash.store.opening import Opened
from tfdash.store.shared.shared_schema import MIGRATIONS, SCHEMA
from tfdash.store.shared.shared_store import SharedStore, cause_of, migrate

CROSSED = Breach(
    trigger="errors",
    uid="u",
    version="h2",
    title="Error rate",
    at=NOW - 60,
    since=NOW - 120,
    until=NOW - 60,
    sentence="6 %",
    value=0.06,
    baseline=0.01,
    limit=0.011,
    canary_policy="abc",
)


def one(folder: Path, database: Database, role: str, **options: object) -> Opened:
    return opened(folder, url=database.url(role), terminal=role, deadline=5.0, **options)


async def sync(*terminals: Opened) -> None:
    for terminal in terminals:
        await terminal.source.load()
        assert terminal.source.sync is not None
        await terminal.source.sync.once(terminal.source)
        await terminal.source.look_at_health()


async def end(*terminals: Opened) -> None:
    for terminal in terminals:
        await terminal.source.sync.shared.close()
        terminal.store.close()


async def test_entries_travel_and_facts_with_them(tmp_path: Path, database: Database) -> None:
    ann, bob = one(tmp_path / "a", database, "ann"), one(tmp_path / "b", database, "bob")
    await ann.store.remember_manual(CHECKOUT, "ann", "broken")
    await ann.store.break_glass("production", "ann", "nobody else is up")
    assert ann.store.health.behind == 0
    await ann.source.look_at_health()
    assert ann.store.health.behind == 2
    await sync(ann, bob)
    assert ann.store.health.behind == 0 and ann.store.health.proven_to == 2
    facts = bob.store.state()
    assert facts.manual == {CHECKOUT: "ann: broken"}
    glass = facts.break_glass["production"]
    assert (glass.by, glass.reason, glass.terminal, glass.until) == (
        "ann",
        "nobody else is up",
        ann.store.terminal,
        NOW + 3600,
    )
    assert not bob.store.break_glass_active("production", "bob") and ann.store.break_glass_active(
        "production", "ann"
    )
    bob.store.close()
    await bob.source.sync.shared.close()
    later = one(tmp_path / "b", database, "bob")  # from its own file, before the shared store answers
    await later.source.load()
    assert later.store.state().manual == {CHECKOUT: "ann: broken"}
    await end(ann, later)


async def test_a_dead_shared_store_never_blocks_and_is_said(tmp_path: Path) -> None:
    store = opened(tmp_path, url="postgresql://ann@/x?host=/nowhere", deadline=1.0)
    entry = await store.store.append(EntryKind.INTENT, actor="ann", subject=CHECKOUT)
    assert entry.sequence == 1
    with pytest.raises(LedgerUnavailable) as told:
        await store.source.sync.once(store.source)
    store.source.sync.problem = str(told.value)
    await store.source.look_at_health()
    assert store.store.health.shared.endswith("others cannot see it yet: 1 entry behind")
    assert store.store.health.local == ""
    await end(store)


async def test_delivered_once_however_often_the_answer_is_lost(tmp_path: Path, database: Database) -> None:
    ann = one(tmp_path, database, "ann")
    for number in range(250):
        await ann.store.record(note(str(number)))
    await sync(ann)
    await ann.store.recorder.on_file(
        lambda f: f.rewind(ann.store.terminal, SHARED, 17), ""
    )  # as if unacknowledged
    await sync(ann)
    assert database.sql("SELECT count(*), max(sequence) FROM tfdash.entries") == [(250, 250)]
    assert database.sql("SELECT count(*) FROM tfdash.forks") == [(0,)]
    assert ann.store.health.shared == ""
    await end(ann)


async def test_where_the_disk_fails_the_shared_store_is_durable_enough(
    tmp_path: Path, database: Database
) -> None:
    (tmp_path / "file").write_text("")
    ann = one(tmp_path / "file" / "x", database, "ann")
    await ann.store.reserve(2)
    first = await ann.store.append(EntryKind.INTENT, actor="ann", subject=CHECKOUT)
    second = await ann.store.append(EntryKind.OUTCOME, actor="ann", intent=first.intent)
    assert (first.sequence, second.sequence, second.previous) == (1, 2, first.hash)
    assert "-d" in first.terminal and "not a folder" in ann.store.recorder.local_problem
    assert database.sql("SELECT kind, written_by FROM tfdash.entries ORDER BY sequence") == [
        ("intent", "ann"),
        ("outcome", "ann"),
    ]
    await end(ann)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "failed to resolve host 'db.corp': [Errno -2] Name or service not known",
            "there is no host db.corp; check [store] url",
        ),
        (
            'connection failed: connection to server at "127.0.0.1", port 9 failed: Connection refused\n\tIs it?',
            'connection to server at "127.0.0.1", port 9 failed: Connection refused',
        ),
    ],
)
def test_a_database_that_is_not_reached_is_a_sentence(said: str, told: str) -> None:
    assert cause_of(psycopg.OperationalError(said), "postgresql://ann:pw@db.corp/x") == told


async def test_neither_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = opened(tmp_path / "file" / "x", url="postgresql://ann@/x?host=/nowhere", deadline=0.5)
    with pytest.raises(LedgerUnavailable, match=r"not a folder.*; the shared store"):
        await store.store.append(EntryKind.INTENT, actor="ann")
    with pytest.raises(LedgerUnavailable, match=r"not a folder.*; the shared store"):
        await store.store.reserve(2)
    await end(store)


async def test_a_clone_that_runs_too_is_found_and_both_go_on(tmp_path: Path, database: Database) -> None:
    """A cloned machine: the same file, the same inode, twice."""
    ann = one(tmp_path, database, "ann")
    terminal = ann.store.terminal
    await ann.store.record(note("one"))
    await sync(ann)
    # what the clone recorded at the same place came first
    clone, raw = seal(note_entry(terminal, 2, (await head(ann))[1], "of the clone"))
    assert (await ann.source.sync.shared.put([(raw, clone.hash)]))[0].status == "taken"
    await ann.store.record(note("two"))
    await sync(ann)
    assert "the log was forked" in ann.store.health.shared and ann.store.terminal != terminal
    await ann.store.record(note("after the fork"))
    await sync(ann)
    assert ann.store.health.behind == 1  # the entry that did not fit stays here, and is evidence there
    assert len(database.sql("SELECT * FROM tfdash.forks")) == 1
    texts = [bytes(body) for (body,) in database.sql("SELECT body FROM tfdash.entries ORDER BY received_at")]
    assert any(b"after the fork" in text for text in texts) and any(
        b"a new chain begins" in text for text in texts
    )
    await end(ann)


def note_entry(terminal: str, sequence: int, previous: str, sentence: str):
    return note(sentence).placed(terminal, sequence, previous, Redactor())[0]


async def head(opened: Opened) -> tuple[int, str]:
    return await opened.store.recorder.on_file(lambda f: (f.sequence, f.head), "")


async def test_a_database_that_was_put_back_gets_everything_again(tmp_path: Path, database: Database) -> None:
    ann = one(tmp_path, database, "ann")
    for number in range(5):
        await ann.store.record(note(str(number)))
    await sync(ann)
    database.sql("DELETE FROM tfdash.entries WHERE sequence > 2")
    await ann.store.record(note("new"))
    await sync(ann)
    assert database.sql("SELECT count(*) FROM tfdash.entries") == [(6,)] and ann.store.health.shared == ""
    await end(ann)


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        (
            "UPDATE tfdash.entries SET body = overlay(body placing 'X'::bytea from length(body)-20) WHERE sequence = 2",
            "changed",
        ),
        ("DELETE FROM tfdash.entries WHERE sequence = 2", "does not follow on 1"),
        ("UPDATE tfdash.entries SET hash = repeat('a', 64) WHERE sequence = 2", "changed"),
        ("UPDATE tfdash.entries SET sequence = sequence + 7 WHERE sequence = 3", "does not follow on 2"),
    ],
)
async def test_forged_rows_are_not_taken_in(
    tmp_path: Path, database: Database, tampering: str, said: str
) -> None:
    ann, bob = one(tmp_path / "a", database, "ann"), one(tmp_path / "b", database, "bob")
    for number in range(3):
        await ann.store.record(note(str(number)))
    await sync(ann)
    database.sql(tampering, role="owner")
    await sync(bob)
    assert said in bob.store.health.shared and ann.store.terminal in bob.store.health.shared
    await end(ann, bob)


async def test_a_tail_that_was_cut_is_noticed_by_whoever_had_it(tmp_path: Path, database: Database) -> None:
    ann, bob = one(tmp_path / "a", database, "ann"), one(tmp_path / "b", database, "bob")
    for number in range(3):
        await ann.store.record(note(str(number)))
    await sync(ann, bob)
    database.sql("DELETE FROM tfdash.entries WHERE sequence = 3", role="owner")
    await sync(bob)
    assert "its tail was cut" in bob.store.health.shared
    await sync(ann)  # which has nothing new to tell, and sees that what was acknowledged is there no more
    await sync(ann, bob)
    assert (ann.store.health.behind, bob.store.health.shared) == (0, "")
    assert database.sql("SELECT count(*) FROM tfdash.entries") == [(3,)]
    database.sql("DELETE FROM tfdash.entries WHERE sequence = 3", role="owner")
    await sync(bob)
    another, raw = seal(note_entry(ann.store.terminal, 3, "0" * 64, "in its place"))
    database.sql(
        "INSERT INTO tfdash.entries(terminal, sequence, previous, kind, hash, body) VALUES (%s, 3, '', 'note', %s, %s)",
        another.terminal,
        another.hash,
        raw,
        role="owner",
    )
    await sync(bob)
    assert "entry 3 is another one than we hold" in bob.store.health.shared
    await end(ann, bob)


async def test_people_can_only_insert_and_only_their_own_chains(tmp_path: Path, database: Database) -> None:
    import psycopg

    ann = one(tmp_path, database, "ann")
    await ann.store.record(note())
    await sync(ann)
    for statement in (
        "UPDATE tfdash.entries SET hash = ''",
        "DELETE FROM tfdash.entries",
        "TRUNCATE tfdash.entries",
        "INSERT INTO tfdash.entries VALUES ('x', 1, '', '', '', '')",
        "DELETE FROM tfdash.approval_uses",
        "INSERT INTO tfdash.approval_decisions VALUES ('x', 'carol', true, '', '', now(), '', 1)",
        "DROP TABLE tfdash.entries",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.sql(statement, role="bob")
    entry, raw = seal(note_entry(ann.store.terminal, 2, (await head(ann))[1], "not mine"))
    bob = SharedStore(database.url("bob"), deadline=5)
    with pytest.raises(LedgerUnavailable, match="belongs to ann"):
        await bob.put([(raw, entry.hash)])
    with pytest.raises(LedgerUnavailable, match="not that of the entry"):
        await bob.put([(raw, "0" * 64)])
    with pytest.raises(LedgerUnavailable, match="no header line"):
        await bob.put([(b"x", hashlib.sha256(b"x").hexdigest())])
    await bob.close()
    await end(ann)


async def test_hostile_text_travels_as_it_is(tmp_path: Path, database: Database) -> None:
    hostile = "\x1b]0;owned\x07\u202e\x00\ud800 'quote\" \\ --; DROP TABLE\n\u2028"
    ann, bob = one(tmp_path / "a", database, "ann"), one(tmp_path / "b", database, "bob")
    await ann.store.remember_manual(CHECKOUT._replace(name=hostile), "ann", hostile)
    await sync(ann, bob)
    assert bob.store.state().manual == {CHECKOUT._replace(name=hostile): f"ann: {hostile}"}
    await end(ann, bob)


async def test_a_notification_is_a_hint_only(tmp_path: Path, database: Database) -> None:
    shared = SharedStore(database.url("bob"), deadline=5)
    hints = shared.listen()
    waiting = asyncio.ensure_future(anext(hints))
    ann = one(tmp_path, database, "ann")
    await ann.store.record(note())
    while not waiting.done():  # LISTEN may come after the first one
        await ann.store.record(note())
        await sync(ann)
        await asyncio.wait([waiting], timeout=0.05)
    assert (await waiting).startswith(ann.store.terminal)
    await hints.aclose()
    await shared.close()
    await end(ann)


async def test_templates_travel_sealed_or_not_at_all(tmp_path: Path, database: Database) -> None:
    template = '{"spec":{"containers":[{"env":[{"name":"DB","value":"planted-secret"}]}]}}'
    good = VerifiedGood(
        subject=CHECKOUT, template=template, template_hash="h", images=("a:1",), at=NOW, by="rules"
    )
    ann, bob = one(tmp_path / "a", database, "ann"), one(tmp_path / "b", database, "bob")
    await ann.store.remember_verified(good)
    await sync(ann, bob)
    assert (
        bob.store.state().verified[CHECKOUT].template == ""
        and bob.store.state().verified[CHECKOUT].template_hash == "h"
    )
    ann2, bob2 = (
        one(tmp_path / "a", database, "ann", key="ours"),
        one(tmp_path / "b", database, "bob", key="ours"),
    )
    await sync(ann2, bob2)
    assert bob2.store.state().verified[CHECKOUT] == good
    for table in ("entries", "bodies"):
        column = "body" if table == "entries" else "sealed"
        for (body,) in database.sql(f"SELECT {column} FROM tfdash.{table}"):
            assert b"planted-secret" not in bytes(body)
    await end(ann, bob, ann2, bob2)


async def test_versions(tmp_path: Path, empty_database: Database) -> None:
    database = empty_database
    shared = SharedStore(database.url("ann"), deadline=5)
    with pytest.raises(LedgerUnavailable, match="tfdash audit migrate"):
        await shared.ping()
    assert migrate(database.url("owner")) == list(MIGRATIONS) and migrate(database.url("owner")) == []
    await shared.ping()
    database.sql(
        "INSERT INTO tfdash.migrations VALUES (%s, 1)", SCHEMA + 1
    )  # a newer program, which this one may stand beside
    database.sql("ALTER TABLE tfdash.entries ADD COLUMN newer text DEFAULT 'x'")
    beside = SharedStore(database.url("ann"), deadline=5)
    entry, raw = seal(note_entry("t", 1, GENESIS, "x"))
    assert (await beside.put([(raw, entry.hash)]))[0].status == "taken"
    database.sql("INSERT INTO tfdash.migrations VALUES (%s, %s)", SCHEMA + 2, SCHEMA + 1)
    too_old = SharedStore(database.url("ann"), deadline=5)
    with pytest.raises(LedgerUnavailable, match="use a newer tfdash"):
        await too_old.ping()
    stranger = SharedStore(database.url("stranger"), deadline=5)
    with pytest.raises(LedgerUnavailable, match="GRANT tfdash_people TO"):
        await stranger.ping()
    with pytest.raises(LedgerUnavailable, match="permission denied"):
        migrate(database.url("ann"))
    for store in (shared, beside, too_old, stranger):
        await store.close()


async def test_what_a_terminal_that_ended_left_is_delivered_by_the_next(
    tmp_path: Path, database: Database
) -> None:
    first, second = one(tmp_path, database, "ann"), one(tmp_path, database, "ann")
    await second.store.record(note("left behind"))
    second.store.close()
    await sync(first)
    assert database.sql("SELECT terminal FROM tfdash.entries") == [(second.store.terminal,)]
    await end(first)


async def test_those_who_come_first_share_one_pool(database: Database) -> None:
    shared = SharedStore(database.url("ann"), deadline=10.0)
    await asyncio.gather(*(shared.ping() for _ in range(4)))
    await shared.close()
    assert [t.get_name() for t in asyncio.all_tasks() if t.get_name().startswith("pool-")] == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:s3cr%zzPart@127.0.0.1:9/db",
        "postgresql://ann:s3cr/Part@127.0.0.1:9/db",
        "postgresql://ann:x@s3cr:Part@127.0.0.1:9/db",
        "postgresql://ann:s3crPart@127.0.0.1:9/db",
        "host=127.0.0.1 port=9 s3cr Part",
        "host=127.0.0.1 port=9 password=s3cr Part",
    ],
)
async def test_a_password_that_was_written_wrong_is_in_no_error(url: str) -> None:
    with pytest.raises(LedgerUnavailable) as caught:
        await SharedStore(url, deadline=2.0).ping()
    with pytest.raises(LedgerUnavailable) as migrating:
        migrate(url)
    for told in (str(caught.value), str(migrating.value)):
        assert "s3cr" not in told and "Part" not in told


async def test_facts_are_by_the_login_that_wrote_them(tmp_path: Path, database: Database) -> None:
    """Whoever an entry says it is by: the database stamps who wrote it. What the program says is the program's."""
    bob, carol = one(tmp_path / "b", database, "bob"), one(tmp_path / "c", database, "carol")
    await bob.store.append(EntryKind.INTENT, actor="ann", subject=CHECKOUT, action="workload.scale")
    await bob.store.remember_manual(CHECKOUT, "ann", "ann: it loses orders")
    await bob.store.remember_breach(CHECKOUT, CROSSED, "found")
    await bob.store.remember_breach(CHECKOUT, CROSSED, "overruled", "ann: go on", "ann")
    good = VerifiedGood(subject=CHECKOUT, template="{}", template_hash="h", images=("a:1",), by="ann")
    await bob.store.remember_verified(good)
    await bob.store.remember_baseline(CHECKOUT, "{}")
    await bob.store.break_glass("production", "ann", "the region is down")
    await sync(bob, carol)
    carol.store.close()
    again = one(tmp_path / "c", database, "carol")  # and as it is kept here, with the shared store away
    await again.source.load()
    for told in (carol.store.state(), again.store.state()):
        by = "bob (claimed: ann)"
        assert [a.by for a in told.acting] == [by]
        assert told.verified[CHECKOUT].by == told.break_glass["production"].by == by
        assert told.manual == {CHECKOUT: f"{by}: it loses orders"}
        assert [b.overruled for b in told.breaches[CHECKOUT]] == [f"{by}: go on"]
    assert {e.actor for e in await again.store.newest(50)} == {by, "tfdash"}
    assert bob.store.state().acting[0].by == "ann"  # at home it is as whom the server took us
    await carol.source.sync.shared.close()
    await end(bob, again)


@pytest.mark.parametrize("actor", ["bob", "tfdash", "rules"])
async def test_no_other_name_is_at_the_head_of_what_a_person_decided(
    tmp_path: Path, database: Database, actor: str
) -> None:
    """A text may begin with anything, and no rule decides or breaks the glass."""
    bob, carol = one(tmp_path / "b", database, "bob"), one(tmp_path / "c", database, "carol")
    await bob.store.remember_manual(CHECKOUT, actor, "ann: it loses orders")
    await bob.store.remember_breach(CHECKOUT, CROSSED, "found")
    await bob.store.remember_breach(CHECKOUT, CROSSED, "overruled", "ann: go on", actor)
    await bob.store.break_glass("production", actor, "the region is down")
    await sync(bob, carol)
    told = carol.store.state()
    by = "bob" if actor == "bob" else f"bob (claimed: {actor})"
    assert told.manual == {CHECKOUT: f"{by}: ann: it loses orders"}
    assert [b.overruled for b in told.breaches[CHECKOUT]] == [f"{by}: ann: go on"]
    assert told.break_glass["production"].by == by
    await end(bob, carol)


async def test_a_review_is_by_another_login_too(tmp_path: Path, database: Database) -> None:
    clock = Clock()
    ann = one(tmp_path / "a", database, "ann", clock=clock)
    other = one(
        tmp_path / "o", database, "ann", clock=clock
    )  # another machine, where clusters know another name
    bob = one(tmp_path / "b", database, "bob", clock=clock)
    await ann.store.break_glass("production", "ann@corp", "the region is down")
    await ann.store.end_break_glass("production", "ann@corp")
    clock.at += 10
    await sync(ann, other, bob)
    with pytest.raises(PermissionError, match="somebody else must review it"):
        await other.store.review_break_glass("production", "admin", "looked at it")
    ((identifier, _),) = bob.store.projection.break_glass_of("production")
    await other.store.record(reviewed(identifier, "production", "carol", "looked at it", clock.at))
    await sync(ann, other, bob)
    for terminal in (ann, other, bob):
        assert terminal.store.projection.break_glass_of("production")[0][1].reviewed_by == ""
    await bob.store.review_break_glass("production", "bob@corp", "looked at it")
    await sync(bob, ann)
    assert ann.store.projection.break_glass_of("production")[0][1].reviewed_by == "bob (claimed: bob@corp)"
    await end(ann, other, bob)
