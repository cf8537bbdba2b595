"""cert-manager in the simulated world: triggered, issued, failed, tried again, as the real controllers do it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.demo.worlds import NAMESPACE, START, Stage
from tfdash.demo.apiserver.objects import Obj, condition, name_of, seconds, with_status
from tfdash.demo.apiserver.resources import by_storage
from tfdash.demo.apiserver.table import custom
from tfdash.demo.controllers.cert_manager import parts as p
from tfdash.demo.scenarios.scenario import Scenario, ScenarioError, load
from tfdash.demo.scenarios.step import Step

DAY = 86_400.0
MAIN = "tf-production"


@pytest.fixture(scope="module")
def world() -> Stage:
    return Stage()


@pytest.fixture
def stage(world: Stage) -> Iterator[Stage]:
    yield world
    world.cluster.unproven.clear()


def make(stage: Stage, name: str, issuer: str = "letsencrypt", **spec: object) -> None:
    ref = {"name": issuer, "kind": "ClusterIssuer"}
    given = {"secretName": f"{name}-tls", "issuerRef": ref, "dnsNames": [f"{name}.example.com"], **spec}
    stage.put(p.CERTIFICATES, name, spec=given)


def said(obj: Obj, kind: str) -> str:
    found = condition(obj, kind)
    return str(found["status"]) if found is not None else ""


def owned(stage: Stage, storage: str, owner: Obj) -> list[Obj]:
    return list(stage.store.owned(storage, owner))


def test_a_new_one_is_issued_and_renewed_when_its_time_comes(stage: Stage) -> None:
    make(stage, "new", duration="24h")
    stage.run(5)
    found = stage.get(p.CERTIFICATES, "new")
    assert (said(found, "Ready"), said(found, "Issuing")) == ("False", "True")
    [request] = owned(stage, p.REQUESTS, found)
    [order] = owned(stage, p.ORDERS, request)
    [challenge] = owned(stage, p.CHALLENGES, order)
    assert (said(request, "Approved"), said(request, "Ready")) == ("True", "False")
    assert (order["status"]["state"], challenge["spec"]["dnsName"]) == ("pending", "new.example.com")
    stage.run(60)
    found = stage.get(p.CERTIFICATES, "new")
    assert (said(found, "Ready"), said(found, "Issuing"), found["status"]["revision"]) == ("True", "", 1)
    status = found["status"]
    begins, renewal, ends = (seconds(status[k]) for k in ("notBefore", "renewalTime", "notAfter"))
    assert begins and renewal and ends
    assert (renewal - begins, ends - begins) == (16 * 3600, 24 * 3600)
    assert not owned(stage, p.CHALLENGES, order)
    kept = stage.get("secrets", "new-tls")["data"]
    [request] = owned(stage, p.REQUESTS, found)
    assert kept["tls.crt"] == request["status"]["certificate"] and kept["tls.key"] == ""
    stage.run(16 * 3600 + 60)
    found = stage.get(p.CERTIFICATES, "new")
    assert found["status"]["revision"] == 2
    assert [name_of(r) for r in owned(stage, p.REQUESTS, found)] == ["new-2"]


def test_a_challenge_that_fails_is_tried_again_after_an_hour_then_two(stage: Stage) -> None:
    stage.cluster.unproven[NAMESPACE, "lost"] = "NXDOMAIN"
    make(stage, "lost")
    stage.run(90)
    found = stage.get(p.CERTIFICATES, "lost")
    assert (found["status"]["failedIssuanceAttempts"], said(found, "Issuing")) == (1, "False")
    [request] = owned(stage, p.REQUESTS, found)
    [order] = owned(stage, p.ORDERS, request)
    [challenge] = owned(stage, p.CHALLENGES, order)
    assert (order["status"]["state"], challenge["status"]["reason"]) == ("invalid", "NXDOMAIN")
    assert 'order is in "invalid" state' in (condition(found, "Issuing") or {})["message"]
    stage.run(3600 + 90)
    found = stage.get(p.CERTIFICATES, "lost")
    assert found["status"]["failedIssuanceAttempts"] == 2
    stage.run(3600)
    assert stage.get(p.CERTIFICATES, "lost")["status"]["failedIssuanceAttempts"] == 2
    stage.cluster.unproven.clear()
    stage.run(3700)
    found = stage.get(p.CERTIFICATES, "lost")
    assert (said(found, "Ready"), found["status"].get("failedIssuanceAttempts")) == ("True", None)


def test_what_was_asked_by_hand_is_issued_at_once(stage: Stage) -> None:
    make(stage, "asked", "platform-ca")
    stage.run(30)
    found = stage.get(p.CERTIFICATES, "asked")
    assert found["status"]["revision"] == 1
    manual = p.condition("Issuing", "True", "ManuallyTriggered", "m", stage.time)
    conditions = [*found["status"]["conditions"], manual]
    with stage.cluster.agenda.pretending(stage.time):
        stage.store.update(p.CERTIFICATES, with_status(found, conditions=conditions))
    stage.run(30)
    found = stage.get(p.CERTIFICATES, "asked")
    assert (found["status"]["revision"], said(found, "Issuing"), said(found, "Ready")) == (2, "", "True")


def test_one_whose_secret_is_anothers_is_never_issued_and_one_without_an_issuer_waits(stage: Stage) -> None:
    make(stage, "first", "platform-ca")
    stage.run(30)
    make(stage, "second", "platform-ca", secretName="first-tls")
    make(stage, "nobody", "not-there")
    stage.run(600)
    assert "status" not in stage.get(p.CERTIFICATES, "second")
    found = stage.get(p.CERTIFICATES, "nobody")
    [request] = owned(stage, p.REQUESTS, found)
    assert 'Referenced "ClusterIssuer" not found' in (condition(request, "Ready") or {})["message"]


def test_it_is_printed_as_its_definition_says(stage: Stage) -> None:
    found = stage.get(p.CERTIFICATES, "web", MAIN)
    resource = by_storage()[p.CERTIFICATES]
    row = dict(
        zip([c["name"] for c in custom.columns(resource)], custom.cells(resource, found, START), strict=True)
    )
    assert (row["Name"], row["Ready"], row["Secret"], row["Issuer"]) == (
        "web",
        "True",
        "web-tls",
        "letsencrypt",
    )
    assert row["Status"] == p.UP_TO_DATE and str(row["Age"]).endswith("d")


def test_the_scenario_of_an_expiring_certificate() -> None:
    stage = Stage(load("expiring-certificate"))
    web, hooks = (stage.get(p.CERTIFICATES, name, MAIN) for name in ("web", "webhooks"))
    assert web["status"]["failedIssuanceAttempts"] >= 1 and said(web, "Ready") == "True"
    assert (said(hooks, "Ready"), said(hooks, "Issuing")) == ("False", "")
    late = stage.get(p.CERTIFICATES, "postgres", "tf-data")
    assert (seconds(late["status"]["renewalTime"]) or 0) < START - DAY / 2 and not said(late, "Issuing")
    issuer = stage.get(p.CLUSTER_ISSUERS, "platform-ca", "")
    assert said(issuer, "Ready") == "False"
    for do, service, role in (
        ("prove", "web", "main"),
        ("mend-issuer", "platform-ca", ""),
        ("wake", "postgres", "data"),
    ):
        with stage.cluster.agenda.pretending(stage.time):
            stage.world.run(Step(do=do, service=service, namespace=role))
    stage.run(4 * 3600)
    assert stage.get(p.CERTIFICATES, "postgres", "tf-data")["status"]["revision"] == 4
    web = stage.get(p.CERTIFICATES, "web", MAIN)
    assert (web["status"]["revision"], said(web, "Ready")) == (4, "True")
    assert said(stage.get(p.CLUSTER_ISSUERS, "platform-ca", ""), "Ready") == "True"


def test_a_certificate_that_is_not_there_is_refused(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "own.toml"
    for text, told in (
        ('[[certificate]]\nname = "wed"', "certificate 'wed', which is not there"),
        ('[[certificate]]\nname = "web"\nleft = "soon"', "certificate web: left"),
    ):
        path.write_text(text)
        with pytest.raises(ScenarioError, match=told):
            load(str(path))
    assert Scenario().certificate == []
