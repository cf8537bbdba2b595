"""Who makes a CertificateSigningRequest stands in it as the server saw them: approvals rest on that. Every case runs against both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.protocol.conftest import Target
from tfdash.store.approvals.kubernetes import PATH, create_request, path_of, read_stamped

NAME = "tfdash-contract"


def asked(name: str = NAME) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        create_request(name, "run", "00ff", "d1", {"tfdash.dev/reason": "why"}).body
    )
    return found


@pytest.fixture
def admin(target: Target) -> Iterator[httpx.Client]:
    target.admin.delete(path_of(NAME))
    yield target.admin
    target.admin.delete(path_of(NAME))


def causes(answer: httpx.Response) -> set[tuple[str, str]]:
    return {(cause["field"], cause["reason"]) for cause in answer.json()["details"]["causes"]}


def test_it_is_discovered(target: Target) -> None:
    found = target.admin.get("/apis/certificates.k8s.io/v1").json()["resources"]
    (one,) = [resource for resource in found if resource["name"] == "certificatesigningrequests"]
    assert (one["kind"], one["namespaced"], one["shortNames"]) == (
        "CertificateSigningRequest",
        False,
        ["csr"],
    )


def test_the_server_stamps_who_made_it_whatever_they_say(admin: httpx.Client) -> None:
    body = asked()
    body["spec"] |= {"username": "ann", "uid": "1", "groups": ["oncall"], "extra": {"a": ["b"]}}
    body["status"] = {"conditions": [{"type": "Approved", "status": "True"}]}
    made = admin.post(PATH, json=body)
    assert made.status_code == 201
    me = admin.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", json={}).json()["status"]["userInfo"]
    for document in (made.json(), admin.get(path_of(NAME)).json()):
        spec = document["spec"]
        assert (spec["username"], set(spec["groups"])) == (me["username"], set(me["groups"]))
        assert (spec.get("uid"), spec.get("extra")) == (me.get("uid"), me.get("extra"))
        assert document["status"] == {}
    (listed,) = [i for i in admin.get(PATH).json()["items"] if i["metadata"]["name"] == NAME]
    stamped = read_stamped(listed)
    assert stamped is not None
    assert (stamped.verb, stamped.id, stamped.digest, stamped.reason) == ("run", "00ff", "d1", "why")
    assert stamped.user == me["username"]


def test_an_impersonated_user_is_stamped(admin: httpx.Client) -> None:
    headers = {"Impersonate-User": "ann@corp", "Impersonate-Group": "system:masters"}
    made = admin.post(PATH, json=asked(), headers=headers).json()
    assert made["spec"]["username"] == "ann@corp"
    assert set(made["spec"]["groups"]) == {"system:masters", "system:authenticated"}


def test_what_is_in_it_cannot_be_changed(admin: httpx.Client) -> None:
    made = admin.post(PATH, json=asked()).raise_for_status().json()
    change = {
        "metadata": {"annotations": {"tfdash.dev/reason": "another"}},
        "spec": {"username": "ann", "groups": ["oncall"], "signerName": "example.com/other"},
        "status": {"conditions": [{"type": "Approved", "status": "True"}]},
    }
    headers = {"Content-Type": "application/merge-patch+json"}
    after = admin.patch(path_of(NAME), json=change, headers=headers).raise_for_status().json()
    assert after["spec"] == made["spec"] and after["status"] == {}
    assert after["metadata"]["annotations"] == {"tfdash.dev/reason": "another"}
    put = admin.put(path_of(NAME), json={**after, "spec": {**after["spec"], "username": "bob"}})
    assert put.raise_for_status().json()["spec"] == made["spec"]


def test_there_is_one_of_a_name(admin: httpx.Client) -> None:
    admin.post(PATH, json=asked()).raise_for_status()
    again = admin.post(PATH, json=asked())
    assert (again.status_code, again.json()["reason"]) == (409, "AlreadyExists")


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"request": "bm90aGluZw=="}, ("spec.request", "FieldValueInvalid")),
        ({"usages": []}, ("spec.usages", "FieldValueRequired")),
        ({"signerName": ""}, ("spec.signerName", "FieldValueRequired")),
        ({"signerName": "nobody"}, ("spec.signerName", "FieldValueInvalid")),
    ],
)
def test_what_makes_no_sense_is_refused(
    admin: httpx.Client, change: dict[str, Any], wrong: tuple[str, str]
) -> None:
    body = asked()
    body["spec"] |= change
    refused = admin.post(PATH, json=body)
    assert (refused.status_code, refused.json()["reason"]) == (422, "Invalid")
    assert causes(refused) == {wrong}


def test_no_base64_is_refused(admin: httpx.Client) -> None:
    body = asked()
    body["spec"]["request"] = "no base64!"
    assert admin.post(PATH, json=body).status_code == 400


def test_a_dry_run_makes_none(admin: httpx.Client) -> None:
    made = admin.post(PATH, params={"dryRun": "All"}, json=asked())
    assert made.status_code == 201 and made.json()["spec"]["username"]
    assert admin.get(path_of(NAME)).status_code == 404


def test_who_may_only_read_makes_none(target: Target) -> None:
    refused = target.viewer.post(PATH, json=asked())
    assert refused.status_code == 403
    assert "certificatesigningrequests" in refused.json()["message"]
