"""How often a server was asked for the same names: of what the cluster keeps, each once, and of that server alone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from tests.unit.playbook.certificates.kept import DAY, certificate, issuer, order, request
from tests.unit.playbook.certificates.rotated import seen
from tests.unit.playbook.making import NOW
from tfdash.model.cert_manager import Issuer, IssuerRef
from tfdash.model.kube import Object
from tfdash.playbook.certificates.acme import WEEK, AcmeCount, asked_of
from tfdash.playbook.seen import ClusterLook

SERVER = "https://acme-v02.api.letsencrypt.org/directory"
OURS = issuer(server=SERVER)
STAGING = issuer(name="staging", server="https://acme-staging-v02.api.letsencrypt.org/directory")


def asked(*objects: Object, by: Issuer = OURS) -> AcmeCount | None:
    [cluster] = seen(
        [certificate(), OURS, STAGING, order("valid", name="x", names=("other",)), *objects]
    ).clusters.values()
    return asked_of(ClusterLook(cluster), certificate(), by, NOW)


def test_a_request_and_its_order_are_one_and_a_request_alone_counts_too() -> None:
    found = asked(request(), order("valid"), request(name="shop-3", uid="r3", created=NOW - 3 * DAY))
    assert found == AcmeCount(2, NOW - 50, 5) or found == AcmeCount(2, NOW - 40, 5)


def test_what_was_asked_of_another_server_or_a_week_ago_does_not_count() -> None:
    elsewhere = request(name="s", uid="s", issuer=IssuerRef("staging"))
    old = request(name="old", uid="old", created=NOW - WEEK)
    found = asked(elsewhere, old)
    assert found is not None and (found.lately, found.last, found.spent) == (0, NOW - WEEK, False)
    gone = asked(order("valid", issuer=IssuerRef("gone")))
    assert gone is not None and gone.lately == 1, "of an issuer that is gone nobody can say"


def test_the_limit_is_that_of_the_server() -> None:
    many = [order("valid", name=f"o{n}", uid=f"o{n}", owner=None) for n in range(5)]
    found, fewer = asked(*many), asked(*many[:4])
    assert (
        found is not None and found.spent and "it issues 5, and refuses more" in found.told(ZoneInfo("UTC"))
    )
    assert fewer is not None and not fewer.spent
    other = asked(*many, by=issuer(server="https://ca.example.com/acme"))
    assert other is not None and other.limit is None and not other.spent
    assert asked(by=issuer(by="ca")) is None
