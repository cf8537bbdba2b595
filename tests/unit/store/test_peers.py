"""Terminals that share no store see each other by the cluster: Leases and verified releases, on the simulated platform."""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.platform.harness.terminals import REF, Terminal, terminal, write_config
from tests.unit.actions.acting import decided
from tests.unit.store.helpers import CHECKOUT, NOW
from tests.waiting import seconds_later, soon
from tfdash.cli.compose import clock_of
from tfdash.clock import SystemClock
from tfdash.config.quick import load_quick
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.model.action import Result
from tfdash.model.picture import Picture
from tfdash.model.store_state import RunningAction, VerifiedGood
from tfdash.model.subject import Subject
from tfdash.store.log.audit_projection import AuditProjection
from tfdash.store.peers.cluster_records import (
    digest_of,
    lease_path,
    lease_subject,
    take_lease,
    verified_in_cluster,
    verified_name,
    verified_path,
)
from tfdash.store.peers.last_known_good import LastKnownGood, keep
from tfdash.store.peers.leader_lock import LeaderLock, with_lease
from tfdash.store.peers.peer_state import TURN, HeldLease, PeerState, chosen, digest
from tfdash.store.peers.peer_watcher import PeerWatcher, held_in, labelled

NS = "tf-production"
KINDS = ("Deployment", "ReplicaSet", "Pod", "HorizontalPodAutoscaler")
GOOD = VerifiedGood(
    subject=CHECKOUT, template='{"spec":{}}', template_hash="abc", images=("a:1",), at=NOW, by="rules"
)
NOBODY = Picture(at=NOW, number=0, clusters={})


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(seed=7, scenario="calm", speed=10.0)) as running:
        yield running


class Pair:
    """``ann`` and ``bob``, each with a store that the other does not see."""

    def __init__(self, ann: Terminal, bob: Terminal) -> None:
        self.ann, self.bob = ann, bob


@pytest.fixture(scope="module")
def pair(demo: DemoProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("two")
    clock = clock_of(load_quick(str(demo.config), "", "", ""))
    with ExitStack() as stack:
        yield Pair(
            *(
                stack.enter_context(
                    terminal(
                        write_config(folder / name, demo.kubeconfig, "production"), kinds=KINDS, clock=clock
                    )
                )
                for name in ("ann", "bob")
            )
        )


def look(at: Terminal) -> None:
    """At once what is read of the cluster each minute."""
    source = next(f for f in at.board.sources if isinstance(f, PeerWatcher))

    async def now() -> None:
        source.soon()
        await source.look(at.board)

    at.loop(now())


@contextmanager
def acts(at: Terminal, subject: Subject, by: str) -> Iterator[Callable[[], str]]:
    """While it lasts, ``by`` acts on it from that terminal."""
    actions: Any = at.actions
    over, begun = threading.Event(), threading.Event()
    said: list[Callable[[], str]] = []

    async def hold() -> None:
        writer = actions._parts.writers.clusters[REF]
        async with actions._announces.hold(
            writer, subject, by=by, action="workload.rollback", wait=True
        ) as other:
            said.append(other)
            begun.set()
            await soon(over.is_set, "the test")  # set in another thread
        await actions._announces.idle()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(at.loop, hold())
        assert begun.wait(20)
        try:
            yield said[0]
        finally:
            over.set()
            done.result(20)


def read(at: Terminal, path: str) -> Any:
    actions: Any = at.actions
    return at.loop(actions._parts.writers.clusters[REF].read(path))


def test_two_terminals_see_who_acts(pair: Pair) -> None:
    subject = pair.ann.subject("Deployment", NS, "checkout")
    with acts(pair.ann, subject, "ann@corp") as other:
        assert other() == ""
        look(pair.bob)
        pair.bob.until(lambda: bool(pair.bob.board.picture.store_state.acting), "ann to be seen")
        (seen,) = pair.bob.board.picture.store_state.acting
        assert (seen.by, seen.action, seen.subject) == ("ann@corp", "workload.rollback", subject)
        assert seen.terminal == pair.ann.store.terminal
        offers = {o.action: o for o in pair.bob.actions.offers(subject)}
        assert offers["workload.restart"].refused == ""  # exempt: goes on, and says so
        restart = pair.bob.plan("workload.restart", subject)
        assert restart.allowed
        assert any("ann@corp acts on it too: workload.rollback" in c.text for c in restart.checks)
        down = pair.bob.plan("workload.scale", subject, replicas=1)
        (told,) = (c for c in down.checks if c.id == "lock")
        assert "claimed, by a Lease that nobody stamps: ann@corp acts on it too" in told.text
        assert told.passed is None and down.allowed  # anybody may write a Lease: it holds nobody up
        look(pair.ann)
        assert pair.ann.store.state().acting == ()  # not ourselves
    assert read(pair.ann, lease_path(subject)).status == 404
    look(pair.bob)
    assert pair.bob.store.state().acting == ()


def test_a_lease_that_somebody_holds_stops_nobody(pair: Pair) -> None:
    """It is a claim: no server stamps who wrote it. Requests are conditional all the same."""
    subject = pair.ann.subject("Deployment", NS, "documents")
    down = pair.bob.plan("workload.scale", subject, replicas=1)
    assert down.allowed, down.refused
    with acts(pair.ann, subject, "ann@corp"):
        assert pair.bob.act(down)[0].result is Result.APPLIED
    actions: Any = pair.bob.actions
    pair.bob.loop(actions._announces.idle())


def test_one_that_ran_out_is_taken_over(pair: Pair) -> None:
    subject = pair.ann.subject("Deployment", NS, "auth")
    actions: Any = pair.ann.actions
    old = RunningAction(subject=subject, by="gone", action="x", since=1.0, terminal="t-gone")
    sent = actions._parts.writers.clusters[REF].send(take_lease(old, 1, renewed=1.0), audit_id="", timeout=5)
    assert pair.ann.loop(sent).ok
    seconds_later(3)  # than the second that it lasts: the server's stamp counts, in whole seconds
    with acts(pair.ann, subject, "ann@corp") as other:
        assert other() == ""
        found = read(pair.ann, lease_path(subject)).body
        assert found["spec"]["holderIdentity"] == pair.ann.store.terminal


def test_a_verified_release_that_only_a_cluster_claims_is_shown_and_is_no_target(pair: Pair) -> None:
    """Labelled with who wrote it, and never in place of what the log knows."""
    subject = pair.ann.subject("Deployment", NS, "billing")
    pair.ann.see(subject)
    template = pair.ann.loop(pair.ann.board.read(subject)).document["spec"]["template"]
    container = template["spec"]["containers"][0]
    earlier = {
        **template,
        "spec": {**template["spec"], "containers": [{**container, "image": "registry/billing:0.1"}]},
    }
    good = VerifiedGood(
        subject=subject,
        template=json.dumps(earlier),
        template_hash="gone",
        images=("registry/billing:0.1",),
        revision="1",
        at=pair.ann.store.clock.now() - 3600,
        by="rules",
    )
    actions: Any = pair.ann.actions
    pair.ann.loop(actions._parts.memory.remember_verified(good))
    assert "kept in the cluster as ConfigMap" in pair.ann.loop(pair.ann.store.newest(1))[0].sentence
    for at in (pair.ann, pair.bob):
        look(at)
    pair.bob.until(lambda: subject in pair.bob.board.picture.store_state.verified, "ann's release")
    seen = pair.bob.board.picture.store_state.verified[subject]
    assert (seen.where, seen.images, seen.by) == ("cluster", ("registry/billing:0.1",), "rules")
    guarded = pair.bob.plan("workload.rollback", subject)
    assert guarded.allowed, guarded.refused
    assert "claimed: from the cluster, written by tfdash; no audit entry here vouches for it" in seen.origin
    assert "0.1" not in guarded.plan.after and "UNVERIFIED" in guarded.plan.after
    mine = pair.ann.store.state().verified[subject]
    assert (mine.where, mine.origin) == ("store", "")  # the log's own
    back = pair.ann.plan("workload.rollback", subject)
    assert "its ReplicaSet is gone, the whole template was remembered" in back.plan.after
    assert pair.ann.act(back)[0].result is Result.APPLIED
    now = pair.ann.loop(pair.ann.board.read(subject)).document["spec"]["template"]["spec"]
    assert now["containers"][0]["image"] == "registry/billing:0.1"


def test_a_terminal_that_only_reads_sees_it_all_and_one_turn_is_taken(
    pair: Pair, demo: DemoProcess, tmp_path: Path
) -> None:
    actions: Any = pair.ann.actions
    turn = Subject(REF, TURN, "", "journeys-production")
    writer = actions._parts.writers.clusters[REF]
    assert pair.ann.loop(actions._announces.turn(writer, turn, "ann@corp"))
    other: Any = pair.bob.actions
    assert not pair.bob.loop(other._announces.turn(other._parts.writers.clusters[REF], turn, "bob@corp"))
    subject = pair.ann.subject("Deployment", NS, "checkout")
    config = write_config(tmp_path / "carol", demo.kubeconfig, "production", read_only=True)
    clock = clock_of(load_quick(str(demo.config), "", "", ""))
    with acts(pair.ann, subject, "ann@corp"), terminal(config, kinds=KINDS, clock=clock) as carol:
        look(carol)
        carol.until(lambda: bool(carol.board.picture.store_state.acting), "ann to be seen")
        assert [a.by for a in carol.board.picture.store_state.acting] == ["ann@corp"]  # a turn is no action
        holder = carol.store.peer_state.holder(turn, clock.now())
        assert holder is not None and holder.terminal == pair.ann.store.terminal
        assert not hasattr(carol.actions, "_announces")  # nothing behind it could write a Lease


def test_one_that_acts_holds_the_lease_once_it_has_the_turn(pair: Pair, tmp_path: Path) -> None:
    name = "probes-production"

    def mine(at: Terminal, folder: Path) -> Callable[[], Awaitable[bool]]:
        actions: Any = at.actions
        return with_lease(
            LeaderLock(folder, name),
            name,
            REF,
            at.store.peer_state,
            SystemClock(),
            leases=actions._announces,
            writer=actions._parts.writers.clusters[REF],
            by=lambda: "ann",
        )

    first, beside = mine(pair.ann, tmp_path / "ann"), mine(pair.ann, tmp_path / "ann")
    elsewhere = mine(pair.bob, tmp_path / "bob")
    assert not read(pair.ann, lease_path(Subject(REF, TURN, "", name))).ok
    assert [pair.ann.loop(first()), pair.ann.loop(beside()), pair.bob.loop(elsewhere())] == [
        True,
        False,
        False,
    ]
    lease = read(pair.ann, lease_path(Subject(REF, TURN, "", name))).body
    assert lease["spec"]["holderIdentity"] == pair.ann.store.terminal
    assert pair.ann.loop(first())


def test_the_end_of_the_program_gives_a_turn_back_and_leaves_nothing_pending(
    pair: Pair, demo: DemoProcess, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The next terminal need not wait until the Lease runs out; the Lease of an action under way is left to run out."""
    clock = clock_of(load_quick(str(demo.config), "", "", ""))
    turn = Subject(REF, TURN, "", "patrol-production")
    config = write_config(tmp_path / "erin", demo.kubeconfig, "production")
    with terminal(config, kinds=KINDS, clock=clock) as erin:
        service: Any = erin.actions
        writer, leases = service._parts.writers.clusters[REF], service._announces
        subject = erin.subject("Deployment", NS, "web")
        assert erin.loop(leases.turn(writer, turn, "erin@corp")) and leases.taking_turns
        holding = leases.hold(writer, subject, by="erin@corp", action="workload.restart", wait=True)
        erin.loop(holding.__aenter__())
        assert read(pair.ann, lease_path(turn)).body["spec"]["holderIdentity"] == erin.store.terminal
    gc.collect()  # a task that nobody ended says so when it is collected
    assert not [r for r in caplog.records if "pending" in r.getMessage()]
    assert not read(pair.ann, lease_path(turn)).body.get("spec", {}).get("holderIdentity")
    held = read(pair.ann, lease_path(subject)).body["spec"]["holderIdentity"]
    assert held == erin.store.terminal
    mine: Any = pair.ann.actions
    assert pair.ann.loop(mine._announces.turn(mine._parts.writers.clusters[REF], turn, "ann@corp"))


def test_no_right_is_recorded_and_no_failure(demo: DemoProcess, tmp_path: Path) -> None:
    """A viewer's store remembers what is verified; the cluster's copy is refused before anything is sent."""
    clock = clock_of(load_quick(str(demo.config), "", "", ""))
    config = write_config(tmp_path / "dave", demo.kubeconfig, "production-viewer")
    with terminal(config, kinds=KINDS, clock=clock) as dave:
        actions: Any = dave.actions
        writers = actions._parts.writers.clusters
        dave.loop(LastKnownGood(dave.store, writers).remember_verified(GOOD))
        assert CHECKOUT in dave.store.state().verified
        newest = dave.loop(dave.store.newest(1))[0]
        assert newest.sentence == f"not kept in the cluster: no right to patch configmaps in {NS}"
        large = msgspec.structs.replace(GOOD, template="x" * 1_000_000)
        assert "does not fit into a ConfigMap" in dave.loop(keep(writers[REF], large))


def test_a_person_decides_and_takes_it_back(pair: Pair) -> None:
    subject = pair.ann.subject("Deployment", NS, "checkout")
    pair.ann.see(subject)
    actions: Any = pair.ann.actions
    told = pair.ann.run(decided(actions, "release.decide-rollback", subject, "customers call"))
    assert told == f"{subject}: {_user(pair.ann)} decides to roll back"
    pair.ann.until(lambda: subject in pair.ann.board.picture.store_state.manual, "the decision")
    assert pair.ann.board.picture.store_state.manual[subject] == f"{_user(pair.ann)}: customers call"
    assert pair.ann.board.picture.store_state.decided_on[subject]
    pair.ann.run(decided(actions, "release.withdraw-rollback", subject, ""))
    pair.ann.until(lambda: subject not in pair.ann.board.picture.store_state.manual, "it is taken back")
    signed = pair.ann.run(decided(actions, "release.sign", subject, "looked at it"))
    assert "signs" in signed
    pair.ann.until(lambda: subject in pair.ann.board.picture.store_state.verified, "the signature")
    seen = pair.ann.board.picture.store_state.verified[subject]
    assert seen.by == _user(pair.ann) and seen.verdicts[0].endswith("looked at it")


def _user(at: Terminal) -> str:
    info = at.board.picture.clusters[REF].info.value
    assert info is not None
    return info.user


# -- what is believed --------------------------------------------------------------------------------------------


def test_the_log_goes_before_a_cluster_which_may_only_have_the_text_that_it_lacks() -> None:
    theirs = msgspec.structs.replace(
        GOOD, template='{"a":1}', where="cluster", at=NOW + 60, origin="from the cluster"
    )
    assert chosen(GOOD, digest(GOOD.template), theirs) is GOOD  # newer, says whoever may write ConfigMaps
    same = msgspec.structs.replace(theirs, template=GOOD.template)
    assert chosen(GOOD, digest(GOOD.template), same) is GOOD
    lost = msgspec.structs.replace(GOOD, template="")
    found = chosen(lost, digest(GOOD.template), same)
    assert (found.template, found.where, found.at) == (GOOD.template, "store", NOW)
    assert "the digest that the audit log has" in found.origin
    assert chosen(lost, digest(GOOD.template), theirs) is lost  # another text is no text


def test_a_cluster_cannot_claim_to_be_newer_than_the_servers_stamp() -> None:
    item = {"metadata": {"managedFields": [{"manager": "kubectl\x1b[31m", "time": "2026-11-24T10:00:00Z"}]}}
    stamp = 1_795_514_400.0
    future = msgspec.structs.replace(GOOD, at=stamp + 9e6)
    told = labelled(future, item, NOW, NOBODY)
    assert told is not None and told.at == stamp
    assert "\x1b" not in told.origin and "kubectl" in told.origin
    assert (
        labelled(msgspec.structs.replace(GOOD, subject=CHECKOUT._replace(kind="Secret")), item, NOW, NOBODY)
        is None
    )


def lease(subject: Subject, **changes: Any) -> dict[str, Any]:
    acting = RunningAction(subject=subject, by="ann", action="x", since=NOW, terminal="t-ann")
    body: dict[str, Any] = json.loads(take_lease(acting, 60).body)
    body["metadata"] |= {"managedFields": [{"manager": "m", "time": "2026-11-24T10:00:00Z"}]}
    body["metadata"] |= changes
    return body


@pytest.mark.parametrize("after", [0.0, 59.0])
def test_a_lease_is_read_by_the_servers_clock(after: float) -> None:
    stamp = 1_795_514_400.0
    held = held_in(lease(CHECKOUT), CHECKOUT, stamp + after - 500, skew=500.0)  # ours is 500 s behind
    assert held is not None and held.acting.by == "ann"
    assert held_in(lease(CHECKOUT), CHECKOUT, stamp + 61 - 500, skew=500.0) is None
    endless = lease(CHECKOUT)
    endless["spec"]["leaseDurationSeconds"] = 10**9
    assert held_in(endless, CHECKOUT, stamp, skew=0.0) is None


def test_a_lease_speaks_of_its_own_name_only() -> None:
    assert lease_subject(lease(CHECKOUT), CHECKOUT.cluster) == CHECKOUT
    assert lease_subject(lease(CHECKOUT, name="tfdash-acting-deployment-other"), CHECKOUT.cluster) is None
    assert lease_subject(lease(CHECKOUT, namespace="elsewhere"), CHECKOUT.cluster) is None
    node = Subject(CHECKOUT.cluster, "Node", "", "n1")
    assert lease_subject(lease(node), CHECKOUT.cluster) == node
    assert lease_subject({"metadata": {"annotations": None}}, CHECKOUT.cluster) is None


def test_a_turn_is_nobody_who_acts() -> None:
    turn = Subject(CHECKOUT.cluster, TURN, "", "journeys-production")
    elsewhere = PeerState()
    for subject in (turn, CHECKOUT):
        acting = RunningAction(subject=subject, by="ann", action="x", since=NOW, terminal="t-ann")
        elsewhere.held.setdefault(subject.cluster, {})[subject] = HeldLease(acting=acting, until=NOW + 60)
    assert [a.subject for a in elsewhere.acting_with((), "t-bob", NOW)] == [CHECKOUT]
    assert elsewhere.acting_with((), "t-ann", NOW) == () == elsewhere.acting_with((), "t-bob", NOW + 60)
    assert elsewhere.holder(turn, NOW) is not None
    assert elsewhere.verified_with(AuditProjection(lambda d: "")) == {}


def test_what_was_changed_by_hand_is_no_verified_release() -> None:
    body = {
        "metadata": {
            "name": verified_name(CHECKOUT),
            "namespace": CHECKOUT.namespace,
            "annotations": {"tfdash.dev/digest": digest_of("{}")},
        },
        "data": {"template.json": '{"spec":{"hostPID":true}}', "about.json": "{}"},
    }
    assert verified_in_cluster(body, CHECKOUT.cluster) is None
    assert verified_path(CHECKOUT).endswith("/configmaps/tfdash-verified-deployment-checkout")
