"""Break-glass: for one environment, an hour on a clock that counts suspend, ended by a restart or another identity."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.store.helpers import NOW, REF, Board, Clock, opened
from tfdash.actions.core.protocols import LedgerUnavailable
from tfdash.clock import boottime
from tfdash.model.observation import Observation
from tfdash.model.picture import ClusterPicture, Picture, ServerInfo
from tfdash.model.store_state import EntryKind
from tfdash.model.subject import ClusterRef
from tfdash.store.log.draft import EntryDraft


class Boot:
    def __init__(self) -> None:
        self.at = 500.0

    def __call__(self) -> float:
        return self.at


async def test_it_begins_recorded_and_ends_recorded(tmp_path: Path) -> None:
    clock, boot = Clock(), Boot()
    store = opened(tmp_path, clock, boot=boot).store
    await store.break_glass("production", "ann", "the region is down")
    glass = store.state().break_glass["production"]
    assert (glass.by, glass.since, glass.until, glass.terminal) == ("ann", NOW, NOW + 3600, store.terminal)
    assert store.break_glass_active("production", "ann")
    assert not store.break_glass_active("staging", "ann") and not store.break_glass_active(
        "production", "bob"
    )
    clock.at += 60
    await store.end_break_glass("production", "ann")
    assert not store.break_glass_active("production", "ann")
    due = store.state().break_glass["production"]  # to be reviewed by somebody else
    assert due.until == clock.at and due.reviewed_by == ""
    with pytest.raises(PermissionError, match="somebody else"):
        await store.review_break_glass("production", "ann", "fine")
    await store.review_break_glass("production", "bob", "was needed")
    assert store.state().break_glass == {}
    store.close()


@pytest.mark.parametrize(
    ("environment", "actor", "reason"),
    [("", "ann", "x"), ("production", "", "x"), ("production", "ann", "  ")],
)
async def test_without_environment_person_or_reason(
    tmp_path: Path, environment: str, actor: str, reason: str
) -> None:
    store = opened(tmp_path).store
    with pytest.raises(ValueError, match="break-glass"):
        await store.break_glass(environment, actor, reason)
    store.close()


async def test_suspend_counts_and_a_clock_that_is_set_back_does_not_lengthen_it(tmp_path: Path) -> None:
    clock, boot = Clock(), Boot()
    store = opened(tmp_path, clock, boot=boot).store
    await store.break_glass("production", "ann", "x")
    clock.at -= 7200  # set back two hours
    boot.at += 3599
    assert (
        store.break_glass_active("production", "ann")
        and store.state().break_glass["production"].until > clock.at
    )
    boot.at += 1
    assert not store.break_glass_active("production", "ann")
    assert store.state().break_glass["production"].until <= clock.at  # what the guard reads
    await store.watch_break_glass()
    assert store.own_break_glass.all() == [] and store.state().break_glass["production"].until <= clock.at
    store.close()


async def test_another_identity_ends_it(tmp_path: Path) -> None:
    store = opened(tmp_path).store
    await store.break_glass("production", "ann", "x")
    await store.identity_is("ann")
    assert store.break_glass_active("production", "ann")
    await store.identity_is("bob")
    assert not store.break_glass_active("production", "ann") and not store.break_glass_active(
        "production", "bob"
    )
    store.close()


async def test_another_identity_on_every_cluster_of_the_environment_ends_it(tmp_path: Path) -> None:
    opened_, board = opened(tmp_path), Board()
    other = ClusterRef("production", "us-1")
    await opened_.store.break_glass("production", "ann", "x")
    for users, holds in (({}, True), ({REF: "ann", other: "bob"}, True), ({REF: "bob", other: "bob"}, False)):
        board.picture = Picture(
            at=NOW,
            number=1,
            clusters={
                ref: ClusterPicture(
                    ref=ref, info=Observation(source="x", value=ServerInfo(version="", user=user)), kinds={}
                )
                for ref, user in users.items()
            },
        )
        await opened_.source._who_are_we(board)
        assert opened_.store.break_glass_active("production", "ann") is holds
    opened_.store.close()


async def test_a_restart_ends_it_for_everybody(tmp_path: Path) -> None:
    store, beside = opened(tmp_path), opened(tmp_path)
    await store.store.break_glass("production", "ann", "x")
    await beside.source.load()
    assert beside.store.state().break_glass["production"].until == NOW + 3600  # seen by others
    store.store.close()
    again = opened(tmp_path, Clock(NOW + 10))
    await again.source.load()
    assert not again.store.break_glass_active("production", "ann")
    assert again.store.state().break_glass["production"].until == NOW + 10
    await beside.source.load()
    assert beside.store.state().break_glass["production"].until == NOW + 10
    beside.store.close()
    again.store.close()


async def test_not_active_where_it_cannot_be_recorded(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = opened(tmp_path / "file" / "x").store
    with pytest.raises(LedgerUnavailable):
        await store.break_glass("production", "ann", "x")
    assert not store.break_glass_active("production", "ann")
    store.close()


async def test_ours_is_the_one_that_the_guard_sees(tmp_path: Path) -> None:
    one, two = opened(tmp_path), opened(tmp_path, Clock(NOW + 60))
    await one.store.break_glass("production", "ann", "mine")
    await two.store.break_glass("production", "bob", "longer")
    await one.source.load()
    assert one.store.state().break_glass["production"].by == "ann"
    assert two.store.state().break_glass["production"].by == "bob"
    one.store.close()
    two.store.close()


async def test_heartbeat_and_policy_entries(tmp_path: Path) -> None:
    opened_ = opened(tmp_path)
    await opened_.source._try(EntryKind.HEARTBEAT, "still here", {})
    await opened_.source._try(EntryKind.POLICY, "digest", {"policy": "abc"})
    assert await opened_.store.recorder.on_file(lambda f: f.sequence, "") == 2
    opened_.store.close()


def test_the_clock_goes_on() -> None:
    assert boottime() <= boottime()


def forged(state: str, at: float, actor: str = "mallory", until: float = 0.0) -> EntryDraft:
    """An entry as somebody with the files can write it."""
    data = {"topic": "break-glass", "id": "x", "state": state, "until": until, "reason": "r"}
    return EntryDraft(kind=EntryKind.BREAK_GLASS, at=at, actor=actor, environment="production", data=data)


async def test_an_entry_of_ten_years_lasts_an_hour_and_refuses_no_next_one(tmp_path: Path) -> None:
    clock = Clock()
    store, beside = opened(tmp_path, clock), opened(tmp_path, clock)
    await beside.store.record(forged("begun", NOW, until=NOW + 10 * 365 * 86400))
    await store.source.load()
    assert store.store.state().break_glass["production"].until == NOW + 3600
    assert not store.store.break_glass_active("production", "mallory")
    await store.store.break_glass("production", "ann", "the region is down")  # another's refuses nothing
    assert store.store.state().break_glass["production"].by == "ann"
    with pytest.raises(ValueError, match="active in production already"):
        await store.store.break_glass("production", "ann", "once more")
    await store.store.end_break_glass("production", "ann")
    await store.store.break_glass("production", "ann", "again")  # one that ended refuses no next one
    store.store.close()
    beside.store.close()


async def test_one_that_is_said_to_begin_later_has_not_begun(tmp_path: Path) -> None:
    store, beside = opened(tmp_path), opened(tmp_path)
    await beside.store.record(forged("begun", NOW + 86400, until=NOW + 86400 + 60))
    await store.source.load()
    assert store.store.state().break_glass["production"].until <= NOW
    store.store.close()
    beside.store.close()


async def test_a_review_counts_by_somebody_else_and_afterwards(tmp_path: Path) -> None:
    clock = Clock()
    store = opened(tmp_path, clock).store
    await store.record(forged("begun", NOW, "mallory", NOW + 60))
    await store.record(forged("reviewed", NOW + 10, "bob"))  # while it lasts
    await store.record(forged("reviewed", NOW + 100, "mallory"))  # by whoever began it
    clock.at = NOW + 200
    assert store.state().break_glass["production"].reviewed_by == ""
    await store.break_glass("production", "ann", "x")
    await store.end_break_glass("production", "ann")
    await store.review_break_glass("production", "ann", "mallory's was needed")  # hers waits for another
    assert store.state().break_glass["production"].by == "ann"
    await store.review_break_glass("production", "bob", "so was hers")
    assert store.state().break_glass == {}
    store.close()
