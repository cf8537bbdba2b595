"""Who was asked about is who sends: at whatever moment the credential becomes another one, nothing of a plan goes out with
one that the server was not asked about."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.actions.acting import REF, Bench, bench, confirmed
from tests.unit.actions.proxying import Proxy, proxied
from tfdash.actions.core.policy import ActionPolicy
from tfdash.actions.core.protocols import NotSent
from tfdash.demo.options import DemoOptions
from tfdash.demo.process import DemoProcess, start_process
from tfdash.model.action import Progress, Request, Result
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import resolve
from tfdash.writers.kubernetes import KubernetesWriter

NS, NAME = "tf-production", "admin-web"


POLICY = ActionPolicy(follow=0.0, server_timeout=5.0, settle_margin=1.0)


class Switching(Credentials):
    """Another credential from the ``at``-th time on that one is asked for."""

    def __init__(self, access: Any, first: str, then: str, at: int) -> None:
        super().__init__(access)
        self.first, self.then, self.at, self.taken = first, then, at, 0

    def authorization(self, *, renew: bool = False, asker: str = "") -> str:
        self.taken += 1
        return self.first if self.taken <= self.at else self.then


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    with start_process(DemoOptions(seed=7, scenario="calm", speed=10.0)) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(demo: DemoProcess) -> Iterator[Proxy]:
    access = resolve(str(demo.kubeconfig), "production")
    with proxied(access.server, access.ca) as found:
        yield found


@pytest.fixture(scope="module")
def at(demo: DemoProcess, proxy: Proxy) -> Iterator[Bench]:
    with bench(
        demo.kubeconfig, "production", through=f"http://127.0.0.1:{proxy.port}", policy=POLICY
    ) as found:
        yield found


def bearer(demo: DemoProcess, context: str) -> str:
    return f"Bearer {resolve(str(demo.kubeconfig), context).token}"


def writer_of(at: Bench) -> KubernetesWriter:
    found = at._actions._parts.writers.clusters[REF]
    assert isinstance(found, KubernetesWriter)
    return found


@pytest.fixture
def sent(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """(request line, Authorization) of what came to the server, in order."""
    seen: list[tuple[str, str]] = []
    forward = proxy._forward

    async def noting(request: bytes) -> bytes:
        lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        header = next((x.partition(": ")[2] for x in lines if x.lower().startswith("authorization:")), "")
        seen.append((lines[0], header))
        return await forward(request)

    monkeypatch.setattr(proxy, "_forward", noting)
    return seen


def restarted(at: Bench, monkeypatch: pytest.MonkeyPatch, credentials: Switching) -> Progress:
    """What came of a restart that was planned with the credential of before."""
    writer = writer_of(at)
    subject = at.subject("Deployment", NS, NAME)
    at.see(subject)
    guarded = at.plan("workload.restart", subject)
    assert guarded.allowed, guarded.refused
    with monkeypatch.context() as patched:
        patched.setattr(writer._ways, "credentials", credentials)
        done: Progress = at.run(at._actions.execute(guarded, confirmed(guarded), lambda p: None), 120.0)
    return done


def writes(sent: list[tuple[str, str]]) -> list[str]:
    return [who for line, who in sent if line.startswith("PATCH") and "dryRun" not in line]


def test_at_whatever_moment_another_person_logs_in(
    at: Bench, demo: DemoProcess, sent: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, oncall = bearer(demo, "production"), bearer(demo, "production-oncall")
    access = writer_of(at)._ways.credentials.access
    refused = 0
    for moment in range(30):
        sent.clear()
        done = restarted(at, monkeypatch, Switching(access, admin, oncall, moment))
        assert set(writes(sent)) <= {admin}, f"at the {moment}th: {sent}"
        if done.result is Result.APPLIED:
            break
        assert done.result in (Result.REFUSED, Result.NOT_APPLIED), done.sentence
        assert not writes(sent) and "takes us for oncall@corp now" in done.sentence, done.sentence
        refused += 1
    assert done.result is Result.APPLIED and refused >= 4, "who, rights, facts and the request itself"


def test_a_credential_that_was_renewed_for_the_same_person_is_shown_first(
    at: Bench, demo: DemoProcess, sent: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens are renewed in the middle of a long drain, or of a way back: that is no reason to stop."""
    admin = bearer(demo, "production")
    again = admin.replace("Bearer", "bearer")
    access = writer_of(at)._ways.credentials.access
    for moment in range(1, 30):
        sent.clear()
        done = restarted(at, monkeypatch, Switching(access, admin, again, moment))
        assert done.result is Result.APPLIED, done.sentence
        (who,) = writes(sent)
        line = next(n for n, x in enumerate(sent) if x[0].startswith("PATCH") and "dryRun" not in x[0])
        asked = [x[1] for x in sent[:line] if "selfsubjectreviews" in x[0]]
        assert who in asked, f"at the {moment}th: {sent}"
        if who == admin:
            break
    assert moment >= 3


async def test_a_certificate_that_became_another_is_another_way(demo: DemoProcess) -> None:
    """Without a header the connection says who we are: one of before is never taken for one of now."""
    access = resolve(str(demo.kubeconfig), "production")
    credentials = Credentials(access)
    writer = KubernetesWriter(REF, credentials).reviewed()
    request = Request(
        method="PATCH",
        path=f"/apis/apps/v1/namespaces/{NS}/deployments/{NAME}",
        body="[]",
        content_type="application/json-patch+json",
    )
    with pytest.raises(NotSent, match="the server was not asked who we are"):
        await writer.dry_run(request)
    assert (await writer.identity())[0] == "admin@corp"
    way = await writer._ways.now()
    assert way.same(writer._reviewed)
    credentials.access = replace(access, impersonate="oncall@corp")
    credentials.generation += 1
    assert not (await writer._ways.now()).same(way)
    with pytest.raises(NotSent, match="takes us for oncall@corp now, no more for admin@corp"):
        await writer.send(request, audit_id="", timeout=5)
    await writer.close()
    await way.client.aclose()


def test_a_plug_ins_new_certificate_does_not_change_a_connections_context(
    monkeypatch: pytest.MonkeyPatch, demo: DemoProcess
) -> None:
    from tfdash.sources.kubernetes import credentials as module
    from tfdash.sources.kubernetes.exec_plugin import Printed
    from tfdash.sources.kubernetes.kubeconfig import ExecPlugin

    pairs = iter([(b"one", b"key"), (b"one", b"key"), (b"two", b"key")])
    monkeypatch.setattr(module, "load_certificate", lambda *_: None)
    monkeypatch.setattr(module, "printed", lambda *_: Printed(token="", certificate=next(pairs), until=0.0))
    found = Credentials(resolve(str(demo.kubeconfig), "production"))
    plugin = ExecPlugin(command="login")
    contexts: list[ssl.SSLContext] = []
    for _ in range(3):
        found._taken(b"", plugin, ["login"])
        contexts.append(found.ssl_context())
    assert contexts[0] is contexts[1] and contexts[1] is not contexts[2]
    assert found.generation == found.changes == 2
