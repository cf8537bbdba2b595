"""Certificates of which exporters tell: what is said of them, when a better source is believed, and what of one that is told of no more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.certificates.kept import DAY, certificate
from tests.unit.playbook.certificates.looked_at import facts, served
from tests.unit.playbook.making import NOW, REF, picture
from tfdash.judging.judge import judge_all
from tfdash.model.certificates import Contact, HeldCertificate, Role, ToldCertificate, ToldOne
from tfdash.model.kube import Object
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.certificates.told import ID

HOUR = 3600.0
WELL = ToldOne(not_after=NOW + 60 * DAY, not_before=NOW - 30 * DAY, subject="CN=shop", issuer="CN=R10")
LATE = ToldOne(not_after=NOW + 9 * DAY, not_before=NOW - 81 * DAY, subject="CN=shop", issuer="CN=R10")
OPEN = ToldOne(not_after=NOW + 60 * DAY)


def told(*bundle: ToldOne, **over: Any) -> ToldCertificate:
    given: dict[str, Any] = {
        "namespace": "a",
        "by": "x509-certificate-exporter",
        "of": "Secret",
        "called": "shop-tls",
        "bundle": bundle,
        "at": NOW - 30,
        "current_until": NOW + 870,
        "since": NOW - 600,
    }
    given |= over
    inside = f"/{given['inside']}" if given.get("inside") else ""
    return ToldCertificate(name=f"{given['of']}/{given['called']}{inside}", **given)


def said(one: ToldCertificate, *others: Object, now: float = NOW) -> Verdict | None:
    verdicts = judge_all(picture(one, *others), now).verdicts
    found = [v for v in verdicts.get(Subject(REF, one.KIND, one.namespace, one.name), ()) if v.rule == ID]
    return found[0] if found else None


def managed(**over: Any) -> ToldCertificate:
    given: dict[str, Any] = {
        "by": "cert-manager",
        "of": "Certificate",
        "called": "shop",
        "ready": "True",
        "renews": NOW + 30 * DAY,
    }
    return told(*over.pop("bundle", (OPEN,)), **(given | over))


@pytest.mark.parametrize(
    ("one", "level", "sentence"),
    [
        (
            told(WELL),
            Level.OK,
            "Secret a/shop-tls: ends 1970-03-13 08:46 EST by CN=R10, as x509-certificate-exporter tells",
        ),
        (
            told(LATE),
            Level.WARN,
            "Secret a/shop-tls: at most 10 % of its life is left, it ends 1970-01-21 08:46 EST",
        ),
        (
            told(ToldOne(not_after=NOW, not_before=NOW - DAY, subject="CN=shop")),
            Level.BREACH,
            "Secret a/shop-tls: expired 1970-01-12 08:46 EST as CN=shop",
        ),
        (
            told(ToldOne(not_after=NOW + 2 * DAY, not_before=NOW + DAY)),
            Level.BREACH,
            "Secret a/shop-tls: is not valid before 1970-01-13 08:46 EST",
        ),
        # its end alone: no day is a limit, a stated life is
        (
            told(ToldOne(not_after=NOW + 9 * DAY)),
            Level.WARN,
            "Secret a/shop-tls: at most 10 % of a life of 90 days would be left, it ends 1970-01-21 08:46 EST",
        ),
        (
            told(ToldOne(not_after=NOW + 9 * DAY + 1)),
            Level.OK,
            "Secret a/shop-tls: ends 1970-01-21 08:46 EST, as x509-certificate-exporter tells",
        ),
        # 24 hours and 398 days alike
        (
            told(ToldOne(not_after=NOW + 2 * HOUR, not_before=NOW - 22 * HOUR)),
            Level.WARN,
            "Secret a/shop-tls: at most 10 % of its life is left, it ends 1970-01-12 10:46 EST",
        ),
        (
            told(ToldOne(not_after=NOW + 3 * HOUR, not_before=NOW - 21 * HOUR)),
            Level.OK,
            "Secret a/shop-tls: ends 1970-01-12 11:46 EST, as x509-certificate-exporter tells",
        ),
        # an issuer that ends first
        (
            told(WELL, ToldOne(not_after=NOW + DAY, subject="CN=R10", issuer="CN=root")),
            Level.WARN,
            "Secret a/shop-tls: its issuer CN=R10 ends 1970-01-13 08:46 EST, before it does",
        ),
        (
            told(WELL, ToldOne(not_after=NOW, subject="CN=R10", issuer="CN=root")),
            Level.BREACH,
            "Secret a/shop-tls: its issuer CN=R10 expired 1970-01-12 08:46 EST",
        ),
        (
            told(WELL, ToldOne(not_after=NOW, subject="CN=root", issuer="CN=root")),
            Level.OK,
            "Secret a/shop-tls: ends 1970-03-13 08:46 EST by CN=R10, as x509-certificate-exporter tells",
        ),
        # of those that are trusted one that is valid is enough
        (
            told(
                ToldOne(not_after=NOW, subject="CN=old"),
                WELL,
                role=Role.ANCHORS,
                of="ConfigMap",
                called="roots",
                inside="ca.crt",
            ),
            Level.OK,
            "ConfigMap a/roots/ca.crt: ends 1970-03-13 08:46 EST by CN=R10, as x509-certificate-exporter tells",
        ),
        (
            managed(),
            Level.OK,
            "Certificate a/shop: ends 1970-03-13 08:46 EST, is renewed from 1970-02-11 08:46 EST, as cert-manager tells",
        ),
        (
            managed(renews=NOW - 300),
            Level.WARN,
            "Certificate a/shop: was to be renewed from 1970-01-12 08:41 EST and is not, it ends 1970-03-13 08:46 EST",
        ),
        (managed(ready="False"), Level.WARN, "Certificate a/shop: cert-manager says that it is not ready"),
        (
            managed(bundle=(), ready="Unknown", renews=None),
            Level.UNKNOWN,
            "Certificate a/shop: cert-manager does not say when it ends; cert-manager does not know whether it is ready",
        ),
        (
            told(
                OPEN,
                of="kubelet",
                namespace="",
                by="kubelet",
                called="n1",
                inside="client certificate",
                failed=1.2,
            ),
            Level.WARN,
            "kubelet n1/client certificate: its renewal failed in the last hour",
        ),
        # told of no more: red stays, green does not
        (
            told(WELL, at=NOW - 900, current_until=NOW),
            Level.UNKNOWN,
            "Secret a/shop-tls: x509-certificate-exporter tells of it no more, last at 1970-01-12 08:31 EST or before",
        ),
        (
            told(ToldOne(not_after=NOW), at=NOW - 900, current_until=NOW),
            Level.BREACH,
            "Secret a/shop-tls: expired 1970-01-12 08:46 EST; x509-certificate-exporter tells of it no more, last at 1970-01-12 08:31 EST or before",
        ),
        (
            told(of="metrics", namespace="", by="Prometheus", called="Prometheus", why="connection refused"),
            Level.UNKNOWN,
            "metrics Prometheus: what exporters tell of certificates is not known: connection refused",
        ),
    ],
)
def test_what_is_said_of_what_is_told(one: ToldCertificate, level: Level, sentence: str) -> None:
    found = said(one)
    assert found is not None
    assert (found.level, found.sentence) == (level, sentence)
    assert found.unknown is (UnknownKind.STALE if level is Level.UNKNOWN else None)


def held(called: str = "shop-tls", of: str = "Secret", **over: Any) -> HeldCertificate:
    given: dict[str, Any] = {
        "namespace": "a",
        "name": f"{of}/{called}",
        "of": of,
        "called": called,
        "role": Role.SHOWN,
        "bundle": (facts(),),
    }
    return HeldCertificate(**(given | over))


PROBED = told(OPEN, namespace="", of="address", called="shop.example.com:443", by="blackbox exporter")
ROOTS = told(WELL, of="ConfigMap", called="roots", inside="ca.crt", role=Role.ANCHORS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (told(WELL), held()),
        (told(WELL), certificate()),
        (told(WELL), managed()),  # the exporter that knows who renews it
        (managed(), certificate()),
        (ROOTS, held("roots", "ConfigMap", name="ConfigMap/roots/ca.crt", role=Role.ANCHORS)),
        (
            ROOTS,
            held(
                "roots", "ConfigMap", namespace="z", name="ConfigMap/roots/ca.crt", role=Role.ANCHORS, also=3
            ),
        ),
        (PROBED, served()),
        (PROBED, served(name="shop.example.com at 192.0.2.7:443")),
        (
            PROBED,
            served(facts(not_after=NOW + 80 * DAY), facts(subject="CN=R10")),
        ),  # the first end of the chain
    ],
)
def test_what_a_better_source_shows_is_not_said_twice(one: ToldCertificate, other: Object) -> None:
    assert said(one) is not None
    assert said(one, other) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (told(WELL), held("other")),
        (told(WELL), held(namespace="b")),
        (told(WELL), held(name="Secret/shop-tls/ca.crt", role=Role.ANCHORS)),
        (told(WELL), certificate(namespace="b")),
        (told(WELL), managed(namespace="b")),
        (told(WELL), managed(bundle=(ToldOne(not_after=NOW + DAY),))),
        (managed(), certificate(name="other")),
        (ROOTS, held("roots", "ConfigMap", namespace="z", name="ConfigMap/roots/ca.crt", role=Role.ANCHORS)),
        (PROBED, served(name="else.example.com:443", asked="else.example.com")),
        (PROBED, served(answer=Contact.REFUSED)),  # what it served once is no better
    ],
)
def test_another_is_no_better_source(one: ToldCertificate, other: Object) -> None:
    assert said(one, other) == said(one)


def test_two_that_disagree_are_both_said_once_a_renewal_would_be_known_to_both() -> None:
    newer = facts(not_before=NOW - HOUR, not_after=NOW + 89 * DAY)
    assert said(told(WELL), held(bundle=(newer,))) is None, "the scrape is older than the renewal"
    newer = facts(not_before=NOW - 2 * HOUR - 600, not_after=NOW + 89 * DAY)
    found = said(told(WELL), held(bundle=(newer,)))
    assert found is not None and found.level is Level.WARN
    assert found.sentence == (
        "Secret a/shop-tls: x509-certificate-exporter told at 1970-01-12 08:46 EST that it ends 1970-03-13 08:46 EST, by what lies in Secret "
        "a/shop-tls it ends 1970-04-11 08:46 EST: one of them looks at another"
    )
    # what is told is the newer one: what was read may be an hour old
    late = told(ToldOne(not_after=NOW + 89 * DAY, not_before=NOW - HOUR))
    assert said(late, held()) is None
    assert said(told(ToldOne(not_after=NOW + 89 * DAY, not_before=NOW - DAY)), held()) is not None
    # its beginning is not told: by when that end was seen first
    assert said(told(ToldOne(not_after=NOW + 89 * DAY), since=NOW - HOUR), held()) is None
    assert said(told(ToldOne(not_after=NOW + 89 * DAY), since=NOW - 3 * HOUR), held()) is not None
    assert said(told(WELL, current_until=NOW), held(bundle=(newer,))) is None, (
        "what is told of no more disagrees with nobody"
    )


def test_the_section_says_the_worst_of_it() -> None:
    sections = judge_all(picture(told(LATE), certificate(name="other", secret="else")), NOW).sections
    [found] = [s for s in sections if s.id == "certificates"]
    assert found.level is Level.WARN and "at most 10 % of its life is left" in found.detail


def test_of_many_in_a_namespace_the_one_of_the_same_end_is_the_better_source() -> None:
    """By the second, and those beside it: two sources round otherwise."""
    many = [managed(bundle=(ToldOne(not_after=NOW + n * DAY),), called=f"c{n}") for n in range(1, 40)]
    for shift, better in ((-0.9, True), (0.0, True), (0.9, True), (-1.1, False), (1.1, False)):
        one = told(ToldOne(not_after=NOW + 20 * DAY + shift, not_before=NOW - 30 * DAY))
        assert (said(one, *many) is None) is better, shift
