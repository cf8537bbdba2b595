"""What is said of certificates that lie somewhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.playbook.certificates.kept import DAY, certificate
from tests.unit.playbook.certificates.looked_at import facts
from tests.unit.playbook.making import NOW, REF, picture
from tfdash.judging.judge import judge_all
from tfdash.model.certificates import HeldCertificate, Role
from tfdash.model.kube import Object
from tfdash.model.subject import Subject
from tfdash.model.verdict import Level, UnknownKind, Verdict
from tfdash.playbook.certificates.held import ID


def holder(*bundle: Any, **over: Any) -> HeldCertificate:
    given: dict[str, Any] = {
        "namespace": "",
        "name": "APIService/v1.x",
        "of": "APIService",
        "called": "v1.x",
        "role": Role.ANCHORS,
        "bundle": bundle,
    }
    return HeldCertificate(**(given | over))


def in_secret(*bundle: Any) -> HeldCertificate:
    return holder(
        *bundle, namespace="a", name="Secret/shop-tls", of="Secret", called="shop-tls", role=Role.SHOWN
    )


def told(one: HeldCertificate, *others: Object) -> Verdict:
    verdicts = judge_all(picture(one, *others), NOW).verdicts
    [found] = [v for v in verdicts[Subject(REF, one.KIND, one.namespace, one.name)] if v.rule == ID]
    return found


ENDED, ENDING = facts(not_after=NOW), facts(not_before=NOW - 81 * DAY, not_after=NOW + 9 * DAY)


@pytest.mark.parametrize(
    ("one", "level", "sentence"),
    [
        (
            holder(facts()),
            Level.OK,
            "APIService v1.x: the authority that it trusts ends 1970-03-13 08:46 EST",
        ),
        (
            holder(ENDED),
            Level.BREACH,
            "APIService v1.x: the authority that it trusts expired 1970-01-12 08:46 EST",
        ),
        (
            holder(ENDED, facts()),
            Level.OK,
            "APIService v1.x: the last of 2 authorities that it trusts ends 1970-03-13 08:46 EST",
        ),
        (
            holder(ENDING),
            Level.WARN,
            "APIService v1.x: of the authority that it trusts 10 % of its life is left, it ends 1970-01-21 08:46 EST",
        ),
        (
            holder(facts(not_before=NOW + DAY)),
            Level.BREACH,
            "APIService v1.x: nothing that it trusts is valid before 1970-01-13 08:46 EST",
        ),
        (
            in_secret(ENDED, facts()),
            Level.BREACH,
            "Secret a/shop-tls: what it shows as shop.example.com expired 1970-01-12 08:46 EST",
        ),
        (
            holder(odd=("it holds no certificate in PEM",)),
            Level.UNKNOWN,
            "APIService v1.x: it holds no certificate in PEM",
        ),
        (
            holder(ENDED, odd=("block 2: it is odd", "block 3: so is it")),
            Level.BREACH,
            "APIService v1.x: the authority that it trusts expired 1970-01-12 08:46 EST; block 2: it is odd, and 1 more",
        ),
    ],
)
def test_what_is_said_of_what_lies_there(one: HeldCertificate, level: Level, sentence: str) -> None:
    found = told(one)
    assert (found.level, found.sentence) == (level, sentence)
    assert found.unknown is (UnknownKind.QUERY_ERROR if level is Level.UNKNOWN else None)


def test_a_secret_that_is_renewed_by_and_by_is_told_by_its_certificate() -> None:
    assert told(in_secret(ENDING), certificate()).level is Level.OK
    assert told(in_secret(ENDING), certificate(renews=False, renewal=None)).level is Level.WARN
    assert told(in_secret(ENDING), certificate(namespace="b")).level is Level.WARN
