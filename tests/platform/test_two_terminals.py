"""Two terminals of two people, one PostgreSQL, one real API server: approvals, races, and a store that dies half way."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.platform import world
from tests.platform.harness.cluster import Cluster
from tests.platform.harness.terminals import Terminal, terminal, write_config
from tests.unit.store.conftest import Database, database, postgres, template  # noqa: F401
from tfdash.actions.core.plan_digest import plan_of
from tfdash.actions.core.protocols import ApprovalRefused
from tfdash.actions.store.subjects import approval_subject
from tfdash.clock import SystemClock
from tfdash.model.action import Guarded, Progress, Result, Risk
from tfdash.model.store_state import ApprovalRequest, EntryKind
from tfdash.store.log.reading import entries_of, read_folder
from tfdash.store.log.verify import lines, verify

pytestmark = pytest.mark.platform
NS = "tf-trials"
PEOPLE = {"ann": ("admin", "admin@corp"), "bob": ("cert-admin", "cert-admin")}
SECOND = 'second_person = ["production/workload.scale"]'
_numbers = itertools.count(1)


class Later(SystemClock):
    """The machine's clock, set forward or back by the test."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


@pytest.fixture(scope="module")
def seeded(cluster: Cluster) -> Iterator[Cluster]:
    world.add_nodes(cluster, 2)
    world.add_namespaces(cluster, NS)
    yield cluster
    cluster.kubectl("delete", "namespace", NS, "--wait=false")


@pytest.fixture
def app(seeded: Cluster) -> str:
    """A Deployment of its own with two revisions; the second is the wrong one."""
    name = f"app-{next(_numbers)}"
    seeded.request("POST", f"/apis/apps/v1/namespaces/{NS}/deployments", world.deployment(name, NS, 3))
    path = f"/apis/apps/v1/namespaces/{NS}/deployments/{name}"

    def complete(image: str) -> bool:
        found = seeded.request("GET", path)
        status, container = found.get("status", {}), found["spec"]["template"]["spec"]["containers"][0]
        return (
            container["image"] == image
            and status.get("observedGeneration") == found["metadata"]["generation"]
            and status.get("availableReplicas")
            == status.get("updatedReplicas")
            == status.get("replicas")
            == 3
        )

    first = seeded.request("GET", path)["spec"]["template"]["spec"]["containers"][0]["image"]
    seeded.wait(lambda: complete(first), "the first revision")
    seeded.kubectl("set", "image", f"deployment/{name}", "-n", NS, "*=registry.example.com/bad:2")
    seeded.wait(lambda: complete("registry.example.com/bad:2"), "the second revision")
    return name


class Two:
    """``ann`` and ``bob`` with their terminals; ``ann2`` is another terminal of ann's."""

    def __init__(self, cluster: Cluster, shared: Database, folder: Path, stack: ExitStack) -> None:
        self.cluster, self.database, self.folder, self.stack = cluster, shared, folder, stack

    def open(
        self, role: str, *, clock: Any = None, actions: str = SECOND, name: str = "", closed: bool = False
    ) -> Terminal:
        identity, _ = PEOPLE[role]
        config = write_config(
            self.folder / (name or role),
            self.cluster.kubeconfig(identity),
            identity,
            url=self.database.url(role),
            actions=actions,
        )
        if closed:
            text = config.read_text()
            start = text.index("days = ")
            config.write_text(text[:start] + "days = []" + text[text.index("\n", start) :])
        return self.stack.enter_context(terminal(config, clock=clock))


@pytest.fixture
def two(seeded: Cluster, database: Database, tmp_path: Path) -> Iterator[Two]:  # noqa: F811
    with ExitStack() as stack:
        yield Two(seeded, database, tmp_path, stack)


def replicas(cluster: Cluster, name: str) -> int:
    return int(
        cluster.request("GET", f"/apis/apps/v1/namespaces/{NS}/deployments/{name}")["spec"]["replicas"]
    )


def image(cluster: Cluster, name: str) -> str:
    found = cluster.request("GET", f"/apis/apps/v1/namespaces/{NS}/deployments/{name}")
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


def writes(cluster: Cluster, name: str) -> list[tuple[str, str, int]]:
    """Of tfdash, on this Deployment or its scale: who, verb, status; dry runs left out. From the API server's audit log."""
    found = []
    for line in cluster.audit_log.read_text().splitlines():
        entry = json.loads(line)
        target = entry.get("objectRef", {})
        if (
            entry.get("userAgent") == "tfdash"
            and target.get("name") == name
            and target.get("namespace") == NS
            and entry["verb"] in ("patch", "update", "delete")
            and "dryRun" not in entry["requestURI"]
        ):
            found.append((entry["user"]["username"], entry["verb"], int(entry["responseStatus"]["code"])))
    return found


def down(at: Terminal, name: str) -> Guarded:
    """A plan to make it smaller, which waits for a second person."""
    subject = at.subject("Deployment", NS, name)
    at.see(subject)
    guarded = at.plan("workload.scale", subject, replicas=1)
    assert guarded.plan.risk is Risk.SECOND_PERSON and guarded.allowed, guarded.refused
    return guarded


def ask(at: Terminal, guarded: Guarded) -> ApprovalRequest:
    return at.run(at.actions.request_approval(guarded, "the peak is over"))


def waiting(at: Terminal, request: ApprovalRequest) -> ApprovalRequest:
    """As the other's screen learns of it: by the facts."""
    at.until(
        lambda: any(a.id == request.id for a in at.board.picture.store_state.approvals),
        "the request to arrive",
    )
    return next(a for a in at.board.picture.store_state.approvals if a.id == request.id)


def decide(at: Terminal, request: ApprovalRequest, approve: bool = True) -> ApprovalRequest:
    """As the screen of approvals does. Raises ``ApprovalRefused`` with what refused it."""
    subject = approval_subject("production", request.id)
    at.until(
        lambda: request.id in {a.id for a in at.board.picture.store_state.approvals},
        "the request to be known",
    )
    guarded = at.plan("approval.approve" if approve else "approval.deny", subject, digest=request.digest)
    done, _ = at.act(guarded, reason="looked at the plan")
    if done.result is not Result.APPLIED:
        raise ApprovalRefused(done.sentence)
    return next(a for a in at.store.state().approvals if a.id == request.id)


def test_an_emergency_fix_is_approved_while_the_calendar_is_closed(two: Two, app: str) -> None:
    """Nothing asks for a second person but the closed calendar, which one may open for this plan alone."""
    ann, bob = two.open("ann", actions="", closed=True), two.open("bob", actions="", closed=True)
    ann.until(lambda: ann.board.picture.store_state.health.shared_configured, "the shared store")
    guarded = down(ann, app)
    told = next(c.text for c in guarded.checks if c.id == "policy")
    assert told.endswith("as an emergency fix it needs a second person's approval and a reason")
    without, _ = ann.act(guarded)
    assert without.result is Result.REFUSED and "second person" in without.sentence
    request = ask(ann, guarded)
    assert decide(bob, waiting(bob, request)).state == "approved"
    done, _ = ann.act(ann.run(ann.actions.refresh(guarded.plan)), approval=request.id)
    assert done.result is Result.APPLIED, done.sentence
    assert replicas(two.cluster, app) == 1


def test_asked_approved_and_done_once(two: Two, app: str) -> None:
    ann, bob = two.open("ann"), two.open("bob")
    guarded = down(ann, app)
    without, _ = ann.act(guarded)
    assert without.result is Result.REFUSED and "second person" in without.sentence
    request = ask(ann, guarded)
    with pytest.raises(ApprovalRefused, match="second person"):
        decide(ann, request)
    early, _ = ann.act(guarded, approval=request.id)
    assert early.result is Result.REFUSED and "nobody has approved it yet" in early.sentence
    seen = waiting(bob, request)
    assert (seen.requester, seen.digest) == ("ann", guarded.plan.digest)
    assert decide(bob, seen).state == "approved"
    assert replicas(two.cluster, app) == 3  # an approval alone does nothing
    again = ann.run(
        ann.actions.refresh(guarded.plan)
    )  # the plan expired meanwhile: made anew, it is the same one
    assert again.plan.digest == guarded.plan.digest
    done, _ = ann.act(again, approval=request.id)
    assert done.result is Result.APPLIED, done.sentence
    assert replicas(two.cluster, app) == 1
    assert writes(two.cluster, app) == [("admin@corp", "patch", 200)]
    two.cluster.kubectl("scale", f"deployment/{app}", "-n", NS, "--replicas=3")
    ann.until(
        lambda: (
            getattr(
                ann.board.picture.clusters[done.plan.subject.cluster].objects("Deployment")[
                    done.plan.subject.key
                ],
                "desired",
                0,
            )
            == 3
        ),
        "three again",
    )
    second, _ = ann.act(ann.run(ann.actions.refresh(guarded.plan)), approval=request.id)
    assert second.result is Result.REFUSED and "used already" in second.sentence
    assert replicas(two.cluster, app) == 3
    report = verify(read_folder(ann.folder))
    assert report.code == 0, lines(report)
    kinds = [e.kind for e in entries_of(read_folder(ann.folder))]
    assert kinds.count(EntryKind.OUTCOME) == 1 and kinds.count(EntryKind.REFUSAL) == 3


def test_one_denial_ends_it(two: Two, app: str) -> None:
    ann, bob = two.open("ann"), two.open("bob")
    guarded = down(ann, app)
    request = ask(ann, guarded)
    assert decide(bob, waiting(bob, request)).state == "approved"
    assert decide(bob, waiting(bob, request), approve=False).state == "denied"
    done, _ = ann.act(guarded, approval=request.id)
    assert done.result is Result.REFUSED and "bob denied it" in done.sentence
    with pytest.raises(ApprovalRefused, match="one denial ends it"):
        decide(bob, request)
    assert replicas(two.cluster, app) == 3 and writes(two.cluster, app) == []


def test_what_expires(two: Two, app: str) -> None:
    clock = Later()
    ann, bob = two.open("ann", clock=clock), two.open("bob")
    guarded = down(ann, app)
    request = ask(ann, guarded)
    decide(bob, waiting(bob, request))
    clock.ahead = 61.0
    late, _ = ann.act(guarded, approval=request.id)
    assert (late.result, late.sentence) == (Result.REFUSED, "the plan has expired: make it anew")
    clock.ahead = 0.0
    two.database.sql(
        "UPDATE tfdash.approval_requests SET expires_at = clock_timestamp() - interval '1 second'"
    )
    late, _ = ann.act(ann.run(ann.actions.refresh(guarded.plan)), approval=request.id)
    assert late.result is Result.REFUSED and "expired" in late.sentence
    with pytest.raises(ApprovalRefused, match="expired"):
        decide(bob, request)
    clock.ahead = -7200.0  # a clock that is set back makes no approval younger: the database's own decides
    late, _ = ann.act(ann.run(ann.actions.refresh(guarded.plan)), approval=request.id)
    assert late.result is Result.REFUSED
    assert replicas(two.cluster, app) == 3 and writes(two.cluster, app) == []


def test_a_forged_row_moves_nothing(two: Two, app: str) -> None:
    ann, bob = two.open("ann"), two.open("bob")
    guarded = down(ann, app)
    request = ask(ann, guarded)
    bob.loop(bob.store.remember_manual(bob.subject("Deployment", NS, app), "bob", "an entry of bob's own"))
    count = "SELECT count(*) FROM tfdash.entries WHERE terminal = %s"
    bob.until(lambda: two.database.sql(count, bob.store.terminal)[0][0] > 0, "bob's entry to arrive")
    two.database.sql(
        "INSERT INTO tfdash.approval_decisions(id, approver, approve, digest, reason, terminal, sequence)"
        " VALUES (%s, 'bob', true, %s, '', %s, 1)",
        request.id,
        guarded.plan.digest,
        bob.store.terminal,
        role="owner",
    )
    done, _ = ann.act(guarded, approval=request.id)
    assert done.result is Result.REFUSED and "forged" in done.sentence
    assert replicas(two.cluster, app) == 3 and writes(two.cluster, app) == []
    other = msgspec.structs.replace(
        guarded.plan, requests=(msgspec.structs.replace(guarded.plan.requests[0], body="[]"),)
    )
    forged = msgspec.structs.replace(request, plan=msgspec.json.encode(other).decode())
    with pytest.raises(ApprovalRefused, match="not the one that its digest names"):
        plan_of(forged)  # a plan that was changed on its way is not what is approved


@pytest.mark.parametrize("action", ["workload.rollback", "workload.restart", "workload.scale"])
def test_both_press_the_same_key_at_once(two: Two, app: str, action: str) -> None:
    ann, bob = two.open("ann", actions=""), two.open("bob", actions="")
    arguments = {"replicas": 4} if action == "workload.scale" else {}
    plans = []
    for at in (ann, bob):
        subject = at.subject("Deployment", NS, app)
        at.see(subject)
        plans.append(at.plan(action, subject, **arguments))
        assert plans[-1].allowed, plans[-1].refused
    with ThreadPoolExecutor(2) as pool:
        ends: list[Progress] = [
            done for done, _ in pool.map(lambda x: x[0].act(x[1]), zip((ann, bob), plans, strict=True))
        ]
    good = [w for w in writes(two.cluster, app) if w[2] == 200]
    assert len(good) == 1, (writes(two.cluster, app), [e.sentence for e in ends])
    assert sorted(str(e.result) for e in ends) == ["applied", "refused"], [e.sentence for e in ends]
    refused = next(e for e in ends if e.result is Result.REFUSED)
    assert "changed" in refused.sentence or "acts on it" in refused.sentence
    for at in (ann, bob):
        assert verify(read_folder(at.folder)).code == 0


def test_a_rollback_goes_on_while_the_shared_store_is_dead_and_its_entry_arrives_later(
    two: Two, app: str
) -> None:
    ann = two.open("ann", actions="")
    subject = ann.subject("Deployment", NS, app)
    ann.see(subject)
    ann.until(lambda: ann.board.picture.store_state.health.behind == 0, "the outbox to be empty")
    guarded = ann.plan("workload.rollback", subject)
    admin = Database(two.database.host, "postgres")
    admin.sql(f"ALTER DATABASE {two.database.name} ALLOW_CONNECTIONS false")
    admin.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", two.database.name)
    done, _ = ann.act(guarded)
    assert done.result is Result.APPLIED and "UNRECORDED" not in done.sentence, done.sentence
    assert image(two.cluster, app) != "registry.example.com/bad:2"
    ann.until(
        lambda: "others cannot see it yet" in ann.board.picture.store_state.health.shared, "the word of it"
    )
    assert ann.board.picture.store_state.health.behind >= 3
    mine = [e for e in entries_of(read_folder(ann.folder)) if e.action == "workload.rollback"]
    assert [e.kind for e in mine][:2] == [EntryKind.INTENT, EntryKind.CONFIRMATION]
    admin.sql(f"ALTER DATABASE {two.database.name} ALLOW_CONNECTIONS true")
    ann.until(lambda: ann.board.picture.store_state.health.behind == 0, "the entries to arrive", 90)
    there = {
        h
        for (h,) in two.database.sql(
            "SELECT hash FROM tfdash.entries WHERE terminal = %s", ann.store.terminal
        )
    }
    assert {e.hash for e in mine} <= there
    bob = two.open("bob", actions="")  # and the other terminal knows who did it

    async def audit() -> list[Any]:
        return list(entries_of(read_folder(bob.folder)))

    bob.until(
        lambda: any(e.action == "workload.rollback" for e in asyncio.run(audit())), "ann's entry at bob's"
    )
