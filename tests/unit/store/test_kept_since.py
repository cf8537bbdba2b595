"""What an earlier program left on disk, in PostgreSQL and in clusters opens, verifies, means the same and goes on.

``tests/fixtures/COMMIT/make`` says how each was written, by the program of that commit.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.store.conftest import Database
from tests.unit.store.helpers import Clock, opened
from tfdash.actions.core.protocols import ApprovalRefused
from tfdash.cli import main
from tfdash.model.action import Plan
from tfdash.model.store_state import EntryKind, RunningAction
from tfdash.model.subject import ClusterRef, Subject
from tfdash.store.approvals.kubernetes import create_request, read_stamped
from tfdash.store.log import data_dir
from tfdash.store.log.anchors import SHARED, parse
from tfdash.store.log.reading import read_folder, read_shared
from tfdash.store.log.verify import lines, verify
from tfdash.store.opening import Opened
from tfdash.store.peers.cluster_records import (
    acting_in_cluster,
    lease_subject,
    release_lease,
    remember_in_cluster,
    take_lease,
    verified_in_cluster,
)
from tfdash.store.shared.shared_store import SharedStore, migrate

FIXTURES = Path(__file__).parents[2] / "fixtures"
SINCE = sorted(path.parent.name for path in FIXTURES.glob("*/make"))
REF = ClusterRef("production", "eu-1")
CHECKOUT = Subject(REF, "Deployment", "tf-production", "checkout")
PASSPHRASE = "what people share"


class Kept:
    """One commit's fixtures, the store copied to where it may be written."""

    def __init__(self, source: Path, to: Path) -> None:
        self.source, self.folder = source, to
        shutil.copytree(source / "store", to)
        self.expected: dict[str, Any] = json.loads((source / "expected.json").read_text())
        self.clock = Clock(self.expected["now"])

    def not_moved(self) -> None:
        """As if the files were still the ones that they were written to."""
        for path in self.folder.glob("*.db"):
            with sqlite3.connect(path) as connection:
                connection.execute(
                    "UPDATE meta SET value = ? WHERE key = 'identity'", (data_dir.identity(path),)
                )
            connection.close()

    def open(self, **options: Any) -> Opened:
        return opened(self.folder, self.clock, key=PASSPHRASE, **options)

    def config(self) -> list[str]:
        path = self.folder.with_suffix(".toml")
        path.write_text(f'[store]\npath = "{self.folder}"\n')
        return ["--config", str(path)]


@pytest.fixture(params=SINCE)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    return Kept(FIXTURES / request.param, tmp_path / "store")


@pytest.fixture
def restored(kept: Kept, empty_database: Database) -> Database:
    """The dump of the shared store, its times moved so that what was asked for was asked a minute ago."""
    empty_database.sql((kept.source / "shared.sql").read_text())
    empty_database.sql(
        "UPDATE tfdash.approval_requests SET expires_at = clock_timestamp() + interval '10 minutes',"
        " requested_at = clock_timestamp() - interval '1 minute'"
    )
    return empty_database


@pytest.fixture
async def bob(kept: Kept, restored: Database, tmp_path: Path) -> AsyncIterator[Opened]:
    """Another person's terminal on the shared store."""
    made = opened(
        tmp_path / "bob", kept.clock, key=PASSPHRASE, url=restored.url("bob"), deadline=5.0, terminal="bob"
    )
    await sync(made)
    yield made
    await end(made)


async def sync(opened: Opened) -> None:
    await opened.source.load()
    assert opened.source.sync is not None
    await opened.source.sync.once(opened.source)
    await opened.source.look_at_health()


async def end(opened: Opened) -> None:
    await opened.source.sync.shared.close()
    opened.store.close()


def plainly(value: Any) -> Any:
    """JSON of facts, whatever the types are called; as ``make`` writes it."""
    if isinstance(value, msgspec.Struct):
        return {name: plainly(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return [[plainly(key), plainly(held)] for key, held in value.items()]
    if isinstance(value, tuple):
        return [plainly(held) for held in value]
    return value


def holds(now: Any, before: Any) -> bool:
    """Whether everything of ``before`` is in ``now``; a later program may know more fields."""
    if isinstance(before, dict):
        return isinstance(now, dict) and all(
            key in now and holds(now[key], held) for key, held in before.items()
        )
    if isinstance(before, list):
        return isinstance(now, list) and len(now) == len(before) and all(map(holds, now, before))
    return bool(now == before)


# -- the files --------------------------------------------------------------------------------------------------


async def test_it_verifies_and_every_kind_of_entry_is_in_it(kept: Kept) -> None:
    found = verify(read_folder(kept.folder), parse((kept.source / "anchors.txt").read_text(), "the anchor"))
    assert found.code == 0, lines(found)
    assert all(chain.problems == () and chain.notes == () for chain in found.chains)
    assert any("the anchor" in " ".join(chain.proven_by) for chain in found.chains)
    kinds = {
        row[0]
        for path in kept.folder.glob("*.db")
        for table in ("entries", "others")
        for row in sqlite3.connect(path).execute(f"SELECT DISTINCT kind FROM {table}")
    }
    assert kinds == {kind.value for kind in EntryKind}


async def test_a_changed_byte_in_it_is_found(kept: Kept) -> None:
    with sqlite3.connect(kept.folder / "terminal-0.db") as connection:
        connection.execute(
            "UPDATE entries SET bytes = replace(bytes, 'applied', 'refused') WHERE kind = 'outcome'"
        )
    connection.close()
    assert verify(read_folder(kept.folder)).code == 1


async def test_it_reads_to_the_same_facts(kept: Kept) -> None:
    reader = kept.open(acting=False)
    await reader.source.load()
    facts = plainly(reader.store.state())
    reader.store.close()
    for name, before in kept.expected["facts"].items():
        assert holds(facts[name], before), name


async def test_its_chain_goes_on(kept: Kept) -> None:
    kept.not_moved()
    before = read_folder(kept.folder)[0].rows
    store = kept.open()
    await store.source.load()
    entry = await store.store.append(EntryKind.NOTE, actor="ann@example", sentence="a later program")
    assert entry.terminal == before[-1].terminal and entry.sequence == before[-1].sequence + 1
    assert entry.previous == before[-1].hash
    assert len(store.store.state().verified[CHECKOUT].template) > 100
    assert {intent.sentence for intent in store.store.state().unsettled} == {"restart", "pause"}
    await store.store.reserve(3)
    store.store.close()
    assert verify(read_folder(kept.folder)).code == 0


async def test_a_copy_of_it_begins_a_chain_and_says_so(kept: Kept) -> None:
    store = kept.open()
    await store.source.load()
    entry = await store.store.append(EntryKind.NOTE, actor="ann@example", sentence="here")
    store.store.close()
    own = read_folder(kept.folder)[0]
    assert entry.sequence == 2 and len({row.terminal for row in own.rows}) == 2
    assert verify(read_folder(kept.folder)).code == 0


@pytest.mark.parametrize("written", ["jsonl", "csv"])
async def test_its_export_is_the_same_to_the_byte(
    kept: Kept, capsys: pytest.CaptureFixture[str], written: str
) -> None:
    assert main(["audit", "export", "--format", written, *kept.config()]) == 0
    assert capsys.readouterr().out == (kept.source / f"export.{written}").read_bytes().decode()


# -- the shared store -------------------------------------------------------------------------------------------


async def test_its_database_is_migrated_and_proves_the_files(kept: Kept, restored: Database) -> None:
    before = SharedStore(restored.url("ann"), deadline=5.0)
    await before.ping()  # served as it is: what came later is shared once its owner has made the tables
    await before.close()
    assert migrate(restored.url("owner"), ("shared", "postgres")) == [2, 3]
    shared = SharedStore(restored.url("ann"), deadline=5.0)
    found = verify([*read_folder(kept.folder), *await read_shared(shared)])
    await shared.close()
    assert found.code == 0, lines(found)
    mine = max(found.chains, key=lambda chain: chain.last)
    assert mine.proven_by[0] == "the shared store" and mine.proven_to == mine.last - 1


async def test_entries_go_on_to_its_database(kept: Kept, restored: Database, bob: Opened) -> None:
    kept.not_moved()
    ann = kept.open(url=restored.url("ann"), deadline=5.0)
    await ann.source.load()
    assert ann.store.recorder.file is not None
    assert await ann.store.recorder.on_file(lambda f: f.behind(SHARED), "looking") == 1
    await ann.store.remember_manual(CHECKOUT, "ann@example", "")
    await sync(ann)
    await sync(bob)
    assert CHECKOUT not in bob.store.state().manual and ann.store.health.behind == 0
    assert len(bob.store.state().verified[CHECKOUT].template) > 100  # sealed with what both share
    await end(ann)


async def test_what_waits_in_its_database_is_shown_and_can_be_denied(kept: Kept, bob: Opened) -> None:
    asked = kept.expected["approvals"]
    await bob.store.look_at_approvals()
    shown = {request.id: request for request in bob.store.state().approvals}
    assert {word: shown[ask["id"]].state for word, ask in asked.items()} == {
        word: word for word in ("waiting", "approved", "denied", "consumed")
    }
    waiting = shown[asked["waiting"]["id"]]
    assert msgspec.json.decode(waiting.plan, type=Plan).digest == waiting.digest == asked["waiting"]["digest"]
    denied = await bob.store.decide(waiting.id, waiting.digest, False, "too old")
    assert (denied.state, denied.approver) == ("denied", "bob")


async def test_what_waits_in_its_database_is_approved_or_refused_with_a_sentence(
    kept: Kept, bob: Opened
) -> None:
    asked, said = kept.expected["approvals"]["waiting"], ""
    waiting = asked["id"]
    try:
        await bob.store.decide(waiting, asked["digest"], True, "looked at it")
    except ApprovalRefused as refused:
        said = str(refused)
    decided = await bob.store.approvals.find(waiting)
    assert (decided.state, decided.approver) == (("waiting", "") if " " in said else ("approved", "bob"))


async def test_what_was_approved_in_its_database_is_used_once(kept: Kept, restored: Database) -> None:
    kept.not_moved()
    ann = kept.open(url=restored.url("ann"), deadline=5.0)
    approved = kept.expected["approvals"]["approved"]
    used = await ann.store.consume_approval(approved["id"], approved["digest"], "ann@example")
    assert (used.state, used.approver) == ("consumed", "bob")
    for word in ("approved", "consumed", "denied"):
        ask = kept.expected["approvals"][word]
        with pytest.raises(ApprovalRefused):
            await ann.store.consume_approval(ask["id"], ask["digest"], "ann@example")
    await end(ann)


# -- the cluster ------------------------------------------------------------------------------------------------


async def test_what_is_kept_in_clusters_has_the_same_names_and_form(kept: Kept) -> None:
    before = kept.expected["cluster"]
    since = kept.expected["now"] - 600
    reader = kept.open(acting=False)
    await reader.source.load()
    good = msgspec.structs.replace(
        reader.store.state().verified[CHECKOUT], at=since - 60, subject=CHECKOUT, where="store"
    )
    reader.store.close()
    acting = RunningAction(
        subject=CHECKOUT,
        by="ann@example",
        action="workload.rollback",
        since=since,
        terminal="ann-0123456789ab",
    )
    now = {
        "keep": remember_in_cluster(good),
        "take": take_lease(acting, 60),
        "renew": take_lease(acting, 60, replaces="41", renewed=since + 15),
        "release": release_lease(CHECKOUT, "uid-1", "42"),
        "ask": create_request("tfdash-ask-00ff", "ask", "00ff", "d", {"tfdash.dev/reason": "because"}),
    }
    sent = ("method", "path", "query", "content_type", "body")
    for name, request in now.items():
        told = json.loads(msgspec.json.encode(request))
        if name == "ask":  # its key is another one each time
            told, was = json.loads(told["body"]), json.loads(before[name]["body"])
            assert told["spec"].pop("request") != was["spec"].pop("request") and told == was
        else:
            assert {key: told[key] for key in sent} == {key: before[name][key] for key in sent}, name


async def test_what_was_kept_in_clusters_is_read(kept: Kept) -> None:
    since = kept.expected["now"] - 600
    body = {name: json.loads(request["body"]) for name, request in kept.expected["cluster"].items()}
    good = verified_in_cluster(body["keep"], REF)
    assert good is not None and (good.subject, good.template_hash) == (CHECKOUT, "6f7c9d")
    assert lease_subject(body["take"], REF) == CHECKOUT
    acting = acting_in_cluster(body["renew"], CHECKOUT, since + 74)
    assert acting is not None and (acting.by, acting.since) == ("ann@example", since)
    assert acting_in_cluster(body["renew"], CHECKOUT, since + 75) is None
    ask = body["ask"]
    ask["metadata"]["creationTimestamp"] = "2026-11-28T10:00:00Z"
    stamped = read_stamped(ask)
    assert stamped is not None and (stamped.verb, stamped.id) == ("ask", "00ff")
    assert stamped.digest == kept.expected["approvals"]["waiting"]["digest"]


# -- the configuration ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["config", "config.example"])
def test_its_configuration_means_the_same(kept: Kept, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["config", "show", "--config", str(kept.source / f"{name}.toml")]) == 0
    now = tomllib.loads(capsys.readouterr().out)
    then = tomllib.loads((kept.source / f"{name}.shown.toml").read_text())
    then["policy"]["canary"].pop("persist")  # it is taken and decides nothing (CanaryPolicy.retired)
    assert holds(now, then)
