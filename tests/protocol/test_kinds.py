"""Any kind that the server serves: the simulator and the real API server tell of them alike, and kubectl is the witness."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from tests.platform.harness.build import build
from tests.protocol.conftest import Target
from tests.waiting import until
from tfdash.model.kube import PrintedRow
from tfdash.model.picture import AbsentNamespace
from tfdash.model.resources import Catalogue
from tfdash.model.subject import ClusterRef, Key
from tfdash.sources.base import Scope
from tfdash.sources.kubernetes import catalogue
from tfdash.sources.kubernetes.credentials import Credentials
from tfdash.sources.kubernetes.kubeconfig import resolve as access_of
from tfdash.sources.kubernetes.namespaces import missing
from tfdash.sources.kubernetes.tables import TableCodec
from tfdash.sources.kubernetes.transport import Reader
from tfdash.views.kinds.base import Context
from tfdash.views.kinds.discovered import columns_of
from tfdash.views.resolution import resolve

WORDS = (
    "cm",
    "sa",
    "leases",
    "clusterroles",
    "roles",
    "ep",
    "secrets",
    "crd",
    "sc",
    "pc",
    "quota",
    "limits",
    "ConfigMap",
)
MORE = (
    "svc",
    "deploy.apps",
    "events.events.k8s.io",
    "events",
    "hpa.v1.autoscaling",
    "horizontalpodautoscalers.v1.autoscaling",
    "services.v1.",
    "deploy.app",
    "po.",
    "Lease.coordination.k8s.io",
    "apiservices",
)
REF = ClusterRef("test", "test")


def served(target: Target) -> Catalogue:
    async def read() -> Catalogue:
        reader = Reader(Credentials(access_of(str(target.kubeconfig), target.context)))
        try:
            return await catalogue.read_catalogue(reader)
        finally:
            await reader.close()

    return asyncio.run(read())


def whole(target: Target) -> Catalogue:
    """Once every group tells of itself: one behind another server (metrics) is named as silent until it was first reached."""
    return until(
        lambda: found if not (found := served(target)).broken else None, "every group", timeout=300.0
    )


@pytest.fixture(scope="module")
def known(target: Target) -> Catalogue:
    return whole(target)


def test_discovery_tells_of_everything(known: Catalogue) -> None:
    assert not known.broken
    assert {"configmaps", "secrets", "leases.coordination.k8s.io", "deployments.apps"} <= set(known.by_id)
    assert known.by_id["configmaps"].short == ("cm",) and known.by_id["configmaps"].spec.watched
    assert not known.by_id["clusterroles.rbac.authorization.k8s.io"].namespaced
    assert not known.by_id["tokenreviews.authentication.k8s.io"].listable


def test_group_by_group_it_tells_the_same(
    target: Target, known: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "AGGREGATED", "application/json")
    old = whole(target)
    assert set(old.by_id) == set(known.by_id)
    for id, resource in known.by_id.items():
        other = old.by_id[id]
        assert other._replace(verbs=(), short=()) == resource._replace(verbs=(), short=())
        assert set(other.verbs) == set(resource.verbs) and set(other.short) == set(resource.short)


# -- Tables -------------------------------------------------------------------------------------------------------


def codec_of(known: Catalogue, id: str) -> TableCodec:
    return TableCodec(known.by_id[id].spec, time.time)


def listed(target: Target, known: Catalogue, id: str, **params: str) -> tuple[str, list[PrintedRow]]:
    codec, found, more = codec_of(known, id), [], ""
    while True:
        query = {**codec.params, **params, **({"continue": more} if more else {})}
        answer = target.admin.get(
            known.by_id[id].spec.path(), params=query, headers={"Accept": codec.list_accept}
        )
        meta, rows = codec.page(answer.raise_for_status().content)
        found += [row for row in rows if isinstance(row, PrintedRow)]
        assert codec.unreadable == 0 and len(found) >= len(rows)
        if not (more := meta.continue_):
            return meta.resource_version, found


def test_pages_of_a_table_are_its_rows(target: Target, known: Catalogue, space: str) -> None:
    _, whole = listed(target, known, "configmaps")
    _, paged = listed(target, known, "configmaps", limit="2")
    assert [(r.namespace, r.name) for r in whole] == [(r.namespace, r.name) for r in paged]
    assert all(r.uid and r.resource_version and r.created and r.columns is whole[0].columns for r in whole)


def test_a_watch_tells_of_rows_and_names_the_columns_once(
    target: Target, known: Catalogue, space: str
) -> None:
    path = f"/api/v1/namespaces/{space}/configmaps"
    target.admin.delete(f"{path}/printed")
    version, _ = listed(target, known, "configmaps")
    codec = codec_of(known, "configmaps")
    query = {
        **codec.params,
        "watch": "1",
        "resourceVersion": version,
        "timeoutSeconds": "30",
        "fieldSelector": "metadata.name=printed",
    }
    told: list[dict[str, Any]] = []
    spec = known.by_id["configmaps"].spec
    with target.admin.stream(
        "GET", spec.path(space), params=query, headers={"Accept": codec.watch_accept}
    ) as answer:
        lines = answer.iter_lines()
        made = {"metadata": {"name": "printed", "annotations": {"secret": "aHVudGVyMg"}}, "data": {"k": "v"}}
        target.admin.post(path, json=made).raise_for_status()
        told.append(json.loads(next(lines)))
        patch = {"data": {"l": "v"}}
        headers = {"Content-Type": "application/merge-patch+json"}
        target.admin.patch(f"{path}/printed", json=patch, headers=headers).raise_for_status()
        told.append(json.loads(next(lines)))
        target.admin.delete(f"{path}/printed").raise_for_status()
        told.append(json.loads(next(lines)))
    assert [t["type"] for t in told] == ["ADDED", "MODIFIED", "DELETED"]
    assert [bool(t["object"]["columnDefinitions"]) for t in told] == [True, False, False]
    raws = [msgspec.Raw(json.dumps(t["object"]).encode()) for t in told]
    first, second = codec.item(raws[0]), codec.item(raws[1])
    assert isinstance(first, PrintedRow) and isinstance(second, PrintedRow)
    assert (first.cells[0], second.cells[0], second.columns) == (1, 2, first.columns)
    assert "aHVudGVyMg" not in repr((first, second)) and int(second.resource_version) > int(
        first.resource_version
    )
    assert codec.gone(raws[2]) == Key(space, "printed")


def test_an_old_version_is_a_status_in_the_stream(target: Target, known: Catalogue) -> None:
    codec = codec_of(known, "configmaps")
    query = {**codec.params, "watch": "1", "resourceVersion": "1", "timeoutSeconds": "10"}
    path = known.by_id["configmaps"].spec.path()
    with target.admin.stream("GET", path, params=query, headers={"Accept": codec.watch_accept}) as answer:
        if answer.status_code == 410:  # a server that has nothing of the kind in memory says so at once
            answer.read()
            assert answer.json()["kind"] == "Status"
            return
        first = next((json.loads(line) for line in answer.iter_lines()), None)
    assert first is None or first["type"] != "ERROR" or first["object"]["kind"] == "Status"


def test_of_secrets_type_and_count_are_listed(target: Target, known: Catalogue, space: str) -> None:
    path = f"/api/v1/namespaces/{space}/secrets"
    applied = {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"p":"aHVudGVyMg=="}}'}
    secret = {"metadata": {"name": "hunter", "annotations": applied}, "data": {"p": "aHVudGVyMg=="}}
    target.admin.delete(f"{path}/hunter")
    target.admin.post(path, json=secret).raise_for_status()
    try:
        _, rows = listed(target, known, "secrets")
        row = next(r for r in rows if r.name == "hunter")
        assert "aHVudGVyMg" not in repr(rows)
        assert dict(zip([c.name for c in row.columns], row.cells, strict=True)) | {"Age": 0} == {
            "Type": "Opaque",
            "Data": 1,
            "Age": 0,
        }
    finally:
        target.admin.delete(f"{path}/hunter")


# -- kubectl ------------------------------------------------------------------------------------------------------

Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def kubectl(target: Target) -> Kubectl:
    program = str(build() / "controlplane")

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *target.kubectl(*argv)], capture_output=True, text=True, timeout=120)

    return run


@pytest.mark.platform
@pytest.mark.parametrize("word", [*WORDS, *MORE, "nothing", "pods.nothing.io"])
def test_a_word_means_what_kubectl_means_by_it(known: Catalogue, kubectl: Kubectl, word: str) -> None:
    asked = kubectl("get", word, "-A", "-v=6")
    paths = [p for p in re.findall(r'https?://[^/\s"]+(/apis?/[^?\s"]+)', asked.stderr) if p.count("/") > 2]
    found = resolve(known, word)
    if found is None:
        assert asked.returncode != 0 and "the server doesn't have a resource type" in asked.stderr
    else:
        assert found.spec.path() in paths, asked.stderr


def cells(line: str) -> list[str]:
    return re.split(r"\s{2,}", line.strip())


@pytest.mark.platform
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("word", WORDS)
def test_the_columns_are_those_of_kubectl(
    target: Target, known: Catalogue, kubectl: Kubectl, word: str, wide: bool
) -> None:
    resource = resolve(known, word)
    assert resource is not None
    id = known.ids[resource]
    _, rows = listed(target, known, id)
    if not rows:
        pytest.skip("there is none of it here: kubectl prints no columns of an empty list either")
    fields = [f for f in columns_of(rows) if f.id != "printed_name" and (wide or f.priority < 10)]
    asked = kubectl("get", word, "-A", *(["-o", "wide"] if wide else []))
    head, *lines = asked.stdout.splitlines()
    place = ["NAMESPACE"] if resource.namespaced else []
    assert cells(head) == [*place, *(f.title for f in fields)]
    context = Context(time.time(), REF, id)
    texts = {
        tuple(
            [r.namespace] * bool(place)
            + [r.shown or r.name]
            + [f.text(r, context) for f in fields[1:] if not f.clock]
        )
        for r in rows
    }
    clocks = [i for i, f in enumerate([*place, *fields]) if not isinstance(f, str) and f.clock]
    ours = {row for row in texts if all(row)}  # an empty cell is no cell to kubectl's eye
    theirs = {tuple(c for i, c in enumerate(cells(line)) if i not in clocks) for line in lines}
    assert ours <= theirs


@pytest.mark.platform
def test_a_definition_of_ones_own_with_its_columns(target: Target, space: str, kubectl: Kubectl) -> None:
    if target.simulated:
        pytest.skip("the simulator has the definitions that it is shipped with")
    name, group = "widgets.tfdash.test", "tfdash.test"
    columns = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "Weight", "type": "number", "jsonPath": ".spec.weight"},
        {"name": "Ready", "type": "boolean", "jsonPath": ".spec.ready"},
        {"name": "Turned", "type": "date", "jsonPath": ".spec.turned"},
        {"name": "Owner", "type": "string", "jsonPath": ".spec.owner", "priority": 1},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wdg"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "additionalPrinterColumns": columns,
                }
            ],
        },
    }
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    target.admin.post(crds, json=definition).raise_for_status()
    try:
        path = f"/apis/{group}/v1/namespaces/{space}/widgets"
        until(lambda: target.admin.get(path).status_code == 200, "the widgets to be served")
        for size in (9, 10):
            spec = {
                "size": size,
                "weight": size / 4,
                "ready": size > 9,
                "turned": "2024-01-01T00:00:00Z",
                "owner": "me",
            }
            body = {
                "apiVersion": f"{group}/v1",
                "kind": "Widget",
                "metadata": {"name": f"w{size}"},
                "spec": spec,
            }
            until(lambda body=body: target.admin.post(path, json=body).status_code in (201, 409), "a widget")
        id = f"widgets.{group}"
        known = until(lambda: found if id in (found := served(target)).by_id else None, "discovery")
        assert known.ids[resolve(known, "wdg")] == known.ids[resolve(known, "Widget")] == id  # type: ignore[index]  # None fails
        _, rows = listed(target, known, id)
        fields = {f.title: f for f in columns_of(rows)}
        context = Context(time.time(), REF, id)
        nine, ten = sorted(rows, key=lambda r: fields["SIZE"].sort_value(r, context))
        assert (nine.name, ten.name) == ("w9", "w10"), "numbers sort as numbers"
        shown = {t: f.text(ten, context) for t, f in fields.items() if not f.clock}
        assert shown == {"NAME": "w10", "SIZE": "10", "WEIGHT": "2.5", "READY": "true", "OWNER": "me"}
        head, *lines = kubectl("get", "wdg", "-n", space, "-o", "wide").stdout.splitlines()
        assert cells(head) == list(fields)
        ages = dict(zip(cells(head), cells(lines[0]), strict=True))
        assert fields["TURNED"].text(ten, context)[:3] == ages["TURNED"][:3]
        plain = kubectl("get", "wdg", "-n", space).stdout.splitlines()[0]
        assert cells(plain) == [t for t, f in fields.items() if f.priority < 10]
    finally:
        target.admin.delete(f"{crds}/{name}")


@pytest.fixture(autouse=True)
def nothing_left(target: Target, space: str) -> Iterator[None]:
    yield
    target.admin.delete(f"/api/v1/namespaces/{space}/configmaps/printed")


def test_a_namespace_that_is_not_there_is_told_from_one_that_is_empty(target: Target, space: str) -> None:
    """A list of either is empty, and no error."""

    async def ask() -> tuple[AbsentNamespace, ...]:
        reader = Reader(Credentials(access_of(str(target.kubeconfig), target.context)))
        try:
            return await missing(reader, (space, f"{space}x"), (Scope((f"y{space}",)),))
        finally:
            await reader.close()

    assert asyncio.run(ask()) == (
        AbsentNamespace(f"{space}x", space, configured=True),
        AbsentNamespace(f"y{space}", space),
    )
