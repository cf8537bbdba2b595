"""A second person by the real API server: who it stamps, who cannot approve, once; verified releases and Leases in the cluster."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.platform.harness.cluster import Cluster
from tests.unit.store.helpers import opened
from tests.unit.store.test_approvals import plan
from tfdash.actions.core.protocols import ApprovalRefused
from tfdash.clock import SystemClock
from tfdash.model.action import Request
from tfdash.model.store_state import RunningAction, VerifiedGood
from tfdash.model.subject import ClusterRef, Subject
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import Access, resolve
from tfdash.store.approvals.kubernetes import KubernetesApprovals, create_request, path_of
from tfdash.store.peers.cluster_records import (
    acting_in_cluster,
    lease_path,
    release_lease,
    remember_in_cluster,
    take_lease,
    verified_in_cluster,
    verified_path,
)
from tfdash.writers.kubernetes import KubernetesWriter

pytestmark = pytest.mark.platform
REF = ClusterRef("test", "test")
RIGHTS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: tfdash-approvals}
rules:
- {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [create, get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: tfdash-approvals}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: tfdash-approvals}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: viewers}
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: onens}
- {kind: ServiceAccount, name: default, namespace: default}
"""


def writer(cluster: Cluster, identity: str, **changes: Any) -> KubernetesWriter:
    access: Access = resolve(str(cluster.kubeconfig(identity)), "")
    if changes:
        from dataclasses import replace

        access = replace(access, **changes)
    return KubernetesWriter(REF, Credentials(access))


@pytest.fixture
def rights(cluster: Cluster) -> Cluster:
    cluster.kubectl("apply", "-f", "-", stdin=RIGHTS)
    return cluster


def approvals(w: KubernetesWriter, **options: Any) -> KubernetesApprovals:
    return KubernetesApprovals(w, SystemClock(), **options)


async def test_asked_approved_used_once(rights: Cluster, tmp_path: Path) -> None:
    one, two = approvals(writer(rights, "viewer")), approvals(writer(rights, "onens"))
    ann = opened(tmp_path / "a", SystemClock(), approvals=one)
    bob = opened(tmp_path / "b", SystemClock(), approvals=two)
    request = await ann.store.request_approval(plan(), "the region is down")
    assert (request.requester, request.state, request.stamped_by) == ("viewer@corp", "waiting", "kubernetes")
    with pytest.raises(ApprovalRefused, match="second person"):
        await ann.store.decide(request.id, request.digest, True, "myself")
    await bob.store.look_at_approvals()
    assert [r.id for r in bob.store.waiting if r.state == "waiting"].count(request.id) == 1
    decided = await bob.store.decide(request.id, request.digest, True, "looked at it")
    assert (decided.state, decided.approver) == ("approved", "onens@corp")
    with pytest.raises(ApprovalRefused, match="another plan"):
        await ann.store.consume_approval(request.id, "e" * 64, "viewer@corp")
    got = await asyncio.gather(
        *(one.consume(request.id, plan().digest, "viewer@corp") for _ in range(4)), return_exceptions=True
    )
    assert sum(not isinstance(g, BaseException) for g in got) == 1
    assert all(isinstance(g, ApprovalRefused) for g in got if isinstance(g, BaseException))
    with pytest.raises(ApprovalRefused, match="used already"):
        await ann.store.consume_approval(request.id, plan().digest, "viewer@corp")
    ann.store.close()
    bob.store.close()


async def test_one_denial_ends_it(rights: Cluster, tmp_path: Path) -> None:
    one, two = approvals(writer(rights, "viewer")), approvals(writer(rights, "onens"))
    ann, bob = (
        opened(tmp_path / "a", SystemClock(), approvals=one),
        opened(tmp_path / "b", SystemClock(), approvals=two),
    )
    request = await ann.store.request_approval(plan(), "x")
    await bob.store.decide(request.id, request.digest, True, "yes")
    await bob.store.decide(request.id, request.digest, False, "no, wait")
    with pytest.raises(ApprovalRefused, match="onens@corp denied it"):
        await ann.store.consume_approval(request.id, plan().digest, "viewer@corp")
    ann.store.close()
    bob.store.close()


async def test_who_cannot_approve(rights: Cluster) -> None:
    one = approvals(writer(rights, "viewer"))
    request = await one.request(plan(), "x")
    # masters, and a service account, send the very object past our own program
    masters = writer(rights, "admin")
    forged = create_request(f"tfdash-approve-{request.id}-m", "approve", request.id, request.digest, {})
    forged = msgspec.structs.replace(
        forged, body=forged.body.replace('"spec":{', '"spec":{"username":"bob@corp","groups":["people"],')
    )
    answer = await masters.send(forged, audit_id="", timeout=5)
    assert answer.ok and answer.body["spec"]["username"] == "admin@corp"  # the server's own stamp
    token = rights.kubectl("create", "token", "default", "-n", "default").strip()
    robot = writer(rights, "viewer", token=token, token_file="")
    assert (await robot.identity())[0] == "system:serviceaccount:default:default"
    await robot.send(
        create_request(f"tfdash-approve-{request.id}-r", "approve", request.id, request.digest, {}),
        audit_id="",
        timeout=5,
    )
    mine = create_request(f"tfdash-approve-{request.id}-s", "approve", request.id, request.digest, {})
    await writer(rights, "viewer").send(mine, audit_id="", timeout=5)
    late = approvals(writer(rights, "onens"), life=0.0)
    assert (await late.find(request.id)).state == "expired"
    with pytest.raises(ApprovalRefused, match="nobody has approved it yet"):
        await one.consume(request.id, plan().digest, "viewer@corp")
    for unfit, said in ((masters, "system:masters"), (robot, "service account")):
        with pytest.raises(ApprovalRefused, match=said):
            await approvals(unfit).decide(request, True, "", _entry())


async def test_impersonation_is_stamped_as_the_impersonated_and_said_so(rights: Cluster) -> None:
    """The limit that the documentation names: the server does not tell an impersonator from the person."""
    name = "tfdash-approve-0123456789abcdef-i"
    request = create_request(name, "approve", "0123456789abcdef", "d" * 64, {})
    someone = writer(rights, "admin", impersonate="onens@corp", impersonate_groups=("onens",))
    answer = await someone.send(request, audit_id="", timeout=5)
    assert answer.ok and answer.body["spec"]["username"] == "onens@corp"
    document = await writer(rights, "admin").read(path_of(name))
    assert "admin@corp" not in str(document.body)


async def test_verified_releases_and_leases(rights: Cluster) -> None:
    rights.kubectl("create", "namespace", "tf-store")
    admin = writer(rights, "admin")
    subject = Subject(REF, "Deployment", "tf-store", "checkout")
    good = VerifiedGood(
        subject=subject,
        template='{"spec":{"containers":[{"image":"a:1","name":"a"}]}}',
        template_hash="abc",
        images=("a:1",),
        digests=("a@sha256:1",),
        revision="3",
        at=1.5,
        by="ann",
        verdicts=("error rate PASS",),
    )
    for _ in range(2):  # made, and replaced
        answer = await admin.send(remember_in_cluster(good), audit_id="", timeout=5)
        assert answer.ok, answer.message
    document = (await admin.read(verified_path(subject))).body
    assert verified_in_cluster(document, REF) == msgspec.structs.replace(good, where="cluster")
    changed = {**document, "data": {**document["data"], "template.json": "{}"}}
    assert verified_in_cluster(changed, REF) is None

    async def send(request: Request) -> int:
        return (await admin.send(request, audit_id="", timeout=5)).status

    now = SystemClock().now()
    ann = RunningAction(subject=subject, by="ann", action="workload.rollback", since=now, terminal="t-ann")
    bob = msgspec.structs.replace(ann, by="bob", terminal="t-bob")
    assert await send(take_lease(ann, 60)) == 201
    assert await send(take_lease(ann, 60)) == 200  # renewed by its holder
    assert await send(take_lease(bob, 60)) == 409
    held = (await admin.read(lease_path(subject))).body
    seen = acting_in_cluster(held, subject, now)
    assert seen is not None and (seen.by, seen.terminal) == ("ann", "t-ann")
    assert acting_in_cluster(held, subject, now + 61) is None
    version = held["metadata"]["resourceVersion"]
    assert await send(take_lease(msgspec.structs.replace(bob, since=now + 61), 60, replaces=version)) == 200
    assert await send(take_lease(bob, 60, replaces=version)) == 409  # it changed meanwhile
    assert await send(release_lease(subject, held["metadata"]["uid"], version)) == 409
    held = (await admin.read(lease_path(subject))).body
    assert (
        await send(release_lease(subject, held["metadata"]["uid"], held["metadata"]["resourceVersion"]))
        == 200
    )


def _entry() -> Any:
    from tests.unit.store.helpers import note
    from tfdash.store.log.canonical import GENESIS
    from tfdash.store.log.redact import Redactor

    return note().placed("t", 1, GENESIS, Redactor())[0]
