"""Addresses that clusters' own objects name, through the real reader; and what comes of them in the source."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.issuing import DAY, issue, listening, server_context, tls
from tests.unit.playbook.making import NOW, REF
from tests.unit.sources.certificates.test_source import Machine, ended, served, until_whole
from tests.unit.sources.scripted import Answer, Asked, scripted
from tests.unit.sources.usage.test_source import FakeBoard
from tfdash.clock import FixedClock
from tfdash.config.load import parse
from tfdash.config.problems import ConfigError
from tfdash.model.certificates import Contact, Trust
from tfdash.model.observation import Observation, ProblemKind
from tfdash.model.picture import ServerInfo
from tfdash.sources.certificates import source as module
from tfdash.sources.certificates.finding import Found, NamingCluster, find
from tfdash.sources.certificates.settings import CertificatesSettings
from tfdash.sources.certificates.source import CertificatesSource
from tfdash.sources.kubernetes import entrances
from tfdash.sources.kubernetes.discovery import Discovery
from tfdash.sources.kubernetes.reads import SingleReads

ALL = ("Ingress", "Gateway", "LoadBalancer")
_DNS = "external-dns.alpha.kubernetes.io/hostname"
INGRESS: list[dict[str, Any]] = [
    {
        "spec": {
            "tls": [{"hosts": ["shop.example.com", "*.example.com"]}],
            "rules": [{"host": "plain.example.com"}],
        }
    },
    {"spec": {"tls": [{"secretName": "x"}], "rules": [{"host": "by-rule.example.com"}, {}]}},
    {"spec": {"rules": [{"host": "plain.example.com"}]}},
    {"spec": {"tls": 7}},
]
GATEWAY: list[dict[str, Any]] = [
    {
        "spec": {
            "listeners": [
                {"protocol": "HTTPS", "port": 8443, "hostname": "gate.example.com"},
                {"protocol": "HTTPS", "port": 443, "hostname": "*.example.com"},
                {"protocol": "HTTPS", "port": 443},
                {"protocol": "HTTP", "port": 80, "hostname": "plain.example.com"},
                {"protocol": "TLS", "port": 99999, "hostname": "odd.example.com"},
            ]
        }
    }
]
PORTS = [
    {"port": 443},
    {"port": 80, "name": "http"},
    {"port": 5671, "name": "tls-amqp"},
    {"port": 443, "protocol": "UDP"},
    {"port": 8443, "appProtocol": "http"},
    {"port": 9000, "appProtocol": "kubernetes.io/https"},
]
SERVICE: list[dict[str, Any]] = [
    {
        "metadata": {"annotations": {_DNS: "api.example.com, other.example.com"}},
        "spec": {"type": "LoadBalancer", "ports": PORTS},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}},
    },
    {
        "spec": {"type": "LoadBalancer", "ports": [{"port": 443}]},
        "status": {"loadBalancer": {"ingress": [{"hostname": "abc.cloud.example"}]}},
    },
    {
        "spec": {"type": "ClusterIP", "ports": [{"port": 443}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
    },
    {"spec": {"type": "LoadBalancer", "ports": [{"port": 443}]}, "status": {}},
]
PATHS = {
    "/apis/networking.k8s.io/v1/ingresses": INGRESS,
    "/apis/gateway.networking.k8s.io/v1/gateways": GATEWAY,
    "/api/v1/services": SERVICE,
}


def board(*, reached: bool = True) -> FakeBoard:
    made = FakeBoard()
    info = Observation(value=ServerInfo() if reached else None)
    told = msgspec.structs.replace(made.picture.clusters[REF], info=info)
    made.picture = msgspec.structs.replace(made.picture, clusters={REF: told})
    return made


def refused(status: int) -> Answer:
    return Answer([json.dumps({"kind": "Status", "message": "no", "code": status}).encode()], status)


def items(found: list[dict[str, Any]]) -> Answer:
    return Answer([json.dumps({"items": found}).encode()])


async def told(answers: Mapping[str, Answer], *, reached: bool = True) -> Found:
    async with scripted(lambda asked: answers.get(asked.path, refused(404))) as (reader, _):
        reads = SingleReads(REF, lambda: reader, Discovery(), (), FixedClock(NOW))
        return await find(board(reached=reached).picture, [NamingCluster(REF, reads.read_entrances)], ALL)


async def test_what_each_kind_names() -> None:
    found = await told({path: items(several) for path, several in PATHS.items()})
    assert found.problem is None
    assert {(e.name, e.host, e.port, e.asked) for e in found.endpoints} == {
        ("shop.example.com:443", "shop.example.com", 443, "shop.example.com"),
        ("by-rule.example.com:443", "by-rule.example.com", 443, "by-rule.example.com"),
        ("gate.example.com:8443", "gate.example.com", 8443, "gate.example.com"),
        ("api.example.com at 192.0.2.9:443", "192.0.2.9", 443, "api.example.com"),
        ("api.example.com at 192.0.2.9:5671", "192.0.2.9", 5671, "api.example.com"),
        ("api.example.com at 192.0.2.9:9000", "192.0.2.9", 9000, "api.example.com"),
        ("abc.cloud.example:443", "abc.cloud.example", 443, ""),
    }


async def test_who_serves_none_has_none_and_what_is_refused_takes_nothing_with_it() -> None:
    assert await told({}) == Found()
    found = await told(
        {"/api/v1/services": items(SERVICE), "/apis/networking.k8s.io/v1/ingresses": refused(403)}
    )
    assert len(found.endpoints) == 4
    assert found.problem is not None and found.problem.kind is ProblemKind.FORBIDDEN
    assert found.problem.cause.startswith("Ingress of eu-1: ")


async def test_nothing_is_asked_of_a_cluster_that_was_not_reached() -> None:
    assert await told({"/api/v1/services": items(SERVICE)}, reached=False) == Found()


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=6),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    ["spec", "status", "tls", "hosts", "rules", "listeners", "ports", "port", "loadBalancer"]
                ),
                x,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_an_object_is_it_costs_itself_alone(item: Any) -> None:
    good = INGRESS[0]
    for kind in entrances.KINDS_WITH_ENTRANCES:
        found, following = entrances.page(kind, json.dumps({"items": [item, good]}).encode())
        assert following == ""
        assert kind != "Ingress" or entrances.Entrance("shop.example.com", 443, "shop.example.com") in found


LEAF = issue("localhost", names=("shop.example.com",), ends=80 * DAY)


async def looked(answers: Mapping[str, Answer], most: int) -> tuple[FakeBoard, CertificatesSource]:
    def say(asked: Asked) -> Answer:
        return answers.get(asked.path, refused(404))

    there = board()
    async with scripted(say) as (reader, _):
        reads = SingleReads(REF, lambda: reader, Discovery(), (), FixedClock(NOW))
        settings = replace(CertificatesSettings(timeout=20.0, found_by=("LoadBalancer",)), most_found=most)
        source = CertificatesSource(
            (REF,), lambda: (), settings, FixedClock(NOW), [NamingCluster(REF, reads.read_entrances)]
        )
        await ended(await until_whole(source, there))
    return there, source


def balanced(*ports: int) -> Answer:
    each = [{"port": port, "appProtocol": "https"} for port in ports]
    at = {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}
    return items([{"spec": {"type": "LoadBalancer", "ports": each}, "status": at}])


async def test_what_was_found_is_looked_at_and_of_no_name_none_is_wrong() -> None:
    with listening(tls(server_context(LEAF))) as port:
        seen, source = await looked({"/api/v1/services": balanced(port)}, 500)
    [one] = served(seen).values()
    assert (one.answer, one.fits, one.trust) == (Contact.SERVED, True, Trust.SELF_SIGNED)
    assert source.status.problem is None


async def test_that_there_are_more_than_are_looked_at_is_said() -> None:
    seen, source = await looked({"/api/v1/services": balanced(1, 2, 3)}, 2)
    assert len(served(seen)) == 2
    problem = source.status.problem
    assert problem is not None
    assert problem.cause == "3 addresses are named by what is in the clusters, and 2 are looked at"


async def test_that_they_may_not_be_listed_is_said() -> None:
    _, source = await looked({"/api/v1/services": refused(403)}, 500)
    assert source.status.problem is not None and source.status.problem.kind is ProblemKind.FORBIDDEN


async def test_what_was_found_is_looked_at_while_nobody_may_ask_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is taken away is forgotten, what cannot be asked for is not."""
    machine, there = Machine(), board()
    monkeypatch.setattr(module.time, "monotonic", machine.monotonic)
    with listening(tls(server_context(LEAF))) as port:
        answers = [balanced(port)]
        async with scripted(lambda asked: answers[-1] if asked.path in PATHS else refused(404)) as (
            reader,
            _,
        ):
            reads = SingleReads(REF, lambda: reader, Discovery(), (), FixedClock(NOW))
            settings = CertificatesSettings(timeout=20.0, found_by=("LoadBalancer",))
            source = CertificatesSource(
                (REF,), lambda: (), settings, FixedClock(NOW), [NamingCluster(REF, reads.read_entrances)]
            )
            monkeypatch.setattr(source, "_rest", machine.sleep)
            task = asyncio.create_task(source.run(there))
            for answer, many in ((balanced(port), 1), (refused(403), 1), (balanced(), 0)):
                answers.append(answer)
                await machine.goes_on(settings.interval + 60)
                assert len(served(there)) == many
            await ended(task)


def test_only_what_can_name_addresses_is_taken() -> None:
    with pytest.raises(ConfigError, match="found_by"):
        parse('[certificates]\nfound_by = ["Pod"]\n', "x")
