"""``gate certificates``: its code and its lines, of the section as it is judged."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.cli.gated import gated
from tests.unit.playbook.certificates.kept import DAY, MISSING, certificate, issuer, issuing
from tests.unit.playbook.making import NOW, REF, picture
from tfdash.cli.gates.sections import sections_of
from tfdash.cli.parser import parse
from tfdash.judging.judge import judge_all
from tfdash.model.cert_manager import IssuerRef
from tfdash.model.kube import Object
from tfdash.model.made import MADE
from tfdash.model.observation import Observation, Problem, ProblemKind


@pytest.mark.parametrize(
    ("objects", "namespace", "code", "told"),
    [
        ((), "", 0, ["Certificates: · idle  none are kept here"]),
        ((certificate(), issuer()), "", 0, ["Certificates: ✔ ok  1 of 1 certificate in order"]),
        (
            (certificate(renewal=NOW - DAY), issuer()),
            "",
            1,
            [
                "Certificates: ▲ warn  0 of 1 certificate in order",
                "  ▲ warn  shop: was to be renewed from 1970-01-11 08:46 EST and is not: cert-manager does not begin  "
                "(Certificate a/shop in eu-1)",
            ],
        ),
        (
            (
                certificate(
                    revision=0, not_before=None, not_after=None, renewal=None, conditions=(MISSING, issuing())
                ),
                certificate(name="other", secret="other-tls", issuer=IssuerRef("x")),
                issuer(name="x"),
            ),
            "",
            0,
            [
                "Certificates: ◐ moving  1 of 2 certificates in order, 1 under way",
                "  ◐ moving  shop: is being issued: there is no Issuer le  (Certificate a/shop in eu-1)",
            ],
        ),
        ((certificate(renewal=NOW - DAY), issuer()), "b", 0, ["Certificates: · idle  none are kept here"]),
    ],
)
def test_its_code_and_lines(objects: tuple[Object, ...], namespace: str, code: int, told: list[str]) -> None:
    p = picture(*objects)
    cluster = p.clusters[REF]
    made = {kind: Observation(value={}, complete=True, observed_at=NOW) for kind in MADE}
    cluster = msgspec.structs.replace(cluster, kinds={**made, **cluster.kinds})
    p = msgspec.structs.replace(p, clusters={REF: cluster})
    answer = gated(sections_of(p, judge_all(p, NOW), namespace, ("certificates",)), "certificates")
    assert (answer.code, answer.lines) == (code, told)


def test_what_may_not_be_read_is_not_known() -> None:
    p = picture(certificate())
    denied = Observation(problem=Problem(kind=ProblemKind.FORBIDDEN, cause="may not list"))
    cluster = msgspec.structs.replace(p.clusters[REF], kinds={**p.clusters[REF].kinds, "Certificate": denied})
    p = msgspec.structs.replace(p, clusters={REF: cluster})
    assert gated(sections_of(p, judge_all(p, NOW), "", ("certificates",)), "certificates").code == 2


def test_it_is_asked_for_like_the_other_gates() -> None:
    args = parse(["gate", "certificates", "-n", "shop", "--format", "json", "--wait", "1m"])
    assert (args.what, args.namespace, args.format, args.wait) == ("certificates", "shop", "json", 60.0)
