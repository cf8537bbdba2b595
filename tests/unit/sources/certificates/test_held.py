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
from tfdash.model.observation import Observation, ProblemKind
from tfdash.model.picture import ServerInfo
from tfdash.model.subject import Key
from tfdash.sources.certificates.held import HeldCertificatesSource
from tfdash.sources.certificates.settings import CertificatesSettings
from tfdash.sources.kubernetes import pem
from tfdash.sources.kubernetes.discovery import Discovery
from tfdash.sources.kubernetes.reads import SingleReads

ROOT = issue("a root", ca=True, now=NOW, begins=-100 * DAY, ends=900 * DAY)
LEAF = issue("shop.example.com", ROOT, names=("shop.example.com",), now=NOW)
SETTINGS = CertificatesSettings(secrets=True, config_maps=("mesh/anchors", "mesh/other"))
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
        "shop Secret/web-tls": (Role.SHOWN, ["shop.example.com"], ()),
        "shop Secret/web-tls/ca.crt": (Role.ANCHORS, ["CN=a root"], ()),
        "shop Secret/both": (Role.SHOWN, ["shop.example.com"], ()),
        "shop Secret/key-alone": (Role.SHOWN, [], none),
        "mesh ConfigMap/anchors/ca.pem": (Role.ANCHORS, ["CN=a root"], ()),
        "kubeconfig/client certificate": (Role.SHOWN, ["shop.example.com"], ()),
    }
    assert source.status.problem is None
    [secrets] = [a for a in asked if a.path.endswith("/secrets")]
    assert secrets.query["fieldSelector"] == "type=kubernetes.io/tls", "no other Secret is asked for"


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
    }
    _, _, asked = await looked(GOOD, CertificatesSettings(webhooks=False))
    assert not asked


async def test_what_may_not_be_listed_is_said_and_is_nothing_wrong() -> None:
    no = {path: refused(403) for path in GOOD}
    board, source, _ = await looked(no, CertificatesSettings())
    assert held(board) == {}
    status = source.status
    assert status.problem is None and status.value is not None
    assert status.value.about == (
        "0 holders; without the right to list ValidatingWebhookConfigurations, MutatingWebhookConfigurations, APIServices"
    )
    board, source, _ = await looked({}, CertificatesSettings())
    assert source.status.value is not None and source.status.value.about == "0 holders", (
        "who serves none has none"
    )


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
    assert any("1 HeldCertificate of eu-1 cannot be read: Secrets: " in f.sentence for f in told.findings)


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
                    ["metadata", "data", "webhooks", "spec", "caBundle", "clientConfig", "name", "tls.crt"]
                ),
                x,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_an_object_is_it_costs_itself_alone(item: Any) -> None:
    for kind in ("Secret", "ConfigMap", "APIService", "ValidatingWebhookConfiguration"):
        told = pem.page(kind, json.dumps({"items": [item]}).encode())
        assert told.odd <= 1


@pytest.mark.parametrize("name", ["root", "mesh/", "/root", "a/b/c"])
def test_a_config_map_is_named_with_its_namespace(name: str) -> None:
    with pytest.raises(ConfigError, match="certificates"):
        parse(f'[certificates]\nconfig_maps = ["{name}"]\n', "x")
    assert CertificatesSettings(config_maps=("mesh/root",)).maps == (Key("mesh", "root"),)
