"""Certificates that lie in objects, through the real reader: which fields are taken, that no key ever is, and what may not be read."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.issuing import DAY, issue
from tests.unit.playbook.making import NOW, REF, picture
from tests.unit.sources.scripted import Answer, Asked, scripted
from tests.unit.sources.usage.test_source import FakeBoard
from tests.waiting import soon
from tfdash.clock import FixedClock
from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.judging.judge import judge_all
from tfdash.model.certificates import HeldCertificate, Role
from tfdash.model.observation import Observation, Problem, ProblemKind
from tfdash.model.picture import ServerInfo
from tfdash.model.subject import Key
from tfdash.model.verdict import Level
from tfdash.sources.certificates.held import HeldCertificatesSource
from tfdash.sources.certificates.settings import CertificatesSettings
from tfdash.sources.kubernetes import pem
from tfdash.sources.kubernetes.discovery import Discovery
from tfdash.sources.kubernetes.reads import SingleReads

ROOT = issue("a root", ca=True, now=NOW, begins=-100 * DAY, ends=900 * DAY)
LEAF = issue("shop.example.com", ROOT, names=("shop.example.com",), now=NOW)
SETTINGS = CertificatesSettings(secrets=True, anchors=False, config_maps=("mesh/anchors", "mesh/other"))
_ADMISSION, _CORE = "/apis/admissionregistration.k8s.io/v1", "/api/v1"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def named(
    name: str, namespace: str = "", annotations: Mapping[str, str] | None = None, **rest: Any
) -> dict[str, Any]:
    meta = {"name": name, "namespace": namespace, "annotations": annotations}
    return {"metadata": {k: v for k, v in meta.items() if v}, **rest}


def listed(*items: Mapping[str, Any], following: str = "") -> Answer:
    return Answer([json.dumps({"metadata": {"continue": following}, "items": items}).encode()])


def refused(status: int) -> Answer:
    return Answer([json.dumps({"kind": "Status", "message": "no", "code": status}).encode()], status)


WEBHOOKS = listed(
    named(
        "shop",
        annotations={"cert-manager.io/inject-ca-from": "shop/hooks"},
        webhooks=[{"clientConfig": {"caBundle": b64(ROOT.own_pem)}}] * 2,
    ),
    named(
        "placeholder",
        webhooks=[{"clientConfig": {"caBundle": "Cg=="}}, {"clientConfig": {"url": "https://x"}}],
    ),
    named("odd", webhooks=[{"clientConfig": {"caBundle": "not Base64 at all"}}]),
)
GOOD: dict[str, Answer] = {
    f"{_ADMISSION}/validatingwebhookconfigurations": WEBHOOKS,
    f"{_ADMISSION}/mutatingwebhookconfigurations": listed(),
    "/apis/apiregistration.k8s.io/v1/apiservices": listed(
        named("v1.apps", spec={}), named("v1beta1.metrics.k8s.io", spec={"caBundle": b64(ROOT.own_pem)})
    ),
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": listed(
        named(
            "shops.example.com",
            spec={
                "group": "example.com",
                "versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"type": "object"}}}],
                "conversion": {
                    "strategy": "Webhook",
                    "webhook": {
                        "clientConfig": {"caBundle": b64(ROOT.own_pem)},
                        "conversionReviewVersions": ["v1"],
                    },
                },
            },
        ),
        named("plain.example.com", spec={"conversion": {"strategy": "None"}}),
        named("old.example.com", spec={}),
    ),
    f"{_CORE}/secrets": listed(
        named(
            "web-tls",
            "shop",
            data={"tls.crt": b64(LEAF.pem), "tls.key": b64(LEAF.key_pem), "ca.crt": b64(ROOT.own_pem)},
        ),
        named("both", "shop", data={"tls.crt": b64(LEAF.key_pem + LEAF.own_pem)}),
        named("key-alone", "shop", data={"tls.crt": b64(LEAF.key_pem)}),
    ),
    f"{_CORE}/namespaces/mesh/configmaps/anchors": Answer(
        [
            json.dumps(
                named("anchors", "mesh", data={"ca.pem": ROOT.own_pem.decode(), "note": "text"})
            ).encode()
        ]
    ),
    f"{_CORE}/namespaces/mesh/configmaps/other": Answer([json.dumps(named("other", "mesh")).encode()]),
}


async def looked(
    answers: Mapping[str, Answer], settings: CertificatesSettings = SETTINGS, shown: bytes | None = None
) -> tuple[FakeBoard, HeldCertificatesSource, list[Asked]]:
    board = FakeBoard()
    told = board.picture.clusters[REF]
    told = msgspec.structs.replace(told, info=Observation(value=ServerInfo(), observed_at=NOW))
    board.picture = msgspec.structs.replace(board.picture, clusters={REF: told})

    def say(asked: Asked) -> Answer:
        if asked.query.get("fieldSelector", "").startswith("metadata.name=") and asked.path in answers:
            return listed()
        return answers.get(asked.path, refused(404))

    async with scripted(say) as (reader, asked):
        clock = FixedClock(NOW)
        reads = SingleReads(REF, lambda: reader, Discovery(), (), clock)
        source = HeldCertificatesSource(REF, settings, clock, reads.read_pem, lambda: shown)
        task = asyncio.create_task(source.run(board))
        await soon(lambda: board.said, "the first round")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return board, source, asked


def held(board: FakeBoard) -> dict[str, HeldCertificate]:
    found = board.picture.clusters[REF].kinds[HeldCertificate.KIND].value or {}
    return {f"{k.namespace} {k.name}".strip(): o for k, o in found.items() if isinstance(o, HeldCertificate)}


async def test_what_lies_where_and_what_for() -> None:
    board, source, asked = await looked(GOOD, shown=LEAF.own_pem)
    told = {name: (one.role, [c.called for c in one.bundle], one.odd) for name, one in held(board).items()}
    none = ("it holds no certificate in PEM",)
    assert told == {
        "ValidatingWebhookConfiguration/shop": (Role.ANCHORS, ["CN=a root"], ()),
        "ValidatingWebhookConfiguration/odd": (Role.ANCHORS, [], none),
        "APIService/v1beta1.metrics.k8s.io": (Role.ANCHORS, ["CN=a root"], ()),
        "CustomResourceDefinition/shops.example.com": (Role.ANCHORS, ["CN=a root"], ()),
        "shop Secret/web-tls": (Role.SHOWN, ["shop.example.com"], ()),
        "shop Secret/web-tls/ca.crt": (Role.ANCHORS, ["CN=a root"], ()),
        "shop Secret/both": (Role.SHOWN, ["shop.example.com"], ()),
        "shop Secret/key-alone": (Role.SHOWN, [], none),
        "mesh ConfigMap/anchors/ca.pem": (Role.ANCHORS, ["CN=a root"], ()),
        "kubeconfig/client certificate": (Role.SHOWN, ["shop.example.com"], ()),
    }
    assert source.status.problem is None
    secrets = [a.query["fieldSelector"] for a in asked if a.path.endswith("/secrets")]
    assert secrets == [
        "type=kubernetes.io/tls",
        "metadata.name=cacerts",
        "metadata.name=istio-ca-secret",
        "metadata.name=linkerd-identity-issuer",
    ], "no other Secret is asked for"


async def test_a_key_is_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    board, source, _ = await looked(GOOD)
    judged = judge_all(picture(*held(board).values()), NOW)
    everything = "\n".join(map(repr, (board.picture, board.said, source.status, judged, caplog.text)))
    everything += json.dumps([msgspec.to_builtins(o) for o in held(board).values()])
    lines = [line for line in LEAF.key_pem.decode().splitlines() if not line.startswith("-----")]
    assert lines
    for piece in (*lines, *(b64(line.encode()) for line in lines), b64(LEAF.key_pem)[40:120], "PRIVATE KEY"):
        assert piece not in everything
    assert "shop.example.com" in everything, "the search finds what is there"


async def test_what_cert_manager_writes_anew_with_a_certificate_names_it() -> None:
    board, _, _ = await looked(GOOD)
    found = {name: one.follows for name, one in held(board).items() if one.follows}
    assert found == {"ValidatingWebhookConfiguration/shop": "shop/hooks"}


async def test_secrets_are_not_asked_for_unless_somebody_says_so() -> None:
    _, _, asked = await looked(GOOD, CertificatesSettings())
    assert {a.path.rpartition("/")[2] for a in asked} == {
        "validatingwebhookconfigurations",
        "mutatingwebhookconfigurations",
        "apiservices",
        "customresourcedefinitions",
        "configmaps",
    }
    _, _, asked = await looked(GOOD, CertificatesSettings(webhooks=False, anchors=False))
    assert not asked


async def test_what_may_not_be_listed_is_not_known() -> None:
    no = {path: refused(403) for path in GOOD}
    board, source, _ = await looked(no, CertificatesSettings())
    assert held(board) == {}
    problem = source.status.problem
    assert problem is not None and problem.kind is ProblemKind.FORBIDDEN
    assert problem.cause == (
        "no right to list ValidatingWebhookConfigurations, MutatingWebhookConfigurations, APIServices, CustomResourceDefinitions"
    )
    assert (
        problem.remedy == "grant it, or set webhooks = false under [certificates]: then nobody looks at them"
    )
    told = next(s for s in judge_all(board.picture, NOW).sections if s.id == "certificates")
    sentence = f"4 sorts of holders of certificates of eu-1 cannot be read: {problem.cause}"
    assert [(f.level, f.sentence) for f in told.findings if "no right" in f.sentence] == [
        (Level.UNKNOWN, sentence)
    ]
    assert told.level is Level.UNKNOWN
    _, source, _ = await looked(
        no, parse(f"[certificates]\n{problem.remedy.split(' under')[0].split('set ')[1]}\n", "x").certificates
    )
    assert source.status.problem is None, "the remedy is one"
    board, source, _ = await looked({}, CertificatesSettings())
    assert source.status.value is not None and source.status.value.about == "0 holders", (
        "who serves none has none"
    )
    assert source.status.problem is None


def a_map(name: str, namespace: str, pem: bytes, key: str = "root-cert.pem") -> dict[str, Any]:
    return named(name, namespace, data={key: pem.decode()})


NEXT = issue("the next root", ca=True, now=NOW, ends=1900 * DAY)
ISTIO = [a_map("istio-ca-root-cert", space, ROOT.own_pem) for space in ("a", "istio-system", "z")]


def in_maps(*found: Mapping[str, Any], alone: int = 404) -> Callable[[Asked], Answer]:
    """A server with these ConfigMaps, by name; ``alone``: what it says where all are asked for, 404: it lists them."""

    def say(asked: Asked) -> Answer:
        if not asked.path.endswith("/configmaps"):
            one = [
                m
                for m in found
                if asked.path.endswith(f"/{m['metadata']['namespace']}/configmaps/{m['metadata']['name']}")
            ]
            return (
                Answer([json.dumps(one[0]).encode()])
                if one
                else refused(404 if "configmaps" in asked.path else 403)
            )
        if alone != 404:
            return refused(alone)
        name = asked.query["fieldSelector"].removeprefix("metadata.name=")
        assert asked.query["resourceVersion"] == "0", "out of the cache"
        return listed(*(m for m in found if m["metadata"]["name"] == name))

    return say


async def anchors(
    say: Callable[[Asked], Answer], *namespaces: str
) -> tuple[dict[str, HeldCertificate], Problem | None]:
    board = FakeBoard()
    async with scripted(say) as (reader, _):
        reads = SingleReads(REF, lambda: reader, Discovery(), (), FixedClock(NOW))
        settings = CertificatesSettings(webhooks=False)
        source = HeldCertificatesSource(
            REF, settings, FixedClock(NOW), reads.read_pem, lambda: None, namespaces
        )
        await source._look(board)
    return held(board), source.status.problem


async def test_anchors_of_meshes_are_found_by_their_names_and_what_is_alike_is_one() -> None:
    other = a_map("istio-ca-root-cert", "late", NEXT.own_pem)
    linkerd = a_map("linkerd-identity-trust-roots", "linkerd", ROOT.own_pem + NEXT.own_pem, "ca-bundle.crt")
    told, problem = await anchors(in_maps(*ISTIO, other, linkerd))
    assert problem is None
    assert {one.where: [c.called for c in one.bundle] for one in told.values()} == {
        "ConfigMap istio-system/istio-ca-root-cert/root-cert.pem and in 2 other namespaces": ["CN=a root"],
        "ConfigMap late/istio-ca-root-cert/root-cert.pem": ["CN=the next root"],
        "ConfigMap linkerd/linkerd-identity-trust-roots/ca-bundle.crt": ["CN=a root", "CN=the next root"],
    }


async def test_where_they_may_not_be_listed_they_are_looked_for_at_home_and_where_one_may_read() -> None:
    told, problem = await anchors(in_maps(*ISTIO, alone=403), "z", "empty")
    assert problem is None
    assert list(told) == ["istio-system ConfigMap/istio-ca-root-cert/root-cert.pem"]
    assert told["istio-system ConfigMap/istio-ca-root-cert/root-cert.pem"].also == 1
    told, problem = await anchors(lambda asked: refused(403), "z")
    assert told == {} and problem is not None
    assert problem.cause.startswith("no right to list ConfigMaps kube-root-ca.crt, ConfigMaps extension-")
    assert "anchors = false" in problem.remedy


async def test_that_by_which_a_mesh_signs_is_read_with_secrets_and_its_key_is_not() -> None:
    between = issue("between", ROOT, ca=True, now=NOW, ends=90 * DAY)
    data = {"ca-cert.pem": between.own_pem, "ca-key.pem": between.key_pem, "root-cert.pem": ROOT.own_pem}
    secret = named("cacerts", "istio-system", data={k: b64(v) for k, v in data.items()})

    def say(asked: Asked) -> Answer:
        mine = asked.query.get("fieldSelector") == "metadata.name=cacerts"
        return listed(*([secret] if mine else []))

    board = FakeBoard()
    async with scripted(say) as (reader, _):
        reads = SingleReads(REF, lambda: reader, Discovery(), (), FixedClock(NOW))
        settings = CertificatesSettings(webhooks=False, anchors=False, secrets=True)
        source = HeldCertificatesSource(REF, settings, FixedClock(NOW), reads.read_pem, lambda: None)
        await source._look(board)
    told = held(board)
    assert {name: one.role for name, one in told.items()} == {
        "istio-system Secret/cacerts/ca-cert.pem": Role.SHOWN,
        "istio-system Secret/cacerts/root-cert.pem": Role.ANCHORS,
    }
    sentences = sorted(
        v.sentence for several in judge_all(board.picture, NOW).verdicts.values() for v in several
    )
    assert "the intermediate that it shows as CN=between ends" in sentences[0]
    assert "the root that it trusts ends" in sentences[1]
    assert b64(between.key_pem)[40:120] not in repr(board.picture)


@pytest.mark.parametrize("status", [403, 404])
async def test_what_somebody_named_is_to_be_there(status: int) -> None:
    there = {**GOOD, f"{_CORE}/namespaces/mesh/configmaps/anchors": refused(status)}
    board, source, _ = await looked(there)
    problem = source.status.problem
    assert problem is not None and problem.cause.startswith("ConfigMap mesh/anchors: ")
    assert board.picture.clusters[REF].kinds[HeldCertificate.KIND].problem == problem
    there_all_the_same = held(board)["mesh ConfigMap/anchors"]
    assert there_all_the_same.bundle == () and "it cannot be read: " in there_all_the_same.odd[0]


async def test_a_server_that_fails_hides_nothing_of_what_was_read() -> None:
    board, source, _ = await looked({**GOOD, f"{_CORE}/secrets": refused(500)})
    problem = source.status.problem
    assert problem is not None and problem.kind is ProblemKind.SERVER_ERROR
    assert problem.cause.startswith("Secrets: ")
    seen = board.picture.clusters[REF].kinds[HeldCertificate.KIND]
    assert seen.complete and seen.unreadable == 1
    assert "mesh ConfigMap/anchors/ca.pem" in held(board)
    told = next(s for s in judge_all(board.picture, NOW).sections if s.id == "certificates")
    assert any(
        "1 sort of holders of certificates of eu-1 cannot be read: Secrets: " in f.sentence
        for f in told.findings
    )


async def test_what_was_read_before_stays_until_it_is_read_again() -> None:
    board, source, _ = await looked(GOOD)
    before = held(board)

    def say(asked: Asked) -> Answer:
        return refused(500) if asked.path.endswith("/secrets") else listed()

    async with scripted(say) as (reader, _):
        reads = SingleReads(REF, lambda: reader, Discovery(), (), FixedClock(NOW))
        source._read = reads.read_pem
        await source._look(board)

    def bundles(of: dict[str, HeldCertificate]) -> dict[str, object]:
        return {name: one.bundle for name, one in of.items() if one.of == "Secret"}

    assert bundles(held(board)) == bundles(before) and len(held(board)) == len(bundles(before))
    for one in held(board).values():  # what is trusted may have been taken away since
        assert any("is not read any more: " in odd for odd in one.odd) is (one.role is Role.ANCHORS)


async def test_a_long_list_is_read_to_its_end() -> None:
    pages = iter(
        [
            listed(named("a", "x", data={"tls.crt": b64(LEAF.own_pem)}), following="more"),
            GOOD[f"{_CORE}/secrets"],
        ]
    )

    async def read(say: Callable[[Asked], Answer]) -> pem.PemPage:
        async with scripted(say) as (reader, asked):
            reads = SingleReads(REF, lambda: reader, Discovery(), (), FixedClock(NOW))
            found = await reads.read_pem("Secret")
            assert [a.query.get("continue") for a in asked] == [None, "more"]
            return found

    assert [f.name for f in (await read(lambda _: next(pages))).found] == [
        "a",
        "web-tls",
        "web-tls",
        "both",
        "key-alone",
    ]


def test_an_odd_object_takes_no_other_with_it() -> None:
    body = json.dumps(
        {"items": [{"metadata": 7}, 5, named("a", "x", data={"tls.crt": b64(LEAF.own_pem)})]}
    ).encode()
    told = pem.page("Secret", body)
    assert [f.name for f in told.found] == ["a"]
    assert told.odd == 2


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=8),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "metadata",
                        "data",
                        "webhooks",
                        "webhook",
                        "conversion",
                        "spec",
                        "caBundle",
                        "clientConfig",
                        "name",
                        "tls.crt",
                    ]
                ),
                x,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_an_object_is_it_costs_itself_alone(item: Any) -> None:
    for kind in (
        "Secret",
        "ConfigMap",
        "APIService",
        "ValidatingWebhookConfiguration",
        "CustomResourceDefinition",
    ):
        told = pem.page(kind, json.dumps({"items": [item]}).encode())
        assert told.odd <= 1


@pytest.mark.parametrize("name", ["root", "mesh/", "/root", "a/b/c"])
def test_a_config_map_is_named_with_its_namespace(name: str) -> None:
    with pytest.raises(ConfigError, match="certificates"):
        parse(f'[certificates]\nconfig_maps = ["{name}"]\n', "x")
    assert CertificatesSettings(config_maps=("mesh/root",)).maps == (Key("mesh", "root"),)
