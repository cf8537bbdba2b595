"""Secrets go before hashing; names stay."""

from __future__ import annotations

import json
import time
from pathlib import Path

import msgspec
import pytest

from tests.unit.store.helpers import CHECKOUT, NOW, opened, planted, rows
from tfdash.actions.core.execution_record import plan_data
from tfdash.actions.core.plan_digest import digest_of
from tfdash.actions.kubernetes.patches import marks_of
from tfdash.model.action import Choice, Plan, Post, Request
from tfdash.model.release import Fact
from tfdash.model.store_state import EntryKind
from tfdash.store.log.canonical import data_of, decode
from tfdash.store.log.redact import Redactor
from tfdash.text import GONE

S = "pl4nted-s3cret"


def redacted(value: object) -> str:
    return json.dumps(Redactor(("known-to-us",))(value))


@pytest.mark.parametrize(
    "value",
    [
        {"spec": {"containers": [{"name": "a", "env": [{"name": "X", "value": S}]}]}},
        {"env": {"X": S}},
        {"kind": "Secret", "data": {"a": S}, "stringData": {"b": S}},
        {"op": "replace", "path": "/spec/template/spec/containers/0/env/3/value", "value": S},
        {"op": "add", "path": "/spec/template/spec/containers/0/env", "value": [{"name": "X", "value": S}]},
        {"op": "add", "path": "/spec/template/spec/containers/0/env/-", "value": {"name": "X", "value": S}},
        {"op": "test", "path": "/stringData/a", "value": S},
        {"op": "add", "path": "/metadata/annotations/db-password", "value": S},
        {"body": json.dumps([{"op": "replace", "path": "/spec/containers/0/env/0/value", "value": S}])},
        {
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"env": [{"value": S}]})
            }
        },
        {"password": S},
        {"dbPassword": S},
        {"api_key": S},
        {"Authorization": S},
        {"clientSecret": S},
        {"DB-TOKEN": S},
        {"args": ["--db-password", S]},
        {"command": ["x", f"--token={S}"]},
        {"args": [f"-Dapi.key={S}"]},
        f"https://user:{S}@host/x",
        f"postgresql://u:{S}@h/d",
        f"Authorization: Bearer {S}",
        f"authorization=Basic {S}",
        f"failed: password={S} host=x",
        f'{{"token": "{S}"}}',
        f"PGPASSWORD={S} psql",
        f"-----BEGIN RSA PRIVATE KEY-----\n{S}\n-----END RSA PRIVATE KEY-----",
        "eyJhbGciOiJI.eyJzdWIiOiI." + S,
        ["  - name: DB", f"+   value: {S}"],
        f"- value: {S}",
    ],
)
def test_a_secret_goes(value: object) -> None:
    assert S not in redacted(value) and GONE in redacted(value)


def test_the_value_of_an_env_goes_wherever_else_it_stands() -> None:
    data = {
        "env": [{"name": "X", "value": S}],
        "diff": [f"+ {S}"],
        "body": json.dumps({"note": f"is {S} now"}),
    }
    told, (sentence,) = Redactor().entry(data, f"sets X to {S}")
    assert S not in json.dumps(told) and sentence == f"sets X to {GONE}"
    assert "known-to-us" not in redacted({"name": "known-to-us", "text": "x known-to-us y"})


@pytest.mark.parametrize(
    "value",
    [
        {
            "secretName": "db",
            "secretKeyRef": {"name": "db", "key": "password"},
            "tokenHash": "abc",
            "imagePullSecrets": [{"name": "x"}],
        },
        {
            "serviceAccountName": "default",
            "automountServiceAccountToken": False,
            "template_hash": "6d8f9c7b5d",
        },
        {
            "image": "registry:5000/team/checkout@sha256:0123",
            "path": "/api/v1/namespaces/tf-production/pods/x",
        },
        "rolls checkout back to revision 12 (https://host:8080/path), basic idea: 3 tokens left",
    ],
)
def test_what_is_no_secret_stays(value: object) -> None:
    assert Redactor()(value) == value


def test_a_value_that_is_part_of_a_name_does_not_take_the_name_away() -> None:
    data = {
        "env": [{"name": "APP_ENV", "value": "production"}, {"name": "VERSION", "value": "1.2.3-abcdef"}],
        "subject": {"namespace": "tf-production"},
        "images": ["checkout:1.2.3-abcdef"],
    }
    told, (target,) = Redactor().entry(data, "Deployment tf-production/checkout")
    assert told["subject"] == {"namespace": "tf-production"} and told["images"] == ["checkout:1.2.3-abcdef"]
    assert target == "Deployment tf-production/checkout" and [e["value"] for e in told["env"]] == [GONE, GONE]


@pytest.mark.parametrize(
    "text", ["a-" * 100_000, "x://a:" * 30_000, "password=" * 20_000, "--" * 100_000, "value:\n" * 30_000]
)
def test_hostile_text_costs_linear_time(text: str) -> None:
    begin = time.process_time()
    Redactor()(text)
    assert time.process_time() - begin < 2


def whole_plan() -> Plan:
    body = json.dumps(
        [
            {"op": "test", "path": "/spec/template/spec/containers/0/env/0/value", "value": "old-" + S},
            {
                "op": "replace",
                "path": "/spec/template",
                "value": {"spec": {"containers": [{"name": "a", "env": [{"name": "P", "value": S}]}]}},
            },
        ]
    )
    request = Request(
        method="PATCH", path="/apis/apps/v1/namespaces/tf-production/deployments/checkout", body=body
    )
    plan = Plan(
        id="1",
        action="workload.rollback",
        title="Deployment: roll back",
        subject=CHECKOUT._replace(uid="u-1"),
        effect=f"rolls back, {S}",
        requests=(request,),
        facts=(Fact(pointer="/spec/template", value=json.dumps({"env": [{"name": "P", "value": S}]})),),
        diff=("  - name: P", f"+   value: {S}"),
        choices=(Choice(id="c", text="suspend", chosen=True, requests=(request,)),),
        posts=(Post(id="p", text="ready", within=90.5),),
        made_at=NOW,
        expires_at=NOW + 0.25,
    )
    return msgspec.structs.replace(plan, digest=digest_of(plan))


async def test_an_intent_reads_back_as_its_plan_without_its_secrets(tmp_path: Path) -> None:
    plan = whole_plan()
    opened_ = opened(tmp_path, secrets=("resolved-dsn-password",))
    entry = await opened_.store.append(
        EntryKind.INTENT,
        actor="ann",
        subject=plan.subject,
        action=plan.action,
        sentence=plan.effect,
        data={
            **plan_data(plan, marks_of),
            "confirmed": {"reason": "resolved-dsn-password was in the reason"},
        },
    )
    kept = decode(*rows(tmp_path)[0][1:])
    assert kept == entry
    back = msgspec.convert(data_of(kept)["plan"], Plan)
    assert (back.subject, back.action, back.posts, back.expires_at, back.digest) == (
        plan.subject,
        plan.action,
        plan.posts,
        plan.expires_at,
        plan.digest,
    )
    assert [r.path for r in back.requests] == [r.path for r in plan.requests]
    assert data_of(kept)["marks"] == json.loads(json.dumps(plan_data(plan, marks_of)["marks"]))
    opened_.store.close()
    assert planted(tmp_path, S.encode(), b"resolved-dsn-password") == []


def test_fractions_and_what_json_cannot_hold(tmp_path: Path) -> None:
    from tfdash.store.log.canonical import dump, plain

    told = plain(
        {
            "a": 0.1,
            "b": float("nan"),
            "c": 2**60,
            "d": {3, 1},
            "e": b"\x00",
            "f": 1e300,
            "g": -0.0,
            "h": "\ud800",
        }
    )
    assert (
        dump(told)
        == '{"a":0.1,"b":"nan","c":"1152921504606846976","d":[1,3],"e":"00","f":1e+300,"g":-0.0,"h":"\\ud800"}'
    )
