"""What a cluster serves, from aggregated discovery or group by group; one broken group hides no other."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.unit.sources.scripted import Answer, Asked, scripted
from tfdash.model.resources import ApiResource, Catalogue
from tfdash.sources.kubernetes.catalogue import read_catalogue
from tfdash.sources.kubernetes.reading_rule import Refused, Served, check_allowed
from tfdash.sources.kubernetes.transport import ApiError

READ = ["get", "list", "watch"]


def resource(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "resource": name,
        "responseKind": {"group": "", "version": "", "kind": kind},
        "verbs": READ,
        **more,
    }


def group(name: str, *versions: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name} if name else {}, "versions": list(versions)}


def version(name: str, *resources: Any, freshness: str = "Current") -> dict[str, Any]:
    return {"version": name, "resources": list(resources), "freshness": freshness}


def aggregated(*groups: Any) -> dict[str, Any]:
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": list(groups)}


CORE = group("", version("v1", resource("pods", "Pod", shortNames=["po"], singularResource="pod")))
CERTS = group(
    "external-secrets.io",
    version(
        "v1",
        resource("externalsecrets", "ExternalSecret"),
        resource("secretstores", "ClusterSecretStore", scope="Cluster"),
    ),
    version("v1alpha2", resource("externalsecrets", "ExternalSecret")),
)


def saying(**answers: Any) -> Any:
    """``api``, ``apis``, ``apis_GROUP_VERSION``: a document, a status code, or bytes."""

    def say(asked: Asked) -> Answer:
        found = answers.get(asked.path.strip("/").replace("/", "_"), 404)
        if isinstance(found, int):
            return Answer(
                [b'{"kind":"Status","message":"the server is currently unable to handle it"}'], found
            )
        return Answer([found if isinstance(found, bytes) else json.dumps(found).encode()])

    return say


async def read(**answers: Any) -> tuple[Catalogue, list[str]]:
    async with scripted(saying(**answers)) as (reader, asked):
        found = await read_catalogue(reader)
        return found, [a.path for a in asked]


async def test_aggregated_discovery_takes_two_requests() -> None:
    found, asked = await read(api=aggregated(CORE), apis=aggregated(CERTS))
    assert asked == ["/api", "/apis"] and not found.broken
    assert list(found.by_id) == [
        "pods",
        "externalsecrets.external-secrets.io",
        "secretstores.external-secrets.io",
        "externalsecrets.v1alpha2.external-secrets.io",
    ]
    pods = found.by_id["pods"]
    assert pods == ApiResource("", "v1", "pods", "Pod", "pod", ("po",), True, tuple(READ))
    secretstores = found.by_id["secretstores.external-secrets.io"].spec
    assert (secretstores.path(), secretstores.path("a", "x")) == (
        "/apis/external-secrets.io/v1/secretstores",
        "/apis/external-secrets.io/v1/secretstores/x",
    )


OLD = {
    "api": {"kind": "APIVersions", "versions": ["v1"]},
    "api_v1": {
        "resources": [
            {
                "name": "pods",
                "kind": "Pod",
                "namespaced": True,
                "verbs": READ,
                "shortNames": ["po"],
                "singularName": "pod",
            },
            {"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
        ]
    },
    "apis": {
        "kind": "APIGroupList",
        "groups": [
            {
                "name": "external-secrets.io",
                "versions": [{"version": "v1alpha2"}, {"version": "v1"}],
                "preferredVersion": {"version": "v1"},
            },
            {"name": "metrics.k8s.io", "versions": [{"version": "v1beta1"}]},
        ],
    },
    "apis_external-secrets.io_v1": {
        "resources": [
            {"name": "externalsecrets", "kind": "ExternalSecret", "namespaced": True, "verbs": READ}
        ]
    },
    "apis_external-secrets.io_v1alpha2": {
        "resources": [
            {"name": "externalsecrets", "kind": "ExternalSecret", "namespaced": True, "verbs": READ}
        ]
    },
    "apis_metrics.k8s.io_v1beta1": {
        "resources": [{"name": "nodes", "kind": "NodeMetrics", "namespaced": False, "verbs": ["get", "list"]}]
    },
}


async def test_an_older_server_is_asked_group_by_group_the_preferred_version_first() -> None:
    found, asked = await read(**OLD)
    assert len(asked) == 6 and not found.broken
    assert list(found.by_id) == [
        "pods",
        "externalsecrets.external-secrets.io",
        "externalsecrets.v1alpha2.external-secrets.io",
        "nodes.metrics.k8s.io",
    ]
    assert found.by_id["pods"].short == ("po",) and not found.by_id["nodes.metrics.k8s.io"].spec.watched


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"apis_metrics.k8s.io_v1beta1": 503}, ("metrics.k8s.io/v1beta1", "currently unable")),
        ({"apis_metrics.k8s.io_v1beta1": b"<html>"}, ("metrics.k8s.io/v1beta1", "cannot be read")),
        (
            {"apis_metrics.k8s.io_v1beta1": {"resources": [{"kind": 7}]}},
            ("metrics.k8s.io/v1beta1", "cannot be read"),
        ),
        ({"apis_metrics.k8s.io_v1beta1": {"resources": 7}}, ("metrics.k8s.io/v1beta1", "cannot be read")),
        ({"api": 403}, ("/api", "currently unable")),
    ],
)
async def test_one_broken_group_is_named_and_hides_no_other(
    broken: dict[str, Any], said: tuple[str, str]
) -> None:
    found, _ = await read(**{**OLD, **broken})
    (name, why), *more = found.broken
    assert name == said[0] and said[1] in why and not more
    assert "externalsecrets.external-secrets.io" in found.by_id


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (group("metrics.k8s.io", version("v1beta1", freshness="Stale")), "metrics.k8s.io/v1beta1"),
        ({"metadata": {"name": "odd.io"}, "versions": 7}, "odd.io"),
        ({"metadata": 7}, "a group without a name"),
        (group("odd.io", version("v1", {"resource": 7})), "odd.io/v1"),
        (group("odd.io/../x", version("v1", resource("a", "A"))), "odd.io/../x"),
        (group("odd.io", version("v1/x", resource("a", "A"))), "odd.io/v1/x"),
    ],
)
async def test_one_broken_item_of_the_aggregated_document_hides_no_other(item: Any, name: str) -> None:
    found, _ = await read(api=aggregated(CORE), apis=aggregated(item, CERTS))
    assert [n for n, _ in found.broken] == [name]
    assert [i for i in found.by_id if not i.endswith("external-secrets.io")] == ["pods"]
    assert "externalsecrets.external-secrets.io" in found.by_id


async def test_a_server_that_tells_nothing_at_all_is_a_failure() -> None:
    with pytest.raises(ApiError):
        await read(api=403, apis=403)


@pytest.mark.parametrize(
    "odd", [b'{"metadata": {"name": "\xff"}}', b'{"metadata": 3, "name": "\xff"}', b"null", b'"x"']
)
async def test_a_group_of_odd_bytes_hides_no_other(odd: bytes) -> None:
    whole = b'{"kind": "APIGroupDiscoveryList", "items": [' + odd + b", " + json.dumps(CERTS).encode() + b"]}"
    found, _ = await read(api=aggregated(CORE), apis=whole)
    assert found.get("externalsecrets.external-secrets.io") and found.get("pods") and found.broken


@pytest.mark.parametrize(
    "odd",
    [b"{}", b'{"kind": "Status"}', b"[]", b"<html>", b'{"kind": "APIGroupDiscoveryList", "items": null}'],
)
async def test_what_is_no_discovery_is_no_word_that_there_is_nothing(odd: bytes) -> None:
    found, _ = await read(api=aggregated(CORE), apis=odd)
    assert found.get("pods") and [name for name, _ in found.broken] == ["/apis"]
    assert found.hidden("externalsecrets.external-secrets.io") and not found.hidden("configmaps")
    found, _ = await read(api=odd, apis=aggregated(CERTS))
    assert found.hidden("configmaps") and not found.hidden("widgets.odd.io")
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        await read(api=odd, apis=odd)


# -- the reading client's rule ------------------------------------------------------------------------------------

SERVED = Served(
    [
        ApiResource("external-secrets.io", "v1", "externalsecrets", "ExternalSecret", verbs=tuple(READ)),
        ApiResource(
            "external-secrets.io", "v1", "secretstores", "SecretStore", namespaced=False, verbs=("get",)
        ),
        ApiResource("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", verbs=("create",)),
        ApiResource("evil.io", "v1", "proxy", "Proxy", verbs=tuple(READ)),
        ApiResource("", "v1", "services", "Service", verbs=tuple(READ)),
    ]
)
SECRETS = "/apis/external-secrets.io/v1"


@pytest.mark.parametrize(
    "path",
    [
        f"{SECRETS}/externalsecrets",
        f"{SECRETS}/namespaces/a/externalsecrets",
        f"{SECRETS}/namespaces/a/externalsecrets/x",
        f"{SECRETS}/namespaces/a/externalsecrets/proxy",  # an object of that name
        f"{SECRETS}/secretstores/x",
    ],
)
def test_what_discovery_named_may_be_read(path: str) -> None:
    check_allowed("GET", path, served=SERVED)
    with pytest.raises(Refused):
        check_allowed("GET", path)  # not before it was named


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((m, f"{SECRETS}/externalsecrets") for m in ("POST", "PUT", "PATCH", "DELETE", "HEAD")),
        ("GET", f"{SECRETS}/namespaces/a/externalsecrets/x/status"),
        ("GET", f"{SECRETS}/namespaces/a/externalsecrets/x/log"),
        ("GET", f"{SECRETS}/namespaces/a/externalsecrets/x/proxy"),
        ("GET", f"{SECRETS}/namespaces/a/externalsecrets/x/../y"),
        ("GET", f"{SECRETS}/secretstores"),  # it cannot be listed
        ("GET", f"{SECRETS}/namespaces/a/secretstores/x"),  # it has no namespace
        ("GET", "/apis/external-secrets.io/v2/externalsecrets"),
        ("GET", "/apis/authentication.k8s.io/v1/tokenreviews"),
        ("GET", "/apis/evil.io/v1/proxy"),
        ("GET", "/apis/evil.io/v1/namespaces/a/proxy/x"),
        ("GET", "/api/v1/namespaces/a/services/x/proxy"),
        ("GET", "/api/v1/namespaces/a/services/x:80/proxy/metrics"),
        ("GET", "/api/v1/namespaces/a/pods/x/exec"),
        ("GET", "/api/v1/namespaces/a/status"),
        ("GET", "/api/v1/pods/x/log"),
        ("GET", "/apis/external-secrets.io/v1/externalsecrets//"),
        ("GET", "apis/external-secrets.io/v1/externalsecrets"),
    ],
)
def test_nothing_else_may(method: str, path: str) -> None:
    with pytest.raises(Refused):
        check_allowed(method, path, served=SERVED)
